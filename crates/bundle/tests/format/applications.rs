//! What reports say of applications, and what they must not.

use bundle::write::{report_extensions, section};
use bundle::{Applications, BehindApplication, Extension, Report, Section, Sha256};

fn behind(name: &str) -> BehindApplication<'_> {
    BehindApplication { name, outcome: 20, release_number: 7, attempts: 3, still_trusts: 1 }
}

/// A report with these extensions.
pub(crate) fn report(extensions: &[u8]) -> Report<'_> {
    Report {
        device: "device-1",
        boot_id: [1; 16],
        commit_count: 1,
        counter: 1,
        time: None,
        release_epoch: 0,
        release_number: 7,
        release_digest: Sha256([7; 32]),
        subject_number: 0,
        phase: 0,
        reason: 0,
        keyring_epoch: 0,
        keyring_version: 1,
        head_number: 1,
        flags: 0,
        agent_version: "0.1.0",
        probes: Section::empty(),
        extensions: Section::from_bytes(extensions),
    }
}

fn extensions(declared: u8, well: u8, names: &[&str]) -> Vec<u8> {
    let items = section(names.iter().map(|name| behind(name)));
    report_extensions(Some(&Applications { declared, well, behind: Section::from_bytes(&items) }), None)
}

fn is_sound(extensions: &[u8]) -> bool {
    report(extensions).applications().is_ok()
}

#[test]
fn what_is_written_of_applications_is_read() {
    let bytes = extensions(5, 3, &["mail", "web"]);
    let read = report(&bytes).applications().expect("sound").expect("said");
    assert_eq!((read.declared, read.well), (5, 3));
    assert_eq!(read.behind.iter().collect::<Vec<_>>(), [behind("mail"), behind("web")]);
    assert_eq!(report(&[]).applications().expect("sound"), None);
    let unknown = section([Extension { id: 900, critical: false, content: b"later" }]);
    assert_eq!(report(&unknown).applications().expect("sound"), None);
}

#[test]
fn counts_that_cannot_be_and_names_that_are_none_are_refused() {
    assert!(is_sound(&extensions(2, 0, &["a", "b"])) && is_sound(&extensions(32, 32, &[])));
    for (declared, well, names) in [
        (33, 0, [].as_slice()),
        (1, 2, &[]),
        (2, 1, &["a", "b"]),
        (9, 0, &["b", "a"]),
        (9, 0, &["a", "a"]),
        (9, 0, &[""]),
        (9, 0, &["A"]),
        (9, 0, &["a/b"]),
        (9, 0, &["a-name-of-more-than-the-32-letters"]),
    ] {
        assert!(!is_sound(&extensions(declared, well, names)), "{declared} {well} {names:?}");
    }
}

#[test]
fn every_cut_is_refused_and_so_is_a_second_word() {
    let content = extensions(5, 3, &["mail", "web"]);
    let [one] = report(&content).extensions.iter().collect::<Vec<_>>()[..] else { panic!("one extension") };
    for length in 0..one.content.len() {
        let content = one.content.get(..length).expect("within it");
        assert!(!is_sound(&section([Extension { content, ..one }])), "{length} bytes");
    }
    let other = Extension { content: &[0, 0, 0], ..one };
    assert!(is_sound(&section([other])));
    assert!(!is_sound(&section([other, one])));
}
