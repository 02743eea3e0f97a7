//! One chain, one bundle, one reason.

use crate::kit::{Case, NOW, World};
use bundle::write::ConstraintContent;
use bundle::{Pin, PinKind, Purposes, UnixSeconds};
use chain::pki::{Authority, Content, january, key_denial, sha256};
use chain::{Certificate, Purpose, Refusal, Served, Time, Verdict};
use rcgen::{ExtendedKeyUsagePurpose, GeneralSubtree, NameConstraints};
use rustls_pki_types::{CertificateDer, ServerName};

#[test]
fn a_chain_to_an_anchor_verifies_and_says_by_which_path() {
    let world = World::new();
    let Verdict::Verified(path) = world.case().verdict(&world.content()) else { panic!() };
    let expect =
        [&world.leaf.certificate, world.intermediate.certificate(), world.root.certificate()].map(sha256);
    assert_eq!(path.certificates(), expect);
    assert_eq!(path.anchor_sha256(), sha256(world.root.certificate()));
    assert_eq!(path.valid_until(), january(2027));
}

#[test]
fn the_bundles_intermediates_complete_what_a_server_left_out() {
    let world = World::new();
    let case = Case { intermediates: Vec::new(), ..world.case() };
    case.check(&world.content(), "chain");
    case.check(&world.content().intermediate(world.intermediate.certificate()), "verified");
}

#[test]
fn a_chain_to_no_anchor_names_the_missing_issuer() {
    let world = World::new();
    let other =
        Content::default().anchor(Authority::root("Other", 2020..2040).certificate()).service("hub", &[]);
    let Verdict::Refused(refusal) = world.case().verdict(&other) else { panic!() };
    assert_eq!(refusal.code(), "chain");
    assert_eq!(refusal.to_string(), "no anchor of the service leads to the issuer CN=Root");
}

#[test]
fn a_forged_anchor_of_the_same_name_verifies_nothing() {
    let world = World::new();
    let forged = Authority::root("Root", 2020..2040);
    world.case().check(&Content::default().anchor(forged.certificate()).service("hub", &[]), "chain");
}

#[test]
fn another_servers_certificate_is_refused_by_name() {
    let world = World::new();
    let case = Case { host: "other.example", ..world.case() };
    let Verdict::Refused(refusal) = case.verdict(&world.content()) else { panic!() };
    assert_eq!(refusal.code(), "name");
    assert_eq!(refusal.to_string(), "the certificate is for hub.example, not for other.example");
}

#[test]
fn an_address_is_a_name_too() {
    let world = World::new();
    let leaf = world.intermediate.leaf("192.0.2.7", 2025..2027);
    let case = Case { leaf: leaf.certificate, host: "192.0.2.7", ..world.case() };
    case.check(&world.content(), "verified");
    Case { host: "192.0.2.8", ..case }.check(&world.content(), "name");
}

#[test]
fn a_certificate_out_of_its_dates_is_refused() {
    let world = World::new();
    for (now, expect) in [(2024, "date"), (2026, "verified"), (2028, "date")] {
        Case { time: Time::Known(january(now)), ..world.case() }.check(&world.content(), expect);
    }
}

#[test]
fn an_expired_intermediate_is_named() {
    let world = World::new();
    let old = world.root.cross_sign(&world.intermediate, 2020..2025);
    let case = Case { intermediates: vec![old], ..world.case() };
    let Verdict::Refused(refusal) = case.verdict(&world.content()) else { panic!() };
    assert_eq!(refusal.code(), "date");
    let text = refusal.to_string();
    assert!(text.starts_with("Intermediate (sha256 "), "{text}");
    assert!(
        text.ends_with("was valid until 2025-01-01 00:00:00 UTC, and it is 2026-01-01 00:00:00 UTC"),
        "{text}"
    );
}

#[test]
fn an_expired_anchor_is_refused() {
    let world = World::new();
    let expired = world.root.reissue(2010..2025);
    let content = Content::default().anchor(&expired).service("hub", &[]);
    let Verdict::Refused(Refusal::Date { certificate, .. }) = world.case().verdict(&content) else {
        panic!()
    };
    assert_eq!(certificate.sha256, sha256(&expired));
    // The same key in a certificate that is still valid: another path, and it counts.
    world.case().check(&content.anchor(world.root.certificate()), "verified");
}

#[test]
fn an_anchor_vouches_only_for_its_purposes() {
    let world = World::new();
    let only = |purposes| {
        let anchor = world.root.certificate();
        Content::default().anchor_with(anchor, |entry| entry.purposes = purposes).service("hub", &[])
    };
    world.case().check(&only(Purposes::CLIENT_AUTH.and(Purposes::EMAIL)), "purpose");
    world.case().check(&only(Purposes::CLIENT_AUTH.and(Purposes::SERVER_AUTH)), "verified");
}

#[test]
fn a_leaf_for_clients_is_no_servers() {
    let world = World::new();
    let leaf = world.intermediate.leaf_with("hub.example", 2025..2027, |params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    });
    let clients = Content::default()
        .anchor_with(world.root.certificate(), |entry| entry.purposes = Purposes(3))
        .service("hub", &[]);
    let case = Case { leaf: leaf.certificate, ..world.case() };
    case.check(&clients, "purpose");
    let intermediates = case.intermediates.as_slice();
    let served =
        Served { end_entity: &case.leaf, intermediates, server_name: None, purpose: Purpose::ClientAuth };
    let set = clients.set();
    assert!(set.service("hub").unwrap().verdict(&served, NOW).is_verified());
}

#[test]
fn name_constraints_of_a_ca_hold() {
    let world = World::new();
    for (subtree, expect) in [("example", "verified"), ("test", "chain")] {
        let leaf = world.intermediate.leaf("hub.example", 2025..2027);
        let constrained = world.root.cross_sign_with(&world.intermediate, 2020..2030, |params| {
            params.name_constraints = Some(NameConstraints {
                permitted_subtrees: vec![GeneralSubtree::DnsName(subtree.into())],
                excluded_subtrees: Vec::new(),
            });
        });
        let case = Case { leaf: leaf.certificate, intermediates: vec![constrained], ..world.case() };
        case.check(&world.content(), expect);
    }
}

fn constrained(world: &World, sets: Vec<ConstraintContent>) -> Content {
    Content::default()
        .anchor_with(world.root.certificate(), |entry| entry.constraints = sets)
        .service("hub", &[])
}

#[test]
fn every_kind_of_constraint_is_judged() {
    let world = World::new(); // The leaf is issued in 2025, and it is 2026.
    let none = ConstraintContent::default;
    let cases = [
        (ConstraintContent { issued_from: Some(january(2025)), ..none() }, "verified"),
        (ConstraintContent { issued_from: Some(UnixSeconds(january(2025).0 + 1)), ..none() }, "constraint"),
        (ConstraintContent { distrust_after: Some(january(2025)), ..none() }, "verified"),
        (
            ConstraintContent { distrust_after: Some(UnixSeconds(january(2025).0 - 1)), ..none() },
            "constraint",
        ),
        (ConstraintContent { expires_at: Some(UnixSeconds(january(2026).0 + 1)), ..none() }, "verified"),
        (ConstraintContent { expires_at: Some(january(2026)), ..none() }, "constraint"),
        (ConstraintContent { subtrees: vec!["example".into()], ..none() }, "verified"),
        (ConstraintContent { subtrees: vec!["a.example".into(), "test".into()], ..none() }, "constraint"),
    ];
    for (set, expect) in cases {
        let shown = format!("{set:?}");
        assert_eq!(world.case().verdict(&constrained(&world, vec![set])).code(), expect, "{shown}");
    }
}

#[test]
fn constraints_are_and_inside_a_set_and_or_between_sets() {
    let world = World::new();
    let good = || ConstraintContent { subtrees: vec!["example".into()], ..ConstraintContent::default() };
    let bad = ConstraintContent { distrust_after: Some(january(2020)), ..good() };
    world.case().check(&constrained(&world, vec![bad.clone()]), "constraint");
    world.case().check(&constrained(&world, vec![bad, good()]), "verified");
}

#[test]
fn an_address_lies_in_no_subtree() {
    let world = World::new();
    let leaf = world.intermediate.leaf("192.0.2.7", 2025..2027);
    let case = Case { leaf: leaf.certificate, host: "192.0.2.7", ..world.case() };
    let set = ConstraintContent { subtrees: vec!["example".into()], ..ConstraintContent::default() };
    case.check(&constrained(&world, vec![set]), "constraint");
}

#[test]
fn a_path_ends_with_its_constraint_set() {
    let world = World::new();
    let until = |year| ConstraintContent { expires_at: Some(january(year)), ..ConstraintContent::default() };
    let case = Case { time: Time::Known(UnixSeconds(january(2026).0 - 9)), ..world.case() };
    let Verdict::Verified(path) = case.verdict(&constrained(&world, vec![until(2025), until(2026)])) else {
        panic!()
    };
    assert_eq!(path.valid_until(), UnixSeconds(january(2026).0 - 1));
}

fn pinned(world: &World, pins: &[(PinKind, &CertificateDer<'_>, i32)]) -> Content {
    let pins = pins.iter().map(|(kind, certificate, year)| Pin {
        kind: *kind,
        sha256: match kind {
            PinKind::Certificate => sha256(certificate),
            PinKind::Spki => Certificate::parse(certificate).unwrap().spki_sha256(),
        },
        until: january(*year),
    });
    let content = Content::default().anchor(world.root.certificate());
    content.service_with("hub", &[], |service| service.pins = pins.collect())
}

#[test]
fn a_pin_may_hold_anywhere_on_the_path() {
    let world = World::new();
    let stranger = Authority::root("Stranger", 2020..2040);
    let (leaf, intermediate) = (&world.leaf.certificate, world.intermediate.certificate());
    for kind in [PinKind::Certificate, PinKind::Spki] {
        for certificate in [leaf, intermediate, world.root.certificate()] {
            world.case().check(&pinned(&world, &[(kind, certificate, 2030)]), "verified");
        }
        world.case().check(&pinned(&world, &[(kind, stranger.certificate(), 2030)]), "pin");
        let both = pinned(&world, &[(kind, stranger.certificate(), 2030), (kind, leaf, 2030)]);
        world.case().check(&both, "verified");
    }
}

#[test]
fn a_pin_that_has_run_out_neither_binds_nor_helps() {
    let world = World::new();
    let stranger = Authority::root("Stranger", 2020..2040);
    let spki = PinKind::Spki;
    world.case().check(&pinned(&world, &[(spki, stranger.certificate(), 2026)]), "verified");
    let helps =
        pinned(&world, &[(spki, stranger.certificate(), 2030), (spki, &world.leaf.certificate, 2026)]);
    world.case().check(&helps, "pin");
}

#[test]
fn a_postdated_leaf_cannot_switch_a_pin_off() {
    let world = World::new();
    let stranger = Authority::root("Stranger", 2020..2040);
    let leaf = world.intermediate.leaf("hub.example", 2029..2030);
    let time = Time::Unknown { floor: january(2026) };
    let case = Case { leaf: leaf.certificate, time, ..world.case() };
    case.check(&world.content(), "verified");
    case.check(&pinned(&world, &[(PinKind::Spki, stranger.certificate(), 2028)]), "pin");
}

#[test]
fn a_service_is_verified_by_its_own_anchors_only() {
    let world = World::new();
    let other = Authority::root("Other", 2020..2040);
    let content = Content::default()
        .anchor(world.root.certificate())
        .anchor(other.certificate())
        .service("hub", &[other.certificate()])
        .service("storage", &[world.root.certificate()]);
    world.case().check(&content, "chain");
    let (set, case) = (content.set(), world.case());
    let name = ServerName::try_from(case.host).unwrap();
    let served = case.served(&name);
    assert!(set.service("storage").unwrap().verdict(&served, NOW).is_verified());
    assert!(set.any_service().verdict(&served, NOW).is_verified());
    assert!(set.service("unheard-of").is_none());
    assert_eq!(set.service_names().collect::<Vec<_>>(), ["hub", "storage"]);
}

#[test]
fn a_denial_is_hidden_by_no_other_reason() {
    let world = World::new();
    let content = world.content().deny([key_denial(world.root.certificate())]);
    let case = Case { host: "other.example", ..world.case() };
    case.check(&content, "denied");
}

#[test]
fn what_is_no_certificate_is_refused_with_the_field() {
    let world = World::new();
    let mut broken = world.leaf.certificate.to_vec();
    broken[0] = 0x31;
    for (bytes, field) in
        [(Vec::new(), "certificate"), (broken, "certificate"), (vec![0x30, 0], "tbs_certificate")]
    {
        let case = Case { leaf: bytes.into(), ..world.case() };
        let Verdict::Refused(refusal) = case.verdict(&world.content()) else { panic!() };
        assert!(refusal.code() == "chain" && refusal.to_string().starts_with(field), "{refusal}");
    }
}

#[test]
fn junk_among_the_intermediates_does_no_harm() {
    let world = World::new();
    let junk = vec![Vec::new().into(), vec![0x30, 0x82, 0xff, 0xff].into(), world.root.certificate().clone()];
    let intermediates = junk.into_iter().chain([world.intermediate.certificate().clone()]).collect();
    Case { intermediates, ..world.case() }.check(&world.content(), "verified");
}

#[test]
fn an_anchor_that_cannot_be_read_takes_no_other_with_it() {
    let world = World::new();
    let garbage = CertificateDer::from(b"no certificate".to_vec());
    let content = world.content().anchor(&garbage);
    world.case().check(&content, "verified");
    let set = content.set();
    assert_eq!(set.unusable().len(), 1);
    assert_eq!(set.unusable()[0].sha256, sha256(&garbage));
}
