//! What is wrong with a whole bundle: services, anchors, what devices can hold, pins.

mod step;
mod usable;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use bundle::write::{AnchorContent, ManifestContent};
use bundle::{Sha256, UnixSeconds};
use chain::Certificate;

use super::certificate::{NOTICE_DAYS, Role, examine};
use super::rule::Rule;
use super::rules::bundle::{
    CONSTRAINTS_NOT_EXPORTABLE, DENIED_ANCHOR, EXPIRED_ANCHOR, INTERMEDIATE_AS_ANCHOR, NEAR_BUDGET,
    NO_BACKUP_PIN, OVER_BUDGET, PIN_AT_RISK, RETIREMENT_OVERDUE, SERVICE_ENDS, SERVICE_ENDS_WITHIN_HEAD,
    SERVICE_ON_ONE_ANCHOR, SERVICE_WITHOUT_ANCHOR, UNUSED_ANCHOR,
};
use super::set::{self, Member};
use crate::date::{self, DAY_SECONDS};
use crate::diff::Names;
use crate::document::content::is_denied;
use crate::finding::{Finding, Severity};
use crate::{losses, requirement};

/// A bundle, what came before it, and under what circumstances it is looked at.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// What it says.
    pub content: &'a ManifestContent,
    /// Its certificates.
    pub names: &'a Names,
    /// The releases before it with the days on which they were issued, the oldest first.
    pub history: &'a [(UnixSeconds, ManifestContent)],
    /// Bytes that a device's slot must hold, and those that the smallest one of the class holds.
    pub size: Option<(u64, u64)>,
    /// Seconds between two checks of a device.
    pub refresh_seconds: u64,
    /// Seconds for which a head is fresh: until then devices have reason to hold what it names for current.
    pub head_lifetime_seconds: u64,
    /// Rules that were overridden on import.
    pub allowed: &'a BTreeSet<(Sha256, String)>,
    /// The present.
    pub now: UnixSeconds,
}

/// Every rule that the bundle breaks, its certificates' own included.
#[must_use]
pub fn findings(view: &View<'_>) -> Vec<Finding> {
    let mut findings = step::findings(view);
    findings.extend(services(view));
    findings.extend(view.content.anchors.iter().flat_map(|anchor| of_anchor(view, anchor)));
    findings.extend(budget(view));
    findings.extend(exports(view));
    findings.extend(pins(view));
    findings.extend(certificates(view));
    findings
}

/// What cannot be released, unless it is overridden by name: errors about bundle and step. A certificate is judged when it
/// is imported; that it has expired since then must not keep an urgent release back.
pub fn refusing<'a>(findings: impl Iterator<Item = &'a Finding>) -> Vec<&'a Finding> {
    let refuses = |finding: &&Finding| {
        let rule = super::rules::named(finding.rule);
        finding.severity == Severity::Error && rule.is_some_and(|rule| !rule.is_of_certificates())
    };
    findings.filter(refuses).collect()
}

impl View<'_> {
    fn name(&self, sha256: Sha256) -> String {
        self.names.short_name(sha256).map_or_else(|| format!("certificate {sha256}"), str::to_owned)
    }

    fn certificate(&self, sha256: Sha256) -> Option<Certificate<'_>> {
        Certificate::parse(self.names.der(sha256)?).ok()
    }
}

fn services(view: &View<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for service in &view.content.services {
        let usable = usable::of(view, view.content, service);
        let subject = format!("service {}", service.name);
        match usable.len() {
            0 => findings
                .push(SERVICE_WITHOUT_ANCHOR.broken("has no anchor that can verify it").finding(&subject)),
            1 => {
                let name = usable.iter().next().map(|sha256| view.name(*sha256)).unwrap_or_default();
                let message = format!("is verified by one anchor alone, {name}");
                findings.push(SERVICE_ON_ONE_ANCHOR.broken(message).finding(&subject));
            }
            _ => {}
        }
        let anchors = view.content.anchors.iter().filter(|anchor| usable.contains(&anchor.sha256));
        let ends = anchors.filter_map(|anchor| usable::end(view, anchor));
        if let Some(last) = ends.max().filter(|last| last.since(view.now) < NOTICE_DAYS * DAY_SECONDS) {
            let message = format!("loses its last anchor on {}", date::day(last));
            let is_within_head = last.since(view.now) < view.head_lifetime_seconds;
            let rule = if is_within_head { &SERVICE_ENDS_WITHIN_HEAD } else { &SERVICE_ENDS };
            findings.push(rule.broken(message).due(last).finding(&subject));
        }
    }
    findings
}

fn of_anchor(view: &View<'_>, anchor: &AnchorContent) -> Vec<Finding> {
    let mut broken: Vec<(&'static Rule, String)> = Vec::new();
    if let Some(certificate) = view.certificate(anchor.sha256) {
        if certificate.not_after() < view.now {
            let message =
                format!("expired on {} and is still in the bundle", date::day(certificate.not_after()));
            broken.push((&EXPIRED_ANCHOR, message));
        }
        if !certificate.is_self_issued() {
            broken.push((&INTERMEDIATE_AS_ANCHOR, "is an anchor, and another CA signed it".to_owned()));
        }
        if is_denied(view.content, anchor.sha256, Some(certificate.spki_sha256())) {
            broken.push((&DENIED_ANCHOR, "is an anchor, and denied".to_owned()));
        }
    }
    if view.content.services.iter().all(|service| !service.anchors.includes(anchor.sha256)) {
        broken.push((&UNUSED_ANCHOR, "serves no service".to_owned()));
    }
    let overdue = anchor.retire_day.map(date::day_start).filter(|day| *day < view.now);
    broken.extend(
        overdue.map(|day| (&RETIREMENT_OVERDUE, format!("was planned to leave on {}", date::day(day)))),
    );
    let name = view.name(anchor.sha256);
    broken.into_iter().map(|(rule, message)| rule.broken(message).finding(&name)).collect()
}

/// Expired anchors are counted out first, then the limit holds.
fn budget(view: &View<'_>) -> Option<Finding> {
    let (bytes, most) = view.size?;
    let expired = view.content.anchors.iter().filter(|anchor| {
        view.certificate(anchor.sha256).is_some_and(|certificate| certificate.not_after() < view.now)
    });
    let (count, spare) = expired.fold((0_u32, 0_u64), |(count, spare), anchor| {
        (count.saturating_add(1), spare.saturating_add(u64::from(anchor.length)))
    });
    let without = match (count, bytes.saturating_sub(spare) <= most) {
        (0, _) => String::new(),
        (_, true) => format!("; it fits without the {count} that have expired"),
        (_, false) => format!("; even without the {count} that have expired it does not fit"),
    };
    if bytes > most {
        let message = format!("has {bytes} bytes, devices of this class hold {most}{without}");
        return Some(OVER_BUDGET.broken(message).finding("the bundle"));
    }
    let is_near = bytes.saturating_mul(10) > most.saturating_mul(9);
    is_near.then(|| NEAR_BUDGET.broken(format!("has {bytes} bytes of {most}")).finding("the bundle"))
}

/// Constraints that every form of export loses.
fn exports(view: &View<'_>) -> Vec<Finding> {
    let lost = losses::of(view.content, |sha256| view.name(sha256));
    let constrained = view.content.anchors.iter().filter(|anchor| !anchor.constraints.is_empty());
    let names: Vec<String> = constrained.map(|anchor| view.name(anchor.sha256)).collect();
    let of_constrained = lost.into_iter().filter_map(|loss| {
        let (whose, what) = loss.split_once(": ")?;
        let is_left_out = names.iter().any(|name| name == whose) && what.contains("left out of shared files");
        is_left_out.then(|| CONSTRAINTS_NOT_EXPORTABLE.broken(what).finding(whose))
    });
    of_constrained.collect()
}

fn pins(view: &View<'_>) -> Vec<Finding> {
    let fault = requirement::check(view.content, view.names, view.now).err();
    let fault = fault.map(|error| NO_BACKUP_PIN.broken(error.to_string()).finding("the bundle"));
    let warnings = requirement::warnings(view.content, view.names, view.now).into_iter();
    let warnings = warnings.map(|words| PIN_AT_RISK.broken(words).finding("the bundle"));
    warnings.chain(fault).collect()
}

/// The certificates by themselves and beside each other; what was overridden on import is good to know.
fn certificates(view: &View<'_>) -> Vec<Finding> {
    let anchors = view.content.anchors.iter().map(|anchor| (anchor.sha256, Role::Anchor));
    let all =
        anchors.chain(view.content.intermediates.iter().map(|entry| (entry.sha256, Role::Intermediate)));
    let (mut findings, mut members) = (Vec::new(), Vec::new());
    for (sha256, role) in all {
        let Some(der) = view.names.der(sha256) else { continue };
        let name = view.name(sha256);
        for problem in examine(der, Some(role), view.now) {
            let mut finding = problem.finding(&name);
            if view.allowed.contains(&(sha256, problem.rule.id.to_owned())) {
                finding.severity = Severity::Notice;
                finding.message.push_str(", which was allowed on import");
            }
            findings.push(finding);
        }
        members.push(Member { label: name, der: der.to_vec() });
    }
    findings.extend(set::compare(&members));
    findings
}
