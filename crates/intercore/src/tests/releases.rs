//! Releases: what is kept of a good one, and the one fault of every other.

use std::{vec, vec::Vec};

use bundle::{
    ChannelId, Denial, DenialKind, Kind, Order, Purposes, Sha256, spki_sha256,
    write::{ConstraintContent, ExtensionContent, ManifestContent, ServiceAnchors},
};

use super::fixture::{
    FLOOR, Stock, accepted, certificate, channel, content, core_with, document, hashes, manifest, new_core,
    refused, run, stock, trusted,
};
use crate::{Progress, Reason};

fn certificates() -> Vec<Vec<u8>> {
    vec![certificate("one", 0), certificate("two", 0), certificate("three", 0)]
}

/// A release of three anchors that all serve, with one thing changed.
fn changed(number: u32, certificates: &[Vec<u8>], change: impl FnOnce(&mut ManifestContent)) -> Stock {
    let mut content = content(certificates, &[0, 1, 2]);
    change(&mut content);
    Stock::new(manifest(&content, number, &[11, 12]), certificates)
}

#[test]
fn the_anchors_of_the_service_are_kept_and_no_others() {
    let (mut core, certificates) = (new_core(), certificates());
    let stock = Stock::new(manifest(&content(&certificates, &[0, 2]), FLOOR, &[11, 12]), &certificates);
    assert!(core.trust().is_none());
    accepted(&mut core, &stock);
    assert_eq!(trusted(&core), hashes(&[&certificates[0], &certificates[2]]));
    assert_eq!(core.release(), Some(Order::new(0, FLOOR)));
}

#[test]
fn a_certificate_that_is_not_kept_is_not_asked_for() {
    let stock = stock(FLOOR);
    let (messages, ended) = run(&mut new_core(), 1, &stock);
    assert_eq!(ended, Progress::Accepted);
    let kinds: Vec<u8> = messages.iter().map(|message| message[5]).collect();
    assert_eq!(kinds, [1, 3, 4, 4, 4, 5]);
}

#[test]
fn a_service_that_takes_all_anchors_gets_all() {
    let (mut core, certificates) = (new_core(), certificates());
    accepted(
        &mut core,
        &changed(FLOOR, &certificates, |content| content.services[0].anchors = ServiceAnchors::All),
    );
    assert_eq!(trusted(&core).len(), 3);
}

#[test]
fn what_limits_an_anchor_comes_with_it() {
    let (mut core, certificates) = (new_core(), certificates());
    let pin = bundle::Pin {
        kind: bundle::PinKind::Spki,
        sha256: Sha256::of(&[b"pin"]),
        until: bundle::UnixSeconds(2_000_000_000),
    };
    let denied = Denial { kind: DenialKind::Spki, sha256: Sha256::of(&[b"an intermediate"]) };
    accepted(
        &mut core,
        &changed(FLOOR, &certificates, |content| {
            let subtrees = vec!["example".into()];
            content.anchors[0].constraints = vec![ConstraintContent { subtrees, ..Default::default() }];
            content.services[0].pins = vec![pin];
            content.denials = vec![denied];
        }),
    );
    let trust = core.trust().unwrap();
    let limited = Sha256::of(&[&certificates[0]]);
    for anchor in trust.anchors() {
        assert_eq!(anchor.constraints.count(), usize::from(anchor.sha256 == limited));
    }
    assert_eq!(trust.pins().iter().collect::<Vec<_>>(), [pin]);
    assert_eq!(trust.denials().iter().collect::<Vec<_>>(), [denied]);
}

/// Two of three anchors are kept where something speaks against the first.
fn first_is_left_out(change: impl FnOnce(&mut ManifestContent, &[u8])) {
    let (mut core, certificates) = (new_core(), certificates());
    accepted(&mut core, &changed(FLOOR, &certificates, |content| change(content, &certificates[0])));
    assert_eq!(trusted(&core), hashes(&[&certificates[1], &certificates[2]]));
}

#[test]
fn an_anchor_denied_by_certificate_is_left_out() {
    first_is_left_out(|content, der| {
        content.denials = vec![Denial { kind: DenialKind::Certificate, sha256: Sha256::of(&[der]) }];
    });
}

#[test]
fn an_anchor_denied_by_key_is_left_out() {
    first_is_left_out(|content, der| {
        content.denials = vec![Denial { kind: DenialKind::Spki, sha256: spki_sha256(der).unwrap() }];
    });
}

#[test]
fn an_anchor_for_another_purpose_is_left_out() {
    first_is_left_out(|content, _| content.anchors[0].purposes = Purposes::CODE_SIGNING);
}

#[test]
fn an_anchor_with_an_unknown_critical_extension_is_left_out() {
    first_is_left_out(|content, _| {
        content.anchors[0].extensions =
            vec![ExtensionContent { id: 9_999, critical: true, content: Vec::new() }];
    });
}

#[test]
fn an_anchor_that_is_no_certificate_is_left_out() {
    let mut core = new_core();
    let certificates = [b"not a certificate".to_vec(), certificate("two", 0)];
    let stock = Stock::new(manifest(&content(&certificates, &[0, 1]), FLOOR, &[11, 12]), &certificates);
    accepted(&mut core, &stock);
    assert_eq!(trusted(&core), hashes(&[&certificates[1]]));
}

#[test]
fn a_release_without_a_usable_anchor_is_refused() {
    let certificates = certificates();
    let denied = changed(FLOOR, &certificates, |content| {
        let keys = certificates.iter().map(|der| spki_sha256(der).unwrap());
        content.denials = keys.map(|sha256| Denial { kind: DenialKind::Spki, sha256 }).collect();
    });
    refused(&mut new_core(), &denied, Reason::ServiceWithoutAnchor);
}

#[test]
fn a_release_without_the_service_is_refused() {
    let other = changed(FLOOR, &certificates(), |content| content.services[0].name = "storage".into());
    refused(&mut new_core(), &other, Reason::ServiceUnknown);
}

#[test]
fn one_signature_of_two_is_not_enough() {
    let certificates = certificates();
    for signers in [&[11][..], &[], &[1, 2], &[11, 99]] {
        let stock = Stock::new(manifest(&content(&certificates, &[0]), FLOOR, signers), &certificates);
        refused(&mut new_core(), &stock, Reason::Threshold);
    }
}

#[test]
fn a_release_of_another_channel_is_refused() {
    let certificates = certificates();
    let body = content(&certificates, &[0]).encode();
    let other = ChannelId::of("staging");
    let manifest = document(Kind::Manifest, other, Order::new(0, FLOOR), 1, body, &[11, 12]);
    refused(&mut new_core(), &Stock::new(manifest, &certificates), Reason::Channel);
}

#[test]
fn a_document_of_another_kind_is_refused() {
    let head = document(Kind::Head, channel(), Order::new(0, FLOOR), 1, vec![0; 40], &[21]);
    refused(&mut new_core(), &Stock::new(head, &[]), Reason::DocumentKind);
    refused(&mut new_core(), &Stock::new(super::fixture::first_keyring(), &[]), Reason::DocumentKind);
}

#[test]
fn a_release_below_the_image_s_floor_is_refused() {
    refused(&mut new_core(), &stock(FLOOR - 1), Reason::ReleaseOlder);
}

#[test]
fn a_core_never_goes_back_before_its_restart() {
    let (mut core, old, new) = (new_core(), stock(FLOOR), stock(FLOOR + 1));
    accepted(&mut core, &old);
    accepted(&mut core, &new);
    refused(&mut core, &old, Reason::ReleaseOlder);
    // The release that is installed may come again, and is not fetched twice.
    let (messages, ended) = run(&mut core, 70, &new);
    assert_eq!((messages.len(), ended), (2, Progress::Accepted));
}

#[test]
fn another_release_of_the_same_number_is_refused() {
    let mut core = new_core();
    accepted(&mut core, &stock(FLOOR));
    refused(&mut core, &stock(FLOOR), Reason::ReleaseEquivocation);
}

#[test]
fn a_number_far_ahead_is_refused() {
    let far = FLOOR + bundle::limits::RELEASE_STEP_MAX + 1;
    refused(&mut new_core(), &stock(far), Reason::Step);
    accepted(&mut new_core(), &stock(far - 1));
}

#[test]
fn a_certificate_with_one_other_byte_is_refused() {
    let mut bad = stock(FLOOR);
    for certificate in &mut bad.certificates {
        *certificate.last_mut().unwrap() ^= 1;
    }
    refused(&mut new_core(), &bad, Reason::CertificateMismatch);
}

#[test]
fn a_certificate_of_another_length_is_refused() {
    let mut bad = stock(FLOOR);
    bad.certificates.iter_mut().for_each(|certificate| certificate.push(0));
    refused(&mut new_core(), &bad, Reason::CertificateMismatch);
}

#[test]
fn what_does_not_fit_is_refused_and_the_old_set_stays() {
    let (small, large) = (certificate("small", 0), certificate("large", 1_500));
    let make = |number, der: &Vec<u8>| {
        let one = core::slice::from_ref(der);
        Stock::new(manifest(&content(one, &[0]), number, &[11, 12]), one)
    };
    let mut core = core_with(2_048, 1_024);
    accepted(&mut core, &make(FLOOR, &small));
    refused(&mut core, &make(FLOOR + 1, &large), Reason::AnchorsTooLarge);
    assert_eq!(trusted(&core), hashes(&[&small]));
    let oversized = stock(FLOOR).manifest.len();
    refused(&mut core_with(oversized - 1, 3_072), &stock(FLOOR), Reason::DocumentTooLarge);
    accepted(&mut core_with(oversized, 3_072), &stock(FLOOR));
}

#[test]
fn a_set_that_fits_to_the_byte_is_kept() {
    let stock = stock(FLOOR);
    let kept = |set_bytes| run(&mut core_with(2_048, set_bytes), 1, &stock).1;
    let sizes: Vec<usize> = (0..4_096).collect();
    let fits = sizes.partition_point(|bytes| kept(*bytes) == Progress::Refused(Reason::AnchorsTooLarge));
    assert_eq!(kept(fits), Progress::Accepted);
}

#[test]
fn a_newer_deny_list_holds_before_its_anchors_have_come() {
    let (mut core, certificates) = (new_core(), certificates());
    accepted(&mut core, &changed(FLOOR, &certificates, |_| {}));
    let mut next = changed(FLOOR + 1, &certificates, |content| {
        let sha256 = spki_sha256(&certificates[1]).unwrap();
        content.denials = vec![Denial { kind: DenialKind::Spki, sha256 }];
    });
    // The neighbour keeps the certificates back, or spoils them.
    next.certificates.iter_mut().for_each(|certificate| certificate[20] ^= 1);
    assert_eq!(run(&mut core, 70, &next).1, Progress::Refused(Reason::CertificateMismatch));
    assert_eq!(core.release(), Some(Order::new(0, FLOOR)));
    assert_eq!(trusted(&core), hashes(&[&certificates[0], &certificates[2]]));
}

#[test]
fn only_the_keyring_threshold_revokes_everything() {
    let mut core = new_core();
    accepted(&mut core, &stock(FLOOR));
    let revoked = |signers: &[u8]| {
        let body = ManifestContent::default().encode();
        let order = Order::new(0, FLOOR + 1);
        Stock::new(document(Kind::RevokeAll, channel(), order, 1, body, signers), &[])
    };
    refused(&mut core, &revoked(&[11, 12]), Reason::Threshold);
    accepted(&mut core, &revoked(&[1, 2]));
    assert!(core.trust().is_some() && trusted(&core).is_empty());
}
