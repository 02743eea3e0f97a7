//! Why a handshake was refused, as rustls carries it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bundle::UnixSeconds;
use chain::{ChainFault, Inconclusive, Refusal};
use rustls::pki_types::{ServerName, UnixTime};
use rustls::{CertificateError, OtherError};

use crate::rustls::UnknownService;

/// A reason that rustls has no word for; find it by downcasting the inside of [`CertificateError::Other`].
///
/// rustls shows that inside by its `Debug` form, which is therefore the readable one.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum HandshakeRefused {
    /// The chain could not be judged.
    Inconclusive(Inconclusive),
    /// The chain is refused.
    Refused(Refusal),
    /// The installed release dropped the service.
    Service(UnknownService),
}

impl HandshakeRefused {
    /// The stable code for logs and reports.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Inconclusive(why) => why.code(),
            Self::Refused(refusal) => refusal.code(),
            Self::Service(_) => "unknown_service",
        }
    }

    /// In rustls' own words where it has them: it picks the alert by them, and tools know them.
    pub(crate) fn into_error(self, name: &ServerName<'_>) -> rustls::Error {
        let error = match &self {
            Self::Refused(Refusal::Chain(ChainFault::UnknownIssuer { .. })) => {
                CertificateError::UnknownIssuer
            }
            Self::Refused(Refusal::Name { presented, .. }) => CertificateError::NotValidForNameContext {
                expected: name.to_owned(),
                presented: presented.clone(),
            },
            Self::Refused(Refusal::Date { not_before, judged_at, .. }) if judged_at < not_before => {
                CertificateError::NotValidYetContext { time: unix(*judged_at), not_before: unix(*not_before) }
            }
            Self::Refused(Refusal::Date { not_after, judged_at, .. }) => {
                CertificateError::ExpiredContext { time: unix(*judged_at), not_after: unix(*not_after) }
            }
            _ => CertificateError::Other(OtherError(Arc::new(self))),
        };
        error.into()
    }
}

fn unix(time: UnixSeconds) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(time.0))
}

impl fmt::Display for HandshakeRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inconclusive(why) => why.fmt(f),
            Self::Refused(refusal) => refusal.fmt(f),
            Self::Service(unknown) => unknown.fmt(f),
        }
    }
}

impl fmt::Debug for HandshakeRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {self}", self.code())
    }
}

impl core::error::Error for HandshakeRefused {}
