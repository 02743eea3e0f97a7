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
    let recorded = ends.and_then(|days| days.into_iter().max()).map(|day| Announcement {
        anchor: anchor.sha256,
        what: Announced::DistrustAfter { source: "the anchor's record".to_owned() },
        day,
        said: added,
    });
    let announced: Vec<Announcement> = view.heard.announcements().iter().cloned().chain(recorded).collect();
    let knowledge = Knowledge {
        is_in_mozillas_program: anchor.purposes.contains(Purposes::SERVER_AUTH)
            && view.heard.is_in_mozillas_program(anchor.sha256).unwrap_or(certificate.is_self_issued),
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
            // Nobody tells a root of Mozilla's program from a private one by looking: without a source it is an "if".
            EventKind::MozillaTerm if view.heard.is_in_mozillas_program(event.anchor).is_none() => {
                ", if it is in its program"
            }
            EventKind::MozillaTerm => "",
            EventKind::Announced(_) => "",
            EventKind::Expires | EventKind::Retires => continue,
        };
        let left = event.day.since(view.now);
        if event.day < view.now || left > AHEAD_DAYS * DAY_SECONDS {
            continue;
        }
        let services = verified_by(view, event.anchor);
        let is_near = left <= NEAR_DAYS * DAY_SECONDS;
        let severity = if is_near && !services.is_empty() { Severity::Warning } else { Severity::Notice };
        let whose = whose(&services);
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

/// Anchors that a root program trusts no more, by what sources say.
pub(super) fn dropped(view: &View<'_>) -> Vec<Finding> {
    let mut found = BTreeMap::new();
    for bundle in view.bundles() {
        for anchor in &bundle.content.anchors {
            let name = bundle.names.short_name(anchor.sha256).unwrap_or_default();
            for dropped in view.heard.dropped(anchor.sha256) {
                let since = date::day(dropped.since);
                let whose = whose(&verified_by(view, anchor.sha256));
                let message =
                    format!("{} (source {}, noticed {since}); {whose}", dropped.words, dropped.source);
                let finding = Finding::new("program-dropped-root", Severity::Warning, name, message)
                    .hint("ask who runs its services which root comes next; then retire it, or distrust it");
                found.insert((anchor.sha256, dropped.source.as_str(), dropped.words.as_str()), finding);
            }
        }
    }
    found.into_values().collect()
}

/// Services that an anchor was seen to verify.
fn verified_by<'a>(view: &View<'a>, anchor: Sha256) -> Vec<&'a str> {
    let rows = view.matrix.services.iter().filter(|row| row.anchors.contains(&anchor));
    rows.map(|row| row.service.as_str()).collect()
}

fn whose(services: &[&str]) -> String {
    match services {
        [] => "no endpoint that was seen depends on it".to_owned(),
        some => format!("it verifies {}", some.join(", ")),
    }
}
