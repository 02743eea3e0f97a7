//! What a person should look at.

use serde::Serialize;

use super::{Freshness, Overview};
use crate::linux::clock::span;

/// Seconds after the planned check at which silence is a finding: jitter, a slow cycle, a busy machine.
const LATE_SECONDS: u64 = 3_600;

/// One thing to look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The stable code.
    pub code: &'static str,
    /// The sentence for people.
    pub message: String,
}

impl Finding {
    pub(super) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// Everything worth a look, the worst first.
    pub(super) fn all(overview: &Overview, now_seconds: Option<u64>) -> Vec<Self> {
        let mut findings = Vec::new();
        let mut found = |code, message: String| findings.push(Self::new(code, message));
        match overview.journal.condition {
            "lost" => found("store_lost", "the store is unreadable: the image's seed is in use".to_owned()),
            "newer_format" => {
                found(
                    "store_newer_format",
                    "a newer version wrote the store: nothing is installed".to_owned(),
                );
            }
            _ => {}
        }
        if overview.trusted.is_none() {
            found("nothing_trusted", "neither store nor image has a release".to_owned());
        }
        if let Freshness::Stale { since } = &overview.freshness {
            found(
                "stale",
                format!("nobody has vouched for this release since {since}: newer ones may exist"),
            );
        }
        if let (Some(expected), Some(fleet)) = (&overview.expected_fleet, &overview.journal.fleet)
            && expected != fleet
        {
            found(
                "other_fleet",
                format!("the keyring is of fleet {fleet:?}, the configuration says {expected:?}"),
            );
        }
        findings.extend(of_activity(overview, now_seconds));
        findings.extend(of_exports(overview));
        findings.extend(overview.applications.findings());
        findings
    }
}

fn of_activity(overview: &Overview, now_seconds: Option<u64>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let newest = overview.journal.refused.first();
    if let Some(refused) = newest.filter(|refused| Some(&refused.release) != overview.release()) {
        let message = format!("release {} is refused: {}", refused.release, refused.words);
        findings.push(Finding::new("refused", message));
    }
    if let Some(other) = &overview.foreign_activity {
        findings.push(Finding::new("activity_of_another_device", other.clone()));
    }
    let Some(activity) = &overview.last_cycle else { return findings };
    // The round is shown until there is another one; it is a finding for as long as its release is refused.
    let is_refused = |release: &String| {
        overview.journal.refused.iter().any(|refused| &refused.release == release)
            || (overview.release() == Some(release) && overview.is_trial())
    };
    let lost = activity.probes.iter().filter(|probe| probe.is_lost);
    for probe in lost.filter(|_| activity.probed_release.as_ref().is_some_and(is_refused)) {
        let message = format!("an endpoint verified before and is refused now: {}", probe.loss());
        findings.push(Finding::new("endpoint_lost", message));
    }
    if overview.expects_tls && activity.transport.as_deref() == Some("unauthenticated") {
        let message = "the channel was reached without authenticated TLS";
        findings.push(Finding::new("unauthenticated_transport", message));
    }
    let due = activity.written_at.0.plus(activity.next_check_seconds).0;
    let late = now_seconds.map_or(0, |now| now.saturating_sub(due));
    if late > LATE_SECONDS {
        let message = format!("the next check was due {} ago: is the agent running?", span(late));
        findings.push(Finding::new("overdue", message));
    }
    findings
}

fn of_exports(overview: &Overview) -> Vec<Finding> {
    let mut findings = Vec::new();
    let Some(exports) = &overview.exports else { return findings };
    if let Some(fault) = &exports.fault {
        findings.push(Finding::new("export_unreadable", format!("the exports cannot be read: {fault}")));
    } else if !exports.is_current {
        let message = format!("{} does not show what is installed: device-agent export", exports.directory);
        findings.push(Finding::new("export_outdated", message));
    }
    if exports.system_store_pending {
        let message = "the system's store does not have what is installed: device-agent export says why";
        findings.push(Finding::new("system_store_outdated", message));
    }
    for application in &exports.applications {
        if let Some(fault) = &application.fault {
            let message = format!("{} is to trust the system's anchors too, and {fault}", application.name);
            findings.push(Finding::new("system_anchors_unreadable", message));
        }
    }
    for name in &exports.occupied {
        let message = format!("{}/{name} belongs to somebody else and was left alone", exports.directory);
        findings.push(Finding::new("export_occupied", message));
    }
    if let Some(words) = &exports.other_writers {
        let message = format!("{} {words}", exports.directory);
        findings.push(Finding::new("export_written_by_others", message));
    }
    findings
}
