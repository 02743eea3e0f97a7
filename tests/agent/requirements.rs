//! What a service asks of its peer's chain beside an anchor, on a device: pins and expected names, until a day.

use bundle::write::{ExpectationContent, ServiceContent};
use bundle::{ExpectedName, Pin, PinKind, Sha256, UnixSeconds};
use device_agent::Reason;

use crate::command_line::{agent, json, text};
use crate::lab::{Lab, Root};

/// 2100-01-01 and 2001-09-09.
const FAR: UnixSeconds = UnixSeconds(4_102_444_800);
const PAST: UnixSeconds = UnixSeconds(1_000_000_000);

/// The common name (2.5.4.3) of the issuer.
fn issuer(common_name: &str, until: UnixSeconds) -> ExpectationContent {
    let attributes = vec![(vec![0x55, 4, 3], common_name.to_owned())];
    ExpectationContent { name: ExpectedName::Issuer, attributes, until }
}

fn expecting(service: &mut ServiceContent, expectations: &[ExpectationContent]) {
    service.extensions.extend(ExpectationContent::extension(expectations));
}

#[test]
fn a_release_that_expects_what_the_server_has_not_is_refused_and_says_so() {
    let mut lab = Lab::new();
    let names = [issuer("Somebody Else", FAR), issuer("Synthetic RSA TLS CA 01", PAST)];
    lab.publish_with(&[Root::Old, Root::New], |service| expecting(service, &names));
    let run = agent(&lab, &["run", "--once"]);
    assert_eq!(run.status.code(), Some(1));
    assert!(text(&run).ends_with("\n  hub.test:443: expectation (service hub)\n"), "{}", text(&run));
    let status = json(&agent(&lab, &["status", "--json"]), 1);
    assert_eq!(status["last_cycle"]["probes"][0]["candidate"], "expectation");
    assert_eq!(status["trusted"]["release"], "1");
}

#[test]
fn status_shows_pins_and_expected_names_and_when_they_end() {
    let mut lab = Lab::new();
    let root = chain_key(&lab);
    let pins = vec![
        Pin { kind: PinKind::Spki, sha256: root, until: FAR },
        Pin { kind: PinKind::Certificate, sha256: Sha256([0xab; 32]), until: PAST },
    ];
    let names = [issuer("synthetic  RSA TLS CA 01", FAR), issuer("Somebody Else", FAR)];
    lab.publish_with(&[Root::Old, Root::New], |service| {
        service.pins.clone_from(&pins);
        expecting(service, &names);
    });
    let ended = lab.cycle();
    assert_eq!(ended.reason, Some(Reason::Confirmed), "{:?}", ended.record);
    let status = text(&agent(&lab, &["status"]));
    for part in [
        format!("pinned key {root}, until 2100-01-01T00:00:00Z"),
        format!("pinned certificate {}, ended at 2001-09-09T01:46:40Z and is ignored", "ab".repeat(32)),
        "expected issuer CN=Somebody Else, until 2100-01-01T00:00:00Z".to_owned(),
        "hub: its pins and expected names: 3; not said by every shared file, services/hub.*".to_owned(),
    ] {
        assert!(status.contains(&part), "{part:?} is not in\n{status}");
    }
    let status = json(&agent(&lab, &["status", "--json"]), 0);
    let requirements = status["trusted"]["services"][0]["requirements"].as_array().unwrap();
    let shown: Vec<_> =
        requirements.iter().map(|it| (it["kind"].as_str().unwrap(), &it["in_force"])).collect();
    let (yes, no) = (&true.into(), &false.into());
    assert_eq!(shown, [("spki", yes), ("certificate", no), ("issuer", yes), ("issuer", yes)]);
}

/// The key of the root that the service is under.
fn chain_key(lab: &Lab) -> Sha256 {
    bundle::spki_sha256(lab.vendor.old_root.certificate()).unwrap()
}
