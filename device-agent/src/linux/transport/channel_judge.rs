//! Judges the servers of the channel and of reports under the installed release.

use std::fmt;
use std::sync::Arc;

use chain::{Inconclusive, Purpose, Refusal, Served, Time, Verdict};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{CertificateError, OtherError};
use trust_store::Installed;

use super::tls::Judge;
use crate::linux::clock::Clock;
use crate::linux::trust::Trust;

/// A host that a service of the release names is judged as that service, pins included; any other host by every
/// anchor for TLS servers.
#[derive(Debug)]
pub struct ChannelJudge {
    trust: Arc<Trust>,
    clock: Clock,
}

/// Why a server of the channel is not believed.
#[derive(Debug)]
enum Refused {
    Chain(Refusal),
    TooComplex(Inconclusive),
    NothingInstalled,
}

impl ChannelJudge {
    /// A judge on what is installed at each handshake.
    #[must_use]
    pub const fn new(trust: Arc<Trust>, clock: Clock) -> Self {
        Self { trust, clock }
    }
}

impl Judge for ChannelJudge {
    fn judge(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
    ) -> Result<(), rustls::Error> {
        let installed = self.trust.installed().map_err(|_| Refused::NothingInstalled.into_error())?;
        let served =
            Served { end_entity, intermediates, server_name: Some(name), purpose: Purpose::ServerAuth };
        let time = Time::from_clock(self.clock.calendar(), installed.time_floor());
        match verdict(&installed, &served, &name.to_str(), time) {
            Verdict::Verified(_) => Ok(()),
            Verdict::Refused(refusal) => Err(Refused::Chain(refusal).into_error()),
            Verdict::Inconclusive(why) => Err(Refused::TooComplex(why).into_error()),
        }
    }
}

/// The verdict of the first service on that host which verifies, else of the last one that does not.
fn verdict(installed: &Installed, served: &Served<'_>, host: &str, time: Time) -> Verdict {
    let mut refused = None;
    let manifest = installed.manifest();
    let services = manifest.iter().flat_map(bundle::Manifest::services);
    for service in services.filter(|service| service.hosts.iter().any(|pattern| pattern.matches_host(host))) {
        let Some(judge) = installed.set().service(service.name) else { continue };
        match judge.verdict(served, time) {
            verified @ Verdict::Verified(_) => return verified,
            other => refused = Some(other),
        }
    }
    refused.unwrap_or_else(|| installed.set().any_service().verdict(served, time))
}

impl Refused {
    fn into_error(self) -> rustls::Error {
        CertificateError::Other(OtherError(Arc::new(self))).into()
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Chain(refusal) => refusal.fmt(f),
            Self::TooComplex(why) => why.fmt(f),
            Self::NothingInstalled => {
                f.write_str("no release is installed yet, so no server can be verified")
            }
        }
    }
}

impl std::error::Error for Refused {}
