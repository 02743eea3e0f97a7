//! Documents in the wrong place: badly signed, under another's number, or of another kind.

use bundle::{Order, UpdatePrefix};
use device_agent::Reason;
use system_tests::{
    publisher::Tree,
    signers::{self, KEYRING_KEYS, RELEASE_KEYS},
};

use crate::scene::{CERTIFICATES, DAY, Scene, content};

/// A device at release 2, and a tree with release 3 for it.
fn offered() -> (Scene, Tree) {
    let mut scene = Scene::following();
    scene.release(&CERTIFICATES);
    let tree = scene.publisher.tree.clone();
    (scene, tree)
}

#[test]
fn a_badly_signed_keyring_is_refused() {
    let mut scene = Scene::following();
    let order = Order::new(0, 2);
    scene.publisher.publish_keyring(&signers::first_keyring(), None, order, &[KEYRING_KEYS[0], 77]);
    let tree = scene.publisher.tree.clone();
    scene.pass(DAY);
    scene.refuse_and_note(&tree, Reason::KeyringRefused);
    assert_eq!(scene.keyring(), Order::new(0, 1));
}

#[test]
fn a_badly_signed_head_is_refused() {
    let mut scene = Scene::following();
    scene.publisher.head_signers = vec![77];
    scene.release(&CERTIFICATES);
    let tree = scene.publisher.tree.clone();
    scene.refuse(&tree, Reason::HeadUnsigned);
}

#[test]
fn a_badly_signed_update_leads_to_the_manifest_and_to_nothing_else() {
    let (mut scene, good) = offered();
    scene.publisher.release_signers = vec![RELEASE_KEYS[0], 77];
    let mut tree = good.clone();
    let document = scene.publisher.manifest_document(&content(&scene.publisher, &CERTIFICATES), 3, &[11, 77]);
    scene.publisher.publish_document(3, document, &CERTIFICATES);
    tree.insert("prod/update/2-3".into(), scene.publisher.tree["prod/update/2-3"].clone());
    tree.remove("prod/release/3");
    let before = scene.trust();
    assert_eq!(scene.check_against(&tree), Some(Reason::NotFound));
    assert_eq!(scene.installed(), 2);
    assert_eq!(scene.trust().readable, before.readable);
    assert_eq!(scene.check_against(&good), Some(Reason::Confirmed));
    assert_eq!(scene.installed(), 3);
}

#[test]
fn a_badly_signed_manifest_is_refused() {
    let mut scene = Scene::following();
    scene.publisher.release_signers = vec![RELEASE_KEYS[0], 77];
    scene.release(&CERTIFICATES);
    let tree = scene.publisher.tree.clone();
    let before = scene.trust();
    assert_eq!(scene.check_against(&tree), Some(Reason::ReleaseUnsigned));
    assert_eq!(scene.trust().readable, before.readable);
    assert_eq!(scene.head(), scene.publisher.head_number, "the head is good");
}

#[test]
fn a_generation_under_anothers_number_is_refused() {
    let mut scene = Scene::following();
    for _ in 0..2 {
        scene.next_keyring(&signers::first_keyring());
    }
    scene.publisher.point_head_at(2);
    let mut tree = scene.publisher.tree.clone();
    tree.retain(|path, _| !path.starts_with("keyring/"));
    let third = scene.publisher.tree["keyring/3"].clone();
    tree.insert("keyring/2".into(), third.clone());
    tree.insert("keyring/1-3".into(), third);
    scene.refuse_and_note(&tree, Reason::KeyringRefused);
    assert_eq!(scene.keyring(), Order::new(0, 1));
}

#[test]
fn an_update_from_another_release_is_not_applied() {
    let (mut scene, mut tree) = offered();
    let other = tree["prod/update/1-3"].clone();
    tree.insert("prod/update/2-3".into(), other);
    assert_eq!(scene.check_against(&tree), Some(Reason::Confirmed));
    assert_eq!(
        scene.requests(),
        ["prod/head", "prod/update/2-3", "prod/release/3", scene.newest_blob().as_str()]
    );
}

#[test]
fn an_update_that_lies_about_where_it_starts_is_not_applied() {
    let (mut scene, mut tree) = offered();
    let mut forged = tree["prod/update/1-3"].clone();
    forged[5..9].copy_from_slice(&2_u32.to_le_bytes());
    assert_eq!(UpdatePrefix::parse(&forged).unwrap().from(), 2, "the lie is well formed");
    tree.insert("prod/update/2-3".into(), forged);
    tree.remove("prod/release/3");
    let before = scene.trust();
    assert_eq!(scene.check_against(&tree), Some(Reason::NotFound));
    assert_eq!(scene.trust().readable, before.readable);
}

#[test]
fn a_manifest_under_anothers_number_is_refused() {
    let (mut scene, mut tree) = offered();
    scene.release(&CERTIFICATES[1..]);
    let fourth = scene.publisher.tree["prod/release/4"].clone();
    tree.insert("prod/release/3".into(), fourth);
    tree.remove("prod/update/2-3");
    let before = scene.trust();
    assert_eq!(scene.check_against(&tree), Some(Reason::ReleaseMismatch));
    assert_eq!(scene.trust().readable, before.readable);
}

#[test]
fn no_signed_document_is_taken_for_one_of_another_kind() {
    let (scene, good) = offered();
    let parts = ["prod/head", "prod/release/3", "keyring/1", "prod/update/2-3"];
    drop(scene);
    for (place, expect) in [
        ("prod/head", &[Reason::HeadMalformed, Reason::HeadOfOtherChannel][..]),
        ("prod/release/3", &[Reason::ReleaseMalformed, Reason::ReleaseOfOtherChannel]),
    ] {
        for other in parts.iter().filter(|other| **other != place) {
            let (mut scene, _) = offered();
            let mut tree = good.clone();
            tree.insert(place.into(), good[*other].clone());
            tree.remove("prod/update/2-3");
            let before = scene.trust();
            let reason = scene.check_against(&tree).unwrap();
            assert!(expect.contains(&reason), "{other} as {place}: {}", reason.name());
            assert_eq!(scene.trust().readable, before.readable, "{other} as {place}");
        }
    }
}
