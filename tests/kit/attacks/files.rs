//! Truncated and bit-flipped files of every kind.

use std::collections::BTreeSet;

use bundle::{Sha256, UpdatePrefix};
use device_agent::Reason;

use super::{
    Attack,
    scene::{CERTIFICATES, Named, Scene},
};
use crate::{
    device::all_verify,
    publisher::{Publisher, Tree},
    signers::{self, KEYRING_KEYS},
};

pub(super) const ALL: &[Named] = &[
    ("a spoilt head", || spoil("prod/head", &[])),
    ("a spoilt keyring pack", || spoil("keyring/1-2", &["keyring/2"])),
    ("a spoilt keyring generation", || spoil("keyring/2", &["keyring/1-2"])),
    ("a spoilt update", || spoil("prod/update/2-3", &["prod/release/3", &new_blob()])),
    ("a spoilt manifest", || spoil("prod/release/3", &["prod/update/2-3"])),
    ("a spoilt certificate", || spoil(&new_blob(), &["prod/update/2-3"])),
];

/// Path of the certificate that only the newest release has.
fn new_blob() -> String {
    format!("prod/blob/{}", Sha256::of(&[CERTIFICATES[3]]))
}

/// Offsets at which a file is cut or flipped: its start, its end, and so many places between.
fn places(path: &str, tree: &Tree) -> impl Iterator<Item = usize> + use<> {
    let length = tree.get(path).map_or(0, Vec::len);
    let between = (0..48).map(move |index| index * length / 48);
    between.chain([length.saturating_sub(1)])
}

/// Serves a tree with a new keyring and a new release in which one file is spoilt in many ways, and the other ways
/// to the same content are gone: nothing may be installed, whatever is spoilt.
fn spoil(path: &str, gone: &[&str]) -> Attack {
    let mut scene = Scene::at_second_release();
    let keyring = signers::first_keyring();
    scene.publisher.publish_keyring(&keyring, None, bundle::Order::new(0, 2), &KEYRING_KEYS[..2]);
    scene.release(&CERTIFICATES);
    let mut reasons = BTreeSet::new();
    for (place, cut) in places(path, &scene.publisher.tree).flat_map(|place| [(place, true), (place, false)])
    {
        let mut tree = fresh_tree(&mut scene, gone);
        let Some(file) = tree.get_mut(path) else { continue };
        let whole = file.clone();
        if cut {
            file.truncate(place)
        } else {
            file[place] ^= 0x10
        }
        if is_harmless(&scene.publisher, &whole, file) {
            continue;
        }
        let installed = scene.device.trust_state().installed;
        let reason = scene.device.cycle(&mut |path| tree.get(path).cloned(), &mut all_verify);
        reasons.insert(reason.map_or("nothing", Reason::name));
        let unchanged = scene.device.trust_state().installed == installed;
        scene.expect(unchanged, &format!("{path} spoilt at byte {place} was installed"));
    }
    let tree = fresh_tree(&mut scene, &[]);
    scene.device.cycle(&mut |path| tree.get(path).cloned(), &mut all_verify);
    scene.expect_release(3);
    reasons.into_iter().fold(scene.end(), |mut attack, reason| {
        attack.refused_as.push(reason);
        attack
    })
}

/// A day later: the tree with a head of that day, without the files that are gone.
fn fresh_tree(scene: &mut Scene, gone: &[&str]) -> Tree {
    scene.device.pass(90_000);
    scene.publisher.now = scene.publisher.now.plus(90_000);
    scene.publisher.sign_head();
    let mut tree = scene.publisher.tree.clone();
    tree.retain(|name, _| !gone.contains(&name.as_str()));
    tree
}

/// True where a spoilt update still leads to the signed manifest, to the byte: a copy may find the same bytes elsewhere.
fn is_harmless(publisher: &Publisher, whole: &[u8], spoilt: &[u8]) -> bool {
    let base = publisher.release_document(2).and_then(|document| publisher.read(document));
    let output = |file: &[u8]| {
        let prefix = UpdatePrefix::parse(file).ok()?;
        let mut body = vec![0; usize::try_from(prefix.manifest().header().body_length).ok()?];
        prefix.patch().apply(base.as_ref()?.body_bytes(), &mut body).ok()?;
        Some((prefix.manifest().header_bytes().to_vec(), body, file.get(prefix.wire_bytes()..)?.to_vec()))
    };
    output(whole).is_some() && output(whole) == output(spoilt)
}
