//! Files of observations: what is kept, what travels, and what damage is named.

use std::collections::BTreeSet;

use bundle::{Sha256, UnixSeconds};

use super::Observations;
use crate::observation::{CHAINS_KEPT, Handshake, Outcome, TlsVersion, read_all};
use crate::repository::Layout;

fn served(tls: TlsVersion, chain: &[&[u8]]) -> Handshake {
    let chain = chain.iter().map(|der| der.to_vec()).collect();
    Handshake { tls, outcome: Outcome::Served, detail: None, chain }
}

fn failed(outcome: Outcome) -> Handshake {
    Handshake { tls: TlsVersion::V13, outcome, detail: Some("why".to_owned()), chain: Vec::new() }
}

fn see(observations: &mut Observations, now: u64, handshakes: Vec<Handshake>) {
    let services = BTreeSet::from(["hub".to_owned()]);
    observations.record("hub.example:443", &services, Some("hub.example"), handshakes, UnixSeconds(now));
}

fn sample() -> Observations {
    let mut observations = Observations::empty("office");
    see(
        &mut observations,
        100,
        vec![served(TlsVersion::V13, &[b"leaf", b"ca"]), served(TlsVersion::V12, &[b"leaf", b"ca"])],
    );
    see(&mut observations, 200, vec![failed(Outcome::TimedOut)]);
    observations
}

#[test]
fn a_file_reads_back_as_it_was_written() {
    let first = sample().text().unwrap();
    let again = Observations::parse(first.as_bytes()).unwrap();
    assert_eq!(again.text().unwrap(), first);
    let record = again.endpoint("hub.example:443").unwrap();
    assert_eq!(record.chains[0].tls, BTreeSet::from([TlsVersion::V12, TlsVersion::V13]));
    assert_eq!(again.chain(&record.chains[0]), [b"leaf".as_slice(), b"ca"]);
}

#[test]
fn a_failure_keeps_the_last_chain_and_its_age() {
    let observations = sample();
    let record = observations.endpoint("hub.example:443").unwrap();
    assert_eq!(record.asked, UnixSeconds(200));
    assert_eq!(record.current().count(), 0);
    assert_eq!(record.newest().next().unwrap().last_seen, UnixSeconds(100));
    assert_eq!(record.failure().unwrap().outcome, Outcome::TimedOut);
}

#[test]
fn another_chain_is_kept_beside_the_one_before_and_the_oldest_go() {
    let mut observations = sample();
    for number in 0..20_u8 {
        see(&mut observations, 300 + u64::from(number), vec![served(TlsVersion::V13, &[&[number], b"ca"])]);
    }
    let record = observations.endpoint("hub.example:443").unwrap();
    assert_eq!(record.chains.len(), CHAINS_KEPT);
    assert_eq!(record.chains[0].certificates[0], Sha256::of(&[&[19]]));
    assert_eq!((record.chains[0].first_seen, record.current().count()), (UnixSeconds(319), 1));
    observations.retain(|_, _| true);
    assert!(observations.certificate(Sha256::of(&[b"leaf"])).is_none(), "no chain names it any more");
    assert!(observations.certificate(Sha256::of(&[b"ca"])).is_some());
}

#[test]
fn what_was_seen_after_now_lies_ahead() {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::new(folder.path().to_owned());
    sample().write(&layout).unwrap();
    let at = |now| read_all(&layout, UnixSeconds(now)).unwrap()[0].endpoint("hub.example:443").cloned();
    assert_eq!(at(99), None);
    assert_eq!(at(150).unwrap().current().count(), 1, "the failure at 200 is not known at 150");
    assert_eq!(at(200).unwrap().current().count(), 0);
}

#[test]
fn damage_is_named_by_field_and_never_panics() {
    let good = sample().text().unwrap();
    let check = |from: &str, to: &str, field: &str| {
        assert!(good.contains(from), "{from}");
        let error = Observations::parse(good.replacen(from, to, 1).as_bytes()).unwrap_err();
        assert!(error.to_string().contains(field), "{from}: {error}");
        assert_eq!(error.exit().number(), 3, "{error}");
    };
    let leaf = Sha256::of(&[b"leaf"]).to_string();
    check("observations.2", "observations.1", "schema");
    check("\"vantage\": \"office\"", "\"vantage\": \"../office\"", "vantage");
    check("hub.example:443", "hub.example", "endpoints.hub.example");
    check("1970-01-01T00:03:20Z", "yesterday", "endpoints.hub.example:443.asked");
    check(
        "\"first_seen\": \"1970-01-01T00:01:40Z\"",
        "\"first_seen\": \"1999-01-01T00:01:40Z\"",
        "chains[0]",
    );
    check(&format!("\"{leaf}\""), "\"beef\"", "chains[0].certificates");
    check(&format!("\"{leaf}\": \""), &format!("\"{leaf}\": \"?"), "certificates.");
    check("timed_out", "exploded", "attempts[0].outcome");
    for cut in 0..good.len() {
        assert!(Observations::parse(&good.as_bytes()[..cut]).is_err() || good[cut..].trim().is_empty());
    }
}

#[test]
fn a_file_with_any_one_byte_changed_is_read_or_refused_as_bad_input() {
    let good = sample().text().unwrap().into_bytes();
    let mut read = 0;
    for place in 0..good.len() {
        for byte in [0, b'"', b'9', b'{', 0xff] {
            let mut bytes = good.clone();
            bytes[place] = byte;
            match Observations::parse(&bytes) {
                Ok(observations) => {
                    read += 1;
                    observations.text().unwrap();
                }
                Err(error) => assert_eq!(error.exit().number(), 3, "{place}: {error}"),
            }
        }
    }
    assert!(read < good.len(), "most of it matters: {read}");
}

#[test]
fn a_file_under_another_name_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::new(folder.path().to_owned());
    let path = sample().write(&layout).unwrap();
    std::fs::rename(&path, path.with_file_name("plant.json")).unwrap();
    let error = read_all(&layout, UnixSeconds(500)).unwrap_err();
    assert!(error.to_string().starts_with("observations/plant.json: vantage: "), "{error}");
}
