//! Anchors that a root program will drop, as far as it is known: a CA moves its servers before that day, and devices that
//! do not know the next root are left behind.

use std::collections::BTreeMap;

use bundle::write::AnchorContent;
use bundle::{Purposes, Sha256, UnixSeconds};

use super::View;
use crate::certificate::Certificate;
use crate::coverage::JudgedBundle;
use crate::date::{self, DAY_SECONDS};
use crate::finding::{Finding, Severity};
use crate::forecast::{self, Announced, Announcement, Event, EventKind, Knowledge};

/// Days ahead at which a finding begins: a year is what a slow rollout of a new root has taken.
const AHEAD_DAYS: u64 = 365;
/// Days ahead at which it is a warning.
const NEAR_DAYS: u64 = 90;

/// What is going to happen to the anchors of a channel, each event once.
pub(in crate::watch) fn events(view: &View<'_>) -> Vec<Event> {
    let mut known: BTreeMap<Sha256, Vec<Event>> = BTreeMap::new();
    // What the candidate says of an anchor stands before what was said of it.
    for bundle in view.bundles() {
        for anchor in &bundle.content.anchors {
            if let Some(events) = of_anchor(view, bundle, anchor) {
                known.insert(anchor.sha256, events);
            }
        }
    }
    let mut events: Vec<Event> = known.into_values().flatten().collect();
    events.sort();
    events
}

fn of_anchor(view: &View<'_>, bundle: &JudgedBundle, anchor: &AnchorContent) -> Option<Vec<Event>> {
    let certificate = Certificate::parse(bundle.names.der(anchor.sha256)?.to_vec()).ok()?;
    let added = date::day_start(anchor.added_day);
    let ends = anchor.constraints.iter().map(|set| set.distrust_after).collect::<Option<Vec<UnixSeconds>>>();
    let announced: Vec<Announcement> = ends
        .and_then(|days| days.into_iter().max())
        .map(|day| Announcement {
            anchor: anchor.sha256,
            what: Announced::DistrustAfter { source: "the anchor's record".to_owned() },
            day,
            said: added,
        })
        .into_iter()
        .collect();
    let knowledge = Knowledge {
        // Nobody tells a root of Mozilla's program from a private one by looking: what is said of it is said with an "if".
        is_in_mozillas_program: certificate.is_self_issued && anchor.purposes.contains(Purposes::SERVER_AUTH),
        announced: &announced,
        retire: anchor.retire_day.map(|day| (date::day_start(day), added)),
        ..Knowledge::default()
    };
    Some(forecast::of_anchor(&certificate, &knowledge, view.now))
}

/// What root programs do to anchors within the year.
pub(super) fn drops(view: &View<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for event in events(view) {
        let condition = match event.kind {
            EventKind::MozillaTerm => ", if it is in its program",
            EventKind::Announced(_) => "",
            EventKind::Expires | EventKind::Retires => continue,
        };
        let left = event.day.since(view.now);
        if event.day < view.now || left > AHEAD_DAYS * DAY_SECONDS {
            continue;
        }
        let rows = view.matrix.services.iter().filter(|row| row.anchors.contains(&event.anchor));
        let services: Vec<&str> = rows.map(|row| row.service.as_str()).collect();
        let is_near = left <= NEAR_DAYS * DAY_SECONDS;
        let severity = if is_near && !services.is_empty() { Severity::Warning } else { Severity::Notice };
        let whose = match services.as_slice() {
            [] => "no endpoint that was seen depends on it".to_owned(),
            some => format!("it verifies {}", some.join(", ")),
        };
        let message = format!(
            "{} on {}{condition} ({}); {whose}",
            event.kind.words(),
            date::day(event.day),
            event.kind.basis()
        );
        let days = if is_near { NEAR_DAYS } else { AHEAD_DAYS };
        let finding = Finding::new("program-drops-root", severity, &event.name, message);
        let finding = finding.field(format!("{}, within {days} days", event.kind.id())).due(event.day);
        found.push(
            finding.hint("ask who runs the service which root comes next, and trust that ahead of the day"),
        );
    }
    found
}
