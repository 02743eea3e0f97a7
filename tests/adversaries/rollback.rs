//! Going back: refused for every kind of document, but for what a keyring with other keys restates.

use bundle::{ChannelId, Floor, Order, Role, write::KeyringContent};
use device_agent::Reason;
use system_tests::{
    device::all_verify,
    signers::{self, RELEASE_KEYS, role},
};

use crate::scene::{CERTIFICATES, DAY, Scene, content, service};

/// The floor of a role on the channel, restated.
fn floor(role: Role, number: u32) -> Floor {
    Floor { channel: ChannelId::of("prod"), role, epoch: 0, number }
}

#[test]
fn a_lower_head_is_ignored_before_and_after_a_restart() {
    let mut scene = Scene::following();
    let old = scene.publisher.tree.clone();
    scene.release(&CERTIFICATES);
    scene.check();
    scene.refuse(&old, Reason::HeadOlder);
    scene.device = scene.device.restart();
    scene.refuse_and_note(&old, Reason::HeadOlder);
    assert_eq!(scene.installed(), 3);
}

#[test]
fn a_new_head_that_names_a_lower_release_is_refused() {
    let mut scene = Scene::following();
    scene.publisher.point_head_at(1);
    let tree = scene.publisher.tree.clone();
    scene.refuse(&tree, Reason::ReleaseOlder);
    assert_eq!(scene.installed(), 2);
}

#[test]
fn a_new_head_that_names_the_very_release_before_by_its_digest_is_refused_after_a_restart_too() {
    let mut scene = Scene::following();
    scene.release(&CERTIFICATES);
    scene.check();
    scene.device = scene.device.restart();
    scene.publisher.point_head_at(2);
    let tree = scene.publisher.tree.clone();
    let before = scene.trust();
    assert_eq!(scene.check_against(&tree), Some(Reason::ReleaseOlder));
    assert_eq!((scene.trust().readable, scene.installed()), (before.readable, 3));
}

#[test]
fn old_content_under_a_lower_number_is_refused_whoever_signed_it() {
    let mut scene = Scene::following();
    scene.release(&CERTIFICATES);
    scene.check();
    let old = content(&scene.publisher, &CERTIFICATES[..1]);
    let document = scene.publisher.manifest_document(&old, 2, &RELEASE_KEYS[..2]);
    scene.publisher.publish_document(2, document, &CERTIFICATES[..1]);
    let tree = scene.publisher.tree.clone();
    let before = scene.trust();
    let reason = scene.check_against(&tree).unwrap();
    assert!([Reason::ReleaseOlder, Reason::ReleaseEquivocation].contains(&reason), "{}", reason.name());
    assert_eq!(scene.trust().readable, before.readable);
}

#[test]
fn a_lower_release_from_a_stick_is_refused() {
    let mut scene = Scene::following();
    let document = scene.publisher.release_document(1).unwrap();
    let head = scene.publisher.head_document(99, &[21]);
    let usb = bundle::write::usb(&[], Some(&head), document, &scene.publisher.release_blobs(1)).unwrap();
    let before = scene.trust();
    assert_eq!(scene.device.install(&usb, &mut all_verify), Some(Reason::FileNotNewer));
    assert_eq!(scene.trust().readable, before.readable);
}

#[test]
fn an_older_keyring_is_not_taken_again() {
    let mut scene = Scene::following();
    let first = scene.publisher.tree["keyring/1"].clone();
    scene.next_keyring(&signers::first_keyring());
    scene.publisher.point_head_at(2);
    scene.check();
    assert_eq!(scene.keyring(), Order::new(0, 2));
    let mut tree = scene.publisher.tree.clone();
    tree.insert("keyring/3".into(), first);
    scene.pass(DAY);
    let before = scene.trust();
    assert_eq!(scene.check_against(&tree), Some(Reason::KeyringRefused));
    assert_eq!((scene.keyring(), scene.trust().readable), (Order::new(0, 2), before.readable));
}

#[test]
fn a_service_that_verifies_is_not_taken_away_by_leaving_it_out() {
    let mut scene = Scene::following();
    let mut next = content(&scene.publisher, &CERTIFICATES);
    next.services = vec![service("another")];
    scene.publisher.publish(&next, &CERTIFICATES);
    let tree = scene.publisher.tree.clone();
    let before = scene.trust();
    assert_eq!(scene.check_against(&tree), Some(Reason::ServiceDropped));
    assert_eq!(scene.trust().readable, before.readable);
    assert_eq!(scene.device.services(), [("iot-hub".to_owned(), vec!["iot-hub.example".to_owned()])]);
}

#[test]
fn releases_that_ran_ahead_are_taken_back_with_the_release_keys() {
    let mut scene = Scene::following();
    let far = content(&scene.publisher, &CERTIFICATES);
    let document = scene.publisher.manifest_document(&far, 100, &RELEASE_KEYS[..2]);
    let mut thief = scene.publisher.clone();
    thief.publish_document(100, document, &CERTIFICATES);
    let tree = thief.tree.clone();
    scene.check_against(&tree);
    assert_eq!(scene.installed(), 100);
    let next = KeyringContent {
        release: role(2, &[14, 15]),
        floors: vec![floor(Role::Release, 1)],
        ..signers::first_keyring()
    };
    scene.publisher.head_number = thief.head_number;
    scene.next_keyring(&next);
    scene.publisher.release_signers = vec![14, 15];
    scene.release(&CERTIFICATES);
    assert_eq!((scene.check(), scene.installed()), (Some(Reason::Confirmed), 3));
}

#[test]
fn heads_and_releases_that_ran_ahead_are_taken_back_with_both_kinds_of_keys() {
    let mut scene = Scene::following();
    let far = content(&scene.publisher, &CERTIFICATES);
    let mut thief = scene.publisher.clone();
    thief.head_number = 99_998;
    let document = thief.manifest_document(&far, 100, &RELEASE_KEYS[..2]);
    thief.publish_document(100, document, &CERTIFICATES);
    scene.check_against(&thief.tree.clone());
    assert_eq!((scene.installed(), scene.head()), (100, 99_999));
    let next = KeyringContent {
        release: role(2, &[14, 15]),
        head: role(1, &[23]),
        floors: vec![floor(Role::Release, 1), floor(Role::Head, 0)],
        ..signers::first_keyring()
    };
    scene.next_keyring(&next);
    scene.publisher.release_signers = vec![14, 15];
    scene.publisher.head_signers = vec![23];
    scene.publisher.head_number = 0;
    scene.release(&CERTIFICATES);
    assert_eq!((scene.check(), scene.installed()), (Some(Reason::Confirmed), 3));
    assert_eq!(scene.head(), 1);
}

#[test]
fn heads_that_ran_ahead_are_taken_back_with_the_head_keys() {
    let mut scene = Scene::following();
    scene.publisher.head_number = 99;
    scene.publisher.sign_head();
    scene.check();
    assert_eq!(scene.head(), 100);
    let next = KeyringContent {
        head: role(1, &[23]),
        floors: vec![floor(Role::Head, 0)],
        ..signers::first_keyring()
    };
    scene.next_keyring(&next);
    scene.publisher.head_signers = vec![23];
    scene.publisher.head_number = 0;
    scene.publisher.point_head_at(2);
    assert_eq!(scene.check(), Some(Reason::UpToDate));
    assert_eq!(scene.head(), 1);
}
