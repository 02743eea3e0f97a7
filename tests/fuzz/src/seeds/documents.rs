//! Seeds of the targets that are given documents.

use bundle::{
    Envelope, Kind, Nonce, Order, Report, Section, Sha256, UnixSeconds,
    write::{self, report_frame, report_message},
};
use ed25519_dalek::Signer as _;

use super::{patterns, selected, vectors};
use crate::{
    fleet::{self, CERTIFICATES, DEVICE, ECHO_SIGNERS, KEYRING_SIGNERS, RECOVERY_SIGNERS},
    input::joined,
};

/// Documents of all kinds.
#[must_use]
pub fn envelope() -> Vec<Vec<u8>> {
    let mut seeds = vectors::inputs(&["head", "keyring", "manifest"]);
    seeds.extend(vectors::all().into_iter().map(|vector| vector.keyring));
    let echo = write::echo_body(Nonce([7; 16]), Sha256([8; 32]));
    seeds.push(fleet::signed(Kind::Echo, Order::new(0, 1), 1, echo, &ECHO_SIGNERS));
    seeds
}

/// Bodies of all kinds.
#[must_use]
pub fn body() -> Vec<Vec<u8>> {
    let selector = |kind| match kind {
        Kind::Manifest => 0,
        Kind::RevokeAll => 1,
        Kind::Head => 2,
        Kind::Echo => 3,
        Kind::Keyring => 4,
        _ => 5,
    };
    let documents = envelope();
    let mut seeds: Vec<Vec<u8>> = documents
        .iter()
        .filter_map(|document| Envelope::parse(document).ok())
        .map(|(envelope, _)| selected(selector(envelope.header().kind), envelope.body()))
        .collect();
    seeds.push(selected(5, &fleet::recovery().encode()));
    seeds
}

/// Keyring files and packs.
#[must_use]
pub fn keyring() -> Vec<Vec<u8>> {
    let mut seeds = vectors::inputs(&["keyring"]);
    let body = fleet::keyring_content().encode();
    let generation = |number| {
        fleet::signed(Kind::Keyring, Order::new(0, number), number - 1, body.clone(), &KEYRING_SIGNERS)
    };
    seeds.push([generation(2), generation(3), generation(4)].concat());
    let mut content = fleet::keyring_content();
    content.recovery_commitment = Sha256([9; 32]);
    let shown = fleet::signed(Kind::Recovery, Order::new(1, 2), 0, fleet::recovery().encode(), &[]);
    let by = [KEYRING_SIGNERS, RECOVERY_SIGNERS].concat();
    let recovered = fleet::signed(Kind::Keyring, Order::new(1, 2), 0, content.encode(), &by);
    seeds.push(write::keyring_file(Some(&shown), &recovered));
    seeds
}

/// What documents are made of.
#[must_use]
pub fn signed() -> Vec<Vec<u8>> {
    patterns(400)
}

/// Updates, from release 1 and from nothing.
#[must_use]
pub fn update() -> Vec<Vec<u8>> {
    let mut seeds = vectors::inputs(&["update"]);
    let sets: [&[&[u8]]; 2] = [&CERTIFICATES[..2], &CERTIFICATES];
    let documents = [1, 2].map(|number| fleet::manifest_document(number, sets[usize::from(number > 1)]));
    let read = |document| {
        let digest = Envelope::parse_whole(document).map(|envelope| envelope.digest());
        bundle::Manifest::restored(document, digest.expect("a document that was just made"))
    };
    let (old, new) = (read(&documents[0]), read(&documents[1]));
    let (old, new) = (old.expect("a manifest"), new.expect("a manifest"));
    let blob = |sha256| CERTIFICATES.into_iter().find(|certificate| Sha256::of(&[certificate]) == sha256);
    for from in [None, Some(&old)] {
        seeds.push(write::update(from, &documents[1], &new, blob).expect("every blob is there"));
    }
    seeds
}

/// Bases with targets and patches.
#[must_use]
pub fn patch() -> Vec<Vec<u8>> {
    let bodies = [&CERTIFICATES[..1], &CERTIFICATES[..2], &CERTIFICATES]
        .map(|set| fleet::manifest_content(set).encode());
    let mut seeds = vec![joined(b"", b""), joined(b"abcdef", &[0x05, 0x04, 0x04, b'x', b'y', 0x03, 0x07])];
    for base in &bodies {
        for target in &bodies {
            seeds.push(joined(base, target));
            seeds.push(joined(base, &write::patch(base, target)));
        }
    }
    let updates = vectors::all().into_iter().filter(|vector| vector.kind == "update");
    seeds.extend(updates.map(|vector| joined(&vector.base, &vector.input)));
    seeds
}

/// Seeds and USB files.
#[must_use]
pub fn container() -> Vec<Vec<u8>> {
    let mut seeds = vectors::inputs(&["seed", "usb"]);
    let (manifest, blobs) = (fleet::manifest_document(3, &CERTIFICATES), fleet::blobs(&CERTIFICATES));
    seeds.push(write::seed(fleet::keyring_document(), &manifest, &blobs));
    let head = fleet::head_document(9, &manifest);
    for head in [None, Some(head.as_slice())] {
        seeds.push(write::usb(fleet::keyring_document(), head, &manifest, &blobs).expect("few keyrings"));
    }
    seeds
}

/// A report's frame and its body.
#[must_use]
pub fn report() -> Vec<Vec<u8>> {
    let probes = write::section([bundle::ProbeResult {
        endpoint: "hub.example:8883",
        present: 0,
        candidate: 1,
        reason: 9,
    }]);
    let report = Report {
        device: "device-1",
        boot_id: [3; 16],
        commit_count: 2,
        counter: 1,
        time: Some(UnixSeconds(1_790_000_000)),
        release_epoch: 0,
        release_number: 7,
        release_digest: Sha256([5; 32]),
        subject_number: 7,
        phase: 1,
        reason: 0,
        keyring_epoch: 0,
        keyring_version: 1,
        head_number: 9,
        flags: Report::FLAG_STALE,
        agent_version: "0.1.0",
        probes: Section::from_bytes(&probes),
        extensions: Section::empty(),
    };
    let (channel, key) = (fleet::channel(), fleet::public_key(DEVICE));
    let message = report_message(channel, &report);
    let signature = fleet::signing_key(DEVICE).sign(&message).to_bytes();
    let frame = report_frame(channel, key.as_key().id(), &report, &signature);
    let body = message.split_at(message.len() - (frame.len() - 87)).1;
    vec![selected(0, &frame), selected(1, body)]
}
