//! Servers on loopback, honest and hostile, each in a thread that ends with the tests.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use chain::pki::Leaf;
use rustls::{ServerConfig, ServerConnection, SupportedProtocolVersion};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

/// Both versions.
pub(crate) const BOTH: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13, &rustls::version::TLS12];

/// A listening port and what came to it.
#[derive(Clone, Debug)]
pub(crate) struct Loopback {
    pub(crate) address: SocketAddr,
    connections: Arc<AtomicUsize>,
    /// What clients sent after their handshakes.
    received: Arc<Mutex<Vec<u8>>>,
    /// How many connections were served to their end.
    ended: Arc<AtomicUsize>,
}

impl Loopback {
    /// A server that does `serve` with every connection.
    pub(crate) fn raw(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> Self {
        Self::at("127.0.0.1:0", move |stream, _| serve(stream))
    }

    /// A TLS server that shows this chain under these versions, and keeps what clients send.
    pub(crate) fn tls(
        leaf: &Leaf,
        more: &[&CertificateDer<'static>],
        versions: &[&'static SupportedProtocolVersion],
    ) -> Self {
        Self::tls_at("127.0.0.1:0", leaf, more, versions)
    }

    pub(crate) fn tls_at(
        place: &str,
        leaf: &Leaf,
        more: &[&CertificateDer<'static>],
        versions: &[&'static SupportedProtocolVersion],
    ) -> Self {
        let config = server_config(leaf, more, versions);
        Self::at(place, move |stream, received| serve(stream, &config, received))
    }

    fn at(place: &str, serve: impl Fn(TcpStream, &Mutex<Vec<u8>>) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(place).unwrap();
        let loopback = Self {
            address: listener.local_addr().unwrap(),
            connections: Arc::default(),
            received: Arc::default(),
            ended: Arc::default(),
        };
        let (shared, serve) = (loopback.clone(), Arc::new(serve));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                shared.connections.fetch_add(1, Ordering::SeqCst);
                let (shared, serve) = (shared.clone(), Arc::clone(&serve));
                thread::spawn(move || {
                    serve(stream, &shared.received);
                    shared.ended.fetch_add(1, Ordering::SeqCst);
                });
            }
        });
        loopback
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn ended(&self) -> usize {
        self.ended.load(Ordering::SeqCst)
    }

    pub(crate) fn received(&self) -> Vec<u8> {
        self.received.lock().unwrap().clone()
    }
}

/// A configuration that shows this chain.
pub(crate) fn server_config(
    leaf: &Leaf,
    more: &[&CertificateDer<'static>],
    versions: &[&'static SupportedProtocolVersion],
) -> Arc<ServerConfig> {
    let chain = std::iter::once(&leaf.certificate).chain(more.iter().copied()).cloned().collect();
    let key = PrivateKeyDer::try_from(leaf.key.clone()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    Arc::new(config)
}

/// Serves one connection until the client hangs up.
pub(crate) fn serve(mut stream: TcpStream, config: &Arc<ServerConfig>, received: &Mutex<Vec<u8>>) {
    let mut connection = ServerConnection::new(Arc::clone(config)).unwrap();
    let mut tls = rustls::Stream::new(&mut connection, &mut stream);
    let mut bytes = [0; 1_024];
    while let Ok(count @ 1..) = tls.read(&mut bytes) {
        received.lock().unwrap().extend_from_slice(&bytes[..count]);
    }
}

/// Reads what the client said first, says `answer`, and keeps the line open until the client hangs up.
pub(crate) fn answer(mut stream: TcpStream, answer: &[u8]) {
    drop(stream.read(&mut [0; 4_096]));
    drop(stream.write_all(answer));
    drop(stream.read(&mut [0; 4_096]));
}

/// A handshake message of TLS that claims to be a chain of `bytes` bytes, in records of 16 KiB.
pub(crate) fn huge_chain(bytes: usize) -> Vec<u8> {
    let body = vec![0x30_u8; bytes];
    let length = u32::try_from(bytes).unwrap().to_be_bytes();
    let message = [&[11_u8][..], &length[1..], &body].concat();
    // ServerHello of TLS 1.2 first: version, random, no session, ECDHE-ECDSA with AES-128-GCM, no compression.
    let hello = [&[3_u8, 3][..], &[7; 32], &[0, 0xc0, 0x2b, 0]].concat();
    let hello_length = u32::try_from(hello.len()).unwrap().to_be_bytes();
    let hello = [&[2_u8][..], &hello_length[1..], &hello].concat();
    let messages = [hello, message].concat();
    records(22, [3, 3], &messages)
}

/// `bytes` in records of one kind and version.
pub(crate) fn records(kind: u8, version: [u8; 2], bytes: &[u8]) -> Vec<u8> {
    let record = |part: &[u8]| {
        let length = u16::try_from(part.len()).unwrap().to_be_bytes();
        [&[kind, version[0], version[1]][..], &length, part].concat()
    };
    bytes.chunks(16_384).flat_map(record).collect()
}
