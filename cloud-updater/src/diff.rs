//! What changes between two bundles, in the words in which people review it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use bundle::write::{AnchorContent, ExtensionContent, ManifestContent, ServiceAnchors, ServiceContent};
use bundle::{Purposes, Sha256, extension_id};
use serde::Serialize;

pub use crate::names::Names;
use crate::{date, losses, requirement};

/// One side of a comparison.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// What the bundle says.
    pub content: &'a ManifestContent,
    /// What its certificates are called.
    pub names: &'a Names,
}

/// All changes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The changes: removals first, because they cut devices off.
    pub changes: Vec<Change>,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Change {
    /// What happened.
    pub kind: ChangeKind,
    /// What it happened to.
    pub what: &'static str,
    /// Which one.
    pub name: String,
    /// Its SHA-256, where it has one.
    pub sha256: Option<String>,
    /// How, field by field.
    pub details: Vec<String>,
}

/// What happened to a part of a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// It was there and is not any more.
    Removed,
    /// It is there now and was not before.
    Added,
    /// It is there before and after, and differs.
    Changed,
}

impl Difference {
    /// What changes from `before` to `after`.
    #[must_use]
    pub fn between(before: Side<'_>, after: Side<'_>) -> Self {
        let mut changes = Vec::new();
        let name = |sha256: Sha256| {
            let known = after.names.summary(sha256).or_else(|| before.names.summary(sha256));
            known.map_or_else(|| format!("certificate {sha256}"), str::to_owned)
        };
        let (old, new) = (before.content, after.content);
        compare(
            &mut changes,
            "anchor",
            &keyed(&old.anchors, |anchor| anchor.sha256),
            &keyed(&new.anchors, |anchor| anchor.sha256),
            |sha256| (name(*sha256), Some(*sha256)),
            anchor_fields,
        );
        compare(
            &mut changes,
            "intermediate",
            &keyed(&old.intermediates, |entry| entry.sha256),
            &keyed(&new.intermediates, |entry| entry.sha256),
            |sha256| (name(*sha256), Some(*sha256)),
            |_| Vec::new(),
        );
        compare(
            &mut changes,
            "service",
            &keyed(&old.services, |service| service.name.clone()),
            &keyed(&new.services, |service| service.name.clone()),
            |service| (service.clone(), None),
            |service| service_fields(service, name),
        );
        reaches(&mut changes, old, new, name);
        require(&mut changes, old, new, [after.names, before.names]);
        compare(
            &mut changes,
            "denial",
            &keyed(&old.denials, |denial| *denial),
            &keyed(&new.denials, |denial| *denial),
            |denial| (format!("by {}: {}", denial.kind, name(denial.sha256)), Some(denial.sha256)),
            |_| Vec::new(),
        );
        compare(
            &mut changes,
            "distrust order",
            &keyed(&old.distrust_orders, |(sha256, _)| *sha256),
            &keyed(&new.distrust_orders, |(sha256, _)| *sha256),
            |sha256| (name(*sha256), Some(*sha256)),
            |(_, reason)| vec![("reason", reason.clone())],
        );
        export_losses(&mut changes, old, new, name);
        if old.urls != new.urls {
            let details = vec![format!("urls: {} -> {}", listed(&old.urls), listed(&new.urls))];
            changes.push(Change {
                kind: ChangeKind::Changed,
                what: "bundle",
                name: "urls".to_owned(),
                sha256: None,
                details,
            });
        }
        changes.sort();
        Self { changes }
    }

    /// True where both bundles say the same.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return writeln!(f, "no difference");
        }
        self.changes.iter().try_for_each(|change| write!(f, "{change}"))
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self.kind {
            ChangeKind::Removed => '-',
            ChangeKind::Added => '+',
            ChangeKind::Changed => '~',
        };
        if let ("service", ChangeKind::Changed, [detail]) = (self.what, self.kind, self.details.as_slice()) {
            return writeln!(f, "{sign} {} {}: {detail}", self.what, self.name);
        }
        writeln!(f, "{sign} {} {}", self.what, self.name)?;
        if let Some(sha256) = &self.sha256 {
            writeln!(f, "    sha256 {sha256}")?;
        }
        self.details.iter().try_for_each(|detail| writeln!(f, "    {detail}"))
    }
}

type Fields = Vec<(&'static str, String)>;

/// The value of a field that says nothing.
const NOTHING: &str = "none";

fn keyed<T, K: Ord>(items: &[T], key: impl Fn(&T) -> K) -> BTreeMap<K, &T> {
    items.iter().map(|item| (key(item), item)).collect()
}

fn compare<K: Ord, T: PartialEq>(
    changes: &mut Vec<Change>,
    what: &'static str,
    old: &BTreeMap<K, &T>,
    new: &BTreeMap<K, &T>,
    label: impl Fn(&K) -> (String, Option<Sha256>),
    fields: impl Fn(&T) -> Fields,
) {
    let change = |kind, key: &K, details| {
        let (name, sha256) = label(key);
        Change { kind, what, name, sha256: sha256.map(|sha256| sha256.to_string()), details }
    };
    for (key, item) in old {
        match new.get(key) {
            None => changes.push(change(ChangeKind::Removed, key, Vec::new())),
            Some(now) if now != item => {
                let before_and_after = fields(item).into_iter().zip(fields(now));
                let differ = before_and_after.filter(|((_, before), (_, after))| before != after);
                let details = differ
                    .map(|((field, before), (_, after))| format!("{field}: {before} -> {after}"))
                    .collect();
                changes.push(change(ChangeKind::Changed, key, details));
            }
            Some(_) => {}
        }
    }
    for (key, item) in new {
        if !old.contains_key(key) {
            let said = fields(item).into_iter().filter(|(_, value)| value != NOTHING);
            let details = said.map(|(field, value)| format!("{field}: {value}")).collect();
            changes.push(change(ChangeKind::Added, key, details));
        }
    }
}

/// Says what devices begin and cease to leave unsaid in the files that they export.
fn export_losses(
    changes: &mut Vec<Change>,
    old: &ManifestContent,
    new: &ManifestContent,
    name: impl Fn(Sha256) -> String,
) {
    let (lost, loses) = (losses::of(old, &name), losses::of(new, &name));
    compare(
        changes,
        "export loss",
        &lost.iter().map(|loss| (loss, loss)).collect(),
        &loses.iter().map(|loss| (loss, loss)).collect(),
        |loss| ((*loss).clone(), None),
        |_| Vec::new(),
    );
}

/// Says of each service that stays which anchors begin and cease to serve it: a service of all anchors reads the
/// same before and after, and is widened all the same.
fn reaches(
    changes: &mut Vec<Change>,
    old: &ManifestContent,
    new: &ManifestContent,
    name: impl Fn(Sha256) -> String,
) {
    let short = |sha256: &Sha256| name(*sha256).split(" · ").next().unwrap_or_default().to_owned();
    for now in &new.services {
        let Some(before) = old.services.iter().find(|service| service.name == now.name) else { continue };
        let (served, serves) = (reach(old, before), reach(new, now));
        let added = serves.difference(&served).map(|sha256| format!("+{}", short(sha256)));
        let removed = served.difference(&serves).map(|sha256| format!("-{}", short(sha256)));
        let moved: Vec<String> = added.chain(removed).collect();
        if moved.is_empty() {
            continue;
        }
        let detail = format!("anchors {}", moved.join(", "));
        let known = changes.iter_mut().find(|change| change.what == "service" && change.name == now.name);
        if let Some(change) = known {
            if (before.anchors == ServiceAnchors::All) == (now.anchors == ServiceAnchors::All) {
                change.details.retain(|known| !known.starts_with("anchors: "));
            }
            change.details.push(detail);
        } else {
            let (kind, name) = (ChangeKind::Changed, now.name.clone());
            changes.push(Change { kind, what: "service", name, sha256: None, details: vec![detail] });
        }
    }
}

/// Says of each service which pins and expected names come, go, and end on another day.
fn require(changes: &mut [Change], old: &ManifestContent, new: &ManifestContent, names: [&Names; 2]) {
    for now in &new.services {
        let before = old.services.iter().find(|service| service.name == now.name);
        // Where they differ, the service does, and its change stands there already.
        let known = changes.iter_mut().find(|change| change.what == "service" && change.name == now.name);
        if let Some(change) = known {
            change.details.extend(requirement::changes(before, now, names));
        }
    }
}

/// The anchors that serve a service.
fn reach(manifest: &ManifestContent, service: &ServiceContent) -> BTreeSet<Sha256> {
    match &service.anchors {
        ServiceAnchors::Listed(list) => list.iter().copied().collect(),
        ServiceAnchors::All => {
            let servers =
                manifest.anchors.iter().filter(|anchor| anchor.purposes.contains(Purposes::SERVER_AUTH));
            servers.map(|anchor| anchor.sha256).collect()
        }
    }
}

fn anchor_fields(anchor: &AnchorContent) -> Fields {
    let exports = anchor.extensions.iter().map(|extension| {
        if extension.id == extension_id::EXPORT_WITHOUT_CONSTRAINTS {
            format!(
                "exported to {} without its constraints",
                String::from_utf8_lossy(&extension.content).escape_default()
            )
        } else {
            let critical = if extension.critical { "critical " } else { "" };
            format!("{critical}{} of {} bytes", extension.id, extension.content.len())
        }
    });
    vec![
        ("state", anchor.state.to_string()),
        ("purposes", listed(&anchor.purposes.names().map(str::to_owned).collect::<Vec<_>>())),
        ("added", date::day(date::day_start(anchor.added_day))),
        (
            "retire",
            anchor.retire_day.map_or_else(|| NOTHING.to_owned(), |day| date::day(date::day_start(day))),
        ),
        ("reason", anchor.note.escape_debug().to_string()),
        ("constraints", losses::constraints_text(anchor)),
        ("extensions", listed(&exports.collect::<Vec<_>>())),
    ]
}

fn service_fields(service: &ServiceContent, name: impl Fn(Sha256) -> String) -> Fields {
    let anchors = match &service.anchors {
        ServiceAnchors::All => "all".to_owned(),
        ServiceAnchors::Listed(list) => {
            let mut names: Vec<String> = list.iter().map(|sha256| name(*sha256)).collect();
            names.sort();
            listed(&names)
        }
    };
    // Pins and expected names are told one by one.
    let extensions = service.extensions.iter().filter(|it| it.id != extension_id::EXPECTATIONS);
    vec![
        ("hosts", listed(&service.hosts)),
        ("anchors", anchors),
        ("probe", service.probe.to_string()),
        ("extensions", listed(&extensions.map(service_extension).collect::<Vec<_>>())),
    ]
}

fn service_extension(extension: &ExtensionContent) -> String {
    match extension.id {
        extension_id::PROFILE => format!("profile {}", String::from_utf8_lossy(&extension.content)),
        extension_id::EXPORT_POLICY => {
            format!("unexportable {}", String::from_utf8_lossy(&extension.content).escape_debug())
        }
        id => id.to_string(),
    }
}

fn listed(items: &[String]) -> String {
    if items.is_empty() { NOTHING.to_owned() } else { items.join(", ") }
}

#[cfg(test)]
mod tests {
    use bundle::{AnchorState, Denial, DenialKind, Purposes};

    use super::*;

    fn anchor(byte: u8) -> AnchorContent {
        AnchorContent {
            sha256: Sha256([byte; 32]),
            length: 100,
            state: AnchorState::Active,
            purposes: Purposes::SERVER_AUTH,
            added_day: 20_000,
            retire_day: None,
            note: "reason".to_owned(),
            constraints: Vec::new(),
            extensions: Vec::new(),
        }
    }

    #[test]
    fn removals_come_first_and_changes_name_their_fields() {
        let names = Names::default();
        let before = ManifestContent { anchors: vec![anchor(1), anchor(2)], ..ManifestContent::default() };
        let after = ManifestContent {
            anchors: vec![AnchorContent { state: AnchorState::Retiring, ..anchor(2) }, anchor(3)],
            denials: vec![Denial { kind: DenialKind::Spki, sha256: Sha256([1; 32]) }],
            ..ManifestContent::default()
        };
        let side = |content| Side { content, names: &names };
        let difference = Difference::between(side(&before), side(&after));
        let kinds: Vec<_> = difference.changes.iter().map(|change| (change.kind, change.what)).collect();
        let expect = [
            (ChangeKind::Removed, "anchor"),
            (ChangeKind::Added, "anchor"),
            (ChangeKind::Added, "denial"),
            (ChangeKind::Changed, "anchor"),
        ];
        assert_eq!(kinds, expect);
        assert_eq!(difference.changes[3].details, ["state: active -> retiring"]);
        assert!(Difference::between(side(&after), side(&after)).is_empty());
    }
}
