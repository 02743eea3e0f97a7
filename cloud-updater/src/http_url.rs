//! URLs that this program opens: HTTP or HTTPS, without credentials, which no error shows either.

use url::Url;

use crate::Error;

/// Reads a URL; `no_credentials` says why it may carry none.
///
/// # Errors
/// Exit code 2: it is none of HTTP or HTTPS, or carries credentials.
pub(crate) fn parse(text: &str, no_credentials: &str) -> Result<Url, Error> {
    // What stands before the last @ may be a secret, whatever the rest makes of it.
    let shown = text.rsplit_once('@').map_or(text, |(_, rest)| rest);
    let refused = |message: &str| Error::usage("bad_url", message).place(shown);
    let url = Url::parse(text).map_err(|error| refused("is not a URL").because(error))?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(refused("is not a URL of HTTP or HTTPS"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refused(&format!("carries credentials: {no_credentials}")));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_refused_and_shown_by_no_error() {
        assert!(parse("https://a.example/x?y", "").is_ok());
        for text in [
            "https://me:hunter2@a.example/",
            "https://hunter2@a.example/",
            "ftp://me:hunter2@a.example/",
            "me:hunter2@a.example",
            "hunter2@",
        ] {
            let error = parse(text, "a test").unwrap_err();
            assert_eq!((error.code(), error.exit().number()), ("bad_url", 2), "{error}");
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
    }
}
