//! A device with a bundle, a server under one of its anchors, and the two clients that are compared.

use std::cell::RefCell;
use std::sync::Arc;

use bundle::{Denial, Pin, PinKind};
use chain::pki::{Authority, Content, denial, january, key_denial};
use rustls::client::Resumption;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, ClientConnection, HandshakeKind, RootCertStore, ServerConfig, ServerConnection};
use trust_store::TrustStore;

use crate::device::Device;

/// What every case starts from.
pub(crate) struct Scene {
    pub(crate) store: TrustStore,
    /// Plain rustls with the anchors of the bundle.
    pub(crate) plain: Arc<ClientConfig>,
    /// The product's configuration.
    pub(crate) following: Arc<ClientConfig>,
    /// The subject of the last anchor.
    pub(crate) subject: Vec<u8>,
    device: RefCell<Device>,
    content: Content,
    chain: Vec<CertificateDer<'static>>,
    key: Vec<u8>,
}

impl Scene {
    pub(crate) fn new(anchors: usize) -> Self {
        Self::with(anchors, |content, _| content.service("hub", &[]))
    }

    /// The same, with denials of certificates and of keys and with pins of both kinds, so that everything is hashed that can be.
    pub(crate) fn guarded(anchors: usize) -> Self {
        Self::with(anchors, |content, intermediate| {
            let absent = Authority::root("Absent", 2000..2100);
            let content = content.deny([denial(absent.certificate()), key_denial(absent.certificate())]);
            content.service_with("hub", &[], |service| {
                let pinned = [denial(absent.certificate()), key_denial(intermediate.certificate())];
                let kinds = [PinKind::Certificate, PinKind::Spki];
                let pin = |(kind, Denial { sha256, .. })| Pin { kind, sha256, until: january(2100) };
                service.pins = kinds.into_iter().zip(pinned).map(pin).collect();
            })
        })
    }

    fn with(anchors: usize, guard: impl FnOnce(Content, &Authority) -> Content) -> Self {
        let name = |number| format!("Certification Authority of a Usual Name {number}");
        let roots: Vec<_> = (0..anchors).map(|number| Authority::root(&name(number), 2000..2100)).collect();
        let content =
            roots.iter().fold(Content::default(), |content, root| content.anchor(root.certificate()));
        let root = &roots[anchors / 2];
        let intermediate = root.intermediate("Issuing", 2000..2100);
        let content = guard(content, &intermediate);
        let device = Device::with(&content);
        let store = device.open();
        let leaf = intermediate.leaf("hub.example", 2000..2100);
        let mut trusted = RootCertStore::empty();
        trusted.add_parsable_certificates(roots.iter().map(|root| root.certificate().clone()));
        let plain = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(trusted)
            .with_no_client_auth();
        let last = chain::Certificate::parse(roots[anchors - 1].certificate()).unwrap();
        Self {
            plain: Arc::new(plain),
            following: Arc::new(trust_store::rustls::client_config(&store, "hub").unwrap()),
            store,
            subject: last.subject().as_der().to_vec(),
            device: RefCell::new(device),
            content,
            chain: vec![leaf.certificate, intermediate.certificate().clone()],
            key: leaf.key,
        }
    }

    /// The product's configuration, made anew.
    pub(crate) fn fresh_following(&self) -> Arc<ClientConfig> {
        Arc::new(trust_store::rustls::client_config(&self.store, "hub").unwrap())
    }

    /// Plain rustls, with no session yet.
    pub(crate) fn fresh_plain(&self) -> Arc<ClientConfig> {
        let mut config = (*self.plain).clone();
        config.resumption = Resumption::in_memory_sessions(256);
        Arc::new(config)
    }

    /// Installs the bundle once more, as a new release.
    pub(crate) fn install(&self) {
        self.device.borrow_mut().install(&self.content);
    }

    /// One full handshake and the tickets after it; `step` runs what the client does.
    ///
    /// The server is a new one each time and knows no ticket, so that the client offers one and is checked in full.
    pub(crate) fn handshake(&self, config: &Arc<ClientConfig>, mut step: impl FnMut(&mut dyn FnMut())) {
        let key = PrivateKeyDer::try_from(self.key.clone()).unwrap();
        let server = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(self.chain.clone(), key)
            .unwrap();
        let mut server = ServerConnection::new(Arc::new(server)).unwrap();
        let (mut client, mut wire) = (None, Vec::new());
        step(&mut || {
            client = ClientConnection::new(Arc::clone(config), "hub.example".try_into().unwrap()).ok();
        });
        let client = client.as_mut().unwrap();
        loop {
            wire.clear();
            step(&mut || {
                while client.wants_write() {
                    client.write_tls(&mut wire).unwrap();
                }
            });
            let from_client = wire.len();
            hand_over(&wire, |rest| {
                server.read_tls(rest).unwrap();
                server.process_new_packets().unwrap();
            });
            wire.clear();
            while server.wants_write() {
                server.write_tls(&mut wire).unwrap();
            }
            if wire.is_empty() && from_client == 0 {
                break;
            }
            step(&mut || {
                hand_over(&wire, |rest| {
                    client.read_tls(rest).unwrap();
                    client.process_new_packets().unwrap();
                });
            });
        }
        assert_eq!(client.handshake_kind(), Some(HandshakeKind::Full));
    }
}

fn hand_over(bytes: &[u8], mut take: impl FnMut(&mut &[u8])) {
    let mut rest = bytes;
    while !rest.is_empty() {
        take(&mut rest);
    }
}
