//! The verifier: every chain is judged under what is installed at that moment.

use std::sync::Arc;

use bundle::UnixSeconds;
use chain::{Acceptance, Purpose, Served, Time, Verdict};
use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::time_provider::{DefaultTimeProvider, TimeProvider};
use rustls::{DigitallySignedStruct, SignatureScheme};

use crate::rustls::ledger::{Chain, Ledger};
use crate::rustls::{FollowingSessions, HandshakeRefused};
use crate::{Installed, TrustStore};

/// A [`ServerCertVerifier`] that judges by the installed release, and by a newer one as soon as there is one.
///
/// On top of what webpki checks it enforces the dates, purposes and constraints of anchors, the pins of the
/// service and the deny list. Without an acceptable clock, one behind the store's time floor, dates are judged
/// against the floor ([`Time::Unknown`]).
#[derive(Debug)]
pub struct FollowingVerifier {
    scope: Arc<Scope>,
    provider: Arc<CryptoProvider>,
    ledger: Arc<Ledger>,
}

/// The installed release has no service of that name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the installed release has no service {service:?}; it has {}", .known.join(", "))]
pub struct UnknownService {
    /// The name that was asked for.
    pub service: String,
    /// The services that there are.
    pub known: Vec<String>,
}

/// The service of a store that chains are judged for.
#[derive(Debug)]
pub(crate) struct Scope {
    store: TrustStore,
    service: String,
}

impl FollowingVerifier {
    /// A verifier for one service; `provider` verifies the signatures of handshakes.
    ///
    /// # Errors
    /// Where the installed release has no such service. Should a later release drop it, handshakes are refused.
    pub fn new(
        store: TrustStore,
        service: &str,
        provider: Arc<CryptoProvider>,
    ) -> Result<Self, UnknownService> {
        let installed = store.installed();
        if installed.set().service(service).is_none() {
            return Err(UnknownService::new(service, &installed));
        }
        let scope = Arc::new(Scope { store, service: service.into() });
        let ledger = Arc::new(Ledger::new(Arc::clone(&scope)));
        Ok(Self { scope, provider, ledger })
    }

    /// Sessions for configurations that use this verifier. Without them, a session outlives the anchor that
    /// vouched for its server.
    #[must_use]
    pub fn sessions(&self) -> FollowingSessions {
        self.sessions_with_clock(Arc::new(DefaultTimeProvider))
    }

    /// As [`FollowingVerifier::sessions`], for a configuration whose clock is not the system's.
    #[must_use]
    pub fn sessions_with_clock(&self, clock: Arc<dyn TimeProvider>) -> FollowingSessions {
        FollowingSessions::new(Arc::clone(&self.ledger), clock)
    }

    /// [`FollowingVerifier::sessions`], ready to be set as a configuration's `resumption`.
    #[must_use]
    pub fn resumption(&self) -> Resumption {
        Resumption::store(Arc::new(self.sessions()))
    }
}

impl UnknownService {
    fn new(service: &str, installed: &Installed) -> Self {
        let known = installed.set().service_names().map(String::from).collect();
        Self { service: service.into(), known }
    }
}

impl Scope {
    /// What is installed now; what was installed before where the store cannot be read at this moment.
    pub(crate) fn newest(&self) -> Arc<Installed> {
        // A store that is unreadable for a moment must not cut the device off: what was verified stays.
        let _ = self.store.refresh();
        self.store.installed()
    }

    /// What is in force, as of the last look.
    pub(crate) fn held(&self) -> Arc<Installed> {
        self.store.installed()
    }

    pub(crate) fn judge(
        &self,
        installed: &Installed,
        chain: &Chain<'_>,
        name: &ServerName<'_>,
        time: Time,
    ) -> Option<Verdict<Acceptance>> {
        let served = Served {
            end_entity: chain.end_entity,
            intermediates: chain.intermediates,
            server_name: Some(name),
            purpose: Purpose::ServerAuth,
        };
        installed.set().service(&self.service).map(|judge| judge.acceptance(&served, time))
    }
}

impl ServerCertVerifier for FollowingVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let installed = self.scope.newest();
        let chain = Chain { end_entity, intermediates };
        let time = Time::from_clock(UnixSeconds(now.as_secs()), installed.time_floor());
        // What was judged is not judged again while nothing changed: two signatures saved, of three in a handshake.
        if self.ledger.knows(server_name, &chain, &installed, time) {
            return Ok(ServerCertVerified::assertion());
        }
        let refused = match self.scope.judge(&installed, &chain, server_name, time) {
            Some(Verdict::Verified(path)) => {
                self.ledger.accepted(server_name, &chain, &installed, time, path.valid_until);
                return Ok(ServerCertVerified::assertion());
            }
            Some(Verdict::Refused(refusal)) => HandshakeRefused::Refused(refusal),
            Some(Verdict::Inconclusive(why)) => HandshakeRefused::Inconclusive(why),
            None => HandshakeRefused::Service(UnknownService::new(&self.scope.service, &installed)),
        };
        Err(refused.into_error(server_name))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
