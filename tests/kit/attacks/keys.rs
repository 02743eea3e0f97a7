//! Stolen keys and thresholds: what the thief gets, and how the fleet is recovered.

use bundle::{Floor, Order, Role, write::KeyringContent};
use device_agent::Reason;

use super::{
    Attack,
    scene::{CERTIFICATES, Named, Scene, content},
};
use crate::signers::{
    self, KEYRING_KEYS, NEXT_RECOVERY_KEYS, RECOVERY_KEYS, RELEASE_KEYS, recovery_set, role,
};

pub(super) const ALL: &[Named] = &[
    ("a stolen head key, and its recovery", head_key),
    ("a stolen release threshold, and its recovery", release_threshold),
    ("a stolen keyring threshold, and its recovery", keyring_threshold),
    ("a keyring that the old threshold did not sign", unsigned_keyring),
];

/// The floor of a role on the channel, restated.
fn floor(role: Role, number: u32) -> Floor {
    Floor { channel: bundle::ChannelId::of("prod"), role, epoch: 0, number }
}

fn head_key() -> Attack {
    let mut scene = Scene::at_second_release();
    // The thief freezes the fleet: a head far ahead, within the allowed step, that names the old release.
    let mut thief = scene.publisher.clone();
    thief.head_number += 500_000;
    thief.point_head_at(2);
    let frozen = thief.tree.clone();
    scene.device.pass(3_600);
    scene.device.cycle(&mut |path| frozen.get(path).cloned(), &mut crate::device::all_verify);
    scene.release(&CERTIFICATES);
    let tree = scene.publisher.tree.clone();
    scene.refuse(&tree, Reason::HeadOlder);
    // Recovery: every head key is replaced, so the keyring may set the floor of heads anew.
    let next = KeyringContent {
        head: role(1, &[23, 24]),
        floors: vec![floor(Role::Head, 0)],
        ..signers::first_keyring()
    };
    scene.publisher.publish_keyring(&next, None, Order::new(0, 2), &KEYRING_KEYS[..2]);
    scene.publisher.head_signers = vec![23];
    scene.publisher.point_head_at(3);
    scene.follow();
    scene.expect_release(3);
    thief.head_number += 10;
    thief.sign_head();
    let again = thief.tree.clone();
    scene.refuse(&again, Reason::HeadUnsigned);
    scene.end()
}

fn release_threshold() -> Attack {
    let mut scene = Scene::at_second_release();
    // The thief publishes a bundle of their own, with a stolen head key to point at it.
    let evil: &[u8] = b"the root of the thief";
    let mut thief = scene.publisher.clone();
    let bad = content(&thief, &[evil]);
    let document = thief.manifest_document(&bad, 900, &RELEASE_KEYS[..2]);
    thief.publish_document(900, document, &[evil]);
    let tree = thief.tree.clone();
    for _ in 0..3 {
        scene.device.pass(3_600);
        scene.device.cycle(&mut |path| tree.get(path).cloned(), &mut crate::device::all_verify);
    }
    scene.expect_release(900);
    // Recovery: every release and head key is replaced; both floors start again below the thief's numbers.
    let next = KeyringContent {
        release: role(2, &[14, 15, 16]),
        head: role(1, &[23, 24]),
        floors: vec![floor(Role::Release, 2), floor(Role::Head, 0)],
        ..signers::first_keyring()
    };
    scene.publisher.publish_keyring(&next, None, Order::new(0, 2), &KEYRING_KEYS[..2]);
    scene.publisher.release_signers = vec![14, 15];
    scene.publisher.head_signers = vec![23];
    scene.release(&CERTIFICATES);
    scene.follow();
    scene.expect_release(3);
    thief.head_number += 10;
    thief.sign_head();
    let again = thief.tree.clone();
    scene.refuse(&again, Reason::HeadUnsigned);
    scene.end()
}

fn keyring_threshold() -> Attack {
    let mut scene = Scene::at_second_release();
    let mut thief = scene.publisher.clone();
    let stolen = KeyringContent {
        keyring: role(1, &[66]),
        release: role(1, &[67]),
        head: role(1, &[68]),
        ..signers::first_keyring()
    };
    let document = thief.keyring_document(&stolen, Order::new(0, 900), &[1, 2, 66]);
    scene.expect(!document.is_empty(), "the attack's own keyring is malformed");
    thief.publish_keyring(&stolen, None, Order::new(0, 2), &[1, 2, 66]);
    let tree = thief.tree.clone();
    scene.device.pass(2 * 86_400);
    scene.device.cycle(&mut |path| tree.get(path).cloned(), &mut crate::device::all_verify);
    let held = scene.device.status().keyring;
    scene.expect(held == Order::new(0, 2), "a thief with the whole threshold is obeyed until the recovery");
    // Recovery: the committed set opens the next epoch, and commits to another one.
    let fresh = KeyringContent {
        keyring: role(2, &[4, 5, 6]),
        release: role(2, &[14, 15, 16]),
        head: role(1, &[23, 24]),
        recovery_commitment: recovery_set(&NEXT_RECOVERY_KEYS).commitment(),
        floors: vec![floor(Role::Release, 2), floor(Role::Head, 0)],
        ..signers::first_keyring()
    };
    let signers = [4, 5, RECOVERY_KEYS[0], RECOVERY_KEYS[1]];
    scene.publisher.publish_keyring(&fresh, Some(&recovery_set(&RECOVERY_KEYS)), Order::new(1, 2), &signers);
    scene.publisher.release_signers = vec![14, 15];
    scene.publisher.head_signers = vec![23];
    scene.release(&CERTIFICATES);
    scene.device.pass(2 * 86_400);
    scene.publisher.now = scene.publisher.now.plus(4 * 86_400);
    scene.publisher.sign_head();
    scene.follow();
    scene.expect_release(3);
    scene.expect(scene.device.status().keyring == Order::new(1, 2), "the recovery's keyring is not in force");
    thief.publish_keyring(&stolen, None, Order::new(0, 3), &[66]);
    thief.head_number += 50;
    thief.head_signers = vec![68];
    thief.sign_head();
    let again = thief.tree.clone();
    scene.refuse(&again, Reason::KeyringRefused);
    scene.end()
}

fn unsigned_keyring() -> Attack {
    let mut scene = Scene::at_second_release();
    let mut thief = scene.publisher.clone();
    let own = KeyringContent { head: role(1, &[68]), ..signers::first_keyring() };
    thief.publish_keyring(&own, None, Order::new(0, 2), &KEYRING_KEYS[..1]);
    thief.head_signers = vec![68];
    thief.point_head_at(2);
    scene.refuse(&thief.tree, Reason::KeyringRefused);
    scene.end()
}
