//! What a release changes: removals, and how long what stays has been there.

use std::collections::BTreeSet;

use bundle::write::{ManifestContent, ServiceContent};
use bundle::{AnchorState, Sha256, UnixSeconds};

use super::{View, usable};
use crate::date;
use crate::finding::Finding;
use crate::lint::rule::Problem;
use crate::lint::rules::bundle::{
    ADDED_AND_REMOVED, REMOVED_BEFORE_OVERLAP, REMOVED_WHILE_ACTIVE, REPLACED_IN_ONE_STEP, SHORT_OVERLAP,
};

/// Refresh intervals that what stays must have been there when something is removed, at least and better.
const OVERLAP: (u64, u64) = (3, 5);

pub(super) fn findings(view: &View<'_>) -> Vec<Finding> {
    let Some((_, before)) = view.history.last() else { return Vec::new() };
    let mut findings = Vec::new();
    for service in &view.content.services {
        let Some(old) = before.services.iter().find(|old| old.name == service.name) else { continue };
        let subject = format!("service {}", service.name);
        let problems = of_service(view, before, old, service);
        findings.extend(problems.iter().map(|problem| problem.finding(&subject)));
    }
    for anchor in &before.anchors {
        let is_gone = view.content.anchors.iter().all(|it| it.sha256 != anchor.sha256);
        if is_gone && anchor.state != AnchorState::Retiring && !is_condemned(view.content, anchor.sha256) {
            let problem = REMOVED_WHILE_ACTIVE.broken("is removed, and was not retiring");
            findings.push(problem.finding(&view.name(anchor.sha256)));
        }
    }
    findings
}

/// A removal that a denial or a distrust order asks for waits for nobody.
fn is_condemned(content: &ManifestContent, sha256: Sha256) -> bool {
    content.distrust_orders.iter().any(|(ordered, _)| *ordered == sha256)
        || content.denials.iter().any(|denial| denial.sha256 == sha256)
}

fn of_service(
    view: &View<'_>,
    before: &ManifestContent,
    old: &ServiceContent,
    new: &ServiceContent,
) -> Vec<Problem> {
    let had = usable::of(view, before, old);
    let has = usable::of(view, view.content, new);
    let removed: Vec<Sha256> =
        had.difference(&has).filter(|sha256| !is_condemned(view.content, **sha256)).copied().collect();
    if removed.is_empty() {
        return Vec::new();
    }
    let names = |list: &mut dyn Iterator<Item = &Sha256>| {
        list.map(|sha256| view.name(*sha256)).collect::<Vec<_>>().join(", ")
    };
    let (gone, came) = (names(&mut removed.iter()), names(&mut has.difference(&had)));
    let stays: BTreeSet<Sha256> = had.intersection(&has).copied().collect();
    if stays.is_empty() {
        if has.is_empty() {
            // It has no anchor at all: another rule says that.
            return Vec::new();
        }
        return vec![REPLACED_IN_ONE_STEP.broken(format!("loses {gone} and gets {came} in one release"))];
    }
    let mut problems = Vec::new();
    if !came.is_empty() {
        problems.push(ADDED_AND_REMOVED.broken(format!("loses {gone} and gets {came} in one release")));
    }
    problems.extend(overlap(view, &new.name, &stays, &gone));
    problems
}

/// How long the one that has been there longest was there.
fn overlap(view: &View<'_>, service: &str, stays: &BTreeSet<Sha256>, gone: &str) -> Option<Problem> {
    let since = stays.iter().filter_map(|sha256| since(view, service, *sha256)).min()?;
    let age = view.now.since(since);
    let interval = view.refresh_seconds.max(1);
    let message = || {
        let (age, interval) = (date::span(age), date::span(interval));
        format!("loses {gone}, and what stays was released {age} ago; devices check every {interval}")
    };
    if age < interval.saturating_mul(OVERLAP.0) {
        return Some(REMOVED_BEFORE_OVERLAP.broken(message()));
    }
    (age < interval.saturating_mul(OVERLAP.1)).then(|| SHORT_OVERLAP.broken(message()))
}

/// When the first of the releases in a row was issued that gave the anchor to the service.
fn since(view: &View<'_>, service: &str, sha256: Sha256) -> Option<UnixSeconds> {
    let has = |content: &ManifestContent| {
        let holds = content.anchors.iter().any(|anchor| anchor.sha256 == sha256);
        holds && content.services.iter().any(|it| it.name == service && it.anchors.includes(sha256))
    };
    let row = view.history.iter().rev().take_while(|(_, content)| has(content));
    row.last().map(|(issued, _)| *issued)
}
