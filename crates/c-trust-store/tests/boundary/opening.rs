//! What there may be instead of a store, when a handle is opened and while it is.

use std::fs;

use chain::pki::{Authority, Content};
use trust_store_c::anchors::TRUST_STORE_DER;
use trust_store_c::code::{
    TRUST_STORE_NEWER_FORMAT, TRUST_STORE_NO_BUNDLE, TRUST_STORE_OK, TRUST_STORE_REGION_REFUSED,
    TRUST_STORE_SEED_REFUSED, TRUST_STORE_STORE_FAILED,
};

use crate::arguments::device;
use crate::caller::{Caller, open};

/// Stable reasons of snapshots.
const STORE_LOST: u16 = 160;
const STORE_NEWER_FORMAT: u16 = 161;
const STORE_FAILED: u16 = 163;

fn seed_content() -> Content {
    Content::default().anchor(Authority::root("Seed", 2020..2045).certificate()).service("hub", &[])
}

#[test]
fn what_cannot_be_opened_is_a_code_and_a_line_that_names_it() {
    let device = device();
    let folder = tempfile::tempdir().unwrap();
    let (nowhere, torn) = (folder.path().join("nowhere"), folder.path().join("torn"));
    fs::File::create(&torn).unwrap().set_len(1_048_576).unwrap();
    let check = |(code, caller, told): (i32, Option<Caller>, String), expect: i32, word: &str| {
        assert!(code == expect && caller.is_none(), "{code} {told}");
        assert!(told.contains(word), "{told}");
    };
    let path = |path: &std::path::Path| path.to_str().unwrap().to_owned();
    check(open(&nowhere, None, |_| {}), TRUST_STORE_NO_BUNDLE, &path(&nowhere));
    check(open(&torn, None, |_| {}), TRUST_STORE_NO_BUNDLE, &path(&torn));
    let no_folder = torn.join("store");
    check(open(&no_folder, None, |_| {}), TRUST_STORE_STORE_FAILED, &path(&no_folder));
    check(open(&nowhere, Some(&torn), |_| {}), TRUST_STORE_SEED_REFUSED, &path(&torn));
    let store = device.path("store");
    check(open(&store, None, |config| config.store_bytes = 100), TRUST_STORE_REGION_REFUSED, &path(&store));
    check(open(&store, None, |config| config.store_offset = 5), TRUST_STORE_REGION_REFUSED, &path(&store));
    device.write_as_newer_format();
    check(open(&store, None, |_| {}), TRUST_STORE_NEWER_FORMAT, "update this program");
}

#[test]
fn the_seed_holds_where_the_store_has_nothing() {
    let device = device();
    let seed = device.seed(&seed_content(), 1);
    let (code, caller, _) = open(&device.path("nowhere"), Some(&seed), |_| {});
    let snapshot = caller.unwrap().snapshot();
    assert_eq!((code, snapshot.phase, snapshot.release.number, snapshot.reason), (TRUST_STORE_OK, 0, 1, 0));
    device.write_as_newer_format();
    let (_, caller, _) = open(&device.path("store"), Some(&seed), |_| {});
    assert_eq!(caller.unwrap().snapshot().reason, STORE_NEWER_FORMAT);
}

#[test]
fn whatever_becomes_of_the_store_what_was_read_stays_and_the_snapshot_says_why() {
    let device = device();
    let store = device.path("store");
    let caller = Caller::opened(&store);
    let anchors = caller.anchors(0, TRUST_STORE_DER);
    let check = |code: i32, reason: u16| {
        assert_eq!(caller.refresh(), code);
        let snapshot = caller.snapshot();
        assert_eq!((snapshot.reason, snapshot.release.number, snapshot.phase), (reason, 1, 1));
        assert_eq!(caller.anchors(0, TRUST_STORE_DER), anchors);
    };
    let whole = fs::read(&store).unwrap();
    fs::remove_file(&store).unwrap();
    check(TRUST_STORE_OK, STORE_LOST);
    std::os::unix::fs::symlink(&store, &store).unwrap();
    check(TRUST_STORE_STORE_FAILED, STORE_FAILED);
    fs::remove_file(&store).unwrap();
    std::io::Write::write_all(&mut fs::File::create(&store).unwrap(), &whole).unwrap();
    check(TRUST_STORE_OK, 0);
    device.write_as_newer_format();
    check(TRUST_STORE_OK, STORE_NEWER_FORMAT);
}
