//! Handshakes with servers that behave oddly.

use std::sync::Arc;
use std::time::Duration;

use device_agent::Reason;
use device_agent::judgement::ServedChain;
use device_agent::linux::configuration::{Override, ResolveTable};
use device_agent::linux::probe::Handshakes;
use rustls::crypto::ring;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{RootCertStore, ServerConfig, ServerConnection, SupportedProtocolVersion};
use system_tests::listener::Listener;
use system_tests::pki::Vendor;
use system_tests::tls_service::{ALL_VERSIONS, Identity};

use crate::lab::block_on;

const HOST: &str = "hub.test";

/// Makes one handshake with whatever listens.
fn served(listener: &Listener, timeout: Duration) -> Result<ServedChain, Reason> {
    let entry = Override { host: HOST.into(), port: 443, address: listener.address() };
    let handshakes = Handshakes::new(ResolveTable::new(vec![entry]), timeout);
    block_on(handshakes.served(HOST, 443))
}

fn serve(config: Arc<ServerConfig>) -> Listener {
    Listener::start(move |mut connection| {
        let mut tls = ServerConnection::new(Arc::clone(&config)).unwrap();
        while tls.is_handshaking() {
            if tls.complete_io(&mut connection).is_err() {
                // The alert says why.
                drop(tls.write_tls(&mut connection));
                return;
            }
        }
    })
    .unwrap()
}

fn key(identity: &Identity) -> PrivateKeyDer<'static> {
    PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(identity.key.clone()))
}

#[test]
fn a_server_that_wants_a_client_certificate_has_served_its_chain() {
    let vendor = Vendor::new();
    let identity = vendor.old_identity(HOST);
    for version in ALL_VERSIONS.iter().copied() {
        let mut roots = RootCertStore::empty();
        roots.add(vendor.old_root.certificate().clone()).unwrap();
        let provider = Arc::new(ring::default_provider());
        let wanted = WebPkiClientVerifier::builder_with_provider(roots.into(), Arc::clone(&provider));
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])
            .unwrap()
            .with_client_cert_verifier(wanted.build().unwrap())
            .with_single_cert(identity.chain.clone(), key(&identity))
            .unwrap();
        let chain = served(&serve(Arc::new(config)), Duration::from_secs(10)).unwrap();
        assert_eq!(chain.certificates, identity.chain, "{version:?}");
    }
}

/// Shows a chain whose key it does not have.
#[derive(Debug)]
struct Copied(Arc<CertifiedKey>);

impl ResolvesServerCert for Copied {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

fn copied(vendor: &Vendor, version: &'static SupportedProtocolVersion) -> Arc<ServerConfig> {
    let (real, own) = (vendor.old_identity(HOST), vendor.old_identity("attacker.test"));
    let provider = Arc::new(ring::default_provider());
    let signer = provider.key_provider.load_private_key(key(&own)).unwrap();
    let config = ServerConfig::builder_with_provider(provider).with_protocol_versions(&[version]).unwrap();
    let resolver = Copied(Arc::new(CertifiedKey::new(real.chain, signer)));
    Arc::new(config.with_no_client_auth().with_cert_resolver(Arc::new(resolver)))
}

#[test]
fn a_copied_chain_without_its_key_says_nothing() {
    let vendor = Vendor::new();
    for version in ALL_VERSIONS.iter().copied() {
        let outcome = served(&serve(copied(&vendor, version)), Duration::from_secs(10));
        assert_eq!(outcome.unwrap_err(), Reason::ProbeTls, "{version:?}");
    }
}

#[test]
fn silence_and_closed_ports_and_plain_text_say_nothing() {
    let silent = Listener::start(|connection| {
        let mut buffer = [0; 4_096];
        // Reads until the other side gives up.
        while std::io::Read::read(&mut &connection, &mut buffer).is_ok_and(|length| length > 0) {}
    })
    .unwrap();
    assert_eq!(served(&silent, Duration::from_millis(50)).unwrap_err(), Reason::ProbeTimeout);
    let plain = Listener::start(|mut connection| {
        drop(std::io::Write::write_all(&mut connection, b"HTTP/1.1 400 Bad Request\r\n\r\n"));
    })
    .unwrap();
    assert_eq!(served(&plain, Duration::from_secs(10)).unwrap_err(), Reason::ProbeTls);
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let entry = Override { host: HOST.into(), port: 443, address: closed };
    let handshakes = Handshakes::new(ResolveTable::new(vec![entry]), Duration::from_secs(10));
    assert_eq!(block_on(handshakes.served(HOST, 443)).unwrap_err(), Reason::ProbeTcp);
}
