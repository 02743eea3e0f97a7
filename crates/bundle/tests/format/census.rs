//! What reports say of the anchors that services need, and what they must not.

use bundle::write::{report_extensions, section};
use bundle::{AnchorMark, Applications, Census, Extension, ObservedService, Report, Section, Sha256};

use crate::applications::report;

/// The extensions of a report with this census: service, marks, hours.
fn extensions(services: u8, observed: &[(&str, &[u8], u16)]) -> Vec<u8> {
    let items = section(observed.iter().map(|(service, anchors, hours)| ObservedService {
        service,
        anchors,
        hours: *hours,
    }));
    report_extensions(None, Some(&Census { services, observed: Section::from_bytes(&items) }))
}

fn is_sound(extensions: &[u8]) -> bool {
    report(extensions).census().is_ok()
}

const ONE: &[u8] = &[1; 8];
const TWO: &[u8] = &[1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2];

#[test]
fn what_is_written_of_a_census_is_read() {
    let bytes = extensions(3, &[("hub", ONE, 7), ("hub", TWO, 9), ("web", TWO, 70)]);
    let read = report(&bytes).census().expect("sound").expect("said");
    assert_eq!(read.services, 3);
    let read: Vec<_> = read.observed.iter().map(|it| (it.service, it.anchors().count(), it.hours)).collect();
    assert_eq!(read, [("hub", 1, 7), ("hub", 2, 9), ("web", 2, 70)]);
    assert_eq!(report(&[]).census().expect("sound"), None);
    assert_eq!(AnchorMark::of(&Sha256([0xab; 32])).to_string(), "abababababababab");
}

#[test]
fn applications_and_census_stand_beside_each_other() {
    let census = Census { services: 1, observed: Section::empty() };
    let applications = Applications { declared: 1, well: 1, behind: Section::empty() };
    let both = report_extensions(Some(&applications), Some(&census));
    assert_eq!(report(&both).census().expect("sound"), Some(census));
    assert_eq!(report(&both).applications().expect("sound"), Some(applications));
    assert!(report(&both).extensions.check(0).is_ok());
    assert!(report_extensions(None, None).is_empty());
}

#[test]
fn more_services_than_there_are_and_anchors_that_are_no_set_are_refused() {
    assert!(is_sound(&extensions(64, &[])) && is_sound(&extensions(1, &[("hub", ONE, 0), ("hub", TWO, 0)])));
    let long = [7; 33];
    let long = core::str::from_utf8(&long).expect("ASCII");
    let nine: Vec<u8> = (0..9_u8).flat_map(|number| [number; 8]).collect();
    let falling = [TWO, ONE].concat();
    for (services, observed) in [
        (65, [].as_slice()),
        (0, &[("hub", ONE, 0)]),
        (1, &[("hub", ONE, 0), ("web", ONE, 0)]),
        (9, &[("web", ONE, 0), ("hub", ONE, 0)]),
        (9, &[("hub", ONE, 0), ("hub", ONE, 1)]),
        (9, &[("", ONE, 0)]),
        (9, &[("Hub", ONE, 0)]),
        (9, &[("\x1b[2J", ONE, 0)]),
        (9, &[(long, ONE, 0)]),
        (9, &[("hub", &[], 0)]),
        (9, &[("hub", &[1; 7], 0)]),
        (9, &[("hub", &[1; 16], 0)]),
        (9, &[("hub", &falling, 0)]),
        (9, &[("hub", &nine, 0)]),
    ] {
        assert!(!is_sound(&extensions(services, observed)), "{services} {observed:?}");
    }
}

#[test]
fn every_cut_is_refused_and_so_is_a_second_census() {
    let content = extensions(3, &[("hub", ONE, 7), ("web", TWO, 70)]);
    let [one] = report(&content).extensions.iter().collect::<Vec<_>>()[..] else { panic!("one extension") };
    assert_eq!(one.id, Report::CENSUS);
    for length in 0..one.content.len() {
        let content = one.content.get(..length).expect("within it");
        assert!(!is_sound(&section([Extension { content, ..one }])), "{length} bytes");
    }
    let other = Extension { content: &[0, 0], ..one };
    assert!(is_sound(&section([other])));
    assert!(!is_sound(&section([other, one])));
}
