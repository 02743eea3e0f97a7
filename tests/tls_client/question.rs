//! One question about a server, and its one answer.

use core::fmt;
use core::net::SocketAddr;

use bundle::Manifest;
use chain::Time;
use device_agent::mt3620::NetworkError;
use verified_tls::{Aes128, Aes256};

use crate::attempt::attempt;
use crate::judge::Unreadable;

/// What is to be found out: may the server at this address be talked to?
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// Where the server listens.
    pub address: SocketAddr,
    /// Whom it is asked for: a DNS name, or an address, which is told to no server.
    pub server_name: &'a str,
    /// What is trusted.
    pub manifest: Manifest<'a>,
    /// What is known of the time.
    pub time: Time,
}

/// The answer; the table of rows has its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The connection failed: its code.
    Failed(&'static str),
    /// The served chain is refused: the verdict's code.
    Refused(&'static str),
    /// The server was authenticated, a request sent, and the answer read to its announced end.
    Verified,
}

/// Why there is no answer: nothing of it is the server's doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The name is none that a server can have.
    Name,
    /// There is no network, or no randomness.
    Network(NetworkError),
    /// TLS failed, which is an answer in the end.
    Tls(verified_tls::Error),
}

/// Asks, and waits for the answer, for a bounded time. `read` reads from the release's certificates, as
/// [`chain::AnchorSet::select`] wants it.
///
/// The mandatory suite comes first, which is the only one that the agent has; the other one where the server wants
/// nothing of it.
///
/// # Errors
/// The question could not be asked.
pub fn ask(
    question: &Question<'_>,
    mut read: impl FnMut(u32, &mut [u8]) -> Result<(), Unreadable>,
) -> Result<Outcome, Fault> {
    let outcome = match attempt::<Aes128, _>(question, &mut read) {
        Err(Fault::Tls(verified_tls::Error::NothingInCommon)) => attempt::<Aes256, _>(question, &mut read),
        other => other,
    };
    match outcome {
        Err(Fault::Tls(error)) => Ok(Outcome::Failed(error.code())),
        other => other,
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(code) => write!(f, "failed {code}"),
            Self::Refused(code) => write!(f, "refused {code}"),
            Self::Verified => f.write_str("verified"),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name => f.write_str("no name of a server"),
            Self::Network(_) => f.write_str("no network"),
            Self::Tls(error) => f.write_str(error.code()),
        }
    }
}

impl core::error::Error for Fault {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Name | Self::Tls(_) => None,
            Self::Network(error) => Some(error),
        }
    }
}

impl From<NetworkError> for Fault {
    fn from(error: NetworkError) -> Self {
        Self::Network(error)
    }
}

impl From<verified_tls::Error> for Fault {
    fn from(error: verified_tls::Error) -> Self {
        Self::Tls(error)
    }
}
