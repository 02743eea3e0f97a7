//! What concerns one application: the anchors of its services as exports and readers show them, what limits them, and
//! the denials that no anchor's absence shows.

use std::collections::{BTreeMap, BTreeSet};

use bundle::{Anchor, Service, Sha256};
use chain::Certificate;
use serde::{Deserialize, Serialize};
use trust_store::Installed;

use crate::linux::configuration::Application;

/// The name under which an application that names no services holds every anchor.
const WHOLE: &str = "";
/// Hexadecimal letters that are kept of what only has to differ.
const MARK_LETTERS: usize = 16;
/// Characters of an anchor's name: one line of a status.
const LABEL_CHARACTERS_MAX: usize = 64;

/// What one application holds, or should.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holdings {
    /// By service: its anchors by SHA-256, each with a mark of what limits it there.
    services: BTreeMap<String, BTreeMap<String, String>>,
    /// Certificates and keys on the deny list.
    denials: BTreeSet<String>,
    /// What the anchors are called.
    labels: BTreeMap<String, String>,
}

/// An anchor, for people.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct NamedAnchor {
    /// The most telling part of its subject.
    pub subject: String,
    /// SHA-256 of the certificate.
    pub sha256: String,
}

impl Holdings {
    /// What `installed` gives to `application`.
    #[must_use]
    pub fn of(installed: &Installed, application: &Application) -> Self {
        let mut holdings = Self::default();
        let Ok(manifest) = installed.manifest() else { return holdings };
        let is_meant = |service: &Service<'_>| {
            application.services.as_ref().is_none_or(|names| names.iter().any(|name| name == service.name))
        };
        for service in manifest.services().filter(is_meant) {
            let around = [pins(&service), service.extensions.as_bytes().to_vec()].concat();
            for anchor in installed.anchors(service.name).into_iter().flatten() {
                holdings.add(service.name, &anchor.entry, anchor.der, &around);
            }
        }
        if application.services.is_none() {
            for anchor in installed.all_anchors() {
                holdings.add(WHOLE, &anchor.entry, anchor.der, &[]);
            }
        }
        let denials = installed.set().denials().iter();
        holdings.denials = denials.map(|denial| format!("{}:{}", denial.kind, denial.sha256)).collect();
        holdings
    }

    fn add(&mut self, service: &str, entry: &Anchor<'_>, der: &[u8], around: &[u8]) {
        let sha256 = entry.sha256.to_string();
        let limits = [
            &[entry.purposes.0],
            entry.constraints.as_bytes(),
            &[0],
            entry.extensions.as_bytes(),
            &[0],
            around,
        ];
        let mark: String = Sha256::of(&limits).to_string().chars().take(MARK_LETTERS).collect();
        self.labels.entry(sha256.clone()).or_insert_with(|| label(entry, der));
        self.services.entry(service.to_owned()).or_default().insert(sha256, mark);
    }

    /// Takes over what `other` holds beside it.
    pub fn join(&mut self, other: &Self) {
        for (service, anchors) in &other.services {
            let own = self.services.entry(service.clone()).or_default();
            own.extend(anchors.iter().map(|(sha256, mark)| (sha256.clone(), mark.clone())));
        }
        self.labels.extend(other.labels.iter().map(|(sha256, label)| (sha256.clone(), label.clone())));
    }

    /// The anchors that it holds for some service and `other` does not hold for that service.
    #[must_use]
    pub fn without(&self, other: &Self) -> BTreeSet<NamedAnchor> {
        let mut missing = BTreeSet::new();
        for (service, anchors) in &self.services {
            let has = |sha256: &String| {
                other.services.get(service).is_some_and(|anchors| anchors.contains_key(sha256))
            };
            missing.extend(anchors.keys().filter(|sha256| !has(sha256)).map(|sha256| self.named(sha256)));
        }
        missing
    }

    /// True where an anchor that both hold is limited otherwise here than in `before`, or a denial is new that speaks of no
    /// anchor of either: those are seen by the anchor's absence.
    #[must_use]
    pub fn is_limited_otherwise(&self, before: &Self) -> bool {
        let mark = |of: &Self, service: &String, sha256: &String| -> Option<String> {
            of.services.get(service)?.get(sha256).cloned()
        };
        let differs = self.services.iter().any(|(service, anchors)| {
            let differs = |(sha256, new): (&String, &String)| {
                mark(before, service, sha256).is_some_and(|old| old != *new)
            };
            anchors.iter().any(differs)
        });
        let names_anchor = |denial: &&String| {
            denial
                .strip_prefix("certificate:")
                .is_some_and(|sha256| self.labels.contains_key(sha256) || before.labels.contains_key(sha256))
        };
        let mut new = self.denials.difference(&before.denials);
        differs || new.any(|denial| !names_anchor(&denial))
    }

    fn named(&self, sha256: &str) -> NamedAnchor {
        let subject = self.labels.get(sha256).cloned().unwrap_or_default();
        NamedAnchor { subject, sha256: sha256.to_owned() }
    }
}

fn pins(service: &Service<'_>) -> Vec<u8> {
    service.pins.as_bytes().to_vec()
}

/// What the anchor is called, on one line.
fn label(entry: &Anchor<'_>, der: &[u8]) -> String {
    let subject = Certificate::parse(der)
        .ok()
        .and_then(|certificate| certificate.subject().label().map(|label| label.to_string()));
    let text = subject.unwrap_or_else(|| entry.note.to_owned());
    text.chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .take(LABEL_CHARACTERS_MAX)
        .collect()
}
