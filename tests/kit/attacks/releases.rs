//! Attacks with releases: too few signatures, one key counted twice, two releases of one number, another channel's.

use bundle::{
    Envelope, Kind, Order,
    limits::RELEASE_STEP_MAX,
    write::{Signature, Unsigned},
};
use device_agent::Reason;

use super::{
    Attack,
    scene::{CERTIFICATES, Named, START, Scene, content},
};
use crate::{
    publisher::Publisher,
    signers::{self, RELEASE_KEYS},
};

pub(super) const ALL: &[Named] = &[
    ("wrong threshold: one of two signatures", one_signature),
    ("wrong keys: head keys sign a release", wrong_role),
    ("a key counted twice", one_key_twice),
    ("fast-forward: a release that leaps", fast_forward),
    ("equivocation: two releases of one number", equivocation),
    ("mix-and-match: the release of another channel", other_channel),
    ("mix-and-match: another release than the head names", other_release),
    ("an empty bundle", empty_bundle),
    ("revoking everything with release keys", revoke_all),
];

/// A release 3 that is signed as `sign` says, and a head for it.
fn offered(scene: &Scene, sign: impl FnOnce(&Unsigned) -> Vec<Signature>) -> Publisher {
    let mut thief = scene.publisher.clone();
    let body = content(&thief, &CERTIFICATES).encode();
    let unsigned = signers::unsigned(Kind::Manifest, "prod", Order::new(0, 3), 1, START, body);
    let document = unsigned.assemble(&sign(&unsigned)).unwrap_or_default();
    thief.publish_document(3, document, &CERTIFICATES);
    thief
}

fn one_signature() -> Attack {
    let mut scene = Scene::at_second_release();
    let thief = offered(&scene, |unsigned| signers::signatures(unsigned, &RELEASE_KEYS[..1]));
    scene.refuse(&thief.tree, Reason::ReleaseUnsigned);
    scene.end()
}

fn wrong_role() -> Attack {
    let mut scene = Scene::at_second_release();
    let thief = offered(&scene, |unsigned| signers::signatures(unsigned, &signers::HEAD_KEYS));
    scene.refuse(&thief.tree, Reason::ReleaseUnsigned);
    scene.end()
}

fn one_key_twice() -> Attack {
    let mut scene = Scene::at_second_release();
    let thief = offered(&scene, |unsigned| {
        let mut made = signers::signatures(unsigned, &RELEASE_KEYS[..1]);
        let mut again = made[0].clone();
        again.key_id = signers::public_key(RELEASE_KEYS[1]).as_key().id();
        made.push(again);
        made
    });
    scene.refuse(&thief.tree, Reason::ReleaseUnsigned);
    scene.end()
}

fn fast_forward() -> Attack {
    let mut scene = Scene::at_second_release();
    let mut thief = scene.publisher.clone();
    let number = 3 + RELEASE_STEP_MAX;
    let next = content(&thief, &CERTIFICATES);
    let document = thief.manifest_document(&next, number, &RELEASE_KEYS[..2]);
    thief.publish_document(number, document, &CERTIFICATES);
    scene.refuse(&thief.tree, Reason::ReleaseFastForward);
    scene.end()
}

fn equivocation() -> Attack {
    let mut scene = Scene::at_second_release();
    let mut thief = scene.publisher.clone();
    let other = content(&thief, &CERTIFICATES[1..]);
    let document = thief.manifest_document(&other, 2, &RELEASE_KEYS[..2]);
    thief.publish_document(2, document, &CERTIFICATES[1..]);
    scene.refuse(&thief.tree, Reason::ReleaseEquivocation);
    scene.end()
}

fn other_channel() -> Attack {
    let mut scene = Scene::at_second_release();
    let mut staging = Publisher::new("staging", START);
    for count in [2, 3, 4] {
        let next = content(&staging, &CERTIFICATES[..count]);
        staging.publish(&next, &CERTIFICATES[..count]);
    }
    let mut thief = scene.publisher.clone();
    let foreign = staging.release_document(3).unwrap_or_default().to_vec();
    thief.publish_document(3, foreign, &CERTIFICATES);
    scene.refuse(&thief.tree, Reason::ReleaseOfOtherChannel);
    scene.end()
}

fn other_release() -> Attack {
    let mut scene = Scene::at_second_release();
    let mut thief = scene.publisher.clone();
    let next = content(&thief, &CERTIFICATES);
    thief.publish(&next, &CERTIFICATES);
    let next = content(&thief, &CERTIFICATES[1..]);
    let document = thief.manifest_document(&next, 3, &RELEASE_KEYS[1..]);
    thief.tree.retain(|path, _| !path.starts_with("prod/update/"));
    thief.tree.insert("prod/release/3".into(), document);
    scene.refuse(&thief.tree, Reason::ReleaseMismatch);
    scene.end()
}

fn empty_bundle() -> Attack {
    let mut scene = Scene::at_second_release();
    let mut thief = scene.publisher.clone();
    let document = thief.manifest_document(&bundle::write::ManifestContent::default(), 3, &RELEASE_KEYS[..2]);
    thief.publish_document(3, document, &[]);
    scene.refuse(&thief.tree, Reason::ReleaseMalformed);
    scene.end()
}

fn revoke_all() -> Attack {
    let mut scene = Scene::at_second_release();
    let mut thief = scene.publisher.clone();
    let body = bundle::write::ManifestContent::default().encode();
    let unsigned = signers::unsigned(Kind::RevokeAll, "prod", Order::new(0, 3), 1, START, body);
    let document = signers::signed(&unsigned, &RELEASE_KEYS);
    let well_formed = Envelope::parse_whole(&document).is_ok();
    scene.expect(well_formed, "the attack's own document is malformed");
    thief.publish_document(3, document, &[]);
    scene.refuse(&thief.tree, Reason::ReleaseUnsigned);
    scene.end()
}
