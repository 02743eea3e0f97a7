//! How closely certificates are looked at: rules for every chain, and those that a service asks for.

use crate::kit::{Case, World};
use bundle::extension_id;
use bundle::write::ExtensionContent;
use chain::Verdict;
use chain::pki::{Authority, Content, Leaf};
use rcgen::{
    CertificateParams, CustomExtension, DnType, GeneralSubtree, IsCa, KeyUsagePurpose, NameConstraints,
};

/// The bundle whose service `hub` asks for a profile by this name.
fn asking(world: &World, profile: &str) -> Content {
    let extension =
        ExtensionContent { id: extension_id::PROFILE, critical: false, content: profile.as_bytes().to_vec() };
    let asks = |service: &mut bundle::write::ServiceContent| service.extensions.push(extension);
    Content::default().anchor(world.root.certificate()).service_with("hub", &[], asks)
}

/// What is said of a leaf that was changed like this, under a service that asks for nothing, and under one that does.
fn said(edit: impl FnOnce(&mut CertificateParams)) -> [String; 2] {
    let world = World::new();
    // The identifier of an issuer's key is what strict profiles ask for first.
    let Leaf { certificate: leaf, .. } = world.intermediate.leaf_with("hub.example", 2025..2027, |params| {
        params.use_authority_key_identifier_extension = true;
        edit(params);
    });
    let identified = world.root.cross_sign_with(&world.intermediate, 2020..2030, |params| {
        params.use_authority_key_identifier_extension = true;
    });
    let case = Case { leaf, intermediates: vec![identified], ..world.case() };
    [world.content(), asking(&world, "webpki")].map(|content| match case.verdict(&content) {
        Verdict::Refused(refusal) => refusal.to_string(),
        verdict => verdict.code().to_owned(),
    })
}

#[test]
fn a_peer_whose_key_signs_certificates_is_refused_everywhere() {
    for words in said(|params| params.key_usages.push(KeyUsagePurpose::KeyCertSign)) {
        assert!(words.contains("key_usage allows to sign certificates"), "{words}");
    }
}

#[test]
fn a_leaf_that_webpki_cannot_read_is_malformed_and_not_of_another_name() {
    // 1.3.6.1.4.1.99999.1, which nobody knows.
    let mut extension = CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99_999, 1], vec![5, 0]);
    extension.set_criticality(true);
    for words in said(|params| params.custom_extensions.push(extension)) {
        assert!(words.contains("UnsupportedCriticalExtension"), "{words}");
    }
}

#[test]
fn a_common_name_that_is_none_of_the_names_is_for_private_services_alone() {
    let [private, public] = said(|params| params.distinguished_name.push(DnType::CommonName, "The hub"));
    assert_eq!(private, "verified");
    assert!(public.contains("subject has a common name that is none of its names"), "{public}");
}

#[test]
fn a_leaf_without_purposes_is_for_private_services_alone() {
    let [private, public] = said(|params| params.extended_key_usages.clear());
    assert_eq!(private, "verified");
    assert!(public.contains("extended_key_usage is missing"), "{public}");
}

#[test]
fn a_chain_that_keeps_to_every_rule_verifies_everywhere() {
    assert_eq!(said(|_| {}), ["verified", "verified"]);
}

#[test]
fn a_profile_that_this_version_does_not_know_asks_for_nothing() {
    let world = World::new();
    // The leaf has no identifier of its issuer's key.
    world.case().check(&asking(&world, "webpki"), "chain");
    world.case().check(&asking(&world, "rfc5280"), "chain");
    world.case().check(&asking(&world, "of 2040"), "verified");
}

#[test]
fn a_ca_whose_name_constraints_constrain_nothing_is_refused() {
    let world = World::new();
    let constrained = |dns: Option<&str>| {
        let subtrees = dns.map(|dns| GeneralSubtree::DnsName(dns.into())).into_iter().collect();
        let constraints = NameConstraints { permitted_subtrees: subtrees, excluded_subtrees: Vec::new() };
        world.root.cross_sign_with(&world.intermediate, 2020..2030, |params| {
            params.name_constraints = Some(constraints);
        })
    };
    let case = |intermediate| Case { intermediates: vec![intermediate], ..world.case() };
    case(constrained(Some("example"))).check(&world.content(), "verified");
    // rcgen leaves the extension out where there is nothing in it: an empty SEQUENCE, then.
    let empty = world.root.cross_sign_with(&world.intermediate, 2020..2030, |params| {
        let mut extension = CustomExtension::from_oid_content(&[2, 5, 29, 30], vec![0x30, 0]);
        extension.set_criticality(true);
        params.custom_extensions.push(extension);
    });
    case(empty).check(&world.content(), "chain");
}

#[test]
fn a_root_that_is_no_cas_is_no_anchor() {
    let world = World::new();
    let root = Authority::root("Root", 2020..2040);
    let not_a_ca = root.cross_sign_with(&root, 2020..2040, |params| params.is_ca = IsCa::ExplicitNoCa);
    let content = Content::default().anchor(&not_a_ca).anchor(world.root.certificate()).service("hub", &[]);
    let set = content.set();
    let faults: Vec<_> = set.unusable().iter().map(|anchor| anchor.fault.map(|fault| fault.field)).collect();
    assert_eq!(faults, [Some("basic_constraints")]);
    world.case().check(&content, "verified");
}
