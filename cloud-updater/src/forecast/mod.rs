//! What is known today about the days on which anchors will be lost: their own end, the schedules of root programmes,
//! what was announced, what the operator planned.
//!
//! Pure functions from a certificate, and from what sources and records say of it, to dated events. Nothing here decides:
//! an event is a reason to look.

pub mod announcement;
mod event;
pub mod mozilla;
pub mod replay;

pub use announcement::{Announced, Announcement};
pub use event::{Event, EventKind};

use bundle::UnixSeconds;

use crate::certificate::Certificate;

/// What is known of an anchor beside its certificate.
#[derive(Clone, Debug, Default)]
pub struct Knowledge<'a> {
    /// Mozilla trusts it for TLS, so that its schedule counts.
    pub is_in_mozillas_program: bool,
    /// Day on which its key was made, where an auditor's report says so; never after its notBefore.
    pub key_made: Option<UnixSeconds>,
    /// What root programmes and CAs announced about it.
    pub announced: &'a [Announcement],
    /// Day on which the operator means to take it out, and the day on which that was recorded.
    pub retire: Option<(UnixSeconds, UnixSeconds)>,
}

/// Every event of an anchor that is known on `today`, the nearest first.
#[must_use]
pub fn of_anchor(certificate: &Certificate, knowledge: &Knowledge<'_>, today: UnixSeconds) -> Vec<Event> {
    let event = |kind, day, known_since| Event {
        day,
        kind,
        known_since,
        anchor: certificate.sha256,
        name: certificate.short_name.clone(),
    };
    let mut events = vec![event(EventKind::Expires, certificate.not_after, certificate.not_before)];
    if knowledge.is_in_mozillas_program {
        let made = knowledge.key_made.unwrap_or(certificate.not_before);
        let known = mozilla::announced().max(certificate.not_before);
        events.push(event(EventKind::MozillaTerm, mozilla::last_day(made), known));
    }
    if let Some((day, known_since)) = knowledge.retire {
        events.push(event(EventKind::Retires, day, known_since));
    }
    let announced = knowledge.announced.iter().filter(|it| it.anchor == certificate.sha256);
    events.extend(announced.map(|it| event(EventKind::Announced(it.what.clone()), it.day, it.said)));
    events.retain(|event| event.known_since <= today);
    events.sort();
    events
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificate::source;
    use crate::date;

    fn at(day: &str) -> UnixSeconds {
        date::parse(day).unwrap()
    }

    /// DigiCert Global Root CA: made 2006-11-10, valid until 2031-11-10.
    fn root() -> Certificate {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/azure/digicert-global-root-ca.pem");
        source::read(std::path::Path::new(path)).unwrap().remove(0)
    }

    fn check(knowledge: &Knowledge<'_>, today: &str, expect: &[(&str, &str)]) {
        let events = of_anchor(&root(), knowledge, at(today));
        let found: Vec<(&str, String)> =
            events.iter().map(|event| (event.kind.id(), date::day(event.day))).collect();
        let expect: Vec<(&str, String)> =
            expect.iter().map(|(kind, day)| (*kind, (*day).to_owned())).collect();
        assert_eq!(found, expect);
    }

    #[test]
    fn what_is_known_depends_on_the_day_and_on_who_was_asked() {
        let own = ("not-after", "2031-11-10");
        check(&Knowledge::default(), "2026-01-01", &[own]);
        let public = Knowledge { is_in_mozillas_program: true, ..Knowledge::default() };
        check(&public, "2023-08-31", &[own]);
        check(&public, "2023-09-01", &[("mozilla-term", "2026-04-15"), own]);
        let older = Knowledge { key_made: Some(at("2005-12-31")), ..public };
        check(&older, "2026-01-01", &[("mozilla-term", "2025-04-15"), own]);
        let planned =
            Knowledge { retire: Some((at("2026-03-01"), at("2025-01-01"))), ..Knowledge::default() };
        check(&planned, "2024-12-31", &[own]);
        check(&planned, "2025-01-01", &[("retire", "2026-03-01"), own]);
    }

    #[test]
    fn an_announcement_counts_from_its_day_and_for_its_anchor() {
        let what = Announced::DistrustAfter { source: "a list".to_owned() };
        let of = |anchor| Announcement {
            anchor,
            what: what.clone(),
            day: at("2024-11-30"),
            said: at("2024-07-31"),
        };
        let mine = [of(root().sha256), of(bundle::Sha256([0; 32]))];
        let knowledge = Knowledge { announced: &mine, ..Knowledge::default() };
        check(&knowledge, "2024-07-30", &[("not-after", "2031-11-10")]);
        check(&knowledge, "2024-07-31", &[("distrust-after", "2024-11-30"), ("not-after", "2031-11-10")]);
    }
}
