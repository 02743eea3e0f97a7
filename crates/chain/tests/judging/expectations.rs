//! Expected names: what the issuer and the subject of a peer's certificate must say, and until when.

use crate::kit::{Case, NOW, World};
use bundle::write::ExpectationContent;
use bundle::{ExpectedName, PinKind, UnixSeconds};
use chain::pki::{Authority, Content, january};
use chain::{AttributeType, Refusal, Time, Verdict};
use rcgen::DnType;

use ExpectedName::{Issuer, Subject};

/// A world whose intermediate is one of `O=Microsoft Corporation, C=US`, and whose leaf is `CN=hub.example`.
fn world() -> World {
    let root = Authority::root("Root", 2020..2040);
    let intermediate = root.intermediate_with("Azure TLS Issuing CA 01", 2020..2030, |params| {
        params.distinguished_name.push(DnType::OrganizationName, "Microsoft Corporation");
        params.distinguished_name.push(DnType::CountryName, "US");
    });
    let leaf = intermediate.leaf("hub.example", 2025..2027);
    World { root, intermediate, leaf }
}

/// An expectation that has the attributes of `text`, such as `O=Some Company; C=US`, until a year.
fn expected(name: ExpectedName, text: &str, year: i32) -> ExpectationContent {
    let attribute = |pair: &str| {
        let (short, value) = pair.split_once('=').unwrap();
        (AttributeType::named(short.trim()).unwrap().0.to_vec(), value.to_owned())
    };
    ExpectationContent { name, attributes: text.split(';').map(attribute).collect(), until: january(year) }
}

fn check(expectations: &[ExpectationContent], expect: &str) {
    let world = world();
    world.case().check(&world.content().expecting(expectations), expect);
}

#[test]
fn every_attribute_of_one_expectation_must_be_there() {
    check(&[expected(Issuer, "O=Microsoft Corporation", 2030)], "verified");
    check(&[expected(Issuer, "O=microsoft  CORPORATION; C=us", 2030)], "verified");
    check(&[expected(Issuer, "O=Microsoft Corporation; C=DE", 2030)], "expectation");
    check(&[expected(Issuer, "CN=Microsoft Corporation", 2030)], "expectation");
    check(&[expected(Issuer, "O=Microsoft", 2030)], "expectation");
    check(&[expected(Issuer, "O=DigiCert Inc", 2030), expected(Issuer, "C=US", 2030)], "verified");
}

#[test]
fn issuer_and_subject_are_expected_each_for_itself() {
    let issuer = expected(Issuer, "O=Microsoft Corporation", 2030);
    check(&[expected(Subject, "CN=hub.example", 2030)], "verified");
    check(&[expected(Subject, "O=Microsoft Corporation", 2030)], "expectation");
    check(&[issuer.clone(), expected(Subject, "CN=hub.example", 2030)], "verified");
    check(&[issuer.clone(), expected(Subject, "CN=other.example", 2030)], "expectation");
    check(
        &[expected(Issuer, "O=DigiCert Inc", 2030), expected(Subject, "CN=hub.example", 2030)],
        "expectation",
    );
}

#[test]
fn an_expectation_that_has_ended_neither_binds_nor_helps() {
    check(&[expected(Issuer, "O=DigiCert Inc", 2026)], "verified");
    let ended_helps =
        [expected(Issuer, "O=DigiCert Inc", 2030), expected(Issuer, "O=Microsoft Corporation", 2026)];
    check(&ended_helps, "expectation");
}

#[test]
fn a_postdated_leaf_cannot_end_an_expectation() {
    let world = world();
    let leaf = world.intermediate.leaf("hub.example", 2029..2030);
    let time = Time::Unknown { floor: january(2026) };
    let case = Case { leaf: leaf.certificate, time, ..world.case() };
    case.check(&world.content(), "verified");
    case.check(&world.content().expecting(&[expected(Issuer, "O=DigiCert Inc", 2028)]), "expectation");
}

#[test]
fn without_a_clock_an_expectation_ends_by_the_floor() {
    let world = world();
    let content = world.content().expecting(&[expected(Issuer, "O=DigiCert Inc", 2026)]);
    let at = |floor| Case { time: Time::Unknown { floor }, ..world.case() };
    at(UnixSeconds(january(2026).0 - 1)).check(&content, "expectation");
    at(january(2026)).check(&content, "verified");
}

#[test]
fn the_refusal_says_what_was_presented() {
    let world = world();
    let content = world.content().expecting(&[expected(Issuer, "O=DigiCert Inc", 2030)]);
    let Verdict::Refused(Refusal::Expectation { name: Issuer, presented }) = world.case().verdict(&content)
    else {
        panic!()
    };
    assert_eq!(presented, "C=US, O=Microsoft Corporation, CN=Azure TLS Issuing CA 01");
}

#[test]
fn a_denial_and_a_wrong_name_come_first_and_a_missing_pin_after() {
    let world = world();
    let expectation = [expected(Issuer, "O=DigiCert Inc", 2030)];
    let refused = world.content().expecting(&expectation);
    world.case().check(&refused.clone().deny([chain::pki::denial(world.root.certificate())]), "denied");
    Case { host: "other.example", ..world.case() }.check(&refused, "name");
    let pinned = Content::default().anchor(world.root.certificate()).service_with("hub", &[], |service| {
        let sha256 = bundle::Sha256([7; 32]);
        service.pins = vec![bundle::Pin { kind: PinKind::Spki, sha256, until: january(2030) }];
    });
    world.case().check(&pinned.expecting(&expectation), "pin");
}

#[test]
fn expectations_bind_their_own_service_alone() {
    let world = world();
    let content =
        world.content().service("storage", &[]).expecting(&[expected(Issuer, "O=DigiCert Inc", 2030)]);
    world.case().check(&content, "verified");
    let (set, case) = (content.set(), world.case());
    let name = rustls_pki_types::ServerName::try_from(case.host).unwrap();
    assert_eq!(set.service("storage").unwrap().verdict(&case.served(&name), NOW).code(), "expectation");
    assert!(set.any_service().verdict(&case.served(&name), NOW).is_verified());
}
