//! A base URL of the published tree: scheme, host, port and the path in front of every file.

use alloc::string::String;
use core::fmt;

use bundle::split_host_port;

use super::limits::HOST_BYTES_MAX;

/// Where a published tree is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl {
    /// True for `https`.
    pub is_tls: bool,
    /// Host name or address; an IPv6 address without its brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// The path, with a slash at both ends.
    pub path: String,
}

/// What is wrong with a base URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BaseUrlError {
    /// Host or port cannot be read, or the host is too long.
    Host,
    /// A character that must not stand in a request.
    Path,
    /// Neither `https://` nor `http://`.
    Scheme,
}

impl BaseUrl {
    /// Reads a URL such as `https://updates.example/trust/` or `http://10.0.0.1:8080`.
    ///
    /// # Errors
    /// Its part at fault. User names, queries and fragments are none of a base URL's parts.
    pub fn parse(text: &str) -> Result<Self, BaseUrlError> {
        let (is_tls, rest) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
            (Some(rest), _) => (true, rest),
            (None, Some(rest)) => (false, rest),
            (None, None) => return Err(BaseUrlError::Scheme),
        };
        let slash = rest.bytes().position(|byte| byte == b'/').unwrap_or(rest.len());
        let (authority, path) =
            (rest.get(..slash).unwrap_or_default(), rest.get(slash..).unwrap_or_default());
        let (host, port) = split_host_port(authority).ok_or(BaseUrlError::Host)?;
        let has_port = authority.bytes().rev().take_while(|byte| *byte != b']').any(|byte| byte == b':');
        let port = if has_port || is_tls { port } else { 80 };
        let is_host = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b':');
        if host.len() > HOST_BYTES_MAX || !host.bytes().all(is_host) {
            return Err(BaseUrlError::Host);
        }
        if !path.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#')) {
            return Err(BaseUrlError::Path);
        }
        let mut whole = String::from(if path.is_empty() { "/" } else { path });
        if whole.as_bytes().last() != Some(&b'/') {
            whole.push('/');
        }
        Ok(Self { is_tls, host: host.into(), port, path: whole })
    }

    /// True where both are one server.
    #[must_use]
    pub fn is_same_server(&self, other: &Self) -> bool {
        (self.is_tls, self.port, self.host.as_str()) == (other.is_tls, other.port, other.host.as_str())
    }

    /// The `Host` field of a request (RFC 9110 §7.2): the port stands there unless it is the scheme's own.
    pub(crate) fn authority(&self) -> impl fmt::Display + '_ {
        Authority(self)
    }
}

struct Authority<'a>(&'a BaseUrl);

impl fmt::Display for Authority<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let BaseUrl { is_tls, host, port, .. } = self.0;
        let own_port = if *is_tls { 443 } else { 80 };
        if host.contains(':') {
            write!(f, "[{host}]")?
        } else {
            f.write_str(host)?
        }
        if *port == own_port { Ok(()) } else { write!(f, ":{port}") }
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_tls { "https" } else { "http" };
        write!(f, "{scheme}://{}{}", self.authority(), self.path)
    }
}

impl fmt::Display for BaseUrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Host => "the URL's host or port cannot be read",
            Self::Path => "the URL's path has a character that must not stand in a request",
            Self::Scheme => "the URL begins with neither https:// nor http://",
        })
    }
}

impl core::error::Error for BaseUrlError {}

#[cfg(test)]
mod tests {
    use std::string::ToString as _;

    use super::*;

    fn check(text: &str, expect: Result<&str, BaseUrlError>) {
        let parsed = BaseUrl::parse(text).map(|url| url.to_string());
        assert_eq!(parsed, expect.map(ToString::to_string), "{text}");
    }

    #[test]
    fn a_base_url_has_a_scheme_a_host_and_a_path_with_slashes() {
        check("https://updates.example", Ok("https://updates.example/"));
        check("https://updates.example/trust", Ok("https://updates.example/trust/"));
        check("http://10.0.0.1:8080/", Ok("http://10.0.0.1:8080/"));
        check("http://updates.example/", Ok("http://updates.example/"));
        check("https://[2001:db8::1]:8443/t/", Ok("https://[2001:db8::1]:8443/t/"));
        check("http://[2001:db8::1]/", Ok("http://[2001:db8::1]/"));
    }

    #[test]
    fn what_could_break_a_request_is_refused() {
        check("ftp://updates.example/", Err(BaseUrlError::Scheme));
        check("https:///trust", Err(BaseUrlError::Host));
        check("https://user@updates.example/", Err(BaseUrlError::Host));
        check("https://updates.example:0/", Err(BaseUrlError::Host));
        check("https://updates.example/a b", Err(BaseUrlError::Path));
        check("https://updates.example/a?b", Err(BaseUrlError::Path));
        check("https://updates.example/a\r\nX: y", Err(BaseUrlError::Path));
    }
}
