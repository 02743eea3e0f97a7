//! The notice: who must do what by when, for a change that is to come, in words for people who do not run the fleet.
//!
//! It is made of data alone: of what devices hold and what is to come, of the coverage matrix, and of what the watcher
//! found. What it promises is checked against the matrix: nobody is told to do nothing about a service that is lost, or
//! that nobody has seen.

mod markdown;
#[cfg(test)]
mod tests;

use bundle::write::{AnchorContent, ManifestContent};
use serde::Serialize;

pub use markdown::markdown;

use crate::coverage::{CellKind, Matrix, ServiceRow, Sides};
use crate::date;
use crate::diff::{Change, Difference, Side};
use crate::finding::Finding;

/// What a notice says.
#[derive(Clone, Debug, Serialize)]
pub struct Notice {
    /// The fleet.
    pub fleet: String,
    /// The channel.
    pub channel: String,
    /// The class of its devices.
    pub device_class: String,
    /// The day on which it was written.
    pub day: String,
    /// What devices hold.
    pub held: Vec<String>,
    /// What is to come.
    pub candidate: String,
    /// Services, those first about which somebody must do something.
    pub services: Vec<ServiceNotice>,
    /// Anchors that come, go or change.
    pub anchors: Vec<AnchorNotice>,
    /// Everything that changes, as reviews have it.
    pub changes: Vec<Change>,
    /// What the watcher found, with days where it knows them.
    pub findings: Vec<Finding>,
}

/// One service in a notice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ServiceNotice {
    /// Its name.
    pub service: String,
    /// What becomes of it.
    pub effect: Effect,
    /// What changes about it: anchors, pins, expected names, hosts.
    pub changes: Vec<String>,
    /// True where pins or expected names are among that.
    pub touches_pins: bool,
    /// Why the effect is what it is: the verdict's own words.
    pub because: String,
    /// When its endpoints were last seen.
    pub last_seen: Option<String>,
}

/// What becomes of a service, the most pressing first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Devices reach it now and will not.
    Lost,
    /// Devices do not reach it, before and after.
    Refused,
    /// Nobody has seen what it serves: nothing can be promised.
    Unknown,
    /// What it may chain to changes, and what it serves verifies before and after.
    RootsChange,
    /// Only intermediates or settings change, and what it serves verifies before and after.
    NoRootChanges,
    /// Nothing about it changes.
    Untouched,
}

/// One anchor in a notice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AnchorNotice {
    /// What it is called.
    pub name: String,
    /// SHA-256 of the certificate.
    pub sha256: String,
    /// `comes`, `goes` or `changes`.
    pub what: &'static str,
    /// From which day on it is trusted.
    pub from: String,
    /// The day on which it is planned to leave, or leaves with this change.
    pub until: Option<String>,
}

impl Notice {
    /// A notice about what lies between what devices hold and what is to come.
    #[must_use]
    pub fn new(
        (fleet, device_class): (&str, &str),
        sides: &Sides,
        matrix: &Matrix,
        findings: Vec<Finding>,
    ) -> Self {
        let nothing = ManifestContent::default();
        let held = sides.held.first();
        let before = Side {
            content: held.map_or(&nothing, |held| &held.content),
            names: held.map_or(&sides.names, |held| &held.names),
        };
        let after = Side { content: &sides.candidate.content, names: &sides.candidate.names };
        let changes = Difference::between(before, after).changes;
        let day = matrix.at.split('T').next().unwrap_or_default().to_owned();
        let mut services: Vec<ServiceNotice> =
            matrix.services.iter().map(|row| ServiceNotice::of(row, &changes)).collect();
        services.sort_by(|one, other| (one.effect, &one.service).cmp(&(other.effect, &other.service)));
        Self {
            fleet: fleet.to_owned(),
            channel: sides.channel.clone(),
            device_class: device_class.to_owned(),
            held: matrix.now.clone(),
            candidate: matrix.candidate.clone(),
            services,
            anchors: anchors(before, after, &day),
            changes,
            findings,
            day,
        }
    }

    /// True where somebody must act before devices are cut off.
    #[must_use]
    pub fn demands_action(&self) -> bool {
        self.services.iter().any(|service| service.effect.demands_action())
    }
}

impl Effect {
    /// True where somebody must do something.
    #[must_use]
    pub const fn demands_action(self) -> bool {
        matches!(self, Self::Lost | Self::Refused | Self::Unknown)
    }
}

impl ServiceNotice {
    fn of(row: &ServiceRow, changes: &[Change]) -> Self {
        let own = changes.iter().filter(|change| change.what == "service" && change.name == row.service);
        let details: Vec<String> = own.flat_map(|change| change.details.iter().cloned()).collect();
        let is_about_roots = details.iter().any(|detail| detail.starts_with("anchors"));
        // A service's intermediates are those of the bundle: none of them is listed at a service.
        let is_about_intermediates = changes.iter().any(|change| change.what == "intermediate");
        let touches_pins = details.iter().any(|detail| detail.contains("pin") || detail.contains("expect"));
        let effect = match row.candidate.verdict {
            CellKind::Lost => Effect::Lost,
            CellKind::Refused => Effect::Refused,
            CellKind::Unknown => Effect::Unknown,
            _ if is_about_roots => Effect::RootsChange,
            _ if !details.is_empty() || is_about_intermediates => Effect::NoRootChanges,
            _ => Effect::Untouched,
        };
        let last_seen = row.endpoints.iter().filter_map(|endpoint| endpoint.last_seen.clone()).min();
        let service = row.service.clone();
        Self {
            service,
            effect,
            changes: details,
            touches_pins,
            because: row.candidate.because.clone(),
            last_seen,
        }
    }
}

/// Anchors that come, go, or are said something else of.
fn anchors(before: Side<'_>, after: Side<'_>, day: &str) -> Vec<AnchorNotice> {
    let find = |side: Side<'_>, anchor: &AnchorContent| {
        side.content.anchors.iter().find(|other| other.sha256 == anchor.sha256).cloned()
    };
    let notice = |anchor: &AnchorContent, what, until: Option<String>| AnchorNotice {
        name: after
            .names
            .summary(anchor.sha256)
            .map_or_else(|| before.names.of(anchor.sha256), str::to_owned),
        sha256: anchor.sha256.to_string(),
        what,
        from: date::day(date::day_start(anchor.added_day)),
        until,
    };
    let planned = |anchor: &AnchorContent| anchor.retire_day.map(|day| date::day(date::day_start(day)));
    let mut found = Vec::new();
    for anchor in &before.content.anchors {
        if find(after, anchor).is_none() {
            found.push(notice(anchor, "goes", Some(day.to_owned())));
        }
    }
    for anchor in &after.content.anchors {
        match find(before, anchor) {
            None => found.push(notice(anchor, "comes", planned(anchor))),
            Some(earlier) if earlier != *anchor => found.push(notice(anchor, "changes", planned(anchor))),
            Some(_) => {}
        }
    }
    found
}
