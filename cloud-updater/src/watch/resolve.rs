//! Addresses that stand in for names, where this machine's resolver does not know them.

use std::net::SocketAddr;
use std::str::FromStr;

/// One name and the address that is asked in its place: `host:port=address:port`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    host: String,
    port: u16,
    address: SocketAddr,
}

/// All of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResolveTable(Vec<Resolved>);

impl ResolveTable {
    /// A table of these.
    #[must_use]
    pub const fn new(entries: Vec<Resolved>) -> Self {
        Self(entries)
    }

    /// The address that stands for `host:port`.
    #[must_use]
    pub fn find(&self, host: &str, port: u16) -> Option<SocketAddr> {
        let mut fitting = self.0.iter().filter(|it| it.host.eq_ignore_ascii_case(host) && it.port == port);
        fitting.next().map(|it| it.address)
    }
}

impl FromStr for Resolved {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not host:port=address:port");
        let (endpoint, address) = text.split_once('=').ok_or_else(wrong)?;
        let (host, port) = bundle::split_host_port(endpoint).ok_or_else(wrong)?;
        let address = address.parse().map_err(|_| wrong())?;
        Ok(Self { host: host.to_owned(), port, address })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_for_its_address_at_its_port_alone() {
        let table = ResolveTable::new(vec!["Hub.example:443=127.0.0.1:9".parse().unwrap()]);
        assert_eq!(table.find("hub.example", 443), Some("127.0.0.1:9".parse().unwrap()));
        assert_eq!(table.find("hub.example", 8883), None);
        for wrong in ["hub.example:443", "hub.example:443=there:9", "=", ""] {
            assert!(wrong.parse::<Resolved>().is_err(), "{wrong}");
        }
    }
}
