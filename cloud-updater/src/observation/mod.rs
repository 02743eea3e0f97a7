//! What endpoints were seen to serve: from where, when, and the certificates themselves, in files that travel.
//!
//! A vantage is a place from which endpoints can be reached: an office, a plant, a cloud region. Each has one file,
//! `observations/<vantage>.json`, which is copied, mailed or merged through git as it is; nothing in it is believed but
//! what the certificates prove.

mod file;
mod wire;

pub use file::{Observations, read_all};

use std::collections::BTreeSet;
use std::fmt;

use bundle::{Sha256, UnixSeconds};
use serde::{Deserialize, Serialize};

use crate::printable::printable;

/// Most certificates kept of a served chain: real chains have two to five.
pub const CHAIN_MAX: usize = 16;
/// Most bytes of a served chain: what the TLS library takes, and what every real chain is far below.
pub const CHAIN_BYTES_MAX: usize = 64 * 1_024;
/// Chains kept of one endpoint: a farm of servers shows several, and a change is seen against the one before.
pub const CHAINS_KEPT: usize = 8;

/// The vantage of a person at a command line.
pub const OPERATOR: &str = "operator";

/// A version of TLS that is asked for by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum TlsVersion {
    /// TLS 1.2
    #[serde(rename = "1.2")]
    V12,
    /// TLS 1.3
    #[serde(rename = "1.3")]
    V13,
}

/// How one handshake ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The server broke a rule of the protocol, or did not prove that it has the key of its certificate.
    Broken,
    /// The chain is larger than anything that devices take.
    ChainTooLarge,
    /// The connection ended before the handshake did.
    Closed,
    /// No address of the name took the connection.
    NoConnection,
    /// The name has no address.
    NoName,
    /// The server does not speak this version of TLS.
    NoVersion,
    /// What answered does not speak TLS.
    NotTls,
    /// The server ended the handshake with an alert.
    Refused,
    /// The chain was served, and the server proved that it has the key.
    Served,
    /// The time was over first.
    TimedOut,
}

/// One handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handshake {
    /// The version that was asked for, and no other.
    pub tls: TlsVersion,
    /// How it ended.
    pub outcome: Outcome,
    /// Why, where that says more.
    pub detail: Option<String>,
    /// The served chain in DER, the server's own certificate first; empty but for [`Outcome::Served`].
    pub chain: Vec<Vec<u8>>,
}

/// How the newest handshakes with an endpoint ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The version that was asked for.
    pub tls: TlsVersion,
    /// How it ended.
    pub outcome: Outcome,
    /// Why, where that says more.
    pub detail: Option<String>,
}

/// A chain that an endpoint served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenChain {
    /// Under which versions it was served when it was last seen.
    pub tls: BTreeSet<TlsVersion>,
    /// The name in the handshake; none where the host is an address.
    pub sni: Option<String>,
    /// When it was first seen.
    pub first_seen: UnixSeconds,
    /// When it was last seen.
    pub last_seen: UnixSeconds,
    /// SHA-256 of the certificates in the order in which they came, the server's own first.
    pub certificates: Vec<Sha256>,
}

/// What one vantage knows of one endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointRecord {
    /// The services that it was asked for.
    pub services: BTreeSet<String>,
    /// When it was asked last, whatever came of it.
    pub asked: UnixSeconds,
    /// What came of it.
    pub attempts: Vec<Attempt>,
    /// The chains seen, the newest first; at most [`CHAINS_KEPT`].
    pub chains: Vec<SeenChain>,
}

impl EndpointRecord {
    /// The chains that the newest attempt was served: none where the endpoint could not be reached.
    pub fn current(&self) -> impl Iterator<Item = &SeenChain> {
        let is_served = self.attempts.is_empty()
            || self.attempts.iter().any(|attempt| attempt.outcome == Outcome::Served);
        self.chains.iter().filter(move |chain| is_served && chain.last_seen == self.asked)
    }

    /// The chains of the newest attempt that was served any.
    pub fn newest(&self) -> impl Iterator<Item = &SeenChain> {
        let newest = self.chains.iter().map(|chain| chain.last_seen).max();
        self.chains.iter().filter(move |chain| Some(chain.last_seen) == newest)
    }

    /// Since when the endpoint is observed.
    #[must_use]
    pub fn since(&self) -> Option<UnixSeconds> {
        self.chains.iter().map(|chain| chain.first_seen).min()
    }

    /// How the newest attempt failed; `None` where it was served a chain.
    #[must_use]
    pub fn failure(&self) -> Option<&Attempt> {
        if self.current().next().is_some() {
            return None;
        }
        self.attempts.first()
    }
}

impl Outcome {
    /// The rest of a sentence that starts with the endpoint.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Broken => "breaks the rules of TLS",
            Self::ChainTooLarge => "serves a chain that is larger than anything devices take",
            Self::Closed => "hung up before the handshake was over",
            Self::NoConnection => "takes no connection",
            Self::NoName => "has a name without an address",
            Self::NoVersion => "does not speak this version of TLS",
            Self::NotTls => "does not speak TLS",
            Self::Refused => "refused the handshake",
            Self::Served => "served its chain",
            Self::TimedOut => "did not answer in time",
        }
    }
}

impl TlsVersion {
    /// The two versions, in the order in which they are asked for.
    pub const ALL: [Self; 2] = [Self::V13, Self::V12];
}

impl fmt::Display for TlsVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V12 => "TLS 1.2",
            Self::V13 => "TLS 1.3",
        })
    }
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        ended(f, self.tls, self.outcome, self.detail.as_deref())
    }
}

impl fmt::Display for Handshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        ended(f, self.tls, self.outcome, self.detail.as_deref())
    }
}

fn ended(f: &mut fmt::Formatter<'_>, tls: TlsVersion, outcome: Outcome, detail: Option<&str>) -> fmt::Result {
    write!(f, "{tls}: {}", outcome.words())?;
    detail.map_or(Ok(()), |detail| write!(f, " ({})", printable(detail)))
}
