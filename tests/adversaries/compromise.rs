//! Stolen and lost keys: what a thief gets with each, for how long, and how the fleet comes back.

use bundle::{
    ChannelId, Denial, DenialKind, Floor, Order, Role, Sha256,
    write::{self, KeyringContent},
};
use device_agent::{Freshness, Reason};
use system_tests::{
    device::all_verify,
    publisher::Publisher,
    signers::{self, KEYRING_KEYS, NEXT_RECOVERY_KEYS, RECOVERY_KEYS, RELEASE_KEYS, recovery_set, role},
};

use crate::scene::{CERTIFICATES, DAY, Scene, content};

/// The anchor that every thief would like to have trusted.
const EVIL: &[u8] = b"the root of the thief";

fn floor(role: Role, epoch: u16, number: u32) -> Floor {
    Floor { channel: ChannelId::of("prod"), role, epoch, number }
}

/// A thief's tree: release `number` of his own anchor, signed by these keys, and a head by these.
fn robbery(publisher: &Publisher, number: u32, release_keys: &[u8], head_keys: &[u8]) -> Publisher {
    let mut thief = publisher.clone();
    thief.head_signers = head_keys.to_vec();
    let evil = content(&thief, &[EVIL]);
    let document = thief.manifest_document(&evil, number, release_keys);
    thief.publish_document(number, document, &[EVIL]);
    thief
}

/// The keyring after a robbery: every release and head key is another one, and both floors start again.
fn fresh_keys() -> KeyringContent {
    KeyringContent {
        release: role(2, &[14, 15, 16]),
        head: role(1, &[23, 24]),
        floors: vec![floor(Role::Release, 0, 2), floor(Role::Head, 0, 0)],
        ..signers::first_keyring()
    }
}

/// The operator goes on under the fresh keys, and the device has release 3 of theirs.
fn comes_back(scene: &mut Scene) {
    scene.next_keyring(&fresh_keys());
    scene.publisher.release_signers = vec![14, 15];
    scene.publisher.head_signers = vec![23];
    scene.release(&CERTIFICATES);
    for _ in 0..3 {
        scene.check();
    }
    assert_eq!(scene.trust().readable, scene.as_published(3));
}

#[test]
fn a_head_key_freezes_for_a_day_and_installs_nothing() {
    let mut scene = Scene::following();
    let thief = robbery(&scene.publisher, 3, &[21, 22], &[21]);
    assert_eq!(scene.check_against(&thief.tree), Some(Reason::ReleaseUnsigned));
    assert_eq!(scene.installed(), 2);
    // The freeze: the operator's release is out, and the thief signs heads for the one before it.
    scene.release(&CERTIFICATES);
    scene.next_keyring(&KeyringContent {
        head: role(1, &[23]),
        floors: vec![floor(Role::Head, 0, 0)],
        ..signers::first_keyring()
    });
    let mut frozen = thief;
    frozen.tree.extend(scene.publisher.tree.clone());
    for hour in 0..30_u32 {
        frozen.head_number = 1_000 + hour;
        frozen.now = scene.publisher.now;
        frozen.point_head_at(2);
        scene.check_against(&frozen.tree.clone());
        assert_eq!(scene.installed(), 2);
        if scene.keyring().number == 2 {
            break;
        }
    }
    assert_eq!(scene.keyring().number, 2, "after a day the keyring is found, whatever the head says");
    assert_eq!(scene.check_against(&frozen.tree.clone()), Some(Reason::HeadUnsigned));
    scene.publisher.head_signers = vec![23];
    scene.publisher.point_head_at(3);
    assert_eq!((scene.check(), scene.installed()), (Some(Reason::Confirmed), 3));
}

#[test]
fn one_release_key_installs_nothing_with_a_head_key_either() {
    let mut scene = Scene::following();
    let thief = robbery(&scene.publisher, 3, &RELEASE_KEYS[..1], &[21]);
    assert_eq!(scene.check_against(&thief.tree), Some(Reason::ReleaseUnsigned));
    assert_eq!(scene.installed(), 2);
    comes_back(&mut scene);
    // Another of the old keys does not make the stolen one whole again.
    let again = robbery(&scene.publisher, 4, &RELEASE_KEYS, &[23]);
    assert_eq!(scene.check_against(&again.tree), Some(Reason::ReleaseUnsigned));
    assert_eq!(scene.installed(), 3);
}

#[test]
fn a_release_threshold_without_a_head_key_reaches_only_whom_a_stick_reaches() {
    let mut scene = Scene::following();
    let thief = robbery(&scene.publisher, 3, &RELEASE_KEYS[..2], &[77]);
    let tree = thief.tree.clone();
    scene.refuse(&tree, Reason::HeadUnsigned);
    let document = thief.release_document(3).unwrap();
    let usb = write::usb(&[], None, document, EVIL).unwrap();
    assert_eq!(scene.device.install(&usb, &mut all_verify), Some(Reason::OfflineFreshnessUnknown));
    assert_eq!(
        scene.trust().readable,
        thief_content(&thief, 3),
        "a stick with a whole threshold is a release"
    );
    comes_back(&mut scene);
}

fn thief_content(thief: &Publisher, number: u32) -> Sha256 {
    Sha256::of(&[thief.release_document(number).unwrap(), EVIL])
}

#[test]
fn a_release_threshold_and_a_head_key_install_until_the_keyring_replaces_them() {
    let mut scene = Scene::following();
    let thief = robbery(&scene.publisher, 3, &RELEASE_KEYS[..2], &[21]);
    scene.check_against(&thief.tree);
    assert_eq!(scene.trust().readable, thief_content(&thief, 3));
    comes_back(&mut scene);
    let again = robbery(&scene.publisher, 4, &RELEASE_KEYS[..2], &[21]);
    assert_eq!(scene.check_against(&again.tree), Some(Reason::HeadUnsigned));
    assert_eq!(scene.installed(), 3);
}

#[test]
fn a_release_of_a_thief_that_loses_an_endpoint_is_not_installed() {
    // Whoever swaps the anchors must also own the endpoints, or the device sees that it would lose them.
    use device_agent::{ProbeOutcome, Verdict};
    let mut scene = Scene::following();
    let thief = robbery(&scene.publisher, 3, &RELEASE_KEYS[..2], &[21]);
    let mut handshake = |_: &str| ProbeOutcome {
        present: Some(Verdict::Verified),
        candidate: Some(Verdict::Refused(Reason::ProbeChain)),
        excused: false,
    };
    assert_eq!(scene.check_with(&thief.tree, &mut handshake), Some(Reason::ProbeRegression));
    assert_eq!(scene.installed(), 2);
}

#[test]
fn a_release_threshold_that_denies_every_anchor_cuts_off_until_the_keyring_replaces_it() {
    // A denial holds at once and excuses the loss that it causes: whoever can deny can also cut off.
    use device_agent::{ProbeOutcome, Verdict};
    let mut scene = Scene::following();
    let mut thief = scene.publisher.clone();
    let mut evil = content(&thief, &[EVIL]);
    let deny = |root: &&[u8]| Denial { kind: DenialKind::Certificate, sha256: Sha256::of(&[root]) };
    evil.denials = CERTIFICATES[..3].iter().map(deny).collect();
    let document = thief.manifest_document(&evil, 3, &RELEASE_KEYS[..2]);
    thief.publish_document(3, document, &[EVIL]);
    let refused = Some(Verdict::Refused(Reason::ProbeDenied));
    let mut handshake = |_: &str| ProbeOutcome { present: refused, candidate: refused, excused: true };
    scene.check_with(&thief.tree, &mut handshake);
    assert_eq!((scene.trust().readable, scene.trust().denials), (thief_content(&thief, 3), 3));
    comes_back(&mut scene);
    assert_eq!(scene.trust().denials, 0, "the deny list of the thief goes with his keys");
}

#[test]
fn one_keyring_key_changes_nothing() {
    let mut scene = Scene::following();
    let mut thief = scene.publisher.clone();
    let own = KeyringContent { keyring: role(1, &[66]), head: role(1, &[68]), ..signers::first_keyring() };
    thief.publish_keyring(&own, None, Order::new(0, 2), &[KEYRING_KEYS[0], 66]);
    thief.head_signers = vec![68];
    thief.point_head_at(2);
    scene.pass(DAY);
    scene.refuse_and_note(&thief.tree.clone(), Reason::KeyringRefused);
    let without = KeyringContent { keyring: role(2, &[2, 3, 4]), ..signers::first_keyring() };
    scene.publisher.publish_keyring(&without, None, Order::new(0, 2), &[2, 3]);
    scene.release(&CERTIFICATES);
    assert_eq!((scene.check(), scene.installed()), (Some(Reason::Confirmed), 3));
}

#[test]
fn a_keyring_threshold_cannot_choose_other_recovery_keys() {
    let mut scene = Scene::following();
    let own = KeyringContent {
        recovery_commitment: recovery_set(&NEXT_RECOVERY_KEYS).commitment(),
        ..signers::first_keyring()
    };
    for shown in [None, Some(recovery_set(&NEXT_RECOVERY_KEYS)), Some(recovery_set(&RECOVERY_KEYS))] {
        let mut thief = scene.publisher.clone();
        thief.publish_keyring(&own, shown.as_ref(), Order::new(0, 2), &KEYRING_KEYS);
        thief.point_head_at(2);
        scene.pass(DAY);
        scene.refuse_and_note(&thief.tree.clone(), Reason::KeyringRefused);
    }
    assert_eq!(scene.keyring(), Order::new(0, 1));
}

/// The generation that opens the next epoch with these recovery keys, under keys of whoever opens it.
fn opened_epoch(publisher: &mut Publisher, first_key: u8, recovery: &[u8]) {
    let fresh = KeyringContent {
        keyring: role(2, &[first_key, first_key + 1]),
        release: role(2, &[first_key + 2, first_key + 3]),
        head: role(1, &[first_key + 4]),
        recovery_commitment: recovery_set(&NEXT_RECOVERY_KEYS).commitment(),
        floors: vec![floor(Role::Release, 0, 2), floor(Role::Head, 0, 0)],
        ..signers::first_keyring()
    };
    let signers = [&[first_key, first_key + 1], recovery].concat();
    publisher.publish_keyring(&fresh, Some(&recovery_set(&RECOVERY_KEYS)), Order::new(1, 2), &signers);
    publisher.release_signers = vec![first_key + 2, first_key + 3];
    publisher.head_signers = vec![first_key + 4];
}

#[test]
fn a_keyring_threshold_owns_the_fleet_until_the_recovery_keys_open_the_next_epoch() {
    let mut scene = Scene::following();
    let mut thief = scene.publisher.clone();
    let own = KeyringContent {
        keyring: role(1, &[66]),
        release: role(1, &[67]),
        head: role(1, &[68]),
        ..signers::first_keyring()
    };
    thief.publish_keyring(&own, None, Order::new(0, 2), &[1, 2, 66]);
    let thief = robbery(&thief, 3, &[67], &[68]);
    scene.pass(DAY);
    scene.check_against(&thief.tree);
    assert_eq!(scene.trust().readable, thief_content(&thief, 3));
    opened_epoch(&mut scene.publisher, 30, &RECOVERY_KEYS[..2]);
    scene.publisher.head_number = 0;
    scene.release(&CERTIFICATES);
    scene.pass(DAY);
    for _ in 0..2 {
        scene.check();
    }
    assert_eq!(scene.keyring(), Order::new(1, 2));
    assert_eq!(scene.trust().readable, scene.as_published(3));
}

#[test]
fn one_recovery_key_opens_no_epoch() {
    let mut scene = Scene::following();
    let mut thief = scene.publisher.clone();
    opened_epoch(&mut thief, 50, &RECOVERY_KEYS[..1]);
    thief.point_head_at(2);
    scene.pass(DAY);
    let before = scene.trust();
    assert_eq!(scene.check_against(&thief.tree), Some(Reason::KeyringRefused));
    assert_eq!((scene.keyring(), scene.trust()), (Order::new(0, 1), before));
}

#[test]
fn a_recovery_threshold_owns_the_fleet_until_an_image_brings_a_later_epoch() {
    let mut scene = Scene::following();
    let mut thief = scene.publisher.clone();
    opened_epoch(&mut thief, 50, &RECOVERY_KEYS[..2]);
    let (release, head) = (thief.release_signers.clone(), thief.head_signers.clone());
    let thief = robbery(&thief, 3, &release, &head);
    scene.pass(DAY);
    for _ in 0..2 {
        scene.check_against(&thief.tree);
    }
    assert_eq!(scene.keyring(), Order::new(1, 2));
    assert_eq!(scene.trust().readable, thief_content(&thief, 3));
    // No key is left that devices would follow: the operator's next image carries a keyring of a later epoch.
    let mut image = scene.publisher.clone();
    let fresh = KeyringContent {
        floors: vec![floor(Role::Release, 2, 0), floor(Role::Head, 2, 0)],
        recovery_commitment: recovery_set(&[97, 98, 99]).commitment(),
        keyring: role(2, &[30, 31]),
        release: role(2, &[32, 33]),
        head: role(1, &[34]),
        ..signers::first_keyring()
    };
    image.publish_keyring(&fresh, None, Order::new(2, 3), &[30, 31]);
    image.release_signers = vec![32, 33];
    image.head_signers = vec![34];
    let next = content(&image, &CERTIFICATES);
    let number = image.publish(&next, &CERTIFICATES);
    scene.device = scene.device.restart_with_seed(&image.seed(number));
    assert_eq!(
        scene.trust().readable,
        Sha256::of(&[image.release_document(number).unwrap(), &image.release_blobs(number)])
    );
    let before = scene.trust();
    assert_eq!(scene.check_against(&thief.tree), Some(Reason::HeadUnsigned));
    assert_eq!(scene.trust().readable, before.readable);
    assert_eq!(scene.check_against(&image.tree), Some(Reason::UpToDate));
}

#[test]
fn a_lost_keyring_threshold_is_replaced_by_the_recovery_keys() {
    let mut scene = Scene::following();
    opened_epoch(&mut scene.publisher, 30, &RECOVERY_KEYS[1..]);
    scene.publisher.head_number = 0;
    scene.release(&CERTIFICATES);
    for _ in 0..2 {
        scene.check();
    }
    assert_eq!((scene.keyring(), scene.installed()), (Order::new(1, 2), 3));
}

#[test]
fn a_mirror_without_keys_withholds_until_the_head_expires_and_gets_nothing_in() {
    let mut scene = Scene::following();
    let frozen = scene.publisher.tree.clone();
    scene.release(&CERTIFICATES);
    for _ in 0..13 {
        scene.pass(DAY);
        scene.check_against(&frozen);
        assert!(matches!(scene.device.status().freshness, Freshness::Fresh { .. }));
    }
    scene.pass(2 * DAY);
    assert_eq!(scene.check_against(&frozen), Some(Reason::Stale));
    assert_eq!(scene.installed(), 2, "what was installed stays");
    scene.publisher.sign_head();
    assert_eq!((scene.check(), scene.installed()), (Some(Reason::Confirmed), 3));
}

#[test]
fn an_old_image_believes_old_keys_only_where_nobody_shows_it_the_new_keyring() {
    let mut scene = Scene::fresh();
    let thief = robbery(&scene.publisher, 2, &RELEASE_KEYS[..2], &[21]);
    scene.next_keyring(&fresh_keys());
    let mut tree = thief.tree.clone();
    tree.insert("keyring/2".into(), scene.publisher.tree["keyring/2"].clone());
    assert_eq!(scene.check_against(&tree), Some(Reason::HeadUnsigned));
    assert_eq!((scene.installed(), scene.keyring().number), (1, 2));
}
