//! The status in words.

use std::fmt;

use super::{Freshness, Overview, ServiceLine, Trusted};
use crate::linux::clock::span;
use crate::linux::driver::{ActivityRecord, ProbeRecord, ReportOutcome, ReportRecord};
use crate::linux::export::Application;

/// Characters of the first column.
const WIDTH: usize = 12;

impl fmt::Display for Overview {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "device {} follows channel {}, mode {}", self.device, self.channel, self.mode)?;
        self.trusted_lines(f)?;
        self.freshness_line(f)?;
        self.cycle_lines(f)?;
        self.refused_lines(f)?;
        self.export_lines(f)?;
        self.applications.write(f)?;
        self.keyring_line(f)?;
        for finding in &self.findings {
            line(f, "look at", &finding.message)?;
        }
        Ok(())
    }
}

impl Overview {
    fn trusted_lines(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(trusted) = &self.trusted else {
            return line(f, "trusted", "nothing: neither store nor image has a release");
        };
        line(f, "trusted", format_args!("release {}, {}", trusted.release, trusted.standing_words()))?;
        line(f, "", format_args!("digest {}, generation {}", trusted.digest, trusted.generation))?;
        if let Some(installed_at) = &trusted.installed_at {
            line(f, "since", format_args!("{installed_at}{}", self.ago(trusted.installed_seconds)))?;
        }
        if let Some(issued_at) = &trusted.issued_at {
            line(f, "made", issued_at)?;
        }
        anchor_lines(f, trusted)
    }

    fn freshness_line(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.freshness {
            Freshness::Fresh { until } => {
                line(f, "freshness", format_args!("the newest head vouches until {until}"))
            }
            Freshness::Stale { since } => line(
                f,
                "freshness",
                format_args!("stale: the newest head expired at {since}; what is installed stays in force"),
            ),
            Freshness::Unknown => {
                line(f, "freshness", "unknown: no head was accepted yet, or no clock is set")
            }
        }
    }

    fn cycle_lines(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(cycle) = &self.last_cycle else {
            return line(f, "last check", "none since this machine started");
        };
        let at = cycle.written_at;
        let subject =
            cycle.subject.as_ref().map(|subject| format!("release {subject}: ")).unwrap_or_default();
        let words = cycle.words.as_deref().unwrap_or("nothing to say");
        line(f, "last check", format_args!("{at}{}", self.ago(Some(at.0.0))))?;
        line(f, "", format_args!("{subject}{words}"))?;
        line(f, "", transport_words(cycle, self.signed_only_transport))?;
        for note in &cycle.notes {
            line(f, "", note)?;
        }
        for (index, probe) in cycle.probes.iter().enumerate() {
            let release = cycle.probed_release.as_deref().unwrap_or("on its way");
            let name = if index == 0 { "probes" } else { "" };
            line(f, name, probe_words(probe, release))?;
        }
        self.report_line(f, cycle.report.as_ref())?;
        line(f, "next check", format_args!("{} after that", span(cycle.next_check_seconds)))
    }

    fn report_line(&self, f: &mut fmt::Formatter<'_>, report: Option<&ReportRecord>) -> fmt::Result {
        let Some(configured) = &self.reports_to else { return line(f, "report", "none configured") };
        let Some(ReportRecord { outcome, at, url, why }) = report else {
            return line(f, "report", format_args!("none sent yet to {configured}"));
        };
        let ago = self.ago(Some(at.0.0));
        let why = why.as_deref().map_or_else(String::new, |why| format!(": {why}"));
        match outcome {
            ReportOutcome::Delivered => line(f, "report", format_args!("delivered to {url} at {at}{ago}")),
            ReportOutcome::Failed => line(f, "report", format_args!("failed at {at}{ago}{why}")),
            ReportOutcome::NotSent => line(f, "report", format_args!("not sent to {url} at {at}{ago}{why}")),
        }
    }

    fn refused_lines(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for refused in &self.journal.refused {
            let again = refused.retry_at.as_ref().map_or_else(String::new, |at| format!(", again from {at}"));
            let tried =
                if refused.attempts == 1 { "once".to_owned() } else { format!("{} times", refused.attempts) };
            let words = &refused.words;
            line(f, "refused", format_args!("release {}: {words}; tried {tried}{again}", refused.release))?;
        }
        Ok(())
    }

    fn export_lines(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(exports) = &self.exports else {
            let words = if self.mode == "observe" { "none: the agent observes" } else { "none configured" };
            return line(f, "exports", words);
        };
        if let Some(fault) = &exports.fault {
            return line(f, "exports", format_args!("cannot be read: {fault}"));
        }
        if !exports.is_there {
            return line(f, "exports", format_args!("{}: there is no such folder yet", exports.directory));
        }
        let release =
            exports.release.as_deref().map_or_else(|| "nothing".to_owned(), |it| format!("release {it}"));
        let medium = exports.medium.warning().map_or_else(String::new, |words| format!("; it {words}"));
        line(f, "exports", format_args!("{} shows {release}{medium}", exports.directory))?;
        for omission in &exports.omitted {
            let (subject, reason) = (&omission.subject, omission.reason.words());
            line(f, "", format_args!("left out: {subject} ({reason}), sha256 {}", omission.sha256))?;
        }
        for loss in &exports.losses {
            line(f, "", loss)?;
        }
        for application in exports.applications.iter().filter(|application| application.trust == "add") {
            let Application { name, system_anchors, system_anchors_left_out, .. } = application;
            let left_out = match system_anchors_left_out {
                0 => String::new(),
                count => format!(", without {count} that the bundle denies or limits"),
            };
            let anchors = counted(*system_anchors, "system anchor");
            line(f, "", format_args!("{name} also trusts {anchors}{left_out}"))?;
        }
        Ok(())
    }

    fn keyring_line(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let journal = &self.journal;
        let keyring = journal.keyring.as_deref().unwrap_or("none");
        let fleet = journal.fleet.as_ref().map_or_else(String::new, |fleet| format!(" of fleet {fleet}"));
        let floor = &journal.release_floor;
        let denials = counted(journal.denials, "denial");
        if let Some(words) = journal.medium.warning() {
            line(f, "store", format_args!("it {words}, and every floor with it"))?;
        }
        line(f, "keyring", format_args!("{keyring}{fleet}; no release below {floor}; {denials} in force"))
    }

    /// ` (3 days ago)`, where the clock is known.
    fn ago(&self, seconds: Option<u64>) -> String {
        let passed = self.now_seconds.zip(seconds).map(|(now, then)| now.saturating_sub(then));
        passed.map_or_else(String::new, |passed| format!(" ({} ago)", span(passed)))
    }
}

fn anchor_lines(f: &mut fmt::Formatter<'_>, trusted: &Trusted) -> fmt::Result {
    line(f, "anchors", format_args!("{} usable", trusted.anchors))?;
    for sha256 in &trusted.unusable_anchors {
        line(f, "", format_args!("cannot be used: sha256 {sha256}"))?;
    }
    for service in &trusted.services {
        let probed = match service {
            ServiceLine { is_probed: true, .. } => ", probed",
            ServiceLine { lacks_local_host: true, .. } => ", not probed: wildcard, no local host",
            _ => "",
        };
        let hosts = service.hosts.join(", ");
        let anchors = counted(service.anchors, "anchor");
        line(f, "service", format_args!("{}: {anchors}{probed}; {hosts}", service.name))?;
        for requirement in &service.requirements {
            line(f, "", requirement)?;
        }
    }
    Ok(())
}

fn transport_words(cycle: &ActivityRecord, policy: &str) -> &'static str {
    match (cycle.transport.as_deref(), policy) {
        (Some("authenticated"), _) => "over TLS that the installed release vouches for",
        (Some(_), _) => "without authenticated TLS: only signed files were fetched",
        (None, "refuse") => "the channel was not reached, and channel.signed-only-transport is \"refuse\"",
        (None, _) => "the channel was not reached",
    }
}

fn probe_words(probe: &ProbeRecord, release: &str) -> String {
    let of = |code: &Option<String>| code.clone().unwrap_or_else(|| "not asked".to_owned());
    let (present, candidate) = (of(&probe.present), of(&probe.candidate));
    let ProbeRecord { service, endpoint, .. } = probe;
    let lost = if probe.is_lost { ": it would be lost" } else { "" };
    format!(
        "{endpoint}: {candidate} under release {release}, {present} under the one before (service {service}){lost}"
    )
}

/// `1 anchor`, `2 anchors`.
fn counted(count: usize, name: &str) -> String {
    format!("{count} {name}{}", if count == 1 { "" } else { "s" })
}

pub(super) fn line(f: &mut fmt::Formatter<'_>, name: &str, text: impl fmt::Display) -> fmt::Result {
    writeln!(f, "  {name:<WIDTH$}{text}")
}
