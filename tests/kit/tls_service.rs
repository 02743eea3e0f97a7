//! A TLS service on loopback whose chain can be exchanged while it runs.

use std::{
    io::{self, Write as _},
    net::{SocketAddr, TcpStream},
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use rustls::{
    ServerConfig, ServerConnection, Stream, SupportedProtocolVersion,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
    version::{TLS12, TLS13},
};

use crate::listener::Listener;

/// Both versions that services speak.
pub const ALL_VERSIONS: &[&SupportedProtocolVersion] = &[&TLS13, &TLS12];

/// Largest request that is read before it is answered.
const REQUEST_BYTES_MAX: usize = 16_384;

/// What a server proves itself with: its chain, its own certificate first, and its key.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The chain as it is sent.
    pub chain: Vec<CertificateDer<'static>>,
    /// The key, in PKCS#8 (RFC 5958).
    pub key: Vec<u8>,
}

/// A service that answers every request with `ok`.
#[derive(Debug)]
pub struct TlsService {
    listener: Listener,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    config: RwLock<Arc<ServerConfig>>,
    completed: AtomicUsize,
    failed: AtomicUsize,
}

/// A configuration with this identity.
///
/// # Errors
/// A key that does not belong to the chain.
pub fn server_config(
    identity: &Identity,
    versions: &[&'static SupportedProtocolVersion],
) -> Result<Arc<ServerConfig>, rustls::Error> {
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(identity.key.clone()));
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(versions)?
        .with_no_client_auth()
        .with_single_cert(identity.chain.clone(), key)?;
    Ok(Arc::new(config))
}

impl TlsService {
    /// Starts a service with this identity on a free port, for these versions of TLS.
    ///
    /// # Errors
    /// No free port, or a key that does not belong to the chain.
    pub fn start(identity: &Identity, versions: &[&'static SupportedProtocolVersion]) -> io::Result<Self> {
        Self::serving(server_config(identity, versions).map_err(io::Error::other)?)
    }

    /// Starts a service with a configuration of the caller's on a free port.
    ///
    /// # Errors
    /// No free port.
    pub fn serving(config: Arc<ServerConfig>) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            config: RwLock::new(config),
            completed: AtomicUsize::new(0),
            failed: AtomicUsize::new(0),
        });
        let served = Arc::clone(&shared);
        Ok(Self { listener: Listener::start(move |connection| served.serve(connection))?, shared })
    }

    /// Serves another chain from the next connection on, with both versions of TLS.
    ///
    /// # Errors
    /// A key that does not belong to the chain.
    pub fn switch(&self, identity: &Identity) -> Result<(), rustls::Error> {
        let config = server_config(identity, ALL_VERSIONS)?;
        *self.shared.config.write().unwrap_or_else(PoisonError::into_inner) = config;
        Ok(())
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.listener.address()
    }

    /// Handshakes that the client completed.
    #[must_use]
    pub fn completed(&self) -> usize {
        self.shared.completed.load(Ordering::SeqCst)
    }

    /// Handshakes that broke off.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.shared.failed.load(Ordering::SeqCst)
    }
}

impl Shared {
    fn serve(&self, mut connection: TcpStream) {
        let config = Arc::clone(&self.config.read().unwrap_or_else(PoisonError::into_inner));
        let Ok(mut tls) = ServerConnection::new(config) else { return };
        while tls.is_handshaking() {
            if tls.complete_io(&mut connection).is_err() {
                self.failed.fetch_add(1, Ordering::SeqCst);
                return;
            }
        }
        self.completed.fetch_add(1, Ordering::SeqCst);
        let mut stream = Stream::new(&mut tls, &mut connection);
        if read_request(&mut stream).is_some() {
            // A client that only wanted the handshake is gone by now.
            drop(stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n"));
        }
        tls.send_close_notify();
        drop(tls.complete_io(&mut connection));
    }
}

/// The first line of an HTTP request, once all its headers have come.
pub(crate) fn read_request(stream: &mut impl io::Read) -> Option<String> {
    let (mut request, mut chunk) = (Vec::new(), [0; 1_024]);
    loop {
        let count = stream.read(&mut chunk).ok().filter(|count| *count > 0)?;
        request.extend(chunk.iter().take(count));
        if request.windows(4).any(|window| window == b"\r\n\r\n") {
            return String::from_utf8_lossy(&request).lines().next().map(str::to_owned);
        }
        if request.len() > REQUEST_BYTES_MAX {
            return None;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use rustls::{ClientConfig, ClientConnection, RootCertStore};

    use super::*;
    use crate::pki::Vendor;

    fn connects(
        service: &TlsService,
        root: &CertificateDer<'static>,
        version: &'static SupportedProtocolVersion,
    ) -> bool {
        let mut roots = RootCertStore::empty();
        roots.add(root.clone()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut tls = ClientConnection::new(Arc::new(config), "localhost".try_into().unwrap()).unwrap();
        let mut tcp = TcpStream::connect(service.address()).unwrap();
        let mut stream = Stream::new(&mut tls, &mut tcp);
        let mut answer = String::new();
        stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").is_ok()
            && stream.read_to_string(&mut answer).is_ok()
            && answer.ends_with("ok\n")
    }

    #[test]
    fn a_service_exchanges_its_chain_while_it_runs() {
        let vendor = Vendor::new();
        let service = TlsService::start(&vendor.old_identity("localhost"), ALL_VERSIONS).unwrap();
        for version in [&TLS12, &TLS13] {
            assert!(connects(&service, vendor.old_root.certificate(), version));
            assert!(!connects(&service, vendor.new_root.certificate(), version));
        }
        service.switch(&vendor.new_identity("localhost")).unwrap();
        for version in [&TLS12, &TLS13] {
            assert!(!connects(&service, vendor.old_root.certificate(), version));
            assert!(connects(&service, vendor.new_root.certificate(), version));
        }
        assert!(service.completed() >= 4);
    }
}
