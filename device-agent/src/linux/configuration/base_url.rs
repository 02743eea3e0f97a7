//! URLs of the configuration: where the published tree stands, where reports go.

use std::fmt;

use bundle::limits::URL_BYTES_MAX;
use url::Url;

use crate::linux::error::Error;

/// Most URLs of one channel: every one of them is tried in a cycle that reaches nobody.
const URLS_MAX: usize = 8;

/// One URL at which the channel's published tree stands; its path ends with a slash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl(Url);

impl BaseUrl {
    /// A URL out of a manifest; `None` where the configuration would refuse it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        base_url(text, "").ok()
    }

    /// The URL of a file below it.
    #[must_use]
    pub fn join(&self, path: &str) -> Url {
        let mut url = self.0.clone();
        url.set_path(&format!("{}{path}", self.0.path()));
        url
    }

    /// The URL itself.
    #[must_use]
    pub const fn url(&self) -> &Url {
        &self.0
    }

    /// True where TLS is spoken.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.0.scheme() == "https"
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

pub(super) fn base_urls(texts: &[String]) -> Result<Vec<BaseUrl>, Error> {
    if texts.is_empty() || texts.len() > URLS_MAX {
        let message = format!("needs 1 to {URLS_MAX} URLs, two or more in production");
        return Err(Error::usage("bad_url", message).field("channel.urls"));
    }
    let numbered = texts.iter().enumerate();
    numbered.map(|(index, text)| base_url(text, &format!("channel.urls[{index}]"))).collect()
}

fn base_url(text: &str, field: &str) -> Result<BaseUrl, Error> {
    let mut url = http_url(text, field)?;
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(BaseUrl(url))
}

pub(super) fn http_url(text: &str, field: &str) -> Result<Url, Error> {
    let fail = |message: String| Error::usage("bad_url", message).field(field);
    // A password must not reach the log.
    let shown = if text.contains('@') { "the URL".to_owned() } else { format!("{text:?}") };
    let url = Url::parse(text).map_err(|error| fail(format!("{shown} is not a URL")).because(error))?;
    let fault = match url.scheme() {
        "http" | "https" if text.len() > URL_BYTES_MAX => "is too long",
        "http" | "https" if !url.username().is_empty() || url.password().is_some() => "holds credentials",
        "http" | "https" if url.query().is_some() || url.fragment().is_some() => "has a query or a fragment",
        "http" | "https" if url.host_str().is_some_and(|host| !host.is_empty()) => return Ok(url),
        "http" | "https" => "has no host",
        _ => "is not an http or https URL",
    };
    Err(fail(format!("{shown} {fault}")))
}
