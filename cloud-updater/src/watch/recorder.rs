//! A verifier that keeps what the server shows and accepts it: nothing is sent over the connection, so nothing depends
//! on it.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::{DigitallySignedStruct, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use crate::observation::{CHAIN_BYTES_MAX, CHAIN_MAX};

/// Keeps one served chain.
#[derive(Debug)]
pub(super) struct Recorder {
    seen: Mutex<Seen>,
    provider: Arc<CryptoProvider>,
}

/// What one handshake showed.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// The chain as it came.
    pub(super) chain: Vec<Vec<u8>>,
    /// The server proved that it has the key. A chain without the proof may have been copied by somebody on the path.
    pub(super) key_proved: bool,
    /// It was larger than what is kept; nothing of it is.
    pub(super) is_too_large: bool,
}

impl Recorder {
    pub(super) fn new(provider: Arc<CryptoProvider>) -> Self {
        Self { seen: Mutex::default(), provider }
    }

    pub(super) fn seen(&self) -> Seen {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn proved(
        &self,
        valid: Result<HandshakeSignatureValid, rustls::Error>,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).key_proved = valid.is_ok();
        valid
    }
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let served = || std::iter::once(end_entity).chain(intermediates);
        let bytes: usize = served().map(|certificate| certificate.len()).sum();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if served().count() > CHAIN_MAX || bytes > CHAIN_BYTES_MAX {
            seen.is_too_large = true;
            return Err(rustls::Error::General("the chain is too large".to_owned()));
        }
        seen.chain = served().map(|certificate| certificate.to_vec()).collect();
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        self.proved(rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        self.proved(rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
