//! TLS connections in memory: a server with one chain, a clock that a test turns, and what came of a handshake.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bundle::UnixSeconds;
use chain::pki::{Authority, Content, Leaf, january};
use rustls::client::Resumption;
#[cfg(feature = "aws-lc-rs")]
use rustls::crypto::aws_lc_rs as chosen;
#[cfg(not(feature = "aws-lc-rs"))]
use rustls::crypto::ring as chosen;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::ServerSessionMemoryCache;
use rustls::time_provider::TimeProvider;
use rustls::{
    CertificateError, ClientConfig, ClientConnection, Error, HandshakeKind, ServerConfig, ServerConnection,
    SupportedProtocolVersion,
};
use trust_store::TrustStore;
use trust_store::rustls::{FollowingVerifier, HandshakeRefused};

/// A clock that stands where it is put.
#[derive(Debug)]
pub(crate) struct Clock(AtomicU64);

impl Clock {
    pub(crate) fn at(time: UnixSeconds) -> Arc<Self> {
        Arc::new(Self(AtomicU64::new(time.0)))
    }

    pub(crate) fn set(&self, time: UnixSeconds) {
        self.0.store(time.0, Ordering::SeqCst);
    }
}

impl TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(std::time::Duration::from_secs(self.0.load(Ordering::SeqCst))))
    }
}

/// A client of the service `hub`, in the year 2026.
pub(crate) struct Client {
    pub(crate) config: Arc<ClientConfig>,
    pub(crate) clock: Arc<Clock>,
}

impl Client {
    /// With the product's sessions.
    pub(crate) fn new(store: &TrustStore, version: &'static SupportedProtocolVersion) -> Self {
        Self::build(store, version, |verifier, clock| {
            Resumption::store(Arc::new(verifier.sessions_with_clock(clock)))
        })
    }

    /// With the sessions that rustls keeps when nobody says otherwise.
    pub(crate) fn with_ordinary_sessions(
        store: &TrustStore,
        version: &'static SupportedProtocolVersion,
    ) -> Self {
        Self::build(store, version, |_, _| Resumption::in_memory_sessions(256))
    }

    /// With no sessions: every handshake asks the verifier, and nobody else asks about chains.
    pub(crate) fn without_sessions(store: &TrustStore, version: &'static SupportedProtocolVersion) -> Self {
        Self::build(store, version, |_, _| Resumption::disabled())
    }

    fn build(
        store: &TrustStore,
        version: &'static SupportedProtocolVersion,
        resumption: impl FnOnce(&FollowingVerifier, Arc<Clock>) -> Resumption,
    ) -> Self {
        let (clock, provider) = (Clock::at(january(2026)), Arc::new(chosen::default_provider()));
        let verifier = FollowingVerifier::new(store.clone(), "hub", Arc::clone(&provider)).unwrap();
        let resumption = resumption(&verifier, Arc::clone(&clock));
        let mut config =
            ClientConfig::builder_with_details(provider, Arc::clone(&clock) as Arc<dyn TimeProvider>)
                .with_protocol_versions(&[version])
                .unwrap()
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(verifier))
                .with_no_client_auth();
        config.resumption = resumption;
        Self { config: Arc::new(config), clock }
    }

    /// One connection to `hub.example`: how it was made, or why not.
    pub(crate) fn connect(&self, server: &Server) -> Result<HandshakeKind, Error> {
        connect(&self.config, server, "hub.example")
    }
}

/// A server with one chain.
pub(crate) struct Server(Arc<ServerConfig>);

impl Server {
    pub(crate) fn new(leaf: &Leaf, intermediates: &[&CertificateDer<'static>]) -> Self {
        let chain = [&leaf.certificate].into_iter().chain(intermediates.iter().copied()).cloned().collect();
        let config = ServerConfig::builder_with_provider(Arc::new(chosen::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, PrivateKeyDer::try_from(leaf.key.clone()).unwrap())
            .unwrap();
        Self(Arc::new(config))
    }

    /// The same server after a restart: with its chain and key, and without a memory of sessions.
    pub(crate) fn restarted(&self) -> Self {
        let mut config = (*self.0).clone();
        config.session_storage = ServerSessionMemoryCache::new(32);
        Self(Arc::new(config))
    }
}

/// Both ends of one connection.
pub(crate) struct Pair {
    pub(crate) client: ClientConnection,
    pub(crate) server: ServerConnection,
}

impl Pair {
    pub(crate) fn new(config: &Arc<ClientConfig>, server: &Server, host: &'static str) -> Self {
        Self {
            client: ClientConnection::new(Arc::clone(config), host.try_into().unwrap()).unwrap(),
            server: ServerConnection::new(Arc::clone(&server.0)).unwrap(),
        }
    }

    /// What the client has to say reaches the server.
    pub(crate) fn client_speaks(&mut self) -> Result<bool, Error> {
        let mut wire = Vec::new();
        while self.client.wants_write() {
            self.client.write_tls(&mut wire).unwrap();
        }
        let mut rest = wire.as_slice();
        while !rest.is_empty() {
            self.server.read_tls(&mut rest).unwrap();
            self.server.process_new_packets()?;
        }
        Ok(!wire.is_empty())
    }

    /// What the server has to say reaches the client.
    pub(crate) fn server_speaks(&mut self) -> Result<bool, Error> {
        let mut wire = Vec::new();
        while self.server.wants_write() {
            self.server.write_tls(&mut wire).unwrap();
        }
        let mut rest = wire.as_slice();
        while !rest.is_empty() {
            self.client.read_tls(&mut rest).unwrap();
            self.client.process_new_packets()?;
        }
        Ok(!wire.is_empty())
    }
}

/// One connection, from the first byte to the last ticket.
pub(crate) fn connect(
    config: &Arc<ClientConfig>,
    server: &Server,
    host: &'static str,
) -> Result<HandshakeKind, Error> {
    let mut pair = Pair::new(config, server, host);
    while pair.client_speaks()? | pair.server_speaks()? {}
    assert!(!pair.client.is_handshaking() && !pair.server.is_handshaking());
    Ok(pair.client.handshake_kind().unwrap())
}

pub(crate) fn content(anchors: &[&Authority]) -> Content {
    let content = anchors.iter().fold(Content::default(), |content, root| content.anchor(root.certificate()));
    content.service("hub", &[])
}

/// A root with a server under it.
pub(crate) fn rooted(name: &str) -> (Authority, Leaf, Server) {
    let root = Authority::root(name, 2020..2040);
    let leaf = root.leaf("hub.example", 2025..2030);
    let server = Server::new(&leaf, &[]);
    (root, leaf, server)
}

/// The product's own reason inside a rustls error, or rustls' name for it.
pub(crate) fn code(error: &Error) -> &'static str {
    match error {
        Error::InvalidCertificate(CertificateError::ExpiredContext { .. }) => "expired",
        Error::InvalidCertificate(CertificateError::NotValidForNameContext { .. }) => "name",
        Error::InvalidCertificate(CertificateError::Other(other)) => {
            other.0.downcast_ref::<HandshakeRefused>().unwrap().code()
        }
        other => panic!("{other:?}"),
    }
}
