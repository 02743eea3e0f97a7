//! Keys of the head and release roles, exchanged by a keyring: whose signatures count afterwards, role by role.

use bundle::write::KeyringContent;
use device_agent::Reason;
use system_tests::signers::{self, role};

use crate::scene::{CERTIFICATES, Scene};

/// Keys of this test, apart from those of the other roles.
const FIRST_KEY: u8 = 130;

fn numbers(keys: &[u8]) -> Vec<u8> {
    keys.iter().map(|key| FIRST_KEY + key).collect()
}

/// A device at release 1 and a tree whose keyring gives the head role these keys; they sign the head of release 2.
fn with_head_role(keys: &[u8], threshold: u8, by: &[u8]) -> (Scene, Option<Reason>) {
    let mut scene = Scene::fresh();
    scene.next_keyring(&KeyringContent { head: role(threshold, &numbers(keys)), ..signers::first_keyring() });
    scene.publisher.head_signers = numbers(by);
    scene.release(&CERTIFICATES[..3]);
    let reason = scene.check();
    (scene, reason)
}

/// The same for the release role.
fn with_release_role(keys: &[u8], threshold: u8, by: &[u8]) -> (Scene, Option<Reason>) {
    let mut scene = Scene::fresh();
    scene.next_keyring(&KeyringContent {
        release: role(threshold, &numbers(keys)),
        ..signers::first_keyring()
    });
    scene.publisher.release_signers = numbers(by);
    scene.release(&CERTIFICATES[..3]);
    let reason = scene.check();
    (scene, reason)
}

/// Head and release signed like this are accepted: the release is in use, byte for byte as it was published.
fn accepted(keys: &[u8], threshold: u8, by: &[u8]) {
    for (mut scene, reason) in [with_head_role(keys, threshold, by), with_release_role(keys, threshold, by)] {
        assert_eq!((reason, scene.installed()), (Some(Reason::Confirmed), 2));
        assert_eq!(scene.head(), scene.publisher.head_number);
        assert_eq!(scene.trust().readable, scene.as_published(2));
    }
}

/// Head and release signed like this are refused by name; the keyring is kept, which is good.
fn refused(keys: &[u8], threshold: u8, by: &[u8]) {
    let (scene, reason) = with_head_role(keys, threshold, by);
    assert_eq!((reason, scene.installed()), (Some(Reason::HeadUnsigned), 1));
    assert_eq!((scene.head(), scene.keyring().number), (0, 2));
    let (scene, reason) = with_release_role(keys, threshold, by);
    assert_eq!((reason, scene.installed()), (Some(Reason::ReleaseUnsigned), 1));
    assert_eq!((scene.head(), scene.keyring().number), (scene.publisher.head_number, 2));
}

#[test]
fn a_new_key_signs_after_the_keyring_that_names_it() {
    accepted(&[2], 1, &[2]);
}

#[test]
fn signatures_of_strangers_do_no_harm() {
    accepted(&[1], 1, &[3, 1, 4]);
}

#[test]
fn without_the_new_key_nothing_counts() {
    refused(&[2], 1, &[1, 3, 4]);
}

#[test]
fn a_replaced_key_among_three_does_not_count() {
    refused(&[0, 1, 3, 4, 5], 3, &[0, 2, 4]);
}

#[test]
fn two_signatures_of_three_are_not_enough() {
    refused(&[0, 1, 3, 4, 5], 3, &[0, 4]);
}

#[test]
fn the_first_three_of_five_sign() {
    accepted(&[0, 1, 2, 3, 4], 3, &[0, 2, 4]);
}

#[test]
fn the_second_three_of_five_sign() {
    accepted(&[0, 1, 2, 3, 4], 3, &[0, 4, 1]);
}

#[test]
fn the_third_three_of_five_sign() {
    accepted(&[0, 1, 2, 3, 4], 3, &[0, 1, 3]);
}

#[test]
fn the_fourth_three_of_five_sign() {
    accepted(&[0, 1, 2, 3, 4], 3, &[1, 2, 3]);
}

#[test]
fn the_fifth_three_of_five_sign() {
    accepted(&[0, 1, 2, 3, 4], 3, &[2, 3, 4]);
}
