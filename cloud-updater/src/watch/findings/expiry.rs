//! Certificates that end: what servers show, what stands between, and what devices trust.

use std::collections::BTreeMap;

use bundle::{Sha256, UnixSeconds};
use chain::Certificate;

use super::View;
use crate::date::{self, DAY_SECONDS};
use crate::finding::{Finding, Severity};

/// Days before an end at which it is spoken of, each time anew.
pub const STEPS_DAYS: [u64; 4] = [7, 30, 60, 90];
/// Endpoints that a finding names.
const NAMED: usize = 3;
/// Servers get a new certificate when a third of its life is left; before that, its end is no news.
const LEAF_LIFE_PARTS: u64 = 3;

/// How near an end is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Days within which it lies; none where it has come.
    pub days: Option<u64>,
    /// How much that matters.
    pub severity: Severity,
}

impl Step {
    /// The step in which `end` lies.
    #[must_use]
    pub fn of(end: UnixSeconds, now: UnixSeconds) -> Option<Self> {
        if end <= now {
            return Some(Self { days: None, severity: Severity::Error });
        }
        let left = end.since(now);
        let days = STEPS_DAYS.into_iter().find(|days| left <= days.saturating_mul(DAY_SECONDS))?;
        let severity = match days {
            0..=7 => Severity::Error,
            8..=30 => Severity::Warning,
            _ => Severity::Notice,
        };
        Some(Self { days: Some(days), severity })
    }

    /// A finding about an anchor that ends; `whose` says what that means.
    #[must_use]
    pub fn of_anchor(name: &str, end: UnixSeconds, now: UnixSeconds, whose: &str) -> Option<Finding> {
        let finding = Self::of(end, now)?.finding("anchor-expiring", name, end, now, whose);
        Some(
            finding.hint(
                "add what replaces it, and let both overlap; an anchor that has ended verifies nothing",
            ),
        )
    }

    /// A finding about the end of something; its field says the step, so that each step is another finding.
    fn finding(
        self,
        rule: &'static str,
        subject: &str,
        end: UnixSeconds,
        now: UnixSeconds,
        whose: &str,
    ) -> Finding {
        let (field, message) = match self.days {
            None => ("ended".to_owned(), format!("ended on {}{whose}", date::day(end))),
            Some(days) => {
                (format!("within {days} days"), format!("ends in {}{whose}", date::span(end.since(now))))
            }
        };
        Finding::new(rule, self.severity, subject, message).field(field).due(end)
    }
}

/// The servers' own certificates.
pub(super) fn of_leaves(view: &View<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for chain in view.chains().into_iter().filter(|it| it.record.current().any(|current| current == it.seen))
    {
        let certificates = chain.certificates();
        let Some(leaf) = certificates.first() else { continue };
        let (end, life) = (leaf.not_after(), leaf.not_after().since(leaf.not_before()));
        let is_late = end.since(view.now) < life / LEAF_LIFE_PARTS;
        let Some(step) = Step::of(end, view.now).filter(|_| is_late) else { continue };
        let finding = step.finding("leaf-expiring", &chain.subject(), end, view.now, "");
        found.push(finding.hint("whoever runs the server has a new one issued; devices need nothing"));
    }
    found
}

/// What stands between servers and roots, each once, with the endpoints that depend on it.
pub(super) fn of_intermediates(view: &View<'_>) -> Vec<Finding> {
    let mut known: BTreeMap<Sha256, (String, UnixSeconds, Vec<String>)> = BTreeMap::new();
    for chain in view.chains() {
        for certificate in chain.certificates().iter().skip(1).filter(|it| !it.is_self_issued()) {
            let entry = known
                .entry(certificate.sha256())
                .or_insert_with(|| (certificate.subject().to_string(), certificate.not_after(), Vec::new()));
            if !entry.2.contains(&chain.endpoint.endpoint) {
                entry.2.push(chain.endpoint.endpoint.clone());
            }
        }
    }
    let ending = known.into_values().filter_map(|(name, end, endpoints)| {
        let step = Step::of(end, view.now)?;
        let whose = format!(", on the way to {}", listed(&endpoints));
        let finding = step.finding("intermediate-expiring", &name, end, view.now, &whose);
        Some(finding.hint("the CA issues another: see that pins and expected names allow it"))
    });
    ending.collect()
}

/// What devices trust.
pub(super) fn of_anchors(view: &View<'_>) -> Vec<Finding> {
    let mut known: BTreeMap<Sha256, (&str, UnixSeconds, Vec<&str>)> = BTreeMap::new();
    for bundle in view.bundles() {
        for anchor in &bundle.content.anchors {
            let Some(certificate) =
                bundle.names.der(anchor.sha256).and_then(|der| Certificate::parse(der).ok())
            else {
                continue;
            };
            let name = bundle.names.short_name(anchor.sha256).unwrap_or_default();
            let rows = view.matrix.services.iter().filter(|row| row.anchors.contains(&anchor.sha256));
            let services = rows.map(|row| row.service.as_str()).collect();
            known.insert(anchor.sha256, (name, certificate.not_after(), services));
        }
    }
    let ending = known.into_values().filter_map(|(name, end, services)| {
        let whose = match services.as_slice() {
            [] => "; no endpoint that was seen depends on it".to_owned(),
            some => format!("; it verifies {}", some.join(", ")),
        };
        Step::of_anchor(name, end, view.now, &whose)
    });
    ending.collect()
}

fn listed(names: &[String]) -> String {
    let shown = names.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
