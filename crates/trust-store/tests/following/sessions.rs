//! Sessions live as long as the trust behind them, and no longer.

use bundle::UnixSeconds;
use chain::pki::{january, key_denial};
use rustls::version::{TLS12, TLS13};
use rustls::{CertificateError, HandshakeKind};

use crate::device::Device;
use crate::tls::{Client, Pair, Server, code, content, rooted};

#[test]
fn ordinary_sessions_would_carry_a_removed_root_past_the_check() {
    for version in [&TLS12, &TLS13] {
        let ((old, _, server), (new, _, _)) = (rooted("Old"), rooted("New"));
        let mut device = Device::with(&content(&[&old, &new]));
        let client = Client::with_ordinary_sessions(&device.open(), version);
        assert_eq!(client.connect(&server), Ok(HandshakeKind::Full));
        device.install(&content(&[&new]));
        assert_eq!(client.connect(&server), Ok(HandshakeKind::Resumed), "why FollowingSessions exists");
    }
}

#[test]
fn sessions_are_resumed_while_their_chain_is_trusted() {
    for version in [&TLS12, &TLS13] {
        let ((old, _, server), (new, _, _)) = (rooted("Old"), rooted("New"));
        let mut device = Device::with(&content(&[&old]));
        let client = Client::new(&device.open(), version);
        assert_eq!(client.connect(&server), Ok(HandshakeKind::Full));
        assert_eq!(client.connect(&server), Ok(HandshakeKind::Resumed));
        device.install(&content(&[&old, &new]));
        assert_eq!(client.connect(&server), Ok(HandshakeKind::Resumed), "an addition costs no session");
    }
}

#[test]
fn removing_another_root_costs_no_session() {
    let ((old, _, server), (new, _, _)) = (rooted("Old"), rooted("New"));
    let mut device = Device::with(&content(&[&old, &new]));
    let client = Client::new(&device.open(), &TLS13);
    assert_eq!(client.connect(&server), Ok(HandshakeKind::Full));
    device.install(&content(&[&old]));
    assert_eq!(client.connect(&server), Ok(HandshakeKind::Resumed));
}

#[test]
fn a_denial_ends_sessions_at_once() {
    for version in [&TLS12, &TLS13] {
        let (root, leaf, server) = rooted("Root");
        let mut device = Device::with(&content(&[&root]));
        let client = Client::new(&device.open(), version);
        assert_eq!(client.connect(&server), Ok(HandshakeKind::Full));
        device.deny(&[key_denial(&leaf.certificate)]);
        let error = client.connect(&server).unwrap_err();
        assert_eq!(code(&error), "denied");
    }
}

#[test]
fn sessions_end_with_the_dates_of_their_chain_and_a_renewed_one_starts_afresh() {
    for version in [&TLS12, &TLS13] {
        let (root, _, server) = rooted("Root"); // The leaf is valid until 2030.
        let renewed = Server::new(&root.leaf("hub.example", 2029..2032), &[]);
        let device = Device::with(&content(&[&root]));
        let client = Client::new(&device.open(), version);
        client.clock.set(UnixSeconds(january(2030).0 - 60));
        assert_eq!(client.connect(&server), Ok(HandshakeKind::Full));
        assert_eq!(client.connect(&server), Ok(HandshakeKind::Resumed));
        client.clock.set(UnixSeconds(january(2030).0 + 60));
        assert_eq!(code(&client.connect(&server).unwrap_err()), "expired");
        assert_eq!(client.connect(&renewed), Ok(HandshakeKind::Full));
        assert_eq!(client.connect(&renewed), Ok(HandshakeKind::Resumed));
    }
}

#[test]
fn tickets_of_an_aged_chain_go_while_a_younger_one_stays_trusted() {
    for version in [&TLS12, &TLS13] {
        let (root, _, server) = rooted("Root"); // The leaf is valid until 2030.
        let younger = Server::new(&root.leaf("hub.example", 2025..2035), &[]);
        let device = Device::with(&content(&[&root]));
        let client = Client::new(&device.open(), version);
        client.clock.set(UnixSeconds(january(2030).0 - 60));
        assert_eq!(client.connect(&younger), Ok(HandshakeKind::Full));
        assert_eq!(client.connect(&server), Ok(HandshakeKind::Full));
        client.clock.set(UnixSeconds(january(2030).0 + 60));
        for _ in 0..6 {
            assert_eq!(code(&client.connect(&server).unwrap_err()), "expired");
        }
        assert_eq!(client.connect(&younger), Ok(HandshakeKind::Full));
        assert_eq!(client.connect(&younger), Ok(HandshakeKind::Resumed));
    }
}

#[test]
fn a_ticket_that_comes_late_from_a_distrusted_server_opens_nothing() {
    let ((old, _, server), (new, _, moved)) = (rooted("Old"), rooted("New"));
    let mut device = Device::with(&content(&[&old, &new]));
    let client = Client::new(&device.open(), &TLS13);
    // A connection to the old server is made, and its tickets stay on the way.
    let mut early = Pair::new(&client.config, &server, "hub.example");
    early.client_speaks().unwrap();
    early.server_speaks().unwrap();
    early.client_speaks().unwrap();
    assert!(!early.client.is_handshaking());
    device.install(&content(&[&new]));
    assert_eq!(client.connect(&moved), Ok(HandshakeKind::Full));
    assert!(early.server_speaks().unwrap(), "the tickets arrive");
    assert_eq!(client.connect(&server), Err(CertificateError::UnknownIssuer.into()));
    // The price: this name is not resumed any more, by this configuration.
    assert_eq!(client.connect(&moved), Ok(HandshakeKind::Full));
    assert_eq!(client.connect(&moved), Ok(HandshakeKind::Full));
}

#[test]
fn a_chain_that_aged_before_its_root_was_removed_opens_nothing_either() {
    let ((old, _, server), (new, _, _)) = (rooted("Old"), rooted("New"));
    let moved = Server::new(&new.leaf("hub.example", 2025..2035), &[]);
    let mut device = Device::with(&content(&[&old, &new]));
    let client = Client::new(&device.open(), &TLS13);
    client.clock.set(UnixSeconds(january(2030).0 - 60)); // The leaf is valid until 2030.
    let mut early = Pair::new(&client.config, &server, "hub.example");
    early.client_speaks().unwrap();
    early.server_speaks().unwrap();
    early.client_speaks().unwrap();
    client.clock.set(UnixSeconds(january(2030).0 + 60));
    assert_eq!(client.connect(&moved), Ok(HandshakeKind::Full));
    assert_eq!(client.connect(&moved), Ok(HandshakeKind::Resumed), "age alone closes nothing");
    device.install(&content(&[&new]));
    assert!(early.server_speaks().unwrap(), "the tickets arrive");
    assert_eq!(code(&client.connect(&server).unwrap_err()), "expired");
}
