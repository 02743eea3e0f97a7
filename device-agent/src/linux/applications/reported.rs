//! What reports say of applications: how many are well, and who is not.

use std::cmp::Reverse;

use bundle::write::{report_extensions, section};
use bundle::{Applications, BehindApplication, Census, Section};

use super::{Outcome, Subject};

/// Bytes that the applications which are behind may take of a report: the probes are to have room beside them.
const BEHIND_BYTES_MAX: usize = 512;

/// The extensions of a report on these applications and this census; none where there are none of both.
#[must_use]
pub fn extensions(subjects: &[Subject], census: Option<&Census<'_>>) -> Vec<u8> {
    if subjects.is_empty() {
        return report_extensions(None, census);
    }
    let behind: Vec<&Subject> = subjects.iter().filter(|subject| !subject.is_well).collect();
    let well = subjects.len() - behind.len();
    let bytes = section(kept(behind).iter().map(|subject| item(subject)));
    let applications = Applications {
        declared: u8::try_from(subjects.len()).unwrap_or(u8::MAX),
        well: u8::try_from(well).unwrap_or(u8::MAX),
        behind: Section::from_bytes(&bytes),
    };
    report_extensions(Some(&applications), census)
}

/// Those for whom there is room, in the order of their names: whoever may still trust what it must not comes first.
fn kept(mut behind: Vec<&Subject>) -> Vec<&Subject> {
    behind.sort_by_key(|subject| (Reverse(subject.still_trusts.len()), &subject.application));
    let mut room = BEHIND_BYTES_MAX;
    behind.retain(|subject| match room.checked_sub(section([item(subject)]).len()) {
        Some(left) => {
            room = left;
            true
        }
        None => false,
    });
    behind.sort_by_key(|subject| &subject.application);
    behind
}

fn item(subject: &Subject) -> BehindApplication<'_> {
    BehindApplication {
        name: &subject.application,
        outcome: subject.outcome.map_or(0, Outcome::number),
        release_number: subject.release_number,
        attempts: u16::try_from(subject.attempts).unwrap_or(u16::MAX),
        still_trusts: u16::try_from(subject.still_trusts.len()).unwrap_or(u16::MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linux::applications::NamedAnchor;

    fn subject(name: &str, still_trusts: usize) -> Subject {
        let anchor = NamedAnchor { subject: "Root".into(), sha256: "00".repeat(32) };
        Subject {
            application: name.into(),
            is_well: false,
            outcome: Some(Outcome::TimedOut),
            words: "",
            detail: None,
            output: None,
            hook: None,
            release: Some("70000".into()),
            release_number: 70_000,
            change: None,
            at: None,
            attempts: 300,
            still_trusts: vec![anchor; still_trusts],
            lacks: Vec::new(),
            unknown_services: Vec::new(),
        }
    }

    #[test]
    fn the_worst_are_named_first_where_there_is_no_room_for_all() {
        let long = |number: usize| format!("application-of-a-long-name-{number:02}");
        let all: Vec<Subject> =
            (0..32).map(|number| subject(&long(number), usize::from(number >= 30))).collect();
        let kept = kept(all.iter().collect());
        let names: Vec<&str> = kept.iter().map(|subject| subject.application.as_str()).collect();
        assert!(names.len() < 32 && names.is_sorted());
        assert!(names.contains(&long(30).as_str()) && names.contains(&long(31).as_str()));
        assert!(extensions(&all, None).len() < BEHIND_BYTES_MAX + 16);
    }

    #[test]
    fn who_is_well_is_counted_and_who_has_no_applications_says_nothing() {
        assert!(extensions(&[], None).is_empty());
        let well = Subject { is_well: true, ..subject("a", 0) };
        assert_eq!(extensions(&[well.clone(), Subject { application: "b".into(), ..well }], None).len(), 6);
    }
}
