//! `watch` against real servers on loopback: what is kept of honest ones, and what hostile ones cannot do.

use std::fs;
use std::io::Write as _;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use chain::pki::Authority;
use cloud_updater::observation::{Handshake, Observations, Outcome, TlsVersion};
use cloud_updater::watch::{Limits, ResolveTable, Target, probe};

use crate::kit::{World, write};
use crate::loopback::{BOTH, Loopback, answer, huge_chain, records};
use crate::runbook::fleet;

/// Far more than loopback needs, and short enough for a server that hangs.
const PATIENCE: Duration = Duration::from_millis(1_500);

fn limits() -> Limits {
    Limits { connect: PATIENCE, handshake: PATIENCE, ..Limits::default() }
}

fn ask_endpoint(endpoint: &str, limits: &Limits) -> Vec<Handshake> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(probe(&Target::parse(endpoint).unwrap(), limits))
}

fn ask(server: &Loopback) -> Vec<Handshake> {
    ask_endpoint(&format!("localhost:{}", server.address.port()), &limits())
}

/// How each version ended.
fn outcomes(handshakes: &[Handshake]) -> Vec<(TlsVersion, Outcome)> {
    handshakes.iter().map(|it| (it.tls, it.outcome)).collect()
}

fn root() -> Authority {
    Authority::root("Root", 2020..2040)
}

fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::yield_now();
    }
}

#[test]
fn both_versions_are_asked_for_the_chain_is_kept_as_it_came_and_nothing_is_sent() {
    let (root, middle) = (root(), root().intermediate("Middle", 2020..2040));
    let server = Loopback::tls(
        &middle.leaf("localhost", 2020..2040),
        &[middle.certificate(), root.certificate()],
        BOTH,
    );
    let handshakes = ask(&server);
    let both = [(TlsVersion::V13, Outcome::Served), (TlsVersion::V12, Outcome::Served)];
    assert_eq!(outcomes(&handshakes), both);
    for handshake in &handshakes {
        assert_eq!(handshake.chain.len(), 3);
        assert_eq!(handshake.chain[2], root.certificate().to_vec());
    }
    wait_until("both connections end", || server.ended() == 2);
    assert!(server.received().is_empty(), "nothing is sent after the handshake");
}

#[test]
fn a_server_of_one_version_is_known_as_one() {
    let leaf = root().leaf("localhost", 2020..2040);
    let old = Loopback::tls(&leaf, &[], &[&rustls::version::TLS12]);
    let expect = [(TlsVersion::V13, Outcome::NoVersion), (TlsVersion::V12, Outcome::Served)];
    assert_eq!(outcomes(&ask(&old)), expect);
    let new = Loopback::tls(&leaf, &[], &[&rustls::version::TLS13]);
    let expect = [(TlsVersion::V13, Outcome::Served), (TlsVersion::V12, Outcome::NoVersion)];
    assert_eq!(outcomes(&ask(&new)), expect);
}

#[test]
fn a_chain_that_nobody_would_accept_is_recorded_all_the_same() {
    let itself = rcgen::generate_simple_self_signed(["other.example".to_owned()]).unwrap();
    let key = itself.signing_key.serialize_der();
    let leaf = chain::pki::Leaf { certificate: itself.cert.der().clone(), key };
    for leaf in [leaf, root().leaf("other.example", 2020..2040), root().leaf("localhost", 2001..2002)] {
        let handshakes = ask(&Loopback::tls(&leaf, &[], BOTH));
        assert_eq!(handshakes[0].outcome, Outcome::Served);
        assert_eq!(handshakes[0].chain, [leaf.certificate.to_vec()]);
    }
}

#[test]
fn a_chain_without_the_proof_of_its_key_is_nobodys() {
    let (one, other) = (root().leaf("localhost", 2020..2040), root().leaf("localhost", 2020..2040));
    let provider = rustls::crypto::ring::default_provider();
    // The certificate of one with the key of the other: rustls itself would refuse to serve that.
    let key = provider.key_provider.load_private_key(other.key.try_into().unwrap()).unwrap();
    let copied = rustls::sign::CertifiedKey::new(vec![one.certificate], key);
    let config = rustls::ServerConfig::builder_with_provider(provider.into())
        .with_protocol_versions(BOTH)
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(std::sync::Arc::new(rustls::sign::SingleCertAndKey::from(copied)));
    let config = std::sync::Arc::new(config);
    let server = Loopback::raw(move |stream| {
        crate::loopback::serve(stream, &config, &std::sync::Mutex::default());
    });
    let handshakes = ask(&server);
    assert!(
        handshakes.iter().all(|it| it.outcome == Outcome::Broken && it.chain.is_empty()),
        "{handshakes:?}"
    );
}

#[test]
fn what_hangs_costs_its_time_once() {
    let server = Loopback::raw(|stream| answer(stream, b""));
    let started = Instant::now();
    let handshakes = ask(&server);
    assert_eq!(outcomes(&handshakes), [(TlsVersion::V13, Outcome::TimedOut)]);
    assert!(started.elapsed() < 3 * PATIENCE, "{:?}", started.elapsed());
    assert_eq!(server.connections(), 1);
}

#[test]
fn what_drips_for_ever_ends_in_time_as_well() {
    let server = Loopback::raw(|mut stream| {
        // One byte of a record that claims to be long, again and again, until nobody listens.
        drop(stream.write_all(&[22, 3, 3, 0x3f, 0xff]));
        while stream.write_all(&[0]).is_ok() {
            std::thread::park_timeout(Duration::from_millis(20));
        }
    });
    assert_eq!(outcomes(&ask(&server)), [(TlsVersion::V13, Outcome::TimedOut)]);
}

#[test]
fn garbage_plain_text_and_redirects_are_no_tls_and_lead_nowhere() {
    let elsewhere = Loopback::raw(|stream| answer(stream, b""));
    let moved = format!(
        "HTTP/1.1 301 Moved Permanently\r\nLocation: https://{}/\r\nContent-Length: 0\r\n\r\n",
        elsewhere.address
    );
    let garbage: Vec<u8> =
        (0..4_096_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8 | 0x80).collect();
    for bytes in [
        b"220 mail.example ready\r\n".to_vec(),
        moved.clone().into_bytes(),
        moved.repeat(100).into_bytes(),
        garbage,
    ] {
        let server = Loopback::raw(move |stream| answer(stream, &bytes));
        assert_eq!(outcomes(&ask(&server)), [(TlsVersion::V13, Outcome::NotTls)]);
        assert_eq!(server.connections(), 1);
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[test]
fn tls_1_0_is_a_version_that_is_not_spoken() {
    // ServerHello: version 3.1, random, no session, RSA with AES-128-CBC, no compression.
    let hello = [&[2_u8, 0, 0, 38, 3, 1][..], &[9; 32], &[0, 0, 0x2f, 0]].concat();
    let hello = records(22, [3, 1], &hello);
    let server = Loopback::raw(move |stream| answer(stream, &hello));
    let expect = [(TlsVersion::V13, Outcome::NoVersion), (TlsVersion::V12, Outcome::NoVersion)];
    assert_eq!(outcomes(&ask(&server)), expect);
    // So says one that is more polite: a fatal alert, protocol_version.
    let server = Loopback::raw(move |stream| answer(stream, &records(21, [3, 1], &[2, 70])));
    assert_eq!(outcomes(&ask(&server)), expect);
}

#[test]
fn ten_megabytes_of_chain_are_refused_at_their_first_bytes() {
    let huge = std::sync::Arc::new(huge_chain(10 * 1_024 * 1_024));
    let served = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = std::sync::Arc::clone(&served);
    let server = Loopback::raw(move |mut stream| {
        drop(std::io::Read::read(&mut stream, &mut [0; 4_096]));
        for part in huge.chunks(16_384) {
            if stream.write_all(part).is_err() {
                return;
            }
            count.fetch_add(part.len(), std::sync::atomic::Ordering::SeqCst);
        }
    });
    let handshakes = ask(&server);
    assert_eq!(handshakes.last().unwrap().outcome, Outcome::ChainTooLarge, "{handshakes:?}");
    wait_until("the server notices", || server.ended() == server.connections());
    // What the kernel's buffers took on the way is not read.
    assert!(served.load(std::sync::atomic::Ordering::SeqCst) < 9 * 1_024 * 1_024);
}

#[test]
fn a_chain_of_too_many_certificates_is_refused() {
    let root = root();
    let more: Vec<_> = (0..16).map(|_| root.certificate()).collect();
    let server = Loopback::tls(&root.leaf("localhost", 2020..2040), &more, BOTH);
    assert_eq!(outcomes(&ask(&server)), [(TlsVersion::V13, Outcome::ChainTooLarge)]);
}

#[test]
fn an_address_of_ipv6_is_asked_without_a_name() {
    let server = Loopback::tls_at("[::1]:0", &root().leaf("localhost", 2020..2040), &[], BOTH);
    let handshakes = ask_endpoint(&format!("[::1]:{}", server.address.port()), &limits());
    assert_eq!(handshakes[0].outcome, Outcome::Served);
    assert_eq!(cloud_updater::watch::sni("::1"), None);
    assert_eq!(cloud_updater::watch::sni("hub.example"), Some("hub.example"));
}

#[test]
fn a_name_with_an_address_of_ipv6_alone_is_reached() {
    let server = Loopback::tls_at("[::1]:0", &root().leaf("only6.example", 2020..2040), &[], BOTH);
    let stands_for = format!("only6.example:443=[::1]:{}", server.address.port());
    let resolve = ResolveTable::new(vec![stands_for.parse().unwrap()]);
    let handshakes = ask_endpoint("only6.example:443", &Limits { resolve, ..limits() });
    assert_eq!(handshakes[0].outcome, Outcome::Served, "{handshakes:?}");
}

#[test]
fn nobody_there_and_no_such_name_are_told_apart() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let handshakes = ask_endpoint(&format!("127.0.0.1:{}", closed.port()), &limits());
    assert_eq!(outcomes(&handshakes), [(TlsVersion::V13, Outcome::NoConnection)]);
    let handshakes = ask_endpoint("nobody.invalid:443", &limits());
    assert_eq!(handshakes.len(), 1);
    assert!(matches!(handshakes[0].outcome, Outcome::NoName | Outcome::TimedOut), "{handshakes:?}");
}

#[test]
fn a_client_certificate_that_is_asked_for_does_not_hide_the_chain() {
    let root = root();
    let leaf = root.leaf("localhost", 2020..2040);
    let mut roots = rustls::RootCertStore::empty();
    roots.add(root.certificate().clone()).unwrap();
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let verifier =
        rustls::server::WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(BOTH)
        .unwrap()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_single_cert(vec![leaf.certificate.clone()], leaf.key.clone().try_into().unwrap())
        .unwrap();
    let config = std::sync::Arc::new(config);
    let serve =
        move |stream: TcpStream| crate::loopback::serve(stream, &config, &std::sync::Mutex::default());
    let expect = [(TlsVersion::V13, Outcome::Served), (TlsVersion::V12, Outcome::Served)];
    assert_eq!(outcomes(&ask(&Loopback::raw(serve))), expect);
}

/// A fleet whose hub is watched at this server.
fn watched(server: &Loopback) -> World {
    let world = fleet();
    let text = format!(
        "[services.iot-hub]\nhosts = ['localhost:{}']\nanchors = ['old-root']\n",
        server.address.port()
    );
    write(&world.repository().join("services.toml"), &text);
    world
}

#[test]
fn observations_are_files_that_travel() {
    let server = Loopback::tls(&root().leaf("localhost", 2020..2040), &[], BOTH);
    let world = watched(&server);
    let told = world.json(1, &["watch", "--once", "--vantage", "plant-7"]);
    assert_eq!(told["findings"][0]["rule"], "root-not-in-bundle", "{told:#}");
    // Devices hold a release with another host of the service: that one is asked as well.
    assert_eq!((&told["asked"], &told["served"]), (&2.into(), &2.into()));
    let path = world.repository().join("observations/plant-7.json");
    let observations = Observations::parse(&fs::read(&path).unwrap()).unwrap();
    let record = observations.endpoint(&format!("localhost:{}", server.address.port())).unwrap();
    assert_eq!(record.chains[0].sni.as_deref(), Some("localhost"));
    assert_eq!(record.chains[0].tls.len(), 2);
    // Carried to another clone, it says there what it says here.
    let other = watched(&server);
    fs::copy(&path, other.repository().join("observations/plant-7.json")).unwrap();
    let matrix = other.json(0, &["coverage", "--channel", "staging"]);
    let seen = &matrix["services"][0]["endpoints"][0]["sightings"][0];
    assert_eq!(seen["vantage"], "plant-7");
    assert_eq!(seen["candidate"]["verdict"], "refused", "{matrix:#}");
}

#[test]
fn a_damaged_file_is_named_and_neither_overwritten_nor_ignored() {
    let server = Loopback::tls(&root().leaf("localhost", 2020..2040), &[], BOTH);
    let world = watched(&server);
    let path = world.repository().join("observations/operator.json");
    write(&path, "{\"schema\": \"cloud-updater.observations.2\", \"vantage\": 7}");
    for line in [&["watch", "--once"][..], &["coverage", "--channel", "staging"]] {
        let said = world.updater(line);
        assert_eq!(said.code, 3, "{said:?}");
        assert!(said.err.contains("observations/operator.json: vantage: "), "{said:?}");
    }
    assert!(fs::read_to_string(&path).unwrap().ends_with("\"vantage\": 7}"));
    let named = world.updater(&["watch", "--once", "--vantage", "../x"]);
    assert_eq!(named.code, 2, "{named:?}");
}
