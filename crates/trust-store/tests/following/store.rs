//! What an application reads: the store's release or the seed's, whole, and new as soon as it is installed.

use std::fs::OpenOptions;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use crate::device::Device;
use bundle::Order;
use chain::pki::{Authority, Content, denial, key_denial, sha256};
use trust_store::{Condition, OpenError, Origin, Refreshed, TrustStore};

fn root(name: &str) -> Authority {
    Authority::root(name, 2000..2100)
}

fn content(anchors: &[&Authority]) -> Content {
    let content = anchors.iter().fold(Content::default(), |content, root| content.anchor(root.certificate()));
    content.service("hub", &[])
}

/// The anchors of the service `hub`, as SHA-256 in ascending order.
fn hub(store: &TrustStore) -> Vec<bundle::Sha256> {
    store.installed().anchors("hub").unwrap().map(|anchor| anchor.entry.sha256).collect()
}

#[test]
fn anchors_come_with_their_certificates_and_their_entries() {
    let (first, second) = (root("First"), root("Second"));
    let store = Device::with(&content(&[&first, &second])).open();
    let installed = store.installed();
    let mut found: Vec<_> = installed.anchors("hub").unwrap().map(|anchor| anchor.der.to_vec()).collect();
    let mut expect = vec![first.certificate().to_vec(), second.certificate().to_vec()];
    found.sort();
    expect.sort();
    assert_eq!(found, expect);
    assert!(
        installed
            .anchors("hub")
            .unwrap()
            .all(|anchor| bundle::Sha256::of(&[anchor.der]) == anchor.entry.sha256)
    );
    assert_eq!(installed.all_anchors().count(), 2);
    assert!(installed.anchors("unheard-of").is_none());
    assert_eq!((installed.origin(), installed.order()), (Origin::Store, Order::new(0, 1)));
    assert_eq!(installed.manifest().unwrap().digest(), installed.digest());
}

#[test]
fn a_service_lists_its_own_anchors_only() {
    let (first, second) = (root("First"), root("Second"));
    let content = Content::default()
        .anchor(first.certificate())
        .anchor(second.certificate())
        .service("hub", &[second.certificate()]);
    assert_eq!(hub(&Device::with(&content).open()), [sha256(second.certificate())]);
}

#[test]
fn a_new_release_is_seen_at_the_next_refresh_and_an_old_snapshot_stays_as_it_was() {
    let (first, second) = (root("First"), root("Second"));
    let mut device = Device::with(&content(&[&first]));
    let store = device.open();
    let (before, clone) = (store.installed(), store.clone());
    assert_eq!(store.refresh().unwrap(), Refreshed::Unchanged);
    device.install(&content(&[&second]));
    assert_eq!(hub(&store), [sha256(first.certificate())]);
    assert_eq!(store.refresh().unwrap(), Refreshed::Changed);
    assert_eq!(hub(&clone), [sha256(second.certificate())], "clones share one state");
    assert_eq!(store.refresh().unwrap(), Refreshed::Unchanged);
    assert!(store.installed().generation() > before.generation());
    assert_eq!(before.anchors("hub").unwrap().next().unwrap().der, first.certificate().as_ref());
}

#[test]
fn a_trial_is_read_and_a_revert_brings_the_old_release_back() {
    let (first, second) = (root("First"), root("Second"));
    let mut device = Device::with(&content(&[&first]));
    let store = device.open();
    device.install_on_trial(&content(&[&second]));
    store.refresh().unwrap();
    assert!(store.installed().is_trial());
    assert_eq!(hub(&store), [sha256(second.certificate())]);
    device.revert();
    store.refresh().unwrap();
    assert!(!store.installed().is_trial());
    assert_eq!(hub(&store), [sha256(first.certificate())]);
}

#[test]
fn the_newest_deny_list_applies_to_whatever_is_read() {
    let (first, second, third) = (root("First"), root("Second"), root("Third"));
    let mut device = Device::with(&content(&[&first, &second, &third]));
    let store = device.open();
    device.deny(&[denial(first.certificate()), key_denial(second.certificate())]);
    assert_eq!(store.refresh().unwrap(), Refreshed::Changed);
    assert_eq!(hub(&store), [sha256(third.certificate())]);
    assert_eq!(store.installed().set().denials().len(), 2);
}

#[test]
fn the_seed_is_read_before_the_first_install_and_after_a_loss() {
    let (first, second) = (root("First"), root("Second"));
    let mut device = Device::blank();
    let seed = device.seed(&content(&[&first]), 1);
    let store = TrustStore::open(device.location(), Some(&seed)).unwrap();
    assert_eq!((store.installed().origin(), hub(&store)), (Origin::Seed, vec![sha256(first.certificate())]));
    device.install(&content(&[&second]));
    device.install(&content(&[&second]));
    store.refresh().unwrap();
    assert_eq!(
        (store.installed().origin(), hub(&store)),
        (Origin::Store, vec![sha256(second.certificate())])
    );
    // Both journal blocks destroyed: the image's word holds again.
    let file = OpenOptions::new().write(true).open(device.path("store")).unwrap();
    file.set_len(0).unwrap();
    let again = TrustStore::open(device.location(), Some(&seed)).unwrap();
    assert_eq!((again.installed().origin(), hub(&again)), (Origin::Seed, vec![sha256(first.certificate())]));
}

#[test]
fn a_store_that_is_lost_while_somebody_reads_takes_nothing_back_to_the_seed() {
    let (first, second) = (root("First"), root("Second"));
    let mut device = Device::blank();
    let seed = device.seed(&content(&[&first]), 1);
    device.install(&content(&[&first]));
    device.install(&content(&[&second]));
    let store = TrustStore::open(device.location(), Some(&seed)).unwrap();
    std::fs::remove_file(device.path("store")).unwrap();
    assert_eq!(store.refresh().unwrap(), Refreshed::Unchanged);
    assert_eq!(hub(&store), [sha256(second.certificate())], "what release 2 removed stays removed");
    assert_eq!(store.condition(), Condition::Blank);
}

#[test]
fn a_store_of_a_newer_format_is_told_and_takes_nothing_away() {
    let (first, second) = (root("First"), root("Second"));
    let mut device = Device::blank();
    let seed = device.seed(&content(&[&first]), 1);
    device.install(&content(&[&first]));
    device.install(&content(&[&second]));
    let store = TrustStore::open(device.location(), Some(&seed)).unwrap();
    assert_eq!(store.condition(), Condition::Ready);
    device.write_as_newer_format();
    assert_eq!(store.refresh().unwrap(), Refreshed::Unchanged);
    assert_eq!(hub(&store), [sha256(second.certificate())]);
    assert_eq!(store.condition(), Condition::NewerFormat { format: 2 });
    let error = TrustStore::open(device.location(), None).unwrap_err();
    assert!(matches!(error, OpenError::NewerFormat { .. }), "{error}");
    assert_eq!(TrustStore::open(device.location(), Some(&seed)).unwrap().installed().origin(), Origin::Seed);
    // A program of that version goes on from there.
    device.rewrite_as_format(1);
    assert_eq!(store.refresh().unwrap(), Refreshed::Changed);
    assert_eq!((store.condition(), hub(&store)), (Condition::Ready, vec![sha256(second.certificate())]));
}

#[test]
fn a_missing_file_is_an_empty_store() {
    let device = Device::blank();
    let seed = device.seed(&content(&[&root("First")]), 1);
    let location = trust_store::Location { path: device.path("nowhere"), ..device.location() };
    assert_eq!(TrustStore::open(location, Some(&seed)).unwrap().installed().origin(), Origin::Seed);
}

#[test]
fn the_higher_release_of_store_and_seed_is_in_force() {
    let (first, second) = (root("First"), root("Second"));
    let device = Device::with(&content(&[&first]));
    for (number, origin) in [(1, Origin::Store), (2, Origin::Seed)] {
        let seed = device.seed(&content(&[&second]), number);
        let store = TrustStore::open(device.location(), Some(&seed)).unwrap();
        assert_eq!(store.installed().origin(), origin, "seed {number}");
    }
}

#[test]
fn a_newer_seed_brings_its_own_deny_list() {
    let (first, second) = (root("First"), root("Second"));
    let mut device = Device::with(&content(&[&first]));
    device.deny(&[denial(first.certificate())]);
    let seed = device.seed(&content(&[&first, &second]), 9);
    let store = TrustStore::open(device.location(), Some(&seed)).unwrap();
    assert_eq!(hub(&store).len(), 2);
}

#[test]
fn nothing_at_all_is_an_error_that_names_the_store() {
    let device = Device::blank();
    let error = TrustStore::open(device.location(), None).unwrap_err();
    assert!(matches!(error, OpenError::Empty { .. }));
    assert!(error.to_string().starts_with(device.path("store").to_str().unwrap()), "{error}");
}

#[test]
fn a_bad_seed_is_an_error_only_where_it_is_needed() {
    let first = root("First");
    let mut device = Device::blank();
    let seed = device.seed(&content(&[&first]), 1);
    let mut bytes = std::fs::read(&seed).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::io::Write::write_all(&mut std::fs::File::create(&seed).unwrap(), &bytes).unwrap();
    let error = TrustStore::open(device.location(), Some(&seed)).unwrap_err();
    assert!(error.to_string().starts_with(seed.to_str().unwrap()), "{error}");
    device.install(&content(&[&first]));
    assert!(TrustStore::open(device.location(), Some(&seed)).is_ok());
}

#[test]
fn a_region_that_is_none_is_named() {
    let device = Device::blank();
    let location = trust_store::Location { length: 100, ..device.location() };
    assert!(matches!(TrustStore::open(location, None), Err(OpenError::Region { .. })));
}

#[test]
fn a_follower_tells_of_every_change_and_ends_when_dropped() {
    let (first, second) = (root("First"), root("Second"));
    let mut device = Device::with(&content(&[&first]));
    let (tell, told) = mpsc::channel();
    let follower = device.open().follow(Duration::from_millis(1), move |installed| {
        tell.send(installed.order().number).unwrap();
    });
    assert_eq!(told.recv_timeout(Duration::from_secs(30)), Ok(1));
    device.install(&content(&[&second]));
    assert_eq!(told.recv_timeout(Duration::from_secs(30)), Ok(2));
    drop(follower);
    assert!(told.recv().is_err(), "the callback is gone with its thread");
}

#[test]
fn a_reverted_first_install_leaves_the_seed() {
    let (first, second) = (root("First"), root("Second"));
    let mut device = Device::blank();
    let seed = device.seed(&content(&[&first]), 1);
    device.number = 1;
    device.install_on_trial(&content(&[&second]));
    let store = TrustStore::open(device.location(), Some(&seed)).unwrap();
    assert_eq!(hub(&store), [sha256(second.certificate())]);
    device.revert();
    assert_eq!(store.refresh().unwrap(), Refreshed::Changed);
    assert_eq!((store.installed().origin(), hub(&store)), (Origin::Seed, vec![sha256(first.certificate())]));
}

#[test]
fn a_bundle_that_rots_is_kept_by_who_has_read_it_and_the_deny_list_still_applies() {
    let (first, second) = (root("First"), root("Second"));
    let mut device = Device::with(&content(&[&first, &second]));
    let store = device.open();
    device.rot();
    device.deny(&[denial(first.certificate())]);
    assert_eq!(store.refresh().unwrap(), Refreshed::Changed);
    assert_eq!(hub(&store), [sha256(second.certificate())]);
}

#[test]
fn a_record_that_is_being_written_is_no_change_yet() {
    let (first, second) = (root("First"), root("Second"));
    let mut device = Device::with(&content(&[&first]));
    let store = device.open();
    let before = store.installed();
    device.begin_record();
    for _ in 0..2 {
        assert_eq!(store.refresh().unwrap(), Refreshed::Unchanged);
    }
    assert!(Arc::ptr_eq(&before, &store.installed()));
    // The agent comes to its end with it, or after a power cut begins again.
    device.install(&content(&[&second]));
    assert_eq!(store.refresh().unwrap(), Refreshed::Changed);
    assert_eq!(hub(&store), [sha256(second.certificate())]);
}

#[test]
fn a_file_put_in_the_place_of_the_store_is_read() {
    let (first, second) = (root("First"), root("Second"));
    let device = Device::with(&content(&[&first]));
    let store = device.open();
    // It counts as many changes as the one that was read.
    let other = Device::with(&content(&[&second]));
    std::fs::rename(other.path("store"), device.path("store")).unwrap();
    assert_eq!(store.refresh().unwrap(), Refreshed::Changed);
    assert_eq!(hub(&store), [sha256(second.certificate())]);
}
