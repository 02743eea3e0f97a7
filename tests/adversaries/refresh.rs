//! A check of the published tree: what is asked for, what is kept, and what a missing or spoilt start leads to.

use bundle::{Order, Sha256, write};
use device_agent::{Reason, StartError};
use system_tests::{
    device::{Device, Image, TrustState, all_verify},
    signers,
};

use crate::scene::{CERTIFICATES, DAY, REGION_BYTES, START, Scene, content, publisher, unsigned_bytes};

fn started(image: Image<'_>) -> Result<Device, StartError> {
    Device::start("device-1", "prod", image, START, REGION_BYTES)
}

#[test]
fn a_first_check_asks_for_head_keyring_recovery_and_update_and_for_nothing_else() {
    let mut scene = Scene::provisioned(&signers::first_keyring(), &signers::KEYRING_KEYS[..2]);
    scene.release(&CERTIFICATES[..2]);
    assert_eq!(scene.check(), Some(Reason::Confirmed));
    assert_eq!(scene.requests(), ["prod/head", "keyring/2", "recovery/1", "prod/update/0-1"]);
    assert_eq!(scene.check(), Some(Reason::UpToDate));
    assert_eq!(scene.requests(), ["prod/head"]);
}

#[test]
fn what_is_kept_is_what_was_published() {
    let mut scene = Scene::provisioned(&signers::first_keyring(), &signers::KEYRING_KEYS[..2]);
    scene.release(&CERTIFICATES[..2]);
    scene.check();
    assert_eq!(scene.trust().readable, scene.as_published(1));
    assert_eq!(scene.device.keyring_bytes(), unsigned_bytes(&scene.publisher.keyring.1));
    assert_eq!(scene.head(), scene.publisher.head_number);
}

#[test]
fn the_bytes_that_came_are_the_bytes_that_are_kept() {
    // The table holds a stranger's signature and stands in an order that no writer of ours would choose.
    let mut scene = Scene::following();
    let next = content(&scene.publisher, &CERTIFICATES);
    let body = next.encode();
    let order = Order::new(0, 3);
    let unsigned = signers::unsigned(bundle::Kind::Manifest, "prod", order, 1, scene.publisher.now, body);
    let sorted = unsigned.assemble(&signers::signatures(&unsigned, &[11, 12, 77])).unwrap();
    let table = sorted.len() - unsigned.body().len() - 3 * 75;
    let mut document = sorted.clone();
    document[table..table + 3 * 75].rotate_left(75);
    assert_ne!(document, sorted);
    scene.publisher.publish_document(3, document.clone(), &CERTIFICATES);
    assert_eq!(scene.check(), Some(Reason::Confirmed));
    let kept = Sha256::of(&[&document, &scene.publisher.release_blobs(3)]);
    assert_eq!(scene.trust().readable, kept);
}

#[test]
fn a_release_with_a_missing_certificate_is_not_installed_and_the_head_is_kept() {
    let mut scene = Scene::following();
    scene.release(&CERTIFICATES);
    let mut tree = scene.publisher.tree.clone();
    let last = format!("prod/blob/{}", Sha256::of(&[CERTIFICATES[3]]));
    tree.retain(|path, _| !path.contains("/update/") && *path != last);
    let before = scene.trust();
    assert_eq!(scene.check_against(&tree), Some(Reason::NotFound));
    assert_eq!(TrustState { floors: before.floors, ..scene.trust() }, before);
    assert_eq!(scene.head(), scene.publisher.head_number);
    assert_eq!(scene.requests(), ["prod/head", "prod/update/2-3", "prod/release/3", last.as_str()]);
}

#[test]
fn a_malformed_first_keyring_starts_no_device_and_asks_nobody() {
    let publisher = publisher();
    let keyring = &publisher.keyring.1;
    for cut in [0, 4, 40, keyring.len() - 1] {
        let image = Image { keyring: Some(&keyring[..cut]), ..Image::default() };
        assert!(matches!(started(image), Err(StartError::Keyring(_))), "cut at {cut}");
    }
    assert!(matches!(started(Image::default()), Err(StartError::KeyringMissing)));
}

#[test]
fn an_unsigned_first_keyring_starts_no_device_and_asks_nobody() {
    let publisher = publisher();
    let order = Order::new(0, 1);
    let document = publisher.keyring_document(&signers::first_keyring(), order, &signers::KEYRING_KEYS[..1]);
    let image = Image { keyring: Some(&document), ..Image::default() };
    assert!(matches!(started(image), Err(StartError::Keyring(_))));
    let release = publisher.release_document(1).unwrap();
    let seed = write::seed(&document, release, &publisher.release_blobs(1));
    assert!(matches!(started(Image { seed: Some(&seed), ..Image::default() }), Err(StartError::Seed(_))));
}

#[test]
fn without_a_head_a_check_fails_and_changes_nothing() {
    let mut scene = Scene::following();
    scene.release(&CERTIFICATES);
    let mut tree = scene.publisher.tree.clone();
    tree.remove("prod/head");
    scene.refuse(&tree, Reason::NotFound);
    assert_eq!(scene.requests(), ["prod/head"]);
}

#[test]
fn without_update_and_manifest_a_check_fails_and_the_head_is_kept() {
    let mut scene = Scene::following();
    scene.release(&CERTIFICATES);
    let mut tree = scene.publisher.tree.clone();
    tree.retain(|path, _| !path.contains("/update/") && !path.ends_with("/release/3"));
    let before = scene.trust();
    assert_eq!(scene.check_against(&tree), Some(Reason::NotFound));
    assert_eq!(TrustState { floors: before.floors, ..scene.trust() }, before);
    assert_eq!(scene.head(), scene.publisher.head_number);
}

#[test]
fn a_check_without_news_fetches_no_certificate_and_writes_nothing() {
    let mut scene = Scene::following();
    let bytes = scene.device.bytes();
    for _ in 0..5 {
        assert_eq!(scene.check(), Some(Reason::UpToDate));
        assert_eq!(scene.requests(), ["prod/head"]);
    }
    assert!(scene.device.bytes() == bytes);
}

#[test]
fn certificates_that_are_here_are_not_fetched_again() {
    let mut scene = Scene::following();
    scene.release(&CERTIFICATES);
    let mut tree = scene.publisher.tree.clone();
    tree.retain(|path, _| !path.contains("/update/"));
    assert_eq!(scene.check_against(&tree), Some(Reason::Confirmed));
    let blobs: Vec<&str> = scene.requests().into_iter().filter(|path| path.contains("/blob/")).collect();
    assert_eq!(blobs, [format!("prod/blob/{}", Sha256::of(&[CERTIFICATES[3]]))]);
}

#[test]
fn the_newest_keyring_is_asked_for_once_a_day_whoever_hides_it() {
    let mut scene = Scene::following();
    let old = scene.publisher.tree.get("prod/head").cloned().unwrap();
    scene.next_keyring(&signers::first_keyring());
    scene.publisher.tree.insert("prod/head".into(), old);
    assert_eq!(scene.check(), Some(Reason::UpToDate));
    assert_eq!(scene.keyring(), Order::new(0, 1));
    scene.pass(DAY);
    assert_eq!(scene.check(), Some(Reason::UpToDate));
    assert_eq!(scene.keyring(), Order::new(0, 2));
}

#[test]
fn a_restarted_device_goes_on_with_what_it_kept() {
    let mut scene = Scene::following();
    let before = scene.trust();
    scene.device = scene.device.restart();
    assert_eq!(scene.trust(), before);
    let tree = scene.publisher.tree.clone();
    let reason = scene.device.cycle(&mut |path| tree.get(path).cloned(), &mut all_verify);
    assert_eq!(reason, Some(Reason::UpToDate));
}
