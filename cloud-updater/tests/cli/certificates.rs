//! Import: what is refused, what a reason overrides, where certificates may come from.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;

use crate::kit::{World, write};
use crate::runbook::fleet;

/// A certificate in PEM, made as the closure says; a CA unless it says otherwise.
fn pem(change: impl FnOnce(&mut rcgen::CertificateParams)) -> String {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut parameters = rcgen::CertificateParams::new(Vec::new()).unwrap();
    parameters.distinguished_name.push(rcgen::DnType::CommonName, "Some Root");
    parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    change(&mut parameters);
    parameters.self_signed(&key).unwrap().pem()
}

fn refused(world: &World, code: &str) -> String {
    let said = world.updater(&["anchor", "add", "some.pem", "--reason", "a test", "--json"]);
    assert_eq!(said.code, 3, "{said:?}");
    let error: serde_json::Value = serde_json::from_str(&said.err).unwrap();
    assert_eq!(error["code"], code);
    assert_eq!(error["file"], "some.pem");
    error["hint"].as_str().unwrap().to_owned()
}

#[test]
fn what_breaks_a_rule_is_refused_unless_a_reason_overrides_it() {
    let cases: [(&str, String); 3] = [
        ("not_ca", pem(|parameters| parameters.is_ca = rcgen::IsCa::ExplicitNoCa)),
        ("expired", pem(|parameters| parameters.not_after = rcgen::date_time_ymd(2001, 1, 1))),
        ("not_yet_valid", pem(|parameters| parameters.not_before = rcgen::date_time_ymd(2090, 1, 1))),
    ];
    for (code, text) in cases {
        let world = fleet();
        write(&world.repository().join("some.pem"), &text);
        let rule = code.replace('_', "-");
        assert!(refused(&world, code).contains(&format!("--allow {rule}")));
        world.good(&format!("anchor add some.pem --reason 'history needs it' --allow {rule}"));
        let record = std::fs::read_dir(world.repository().join("anchors"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|ending| ending == "toml"))
            .map(|path| std::fs::read_to_string(path).unwrap())
            .find(|text| text.contains("history needs it"))
            .unwrap();
        assert!(record.contains(&format!("rule = \"{rule}\"")), "{record}");
        let log = world.shell("cat log/*.log").out;
        assert!(log.contains(&format!("allowed {rule}")) && log.contains("history needs it"), "{log}");
    }
}

#[test]
fn a_duplicate_is_refused() {
    let world = fleet();
    std::fs::copy(world.repository().join("old-root.pem"), world.repository().join("some.pem")).unwrap();
    refused(&world, "duplicate");
}

#[test]
fn an_expired_root_was_good_at_its_time() {
    let world = fleet();
    write(
        &world.repository().join("some.pem"),
        &pem(|parameters| {
            parameters.not_before = rcgen::date_time_ymd(2000, 5, 12);
            parameters.not_after = rcgen::date_time_ymd(2025, 5, 12);
        }),
    );
    refused(&world, "expired");
    world.good("anchor add some.pem --reason 'as it was' --as-of 2020-10-01");
}

#[test]
fn one_bad_certificate_refuses_the_whole_file_and_names_every_fault() {
    let world = fleet();
    let text = [
        pem(|_| {}),
        pem(|parameters| parameters.is_ca = rcgen::IsCa::ExplicitNoCa),
        pem(|parameters| parameters.not_after = rcgen::date_time_ymd(2001, 1, 1)),
    ];
    write(&world.repository().join("some.pem"), &text.concat());
    let said = world.updater(&["anchor", "add", "some.pem", "--reason", "a test"]);
    assert_eq!(said.code, 3);
    assert!(said.err.contains("is not a CA") && said.err.contains("expired on 2001-01-01"), "{}", said.err);
    assert_eq!(world.json(0, &["anchor", "list"])["anchors"].as_array().unwrap().len(), 1);
}

#[test]
fn an_intermediate_helps_and_is_never_trusted() {
    let world = fleet();
    write(&world.repository().join("some.pem"), &pem(|_| {}));
    world.good("anchor add some.pem --intermediate --reason 'helps path building'");
    world.good("draft --channel staging");
    let difference = world.json(0, &["diff", "1", "now", "--channel", "staging"]);
    let what: Vec<_> =
        difference["changes"].as_array().unwrap().iter().map(|change| change["what"].clone()).collect();
    assert_eq!(what, ["intermediate"]);
    world.good("anchor distrust some-root --reason 'issued what it should not'");
    let difference = world.json(0, &["diff", "1", "now", "--channel", "staging"]);
    let what: Vec<_> =
        difference["changes"].as_array().unwrap().iter().map(|change| change["what"].clone()).collect();
    assert_eq!(
        what,
        ["denial", "export loss"],
        "a denied intermediate is no longer shipped, and no file can deny it"
    );
}

#[test]
fn a_pinned_intermediate_is_warned_of() {
    let world = fleet();
    write(&world.repository().join("some.pem"), &pem(|_| {}));
    world.good("anchor add some.pem --intermediate --reason 'helps path building'");
    let digest = world.shell("openssl x509 -in some.pem -outform DER | sha256sum | cut -c1-64").out;
    let pin = |sha256: &str| format!("{{ kind = 'certificate', sha256 = '{sha256}', until = '2035-12-01' }}");
    let services = format!(
        "[services.hub]\nhosts = ['hub.example']\nanchors = 'all'\npins = [{}, {}]\n",
        pin(digest.trim()),
        pin(&"ab".repeat(32))
    );
    write(&world.repository().join("services.toml"), &services);
    let said = world.updater(&["draft", "--channel", "staging", "--as-of", "2035-01-01"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.err.contains("warning: hub pins the intermediate CN=Some Root"), "{}", said.err);
}

#[test]
fn a_stranger_can_be_denied() {
    let world = fleet();
    write(&world.repository().join("some.pem"), &pem(|_| {}));
    world.good("anchor distrust some.pem --deny both --reason 'seen in an attack'");
    let difference = world.json(0, &["diff", "1", "now", "--channel", "staging"]);
    let what: Vec<_> =
        difference["changes"].as_array().unwrap().iter().map(|change| change["what"].clone()).collect();
    assert_eq!(what, ["denial", "denial", "export loss"]);
}

/// A TLS server on loopback that shows a chain of two certificates to `count` clients.
fn server(count: usize) -> (std::thread::JoinHandle<()>, u16, Vec<String>) {
    let ca_key = rcgen::KeyPair::generate().unwrap();
    let mut ca = rcgen::CertificateParams::new(Vec::new()).unwrap();
    ca.distinguished_name.push(rcgen::DnType::CommonName, "Served Root");
    ca.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    ca.key_usages = vec![rcgen::KeyUsagePurpose::KeyCertSign];
    let ca_certificate = ca.self_signed(&ca_key).unwrap();
    let issuer = rcgen::Issuer::new(ca, ca_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let leaf = rcgen::CertificateParams::new(vec!["localhost".to_owned()])
        .unwrap()
        .signed_by(&key, &issuer)
        .unwrap();
    let chain = vec![leaf.der().clone(), ca_certificate.der().clone()];
    let fingerprints = chain.iter().map(|der| bundle::Sha256::of(&[der]).to_string()).collect();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, rustls_pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap())
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let thread = std::thread::spawn(move || {
        for _ in 0..count {
            let (mut socket, _) = listener.accept().unwrap();
            let mut connection = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = rustls::Stream::new(&mut connection, &mut socket);
            drop(stream.flush());
            drop(stream.read(&mut [0; 1]));
        }
    });
    (thread, port, fingerprints)
}

#[test]
fn a_live_endpoint_is_recorded_and_trusted_only_by_fingerprint() {
    let world = fleet();
    // Each look is a handshake of either version.
    let (thread, port, fingerprints) = server(4);
    let endpoint = format!("localhost:{port}");
    let add = ["anchor", "add", "--from-endpoint", &endpoint, "--reason", "the hub's own root"];
    let seen = world.json(0, &add);
    assert_eq!(seen["added"].as_array().unwrap().len(), 0, "nothing is trusted by looking");
    assert_eq!(seen["served"].as_array().unwrap().len(), 2);
    let noted = std::fs::read_to_string(world.repository().join("observations/operator.json")).unwrap();
    assert!(fingerprints.iter().all(|fingerprint| noted.contains(fingerprint)), "{noted}");
    let named = world.json(0, &[&add[..], &["--sha256", &fingerprints[1]]].concat());
    assert_eq!(named["added"][0]["sha256"], fingerprints[1].as_str());
    thread.join().unwrap();
    let gone = world.updater(&add);
    assert_eq!(gone.code, 5, "an unreachable endpoint may be tried again: {gone:?}");
    let malformed = world.updater(&["anchor", "add", "--from-endpoint", "a b", "--reason", "x"]);
    assert_eq!(malformed.code, 2);
}
