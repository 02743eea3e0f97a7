//! Published trees and files, whole and damaged, judged as a device would.

use bundle::{Order, Sha256, UnixSeconds};

use super::file::{self, Judge};
use super::kit::{
    CHANNEL, ISSUED, LIFETIME_SECONDS, Published, head_of, head_signers, judge, keyring, recovery_file,
    release, release_signers,
};
use super::origin::Origin;
use super::record::{Grade, Record};
use super::trust::Ring;
use crate::server::kit::TestSite;

/// The codes of all checks that are not good, with their subjects.
fn faults(record: &Record) -> Vec<(String, &str)> {
    let faults = record.checks.iter().filter(|check| check.grade != Grade::Good);
    faults.map(|check| (check.subject.clone(), check.code.unwrap_or_default())).collect()
}

#[track_caller]
fn expect(record: &Record, grade: Grade, subject: &str, code: &str) {
    assert_eq!(record.grade(), grade, "{}", record.table());
    assert!(faults(record).contains(&(subject.to_owned(), code)), "{}", record.table());
}

#[test]
fn a_whole_tree_verifies_from_an_older_keyring() {
    let record = Published::new().judge();
    assert_eq!(record.grade(), Grade::Good, "{}", record.table());
    let subjects: Vec<&str> = record.checks.iter().map(|check| check.subject.as_str()).collect();
    let expected = ["keyring/2", "keyring packs", "prod/head", "prod/release/3", "prod/blob", "prod/update"];
    assert_eq!(subjects, expected);
    assert!(record.checks[5].detail.contains("from 0 ("), "{}", record.table());
    assert!(record.checks[5].detail.contains(" 2 ("), "{}", record.table());
}

#[test]
fn without_a_keyring_headers_are_shown_and_nothing_is_verified() {
    let record = Published::new().judge_at(ISSUED, None);
    assert_eq!(record.grade().exit(), crate::Exit::Signatures);
    assert!(record.checks[0].detail.starts_with("head 40 of channel "), "{}", record.table());
    assert!(record.checks.iter().all(|check| check.grade == Grade::NotVerified));
}

#[test]
fn a_head_grows_late_and_then_stale() {
    let published = Published::new();
    let at = |seconds: u32| published.judge_at(ISSUED.plus(u64::from(seconds)), Some(published.ring()));
    assert_eq!(at(LIFETIME_SECONDS / 2 - 1).grade(), Grade::Good);
    expect(&at(LIFETIME_SECONDS / 2), Grade::Finding, "prod/head", "head_late");
    expect(&at(LIFETIME_SECONDS - 3_600), Grade::Finding, "prod/head", "head_late");
    expect(&at(LIFETIME_SECONDS), Grade::Finding, "prod/head", "stale");
    let before = published.judge_at(UnixSeconds(ISSUED.0 - 3_600), Some(published.ring()));
    expect(&before, Grade::Finding, "prod/head", "head_from_future");
}

#[test]
fn a_head_of_another_key_is_refused() {
    let published = Published::new();
    published.put("prod/head", &head_of(&published.releases[2], &[99], 2));
    expect(&published.judge(), Grade::BadSignature, "prod/head", "threshold");
}

#[test]
fn a_release_below_its_threshold_is_refused() {
    let published = Published::new();
    let weak = release(3, &release_signers()[..1]);
    published.put("prod/release/3", &weak);
    expect(&published.judge(), Grade::BadSignature, "prod/release/3", "threshold");
}

#[test]
fn another_release_under_the_same_number_is_refused() {
    let published = Published::new();
    let other = release(2, &release_signers()[..2]);
    published.put("prod/head", &head_of(&other, &head_signers(), 2));
    published.put("prod/release/2", &published.releases[2]);
    expect(&published.judge(), Grade::BadInput, "prod/release/2", "release_digest");
}

#[test]
fn a_head_that_names_an_unpublished_keyring_is_found() {
    let published = Published::new();
    published.put("prod/head", &head_of(&published.releases[2], &head_signers(), 1));
    expect(&published.judge(), Grade::Finding, "prod/head", "keyring_not_named");
    published.put("prod/head", &head_of(&published.releases[2], &head_signers(), 3));
    expect(&published.judge(), Grade::NotVerified, "prod/head", "keyring_too_old");
}

#[test]
fn missing_files_are_named() {
    let blob = format!("prod/blob/{}", Sha256::of(&[b"the first certificate"]));
    let cases = [
        ("prod/release/3", Grade::BadInput, "release_missing"),
        (blob.as_str(), Grade::BadInput, "blob_missing"),
        ("prod/update/0-3", Grade::Finding, "update_missing"),
    ];
    for (path, grade, code) in cases {
        let published = Published::new();
        published.remove(path);
        expect(&published.judge(), grade, path, code);
    }
    let published = Published::new();
    published.remove("prod/release/2");
    expect(&published.judge(), Grade::BadInput, "prod/update/2-3", "base_missing");
}

#[test]
fn a_damaged_file_of_any_kind_is_named() {
    let blob = format!("prod/blob/{}", Sha256::of(&[b"the first certificate"]));
    for path in [
        "keyring/2",
        "keyring/1-2",
        "prod/head",
        "prod/release/3",
        "prod/update/0-3",
        "prod/update/2-3",
        &blob,
    ] {
        let published = Published::new();
        let mut bytes = std::fs::read(published.folder.path().join(path)).unwrap();
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        published.put(path, &bytes);
        let record = published.judge();
        assert!(record.grade() > Grade::Unreachable, "{path}: {}", record.table());
        assert!(faults(&record).iter().any(|(subject, _)| subject == path), "{path}: {}", record.table());
        published.put(path, &bytes[..last]);
        assert!(published.judge().grade() > Grade::Unreachable, "{path}, cut");
    }
}

#[test]
fn an_update_that_carries_too_much_or_starts_elsewhere_is_refused() {
    let published = Published::new();
    published.put("prod/update/1-3", &[published.update(1), b"more".to_vec()].concat());
    expect(&published.judge(), Grade::BadInput, "prod/update/1-3", "update_trailing");
    published.put("prod/update/1-3", &published.update(2));
    expect(&published.judge(), Grade::BadInput, "prod/update/1-3", "update_from");
}

#[test]
fn a_recovery_is_followed_where_the_next_generation_is_a_dead_end() {
    let published = Published::new();
    published.put("keyring/3", &keyring(Order::new(0, 2), 31));
    published.put("recovery/1", &recovery_file());
    let record = published.judge();
    assert!(faults(&record).contains(&("keyring/3".to_owned(), "not_newer")), "{}", record.table());
    let recovered = record.checks.iter().find(|check| check.subject == "recovery/1").unwrap();
    assert!(recovered.detail.starts_with("keyring 1/3, signed by the recovery keys"), "{}", recovered.detail);
}

#[test]
fn a_pack_that_leads_elsewhere_is_refused() {
    let published = Published::new();
    published.put("keyring/3", &keyring(Order::new(0, 3), 31));
    published.put("keyring/1-3", &published.keyrings[1]);
    expect(&published.judge(), Grade::BadInput, "keyring/1-3", "pack_end");
}

#[test]
fn a_file_that_does_not_belong_is_found() {
    let published = Published::new();
    published.put("head.key", b"secret");
    published.put(".lock", b"");
    assert_eq!(faults(&published.judge()), [("head.key".to_owned(), "foreign_file")]);
}

#[test]
fn a_url_is_judged_as_a_folder_is() {
    let published = Published::new();
    let site = TestSite::start(published.folder.path());
    let origin = Origin::Site(super::fetch::Fetcher::new(&site.url, None).unwrap());
    let record = judge(&origin, None, ISSUED.plus(60), Some(published.ring()));
    assert_eq!(record.grade(), Grade::Good, "{}", record.table());
    assert!(record.checks.iter().any(|check| check.subject == "keyring packs"), "{}", record.table());
    drop(site);
    let record = judge(&origin, None, ISSUED.plus(60), Some(published.ring()));
    assert_eq!(record.grade().exit(), crate::Exit::Io, "{}", record.table());
}

#[test]
fn a_url_that_devices_would_not_use_is_refused() {
    for url in
        ["ftp://a/", "http://user:secret@a/", "http://user@a/", "http://a/?token=1", "http://", "http://a/#b"]
    {
        assert!(super::fetch::Fetcher::new(url, None).is_err(), "{url}");
    }
}

fn judge_file(published: &Published, bytes: &[u8], with_keyring: bool) -> Record {
    judge_file_from(published, bytes, with_keyring, None)
}

fn judge_file_from(published: &Published, bytes: &[u8], with_keyring: bool, base: Option<&[u8]>) -> Record {
    let mut record = Record::default();
    let judge = Judge { channel: Some(CHANNEL), base, names: &[], now: ISSUED.plus(60), explain: true };
    file::check(bytes, with_keyring.then(|| published.ring()), &judge, &mut record);
    record
}

#[test]
fn every_form_of_file_verifies_and_no_byte_of_it_can_change() {
    let published = Published::new();
    // The head is for keyring 2, which a device at keyring 1 cannot judge by itself; the USB file brings it.
    let forms = [
        ("keyring", published.keyrings[1].clone()),
        ("release", published.releases[2].clone()),
        ("seed", published.seed()),
        ("update", published.update(0)),
        ("usb", published.usb(true)),
    ];
    for (form, bytes) in forms {
        let whole = judge_file(&published, &bytes, true);
        assert_eq!(whole.grade(), Grade::Good, "{form}: {}", whole.table());
        let shown = judge_file(&published, &bytes, false);
        assert_eq!(shown.grade(), Grade::NotVerified, "{form}: {}", shown.table());
        for position in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[position] ^= 1;
            let record = judge_file(&published, &flipped, true);
            assert!(!record.grade().is_verified(), "{form}, byte {position}: {}", record.table());
        }
        for length in 0..bytes.len() {
            let record = judge_file(&published, &bytes[..length], true);
            assert!(!record.grade().is_verified(), "{form}, {length} bytes: {}", record.table());
        }
        let longer = [bytes.as_slice(), b"x"].concat();
        assert!(!judge_file(&published, &longer, true).grade().is_verified(), "{form} with a byte more");
    }
}

#[test]
fn a_head_is_judged_under_the_keyring_that_it_names() {
    let published = Published::new();
    expect(&judge_file(&published, &published.head, true), Grade::NotVerified, "head", "keyring_too_old");
    let ring = Ring::new(&published.keyrings[1], "keyring/2").unwrap();
    let mut record = Record::default();
    let judge = Judge { channel: None, base: None, names: &[], now: ISSUED.plus(60), explain: false };
    file::check(&published.head, Some(ring), &judge, &mut record);
    assert_eq!(record.grade(), Grade::Good, "{}", record.table());
}

#[test]
fn an_update_needs_its_base_to_be_run() {
    let published = Published::new();
    let update = published.update(2);
    expect(&judge_file(&published, &update, true), Grade::NotVerified, "patch", "no_base");
    let record = judge_file_from(&published, &update, true, Some(&published.releases[1]));
    assert_eq!(record.grade(), Grade::Good, "{}", record.table());
    let record = judge_file_from(&published, &update, true, Some(&published.releases[0]));
    expect(&record, Grade::BadInput, "update", "update_from");
}

#[test]
fn a_usb_file_without_a_head_is_of_unknown_freshness() {
    let published = Published::new();
    expect(&judge_file(&published, &published.usb(false), true), Grade::Finding, "head", "no_head");
}

#[test]
fn a_release_of_another_channel_is_refused() {
    let published = Published::new();
    let mut record = Record::default();
    let judge = Judge { channel: Some("staging"), base: None, names: &[], now: ISSUED, explain: false };
    file::check(&published.releases[2], Some(published.ring()), &judge, &mut record);
    expect(&record, Grade::BadInput, "manifest", "channel");
}

#[test]
fn other_files_are_named_for_what_they_are_not() {
    let published = Published::new();
    for bytes in [&b""[..], b"TBD", b"-----BEGIN CERTIFICATE-----", b"SQLite format 3\0"] {
        expect(&judge_file(&published, bytes, true), Grade::BadInput, "file", "unknown_form");
    }
}

#[test]
fn documents_are_explained_in_words() {
    let record = Published::new().judge();
    let text = record.explanation.join("\n");
    for sentence in [
        "- a release takes 2 of 3: ",
        "- 25 % of the devices install release 3.",
        "- Devices ask again after 1 h.",
        "- The service hub at hub.example:443 is served by every anchor; devices prove a new release against it first.",
    ] {
        assert!(text.contains(sentence), "{sentence}\n{text}");
    }
}
