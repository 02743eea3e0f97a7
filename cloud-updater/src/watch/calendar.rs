//! What is going to happen, day by day, months ahead.

use bundle::UnixSeconds;
use bundle::write::ExpectationContent;
use chain::Certificate;
use serde::Serialize;

use super::findings::View;
use super::findings::program::events;
use crate::date;
use crate::forecast::EventKind;
use crate::printable::printable;

/// One day of the calendar.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Entry {
    /// The day.
    pub day: String,
    /// Stable name of what happens, in kebab-case.
    pub kind: &'static str,
    /// What it happens to.
    pub subject: String,
    /// What happens, and who says so.
    pub what: String,
}

/// The entries of one channel from now to `until`.
#[must_use]
pub fn calendar(view: &View<'_>, until: UnixSeconds) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut add = |day: UnixSeconds, kind, subject: &str, what: &str| {
        if (view.now..=until).contains(&day) {
            let (subject, what) = (printable(subject), printable(what));
            entries.push(Entry { day: date::day(day), kind, subject, what });
        }
    };
    for event in events(view) {
        let condition = if event.kind == EventKind::MozillaTerm { ", if it is in its program" } else { "" };
        let what = format!("{}{condition} ({})", event.kind.words(), event.kind.basis());
        add(event.day, event.kind.id(), &event.name, &what);
    }
    for bundle in view.sides.held.iter().chain([&view.sides.candidate]) {
        for service in &bundle.content.services {
            for pin in &service.pins {
                add(pin.until, "pin-ends", &service.name, &format!("the pin {} ends", pin.sha256));
            }
            for expected in ExpectationContent::of(&service.extensions) {
                let what = format!("an expected {} ends", expected.name.words());
                add(expected.until, "expectation-ends", &service.name, &what);
            }
        }
    }
    for (row, endpoint) in view.matrix.endpoints() {
        let records = view.observations.iter().filter_map(|it| Some((it, it.endpoint(&endpoint.endpoint)?)));
        for (observations, record) in records {
            for der in record.newest().flat_map(|seen| observations.chain(seen).into_iter().skip(1)) {
                let Ok(certificate) = Certificate::parse(der) else { continue };
                if !certificate.is_self_issued() {
                    let what = format!("an intermediate on the way to {} ends", row.service);
                    add(
                        certificate.not_after(),
                        "intermediate-ends",
                        &certificate.subject().to_string(),
                        &what,
                    );
                }
            }
        }
    }
    entries.sort();
    entries.dedup();
    entries
}
