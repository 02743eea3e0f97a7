//! Host patterns: which names and ports a service answers on.

use serde::{Deserialize, Serialize};

use crate::{DecodeError, DecodeErrorKind, Item, limits};

/// Port of a pattern or endpoint that names none.
const DEFAULT_PORT: u16 = 443;

/// A host name, or `*.` and a name for exactly one label in front, with an optional `:port` (default 443).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HostPattern<'a>(pub &'a str);

/// Splits `host[:port]`; without a port it is 443. An IPv6 address stands in brackets (RFC 3986 §3.2.2).
///
/// `None` where the port is not a number from 1 to 65535 or the host is empty.
#[must_use]
pub fn split_host_port(text: &str) -> Option<(&str, u16)> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, after) = cut(rest, b']')?;
            (host, if after.is_empty() { None } else { Some(after.strip_prefix(':')?) })
        }
        None => match cut(text, b':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    let port = match port {
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            digits.parse().ok().filter(|port| *port > 0)?
        }
        Some(_) => return None,
        None => DEFAULT_PORT,
    };
    if host.is_empty() { None } else { Some((host, port)) }
}

/// A function of its own, as the library's parser cuts slices at places that it counts (`xtask/panics.toml`).
#[inline(never)]
fn is_ipv6_address(text: &str) -> bool {
    text.parse::<core::net::Ipv6Addr>().is_ok()
}

/// What stands before and behind the first `separator`, which is of ASCII. The library's search cuts slices at places
/// that it counts, which is a panic to whoever cannot see that it counts well.
fn cut(text: &str, separator: u8) -> Option<(&str, &str)> {
    let place = text.bytes().position(|byte| byte == separator)?;
    Some((text.get(..place)?, text.get(place.checked_add(1)?..)?))
}

impl<'a> HostPattern<'a> {
    /// The name part, wildcard included.
    #[must_use]
    pub fn host(&self) -> &'a str {
        split_host_port(self.0).map_or("", |(host, _)| host)
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        split_host_port(self.0).map_or(DEFAULT_PORT, |(_, port)| port)
    }

    /// True where it stands for any first label: a device then needs local configuration to know its own host.
    #[must_use]
    pub fn is_wildcard(&self) -> bool {
        self.0.starts_with("*.")
    }

    /// True where the pattern names this host and port; names compare without regard to case (RFC 4343).
    #[must_use]
    pub fn matches(&self, host: &str, port: u16) -> bool {
        self.port() == port && self.matches_host(host)
    }

    /// As [`HostPattern::matches`], for any port.
    #[must_use]
    pub fn matches_host(&self, host: &str) -> bool {
        let host = match host.as_bytes().split_last() {
            Some((b'.', rest)) => host.get(..rest.len()).unwrap_or(host),
            _ => host,
        };
        match self.host().strip_prefix("*.") {
            Some(suffix) => cut(host, b'.')
                .is_some_and(|(label, rest)| !label.is_empty() && rest.eq_ignore_ascii_case(suffix)),
            None => host.eq_ignore_ascii_case(self.host()),
        }
    }

    /// True where it is a pattern at all.
    #[must_use]
    pub fn is_well_formed(&self) -> bool {
        let Some((host, _)) = split_host_port(self.0).filter(|_| self.0.len() <= limits::HOST_BYTES_MAX)
        else {
            return false;
        };
        if self.0.starts_with('[') {
            return is_ipv6_address(host);
        }
        let name = host.strip_prefix("*.").unwrap_or(host);
        is_dns_name(name)
    }
}

/// True for labels of letters, digits, hyphens and underscores between dots (RFC 1035 §2.3.1, RFC 2181 §11).
pub(crate) fn is_dns_name(name: &str) -> bool {
    let label_is_fine = |label: &[u8]| {
        (1..=63).contains(&label.len())
            && label.first() != Some(&b'-')
            && label.last() != Some(&b'-')
            && label.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    name.len() <= 253 && name.as_bytes().split(|byte| *byte == b'.').all(label_is_fine)
}

impl<'a> Item<'a> for HostPattern<'a> {
    const FIELD: &'static str = "service.hosts";
    const ITEMS_MAX: usize = limits::HOSTS_MAX;

    fn check(&self, offset: usize) -> Result<(), DecodeError> {
        if self.is_well_formed() {
            Ok(())
        } else {
            Err(DecodeError::new(Self::FIELD, offset, DecodeErrorKind::Value))
        }
    }

    fn precedes(&self, next: &Self) -> bool {
        self < next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, host: &str, port: u16, expect: bool) {
        assert_eq!(HostPattern(pattern).matches(host, port), expect, "{pattern} against {host}:{port}");
    }

    #[test]
    fn a_pattern_names_hosts_by_label_and_port() {
        check("hub.example", "hub.example", 443, true);
        check("hub.example", "HUB.example.", 443, true);
        check("hub.example", "hub.example", 8883, false);
        check("hub.example:8883", "hub.example", 8883, true);
        check("*.example", "hub.example", 443, true);
        check("*.example", "a.hub.example", 443, false);
        check("*.example", "example", 443, false);
        check("[::1]:8443", "::1", 8443, true);
    }

    #[test]
    fn malformed_patterns_are_seen() {
        for bad in [
            "", ":443", "a:0", "a:70000", "a:+1", "a b", "*.", "a..b", "-a", "[::1", "[zz]", "a/../b",
            "*.*.a",
        ] {
            assert!(!HostPattern(bad).is_well_formed(), "{bad:?}");
        }
        let long = alloc::format!("[::1]:{:0>300}", 1);
        assert!(!HostPattern(&long).is_well_formed(), "a port of 300 digits");
        for good in ["localhost:4433", "*.azure-devices.net", "127.0.0.1:1", "[::1]:2", "a_b.example"] {
            assert!(HostPattern(good).is_well_formed(), "{good:?}");
        }
    }
}
