//! TLS of the agent: rustls on ring, 1.2 and 1.3, no session is ever resumed, and who judges the chain is a parameter.

use std::fmt;
use std::sync::Arc;

use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};

/// Judges the chain that a server shows.
pub trait Judge: fmt::Debug + Send + Sync + 'static {
    /// Succeeds where the handshake may go on.
    ///
    /// # Errors
    /// Why it may not.
    fn judge(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
    ) -> Result<(), rustls::Error>;

    /// The server proved that it holds the key of the chain's first certificate.
    fn key_proved(&self) {}
}

/// Accepts every chain: for files that are signed, and for nothing else.
#[derive(Clone, Copy, Debug)]
pub struct Anything;

/// A verifier that leaves the chain to a [`Judge`] and checks the handshake's signature itself.
#[derive(Debug)]
pub struct Verifier<J> {
    judge: Arc<J>,
    provider: Arc<CryptoProvider>,
}

impl Judge for Anything {
    fn judge(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
    ) -> Result<(), rustls::Error> {
        Ok(())
    }
}

/// A client configuration whose chains `judge` judges. There is no client certificate, and no session is resumed:
/// a resumed session would skip the judgement.
///
/// # Errors
/// rustls refuses its own defaults.
pub fn client_config<J: Judge>(judge: Arc<J>) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(ring::default_provider());
    let verifier = Verifier { judge, provider: Arc::clone(&provider) };
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.resumption = Resumption::disabled();
    Ok(config)
}

impl<J: Judge> Verifier<J> {
    fn noted(
        &self,
        result: Result<HandshakeSignatureValid, rustls::Error>,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        if result.is_ok() {
            self.judge.key_proved();
        }
        result
    }
}

impl<J: Judge> ServerCertVerifier for Verifier<J> {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.judge.judge(end_entity, intermediates, server_name).map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        self.noted(verify_tls12_signature(message, certificate, signature, algorithms))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        self.noted(verify_tls13_signature(message, certificate, signature, algorithms))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
