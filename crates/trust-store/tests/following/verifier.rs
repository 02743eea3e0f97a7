//! Real handshakes of one long-lived client configuration while the bundle under it changes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bundle::write::ConstraintContent;
use bundle::{Pin, PinKind, UnixSeconds};
use chain::Certificate;
use chain::pki::{Authority, Content, denial, january, key_denial};
use rustls::version::{TLS12, TLS13};
use rustls::{CertificateError, HandshakeKind};
use trust_store::rustls::{ConfigError, client_config};

use crate::device::Device;
use crate::tls::{Client, Server, code, connect, content, rooted};

#[test]
fn a_new_root_is_trusted_without_a_restart() {
    for version in [&TLS12, &TLS13] {
        let ((old, _, _), (new, _, server)) = (rooted("Old"), rooted("New"));
        let mut device = Device::with(&content(&[&old]));
        let client = Client::new(&device.open(), version);
        assert_eq!(client.connect(&server), Err(CertificateError::UnknownIssuer.into()));
        device.install(&content(&[&old, &new]));
        assert_eq!(client.connect(&server), Ok(HandshakeKind::Full));
    }
}

#[test]
fn a_removed_root_is_refused_without_a_restart() {
    for version in [&TLS12, &TLS13] {
        let ((old, _, server), (new, _, moved)) = (rooted("Old"), rooted("New"));
        let mut device = Device::with(&content(&[&old, &new]));
        let client = Client::new(&device.open(), version);
        assert_eq!(client.connect(&server), Ok(HandshakeKind::Full));
        device.install(&content(&[&new]));
        assert_eq!(client.connect(&server), Err(CertificateError::UnknownIssuer.into()));
        assert_eq!(client.connect(&moved), Ok(HandshakeKind::Full));
    }
}

#[test]
fn an_expired_anchor_is_refused() {
    let (root, _, server) = rooted("Root");
    let expired = root.reissue(2010..2020);
    let device = Device::with(&Content::default().anchor(&expired).service("hub", &[]));
    let client = Client::new(&device.open(), &TLS13);
    assert_eq!(code(&client.connect(&server).unwrap_err()), "expired");
}

#[test]
fn a_clock_behind_the_floor_does_not_refuse_what_is_not_yet_valid() {
    let (root, _, server) = rooted("Root"); // The leaf is valid from 2025; the release is of 2026.
    let device = Device::with(&content(&[&root]));
    let client = Client::new(&device.open(), &TLS13);
    client.clock.set(january(1970));
    assert_eq!(client.connect(&server), Ok(HandshakeKind::Full));
}

#[test]
fn another_servers_name_is_refused() {
    let (root, _, server) = rooted("Root");
    let device = Device::with(&content(&[&root]));
    let client = Client::new(&device.open(), &TLS13);
    let error = connect(&client.config, &server, "other.example").unwrap_err();
    assert_eq!(code(&error), "name");
}

#[test]
fn pins_and_constraints_hold_in_a_handshake() {
    let (root, leaf, server) = rooted("Root");
    let (other, _, _) = rooted("Other");
    let pinned_to = |certificate| {
        let sha256 = Certificate::parse(certificate).unwrap().spki_sha256();
        let pin = Pin { kind: PinKind::Spki, sha256, until: january(2030) };
        let content = Content::default().anchor(root.certificate());
        content.service_with("hub", &[], |service| service.pins = vec![pin])
    };
    let constrained_to = |year| {
        let set = ConstraintContent { distrust_after: Some(january(year)), ..ConstraintContent::default() };
        let content =
            Content::default().anchor_with(root.certificate(), |anchor| anchor.constraints = vec![set]);
        content.service("hub", &[])
    };
    let mut device = Device::with(&content(&[&root]));
    let client = Client::new(&device.open(), &TLS13);
    let cases = [
        (pinned_to(&leaf.certificate), None),
        (pinned_to(other.certificate()), Some("pin")),
        (constrained_to(2025), None),
        (constrained_to(2024), Some("constraint")),
    ];
    for (content, expect) in cases {
        device.install(&content);
        let result = client.connect(&server);
        assert_eq!(result.as_ref().err().map(|error| code(error)), expect, "{result:?}");
    }
}

#[test]
fn a_pin_that_lapses_before_the_others_ends_what_rested_on_it() {
    for version in [&TLS12, &TLS13] {
        let ((root, leaf, server), (other, _, _)) = (rooted("Root"), rooted("Other"));
        let pin = |certificate, year| {
            let sha256 = Certificate::parse(certificate).unwrap().spki_sha256();
            Pin { kind: PinKind::Spki, sha256, until: january(year) }
        };
        let pins = vec![pin(&leaf.certificate, 2027), pin(other.certificate(), 2028)];
        let content = Content::default().anchor(root.certificate());
        let device = Device::with(&content.service_with("hub", &[], |service| service.pins = pins));
        let client = Client::new(&device.open(), version);
        client.clock.set(UnixSeconds(january(2027).0 - 60));
        assert_eq!(client.connect(&server), Ok(HandshakeKind::Full));
        client.clock.set(UnixSeconds(january(2027).0 - 1));
        assert_eq!(client.connect(&server), Ok(HandshakeKind::Resumed));
        client.clock.set(january(2027));
        assert_eq!(code(&client.connect(&server).unwrap_err()), "pin");
        client.clock.set(january(2028));
        assert_eq!(client.connect(&server), Ok(HandshakeKind::Full), "the last pin has lapsed");
    }
}

#[test]
fn a_chain_that_was_accepted_vouches_for_no_other_and_for_no_other_time() {
    let ((root, _, server), (_, _, impostor)) = (rooted("Root"), rooted("Impostor"));
    let device = Device::with(&content(&[&root]));
    let client = Client::new(&device.open(), &TLS13);
    client.clock.set(january(2028));
    // Each time another server, which knows no ticket of the one before: judged in full, or known in full.
    assert_eq!(client.connect(&server), Ok(HandshakeKind::Full));
    assert_eq!(client.connect(&server.restarted()), Ok(HandshakeKind::Full));
    assert_eq!(client.connect(&impostor), Err(CertificateError::UnknownIssuer.into()));
    client.clock.set(january(2031)); // The leaf is valid until 2030.
    assert_eq!(code(&client.connect(&server.restarted()).unwrap_err()), "expired");
    client.clock.set(january(2027));
    assert_eq!(client.connect(&server.restarted()), Ok(HandshakeKind::Full));
}

#[test]
fn a_chain_that_was_accepted_is_judged_anew_under_another_release() {
    let ((old, leaf, server), (new, _, _)) = (rooted("Old"), rooted("New"));
    let mut device = Device::with(&content(&[&old, &new]));
    let client = Client::without_sessions(&device.open(), &TLS13);
    assert_eq!(client.connect(&server), Ok(HandshakeKind::Full));
    device.deny(&[key_denial(&leaf.certificate)]);
    assert_eq!(code(&client.connect(&server).unwrap_err()), "denied");
    device.deny(&[]);
    assert_eq!(client.connect(&server), Ok(HandshakeKind::Full));
    device.install(&content(&[&new]));
    assert_eq!(client.connect(&server), Err(CertificateError::UnknownIssuer.into()));
}

#[test]
fn a_denied_intermediate_leaves_the_other_path() {
    let (old, new) = (Authority::root("Old", 2010..2040), Authority::root("New", 2020..2040));
    let intermediate = old.intermediate("Issuing", 2015..2035);
    let crossed = new.cross_sign(&intermediate, 2022..2035);
    let server =
        Server::new(&intermediate.leaf("hub.example", 2025..2030), &[intermediate.certificate(), &crossed]);
    let mut device = Device::with(&content(&[&old, &new]));
    let client = Client::new(&device.open(), &TLS13);
    device.deny(&[denial(intermediate.certificate())]);
    assert_eq!(client.connect(&server), Ok(HandshakeKind::Full));
    device.deny(&[denial(intermediate.certificate()), denial(&crossed)]);
    let error = client.connect(&server).unwrap_err();
    assert_eq!(code(&error), "denied");
    assert!(error.to_string().contains("Issuing"), "{error}");
}

#[test]
fn the_configuration_in_one_call_follows_too() {
    // This one looks at the system's clock, so its certificates are good for a century.
    let (old, new) = (Authority::root("Old", 2000..2100), Authority::root("New", 2000..2100));
    let server = Server::new(&old.leaf("hub.example", 2000..2100), &[]);
    let mut device = Device::with(&content(&[&old]));
    let store = device.open();
    let config = Arc::new(client_config(&store, "hub").unwrap());
    assert_eq!(connect(&config, &server, "hub.example"), Ok(HandshakeKind::Full));
    assert_eq!(connect(&config, &server, "hub.example"), Ok(HandshakeKind::Resumed));
    device.install(&content(&[&new]));
    assert_eq!(connect(&config, &server, "hub.example"), Err(CertificateError::UnknownIssuer.into()));
    let ConfigError::Service(error) = client_config(&store, "hbu").unwrap_err() else { panic!() };
    assert_eq!(error.to_string(), "the installed release has no service \"hbu\"; it has hub");
}

#[test]
fn a_service_that_a_release_drops_is_refused_by_name() {
    let (root, _, server) = rooted("Root");
    let mut device = Device::with(&content(&[&root]));
    let client = Client::new(&device.open(), &TLS13);
    device.install(&Content::default().anchor(root.certificate()).service("storage", &[]));
    let error = client.connect(&server).unwrap_err();
    assert!(error.to_string().contains("no service \"hub\"; it has storage"), "{error}");
}

#[test]
fn an_unreadable_store_cuts_nobody_off() {
    let (root, _, server) = rooted("Root");
    let device = Device::with(&content(&[&root]));
    let client = Client::new(&device.open(), &TLS13);
    let file = std::fs::OpenOptions::new().write(true).open(device.path("store")).unwrap();
    file.set_len(0).unwrap();
    assert_eq!(client.connect(&server), Ok(HandshakeKind::Full));
    std::fs::remove_file(device.path("store")).unwrap();
    assert_eq!(client.connect(&server), Ok(HandshakeKind::Resumed));
}

#[test]
fn no_handshake_sees_a_mixed_set() {
    // Release A has root A and a pin on it, release B likewise. A mixture would refuse by the pin.
    let ((first, _, server), (second, _, _)) = (rooted("First"), rooted("Second"));
    let only = |root: &Authority| {
        let sha256 = Certificate::parse(root.certificate()).unwrap().spki_sha256();
        let pin = Pin { kind: PinKind::Spki, sha256, until: january(2030) };
        let content = Content::default().anchor(root.certificate());
        content.service_with("hub", &[], |service| service.pins = vec![pin])
    };
    let mut device = Device::with(&only(&first));
    let store = device.open();
    let done = AtomicBool::new(false);
    let (mut verified, mut refused) = (0, 0);
    std::thread::scope(|scope| {
        let handshakes = scope.spawn(|| {
            while !done.load(Ordering::SeqCst) {
                match Client::new(&store, &TLS13).connect(&server) {
                    Ok(_) => verified += 1,
                    Err(error) => {
                        assert_eq!(error, CertificateError::UnknownIssuer.into());
                        refused += 1;
                    }
                }
            }
        });
        for _ in 0..40 {
            device.install(&only(&second));
            device.install(&only(&first));
        }
        done.store(true, Ordering::SeqCst);
        handshakes.join().unwrap();
    });
    assert!(verified > 0, "{verified} verified, {refused} refused");
}
