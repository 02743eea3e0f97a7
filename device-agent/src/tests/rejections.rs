//! Invariant 5: whatever is wrong with an input, the journal and every readable slot stay bit-identical.

use std::{format, string::String, vec, vec::Vec};

use bundle::{Envelope, Kind, Order, Role, write::Unsigned};

use super::kit::{CHANNEL, Device, Fleet, manifest, sign, signer};
use crate::Reason;

/// A device with release 2 confirmed, and release 3 waiting in the tree.
fn before_release_3() -> (Fleet, Device) {
    let mut fleet = Fleet::new();
    let mut device = Device::new(&fleet);
    fleet.roll_out(&manifest(&["a", "c"]));
    assert_eq!(device.check(&mut fleet).reason, Some(Reason::Confirmed));
    fleet.roll_out(&manifest(&["a", "d", "e"]));
    (fleet, device)
}

/// Checks once, and again after a restart: the same journal, the same slot, the same release.
fn check_unmoved(fleet: &mut Fleet, mut device: Device, what: &str, expect: &[Reason]) {
    let before = device.kept();
    let status = device.check(fleet);
    let reason = status.reason.unwrap();
    assert!(expect.contains(&reason), "{what}: {reason:?}, expected one of {expect:?}");
    assert_eq!(status.installed.unwrap().order, Order::new(0, 2), "{what}");
    assert!(device.kept() == before, "{what}: journal and readable slot");
    let mut device = device.reboot();
    assert!(device.kept() == before, "{what}: after a restart");
}

fn tampered(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut cases: Vec<(String, Vec<u8>)> = vec![(String::from("empty"), Vec::new())];
    for at in [1, bytes.len() / 3, bytes.len() / 2, bytes.len() - 1] {
        cases.push((format!("cut at {at}"), bytes[..at].to_vec()));
    }
    let step = (bytes.len() / 60).max(1);
    for at in (0..bytes.len()).step_by(step) {
        let mut flipped = bytes.to_vec();
        flipped[at] ^= 1 << (at % 8);
        cases.push((format!("bit flipped at {at}"), flipped));
    }
    cases
}

/// True where only the signature table was touched and enough of it is left: what was signed has arrived.
fn is_what_was_signed(bytes: &[u8], original: &[u8]) -> bool {
    let parts =
        |bytes| Envelope::parse_whole(bytes).map(|envelope| (envelope.digest(), envelope.body().to_vec()));
    let claims = |bytes| {
        let envelope = Envelope::parse_whole(bytes).unwrap();
        envelope.signatures().iter().map(|entry| (entry.key_id, entry.bytes.to_vec())).collect::<Vec<_>>()
    };
    parts(bytes).is_ok() && parts(bytes) == parts(original) && claims(bytes) == claims(original)
}

#[test]
fn invariant_05_a_rejected_head_leaves_the_journal_bit_identical() {
    let (fleet, _) = before_release_3();
    let original = &fleet.tree["prod/head"];
    for (what, bytes) in
        tampered(original).into_iter().filter(|(_, bytes)| !is_what_was_signed(bytes, original))
    {
        let (mut fleet, device) = before_release_3();
        fleet.tree.insert("prod/head".into(), bytes);
        let expect = [
            Reason::HeadMalformed,
            Reason::HeadUnsigned,
            Reason::HeadOfOtherChannel,
            Reason::KeyringUnavailable,
        ];
        check_unmoved(&mut fleet, device, &what, &expect);
    }
}

#[test]
fn invariant_05_a_rejected_manifest_leaves_the_journal_bit_identical() {
    let (fleet, _) = before_release_3();
    let original = &fleet.tree["prod/release/3"];
    for (what, bytes) in
        tampered(original).into_iter().filter(|(_, bytes)| !is_what_was_signed(bytes, original))
    {
        let (mut fleet, device) = before_release_3();
        fleet.tree.remove("prod/update/2-3");
        fleet.tree.insert("prod/release/3".into(), bytes);
        let expect = [
            Reason::ReleaseMalformed,
            Reason::ReleaseUnsigned,
            Reason::ReleaseOfOtherChannel,
            Reason::KeyringUnavailable,
            Reason::ReleaseMismatch,
        ];
        check_unmoved(&mut fleet, device, &what, &expect);
    }
}

#[test]
fn invariant_05_a_broken_update_is_only_a_missing_shortcut() {
    let (fleet, _) = before_release_3();
    for (what, bytes) in tampered(&fleet.tree["prod/update/2-3"]) {
        let (mut fleet, mut device) = before_release_3();
        fleet.tree.insert("prod/update/2-3".into(), bytes);
        let status = device.check(&mut fleet);
        assert_eq!(status.reason, Some(Reason::Confirmed), "{what}");
        assert_eq!(status.installed.unwrap().order, Order::new(0, 3), "{what}");
    }
}

#[test]
fn invariant_05_a_broken_certificate_leaves_the_readable_slot_alone() {
    let (fleet, _) = before_release_3();
    let path = fleet.tree.keys().rfind(|path| path.starts_with("prod/blob/")).unwrap().clone();
    for (what, bytes) in tampered(&fleet.tree[&path]) {
        let (mut fleet, mut device) = before_release_3();
        let wanted = super::kit::decoded(&fleet.releases[2].1).blobs().map(|(sha256, _)| sha256);
        let held =
            super::kit::decoded(&fleet.releases[1].1).blobs().map(|(sha256, _)| sha256).collect::<Vec<_>>();
        let missing = wanted.into_iter().find(|sha256| !held.contains(sha256)).unwrap();
        fleet.tree.remove("prod/update/2-3");
        fleet.tree.insert(format!("prod/blob/{missing}"), bytes);
        let slot = device.kept().1;
        let status = device.check(&mut fleet);
        let expect = [Reason::CertificateMismatch, Reason::AnswerTruncated];
        assert!(expect.contains(&status.reason.unwrap()), "{what}: {:?}", status.reason);
        assert_eq!(status.installed.unwrap().order, Order::new(0, 2));
        assert!(device.kept().1 == slot, "{what}");
    }
}

#[test]
fn invariant_05_a_rejected_keyring_leaves_the_journal_bit_identical() {
    let (mut fleet, _) = before_release_3();
    fleet.next_keyring(&[], None);
    let original = &fleet.tree["keyring/2"];
    for (what, bytes) in
        tampered(original).into_iter().filter(|(_, bytes)| !is_what_was_signed(bytes, original))
    {
        let (mut fleet, device) = before_release_3();
        fleet.tree.insert("keyring/2".into(), bytes);
        // The head asks for a keyring that nobody can have.
        fleet.keyring_order.number = 2;
        fleet.publish_head();
        let expect = [Reason::KeyringRefused, Reason::KeyringUnavailable];
        check_unmoved(&mut fleet, device, &what, &expect);
    }
}

#[test]
fn invariant_05_too_few_signatures_are_refused_however_they_are_counted() {
    let content = manifest(&["a", "d", "e"]);
    let keys =
        |numbers: &[u8]| numbers.iter().map(|number| signer("release", *number, 0)).collect::<Vec<_>>();
    let cases = [
        ("one of two", keys(&[0])),
        ("one key twice", keys(&[1, 1])),
        ("a stranger", vec![signer("release", 0, 0), signer("stranger", 0, 0)]),
        ("another role's keys", vec![signer("head", 0, 0), signer("head", 1, 0)]),
        ("nobody", Vec::new()),
    ];
    for (what, keys) in cases {
        let (mut fleet, device) = before_release_3();
        fleet.tree.retain(|path, _| !path.starts_with("prod/update/"));
        let document = fleet.manifest_document(Order::new(0, 3), &content, &keys, CHANNEL);
        // The table is no part of the digest, so the head names this manifest too.
        fleet.tree.insert("prod/release/3".into(), document);
        check_unmoved(&mut fleet, device, what, &[Reason::ReleaseUnsigned]);
    }
}

#[test]
fn invariant_05_documents_of_another_channel_are_refused() {
    let (mut fleet, device) = before_release_3();
    let content = fleet.head_content();
    let keys = fleet.threshold_of(Role::Head);
    let document = fleet.head_document(Order::new(0, 9), &content, &keys, "staging");
    fleet.tree.insert("prod/head".into(), document);
    check_unmoved(&mut fleet, device, "a head", &[Reason::HeadOfOtherChannel]);

    let (mut fleet, device) = before_release_3();
    let keys = fleet.threshold_of(Role::Release);
    let document = fleet.manifest_document(Order::new(0, 3), &manifest(&["a", "s"]), &keys, "staging");
    fleet.tree.retain(|path, _| !path.starts_with("prod/update/"));
    fleet.tree.insert("prod/release/3".into(), document);
    check_unmoved(&mut fleet, device, "a release", &[Reason::ReleaseOfOtherChannel]);
}

#[test]
fn invariant_05_a_signed_manifest_that_the_head_does_not_name_is_refused() {
    let (mut fleet, device) = before_release_3();
    let keys = fleet.threshold_of(Role::Release);
    let document = fleet.manifest_document(Order::new(0, 3), &manifest(&["a", "x"]), &keys, CHANNEL);
    fleet.tree.retain(|path, _| !path.starts_with("prod/update/"));
    fleet.tree.insert("prod/release/3".into(), document);
    check_unmoved(&mut fleet, device, "mix and match", &[Reason::ReleaseMismatch]);
}

#[test]
fn invariant_05_an_update_to_a_signed_manifest_that_the_head_does_not_name_leads_to_the_named_one() {
    let (mut fleet, mut device) = before_release_3();
    let mut other = fleet.clone();
    other.releases.pop();
    other.release(&manifest(&["a", "x"]));
    fleet.tree.insert("prod/update/2-3".into(), other.tree["prod/update/2-3"].clone());
    let named = super::kit::decoded(&fleet.releases[2].1).digest();
    assert_eq!(device.check(&mut fleet).installed.unwrap().digest, named);
}

#[test]
fn invariant_05_a_signed_body_that_does_not_decode_is_refused() {
    let (mut fleet, device) = before_release_3();
    let keys = fleet.threshold_of(Role::Release);
    let channel = bundle::ChannelId::of(CHANNEL);
    let body = vec![0xff; 40];
    let unsigned =
        Unsigned::new(Kind::Manifest, channel, Order::new(0, 3), 1, bundle::UnixSeconds(fleet.now), body)
            .unwrap();
    let mut content = fleet.head_content();
    content.release_digest = unsigned.digest();
    fleet.tree.retain(|path, _| !path.starts_with("prod/update/"));
    fleet.tree.insert("prod/release/3".into(), sign(&unsigned, &keys));
    fleet.head_number += 1;
    let number = fleet.head_number;
    fleet.publish_head_as(number, &content);
    check_unmoved(&mut fleet, device, "garbage, signed", &[Reason::ReleaseMalformed]);
}
