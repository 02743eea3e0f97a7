//! What a live server serves: one TLS handshake that records the chain and believes nothing of it.

use std::io;
use std::net::{TcpStream, ToSocketAddrs as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use crate::{Error, Exit};

/// How long connecting, and each read or write, may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Most certificates kept of a served chain: real chains have two to five.
const CHAIN_MAX: usize = 16;

/// The chain that `endpoint` (`host:port`) serves, as it came, in DER; nobody checked it.
///
/// # Errors
/// Exit code 2 where it is no endpoint, 5 where no chain could be had.
pub fn served_chain(endpoint: &str) -> Result<Vec<Vec<u8>>, Error> {
    let malformed = || {
        Error::usage("endpoint", format!("{endpoint:?} is not an endpoint"))
            .field("--from-endpoint")
            .hint("write host:port")
    };
    let (host, port) = bundle::split_host_port(endpoint).ok_or_else(malformed)?;
    let name = ServerName::try_from(host.to_owned()).map_err(|_| malformed())?;
    let recorder =
        Arc::new(Recorder { chain: Mutex::new(Vec::new()), provider: Arc::new(ring::default_provider()) });
    let outcome = handshake(host, port, name, &recorder);
    let chain = recorder.chain.lock().unwrap_or_else(PoisonError::into_inner).clone();
    match outcome {
        // A server that then asks for a client certificate has shown its chain all the same.
        Err(error) if chain.is_empty() => {
            let failed = Error::new(Exit::Io, "endpoint_unreachable", "showed no certificate");
            Err(failed.place(endpoint).because(error))
        }
        _ => Ok(chain),
    }
}

fn handshake(host: &str, port: u16, name: ServerName<'static>, recorder: &Arc<Recorder>) -> io::Result<()> {
    let config = ClientConfig::builder_with_provider(Arc::clone(&recorder.provider))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(recorder) as Arc<dyn ServerCertVerifier>)
        .with_no_client_auth();
    let mut connection = ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)?;
    let mut socket = connect(host, port)?;
    while connection.is_handshaking() {
        connection.complete_io(&mut socket)?;
    }
    Ok(())
}

fn connect(host: &str, port: u16) -> io::Result<TcpStream> {
    let mut failure = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in (host, port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, TIMEOUT) {
            Ok(socket) => {
                socket.set_read_timeout(Some(TIMEOUT))?;
                socket.set_write_timeout(Some(TIMEOUT))?;
                return Ok(socket);
            }
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

/// Keeps what the server shows and accepts it: nothing is sent over the connection, so nothing depends on it.
#[derive(Debug)]
struct Recorder {
    chain: Mutex<Vec<Vec<u8>>>,
    provider: Arc<CryptoProvider>,
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
        let served = std::iter::once(end_entity).chain(intermediates).take(CHAIN_MAX);
        let served = served.map(|certificate| certificate.as_ref().to_vec()).collect();
        *self.chain.lock().unwrap_or_else(PoisonError::into_inner) = served;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
