//! One question to a client of TLS, and who answers it: the client in this process, or the same one built for Arm.

use std::{io, net::Ipv4Addr};

use bundle::UnixSeconds;
use chain::{Time, pki::Release};

/// What a client is to find out: may the server on this port be talked to?
#[derive(Debug)]
pub struct Question<'a> {
    /// Where the server listens.
    pub port: u16,
    /// Whom it is asked for: a DNS name, or an address, which is told to no server.
    pub server_name: &'a str,
    /// What the client trusts: every anchor for TLS servers, and the intermediates.
    pub release: &'a Release,
    /// What the client knows of the time.
    pub time: Time,
}

/// A client of TLS that answers with one line: `verified` where the server was authenticated, a request sent and the
/// answer read to its announced end; `refused` and the verdict's code; `failed` and the connection's code.
pub trait Client {
    /// Asks, and waits for the answer, for a bounded time.
    ///
    /// # Errors
    /// The client could not be run, or ended without an answer. What goes wrong with the server is an answer.
    fn answer(&self, question: &Question<'_>) -> io::Result<String>;
}

impl Question<'_> {
    /// The address of the server.
    #[must_use]
    pub const fn address(&self) -> (Ipv4Addr, u16) {
        (Ipv4Addr::LOCALHOST, self.port)
    }

    /// The time as the program for Arm takes it on its command line: `now=…` or `floor=…`, in seconds since 1970.
    #[must_use]
    pub fn time_argument(&self) -> String {
        match self.time {
            Time::Known(UnixSeconds(now)) => format!("now={now}"),
            Time::Unknown { floor: UnixSeconds(floor) } => format!("floor={floor}"),
        }
    }
}
