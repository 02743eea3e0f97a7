//! What the agent last did, in a small file of its own: for the status command, which must not ask the agent.

use std::fs;
use std::path::{Path, PathBuf};

use bundle::UnixSeconds;
use serde::{Deserialize, Serialize};

use super::census_record::CensusRecord;
use super::probe_record::ProbeRecord;
use super::report_record::ReportRecord;
use crate::linux::clock::Moment;
use crate::linux::configuration::Settings;
use crate::linux::durable;
use crate::linux::error::Error;
use crate::linux::report::Observation;
use crate::{Freshness, Status, Transport};

/// The file's format; a file of another one is taken for none.
const SCHEMA: &str = "device-agent.activity.2";

/// The newest cycle of the agent. It is written over at every cycle, and may be lost with a reboot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActivityRecord {
    pub(in crate::linux) schema: String,
    /// The calendar at the end of the cycle.
    pub written_at: Moment,
    /// The device's id.
    pub device: String,
    /// The channel's name.
    pub channel: String,
    /// How the cycle ended: a stable code.
    pub reason: Option<String>,
    /// The same in words.
    pub words: Option<String>,
    /// The release that the reason is about.
    pub subject: Option<String>,
    /// The newest release that the device knows of.
    pub offered: Option<String>,
    /// `authenticated`, `unauthenticated`, or nothing where the tree was not reached.
    pub transport: Option<String>,
    /// Until when the newest head vouches for freshness.
    pub fresh_until: Option<Moment>,
    /// Since when the newest head is expired.
    pub stale_since: Option<Moment>,
    /// True where the calendar was never set.
    pub clock_unknown: bool,
    /// True where the last changes are not exported yet.
    pub export_pending: bool,
    /// Seconds from the end of the cycle to the next one.
    pub next_check_seconds: u64,
    /// What went wrong with servers, exports and reports.
    pub notes: Vec<String>,
    /// What became of the newest report that was due; nothing where none was due yet, or none is configured.
    pub report: Option<ReportRecord>,
    /// Endpoints that were probed in this cycle.
    pub probed_endpoints: usize,
    /// The release that the last round of probes was about, of this cycle or an earlier one.
    pub probed_release: Option<String>,
    /// What that round found.
    pub probes: Vec<ProbeRecord>,
    /// Which anchors the services of this device were seen to need; nothing where the owner did not ask for it.
    #[serde(default)]
    pub census: Option<CensusRecord>,
}

/// Everything of a cycle that the engine's status does not say.
#[derive(Clone, Debug, Default)]
pub(super) struct Cycle<'a> {
    pub(super) written_at: UnixSeconds,
    pub(super) wait_seconds: u64,
    pub(super) notes: Vec<String>,
    pub(super) report: Option<ReportRecord>,
    pub(super) probed_endpoints: usize,
    pub(super) probed_release: Option<String>,
    pub(super) observations: &'a [Observation],
    pub(super) census: Option<CensusRecord>,
    /// What to say of an outcome that no probe stands behind.
    pub(super) unprobed: Option<String>,
}

impl ActivityRecord {
    pub(super) fn of(status: &Status<'_>, cycle: Cycle<'_>) -> Self {
        let (fresh_until, stale_since) = match status.freshness {
            Freshness::Fresh { until } => (Some(Moment(until)), None),
            Freshness::Stale { since } => (None, Some(Moment(since))),
            Freshness::Unknown => (None, None),
        };
        let transport = status.last_check.and_then(|check| check.transport);
        let words = cycle.unprobed.or_else(|| status.reason.map(|reason| reason.words().to_owned()));
        Self {
            schema: SCHEMA.to_owned(),
            written_at: Moment(cycle.written_at),
            device: status.device.to_owned(),
            channel: status.channel.to_owned(),
            reason: status.reason.map(|reason| reason.name().to_owned()),
            words,
            subject: status.subject.map(|order| order.to_string()),
            offered: status.offered.map(|order| order.to_string()),
            transport: transport.map(|transport| transport_name(transport).to_owned()),
            fresh_until,
            stale_since,
            clock_unknown: status.clock_unknown,
            export_pending: status.export_pending,
            next_check_seconds: cycle.wait_seconds,
            notes: cycle.notes,
            report: cycle.report,
            probed_endpoints: cycle.probed_endpoints,
            probed_release: cycle.probed_release,
            probes: cycle.observations.iter().map(ProbeRecord::of).collect(),
            census: cycle.census,
        }
    }

    /// Keeps of the record before what this cycle has nothing new on: a round of probes, a report.
    pub(super) fn keep_of(&mut self, before: Option<Self>) {
        let is_same = |before: &Self| before.device == self.device && before.channel == self.channel;
        let Some(before) = before.filter(is_same) else { return };
        if self.probes.is_empty() {
            (self.probed_release, self.probes) = (before.probed_release, before.probes);
        }
        self.report = self.report.take().or(before.report);
    }

    /// The endpoints that the release in question would lose: `hub.example:8883: chain (service hub)`.
    pub fn lost_endpoints(&self) -> impl Iterator<Item = String> {
        let is_meant = self.subject.is_some() && self.subject == self.probed_release;
        self.probes.iter().filter(move |probe| is_meant && probe.is_lost).map(ProbeRecord::loss)
    }

    /// Where the record of a configuration is.
    #[must_use]
    pub fn path(settings: &Settings) -> PathBuf {
        settings.runtime_folder.join("activity.json")
    }

    /// Reads the record; `None` where there is none, or one that this version cannot read.
    #[must_use]
    pub fn read(path: &Path) -> Option<Self> {
        let record: Self = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
        (record.schema == SCHEMA).then_some(record)
    }

    /// Writes the record, whole or not at all.
    ///
    /// # Errors
    /// The file cannot be written; nothing depends on it but the status command.
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        let text = serde_json::to_vec_pretty(self)
            .map_err(|error| Error::bug("the record cannot be written as JSON").because(error))?;
        durable::replace(path, &text, durable::PUBLIC_MODE)
    }
}

const fn transport_name(transport: Transport) -> &'static str {
    match transport {
        Transport::Authenticated => "authenticated",
        Transport::Unauthenticated => "unauthenticated",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_reads_back_and_one_of_another_format_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run/activity.json");
        assert_eq!(ActivityRecord::read(&path), None);
        let record = ActivityRecord { schema: SCHEMA.into(), notes: vec!["a".into()], ..Default::default() };
        record.write(&path).unwrap();
        assert_eq!(ActivityRecord::read(&path), Some(record.clone()));
        ActivityRecord { schema: "later".into(), ..record }.write(&path).unwrap();
        assert_eq!(ActivityRecord::read(&path), None);
    }
}
