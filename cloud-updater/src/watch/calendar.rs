//! What is going to happen, day by day, months ahead.

use bundle::UnixSeconds;
use bundle::write::ExpectationContent;
use chain::Certificate;
use serde::Serialize;

use super::findings::View;
use crate::date;
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
    for bundle in view.sides.held.iter().chain([&view.sides.candidate]) {
        for anchor in &bundle.content.anchors {
            let name = bundle.names.short_name(anchor.sha256).unwrap_or_default();
            if let Some(certificate) =
                bundle.names.der(anchor.sha256).and_then(|der| Certificate::parse(der).ok())
            {
                add(certificate.not_after(), "anchor-ends", name, "its notAfter (RFC 5280 §4.1.2.5)");
            }
            if let Some(day) = anchor.retire_day {
                add(date::day_start(day), "anchor-retires", name, "it is planned to leave, says its record");
            }
        }
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
