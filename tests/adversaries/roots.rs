//! Keyring succession, case by case as root rotation is tried elsewhere: who is followed, and where a chain stops.

use bundle::{Order, write::KeyringContent};
use device_agent::Reason;
use system_tests::signers::{self, role};

use crate::scene::{CERTIFICATES, Scene, content, unsigned_bytes};

/// One generation: keys and threshold of the keyring role, and who signs it.
struct Generation {
    keys: &'static [u8],
    threshold: u8,
    signers: &'static [u8],
}

/// Keys of this test, apart from those of the other roles.
const FIRST_KEY: u8 = 100;

fn of(keys: &'static [u8], threshold: u8, signers: &'static [u8]) -> Generation {
    Generation { keys, threshold, signers }
}

fn numbers(keys: &[u8]) -> Vec<u8> {
    keys.iter().map(|key| FIRST_KEY + key).collect()
}

fn keyring(generation: &Generation) -> KeyringContent {
    KeyringContent {
        keyring: role(generation.threshold, &numbers(generation.keys)),
        ..signers::first_keyring()
    }
}

/// A device with the first generation, after one check of a tree with all of them and one release.
fn checked(generations: &[Generation]) -> (Scene, Option<Reason>, Vec<Vec<u8>>) {
    let first = &generations[0];
    let mut scene = Scene::provisioned(&keyring(first), &numbers(first.signers));
    let mut documents = vec![scene.publisher.keyring.1.clone()];
    for (number, generation) in (2..).zip(&generations[1..]) {
        let order = Order::new(0, number);
        scene.publisher.publish_keyring(&keyring(generation), None, order, &numbers(generation.signers));
        documents.push(scene.publisher.keyring.1.clone());
    }
    let next = content(&scene.publisher, &CERTIFICATES[..2]);
    scene.publisher.publish(&next, &CERTIFICATES[..2]);
    let reason = scene.check();
    (scene, reason, documents)
}

/// The whole chain is followed: the newest keyring is held byte for byte, and its release is in use.
fn follows(generations: &[Generation]) {
    let (scene, reason, documents) = checked(generations);
    assert_eq!(reason, Some(Reason::Confirmed));
    assert_eq!(scene.device.keyring_bytes(), unsigned_bytes(&documents[documents.len() - 1]));
    assert_eq!(scene.installed(), 1);
}

/// The chain stops before its last generation, which is refused by name; nothing of it is in use.
fn stops(generations: &[Generation]) {
    let (scene, reason, documents) = checked(generations);
    assert_eq!(reason, Some(Reason::KeyringRefused));
    assert_eq!(scene.device.keyring_bytes(), unsigned_bytes(&documents[documents.len() - 2]));
    assert_eq!(scene.installed(), 0);
}

#[test]
fn one_key_is_replaced_by_another() {
    follows(&[of(&[1], 1, &[1]), of(&[2], 1, &[2, 1]), of(&[2], 1, &[2])]);
}

#[test]
fn signatures_of_strangers_beside_the_needed_ones_are_no_obstacle() {
    follows(&[of(&[1], 1, &[3, 1, 4]), of(&[2], 1, &[3, 2, 1, 4]), of(&[2], 1, &[3, 2, 4])]);
}

#[test]
fn any_three_of_five_sign() {
    const ALL: &[u8] = &[0, 1, 2, 3, 4];
    follows(&[
        of(ALL, 3, &[0, 2, 4]),
        of(ALL, 3, &[0, 4, 1]),
        of(ALL, 3, &[0, 1, 3]),
        of(ALL, 3, &[0, 1, 3]),
    ]);
}

#[test]
fn one_of_five_keys_is_replaced() {
    follows(&[of(&[0, 1, 2, 3, 4], 3, &[0, 2, 4]), of(&[0, 1, 3, 4, 5], 3, &[0, 4, 1])]);
}

#[test]
fn one_of_five_keys_is_replaced_and_the_new_one_signs_the_next() {
    const NEXT: &[u8] = &[0, 1, 3, 4, 5];
    follows(&[of(&[0, 1, 2, 3, 4], 3, &[0, 2, 4]), of(NEXT, 3, &[0, 2, 4, 5]), of(NEXT, 3, &[0, 4, 5])]);
}

#[test]
fn all_five_keys_are_replaced_and_the_new_ones_sign_the_next() {
    const NEXT: &[u8] = &[5, 6, 7, 8, 9];
    follows(&[
        of(&[0, 1, 2, 3, 4], 3, &[0, 2, 4]),
        of(NEXT, 3, &[0, 2, 4, 5, 6, 7]),
        of(NEXT, 3, &[5, 6, 7]),
    ]);
}

#[test]
fn a_threshold_rises_from_one_to_two_of_three() {
    follows(&[of(&[1, 2, 3], 1, &[1]), of(&[1, 2, 3], 2, &[1, 2])]);
}

#[test]
fn a_threshold_falls_from_two_to_one_of_three() {
    follows(&[of(&[1, 2, 3], 2, &[1, 2]), of(&[1, 2, 3], 1, &[1, 2]), of(&[1, 2, 3], 1, &[1])]);
}

#[test]
fn a_second_key_joins_and_both_must_sign() {
    follows(&[of(&[1], 1, &[1]), of(&[1, 2], 2, &[1, 2])]);
}

#[test]
fn without_the_old_key_the_chain_stops() {
    stops(&[of(&[1], 1, &[1]), of(&[2], 1, &[2, 3, 4])]);
}

#[test]
fn without_the_new_key_the_chain_stops() {
    stops(&[of(&[1], 1, &[1]), of(&[2], 1, &[1, 3, 4])]);
}

#[test]
fn without_three_of_the_new_keys_the_chain_stops() {
    stops(&[of(&[0, 1, 2, 3, 4], 3, &[0, 2, 4]), of(&[0, 1, 3, 4, 5], 3, &[0, 2, 4])]);
}

#[test]
fn without_three_of_the_old_keys_the_chain_stops() {
    stops(&[of(&[0, 1, 2, 3, 4], 3, &[0, 2, 4]), of(&[0, 1, 3, 4, 5], 3, &[0, 4, 5])]);
}

#[test]
fn a_raised_threshold_must_be_met_by_the_generation_that_raises_it() {
    stops(&[of(&[1, 2, 3], 1, &[1]), of(&[1, 2, 3], 2, &[2])]);
}

#[test]
fn a_threshold_is_not_lowered_by_fewer_than_it_asks_for() {
    stops(&[of(&[1, 2, 3], 2, &[1, 2]), of(&[1, 2, 3], 1, &[1])]);
}
