//! Anchors in buffers of every size, in every form, of one state.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bundle::write::{ConstraintContent, ExtensionContent};
use bundle::{Pin, PinKind, Purposes, Sha256, UnixSeconds, extension_id};
use chain::pki::{Authority, Content, denial};
use trust_store_c::anchors::{TRUST_STORE_DER, TRUST_STORE_PEM};
use trust_store_c::code::{
    TRUST_STORE_AGAIN, TRUST_STORE_BUFFER_TOO_SMALL, TRUST_STORE_OK, TRUST_STORE_UNKNOWN_SERVICE,
};

use crate::caller::{Caller, open};
use crate::device::Device;

fn roots(count: usize) -> Vec<Authority> {
    (0..count).map(|number| Authority::root(&format!("Root {number}"), 2020..2045)).collect()
}

fn content(roots: &[Authority]) -> Content {
    let content = roots.iter().fold(Content::default(), |content, root| content.anchor(root.certificate()));
    content.service("hub", &[])
}

/// The certificates of a text in PEM without comments, which ends in a NUL.
fn parsed(pem: &[u8]) -> Vec<Vec<u8>> {
    let text = std::str::from_utf8(pem.strip_suffix(b"\0").unwrap()).unwrap();
    assert!(text.lines().all(|line| line.len() <= 64), "{text}");
    let certificates = text.split_terminator("-----END CERTIFICATE-----\n").map(|certificate| {
        let body = certificate.strip_prefix("-----BEGIN CERTIFICATE-----\n").unwrap();
        STANDARD.decode(body.replace('\n', "")).unwrap()
    });
    certificates.collect()
}

#[test]
fn every_form_holds_the_same_certificates() {
    let device = Device::with(&content(&roots(3)));
    let caller = Caller::opened(&device.path("store"));
    let of_pem = parsed(&caller.anchors(0, TRUST_STORE_PEM).unwrap());
    assert_eq!(of_pem.len(), 3);
    assert_eq!(of_pem.concat(), caller.anchors(0, TRUST_STORE_DER).unwrap());
    for (index, certificate) in of_pem.iter().enumerate() {
        let (code, one, needed) = caller.fill_one(0, index, 4096);
        assert_eq!((code, &one[..needed]), (TRUST_STORE_OK, certificate.as_slice()));
    }
    let (code, _, needed) = caller.fill_one(0, 3, 0);
    assert_eq!((code, needed), (TRUST_STORE_OK, 0), "past the last one there is nothing");
}

#[test]
fn a_buffer_of_any_size_is_filled_or_told_what_is_needed() {
    let device = Device::with(&content(&roots(1)));
    let caller = Caller::opened(&device.path("store"));
    for format in [TRUST_STORE_PEM, TRUST_STORE_DER] {
        let whole = caller.anchors(0, format).unwrap();
        for room in 0..whole.len() + 3 {
            let (code, bytes, needed) = caller.fill(0, c"hub", format, room);
            assert_eq!(needed, whole.len());
            match code {
                TRUST_STORE_OK => assert!(bytes.starts_with(&whole)),
                code => assert!(code == TRUST_STORE_BUFFER_TOO_SMALL && room < whole.len()),
            }
        }
    }
    let (code, _, needed) = caller.fill_one(0, 0, 1);
    assert!(code == TRUST_STORE_BUFFER_TOO_SMALL && needed > 1);
}

#[test]
fn what_is_asked_of_a_state_that_is_gone_is_asked_again() {
    let mut device = Device::with(&content(&roots(1)));
    let caller = Caller::opened(&device.path("store"));
    let before = caller.snapshot().changes;
    assert!(caller.anchors(before, TRUST_STORE_PEM).is_ok());
    device.install(&content(&roots(2)));
    assert_eq!(caller.snapshot().changes, before, "nobody has looked");
    assert_eq!(caller.refresh(), TRUST_STORE_OK);
    let after = caller.snapshot();
    assert_eq!((after.changes, after.release.number, after.phase), (before + 1, 2, 1));
    assert_eq!(caller.anchors(before, TRUST_STORE_PEM), Err(TRUST_STORE_AGAIN));
    assert_eq!(caller.fill_one(before, 0, 0).0, TRUST_STORE_AGAIN);
    assert_eq!(parsed(&caller.anchors(after.changes, TRUST_STORE_PEM).unwrap()).len(), 2);
    let (code, ..) = caller.fill(0, c"unheard-of", TRUST_STORE_PEM, 0);
    assert_eq!(code, TRUST_STORE_UNKNOWN_SERVICE);
}

#[test]
fn what_a_certificate_cannot_carry_is_left_out_unless_the_application_judges() {
    let roots = roots(4);
    let [plain, constrained, other, denied] = [0, 1, 2, 3].map(|place| roots[place].certificate());
    let set = ConstraintContent { subtrees: vec!["example".into()], ..ConstraintContent::default() };
    let content = Content::default()
        .anchor(plain)
        .anchor_with(constrained, |anchor| anchor.constraints = vec![set])
        .anchor_with(other, |anchor| anchor.purposes = Purposes::CLIENT_AUTH)
        .anchor(denied)
        .deny([denial(denied)])
        .service("hub", &[]);
    let device = Device::with(&content);
    for (judges, expect) in
        [(false, vec![plain.to_vec()]), (true, vec![plain.to_vec(), constrained.to_vec()])]
    {
        let (_, caller, told) = open(&device.path("store"), None, |config| config.judges = judges);
        let caller = caller.unwrap_or_else(|| panic!("{told}"));
        for format in [TRUST_STORE_PEM, TRUST_STORE_DER] {
            let bytes = caller.anchors(0, format).unwrap();
            let (mut found, mut expect) = match format {
                TRUST_STORE_PEM => (parsed(&bytes), expect.clone()),
                // Manifests order anchors by digest.
                _ => (
                    vec![bytes.len().to_be_bytes().to_vec()],
                    vec![expect.concat().len().to_be_bytes().to_vec()],
                ),
            };
            found.sort();
            expect.sort();
            assert_eq!(found, expect, "judges: {judges}");
        }
    }
}

#[test]
fn a_services_policy_says_what_leaves_without_what_certificates_cannot_say() {
    let constrained = Authority::root("Constrained", 2020..2045);
    let (ended, plain) = (Authority::root("Ended", 2010..2020), Authority::root("Plain", 2020..2045));
    let below = plain.intermediate("Below", 2020..2030);
    let set = ConstraintContent { subtrees: vec!["example".into()], ..ConstraintContent::default() };
    let pin = Pin { kind: PinKind::Spki, sha256: Sha256([1; 32]), until: UnixSeconds(u64::MAX) };
    let content = |policy: &str| {
        let extension = |id, content: &str| ExtensionContent { id, critical: false, content: content.into() };
        Content::default()
            .anchor(plain.certificate())
            .anchor(ended.certificate())
            .anchor_with(constrained.certificate(), |anchor| anchor.constraints = vec![set.clone()])
            .deny([denial(below.certificate())])
            .service_with("hub", &[], |service| {
                service.pins = vec![pin];
                service.extensions.push(extension(extension_id::PROFILE, "webpki"));
                service.extensions.push(extension(extension_id::EXPORT_POLICY, policy));
            })
    };
    let mut device = Device::with(&content(""));
    for (policy, expect) in [
        ("", 1),
        ("constraints=keep", 2),
        ("dates=keep", 2),
        ("constraints=keep,dates=keep", 3),
        ("pins=exclude", 0),
        ("profile=exclude", 0),
        ("denials=exclude", 0),
    ] {
        device.install(&content(policy));
        for (judges, expect) in [(false, expect), (true, 3)] {
            let (_, caller, told) = open(&device.path("store"), None, |config| config.judges = judges);
            let caller = caller.unwrap_or_else(|| panic!("{told}"));
            let found = parsed(&caller.anchors(0, TRUST_STORE_PEM).unwrap());
            assert_eq!(found.len(), expect, "{policy:?}, judges: {judges}");
            let (_, _, needed) = caller.fill_one(0, expect, 4096);
            assert_eq!(needed, 0, "{policy:?}: one by one there are as many");
        }
    }
}
