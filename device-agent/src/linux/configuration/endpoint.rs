//! Endpoints as people write them, and the table that sends some of them elsewhere.

use std::net::SocketAddr;

/// A local answer to "where is this endpoint": for labs and tests, in place of DNS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// The host, lower case.
    pub host: String,
    /// The port that is asked for.
    pub port: u16,
    /// Where it is.
    pub address: SocketAddr,
}

/// All overrides; an endpoint that is not in it is asked of the system.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResolveTable {
    entries: Vec<Override>,
}

impl ResolveTable {
    /// A table of these entries; the first one of an endpoint counts.
    #[must_use]
    pub const fn new(entries: Vec<Override>) -> Self {
        Self { entries }
    }

    /// Where the table sends the endpoint, if it does.
    #[must_use]
    pub fn find(&self, host: &str, port: u16) -> Option<SocketAddr> {
        let host = host.strip_suffix('.').unwrap_or(host);
        let is_meant = |entry: &&Override| entry.port == port && entry.host.eq_ignore_ascii_case(host);
        self.entries.iter().find(is_meant).map(|entry| entry.address)
    }
}

/// `host`, `host:port` or `[v6]:port`, without wildcards; port 443 where none is written.
#[must_use]
pub fn split_endpoint(text: &str) -> Option<(&str, u16)> {
    let pattern = bundle::HostPattern(text);
    (pattern.is_well_formed() && !pattern.is_wildcard()).then(|| (pattern.host(), pattern.port()))
}
