//! What the agent last did, in a small file of its own: for the status command, which must not ask the agent.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::linux::configuration::Settings;
use crate::linux::durable;
use crate::linux::error::Error;
use crate::linux::report::Observation;
use crate::{Freshness, ProbeOutcome, Reason, Status, Transport, Verdict};

/// The file's format; a file of another one is taken for none.
const SCHEMA: &str = "device-agent.activity.1";

/// The newest cycle of the agent. It is written over at every cycle, and may be lost with a reboot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActivityRecord {
    pub(in crate::linux) schema: String,
    /// The calendar at the end of the cycle, in seconds since 1970.
    pub written_at: u64,
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
    /// Until when the newest head vouches for freshness, in seconds since 1970.
    pub fresh_until: Option<u64>,
    /// Since when the newest head is expired, in seconds since 1970.
    pub stale_since: Option<u64>,
    /// True where the calendar was never set.
    pub clock_unknown: bool,
    /// True where the last changes are not exported yet.
    pub export_pending: bool,
    /// Seconds from the end of the cycle to the next one.
    pub next_check_seconds: u64,
    /// What went wrong with servers, exports and reports.
    pub notes: Vec<String>,
    /// What the last round of probes found.
    pub probes: Vec<ProbeRecord>,
}

/// One endpoint of the last round.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeRecord {
    /// The service.
    pub service: String,
    /// `host:port`.
    pub endpoint: String,
    /// Under the present bundle: `verified`, or the reason's code; nothing where it was not asked.
    pub present: Option<String>,
    /// Under the candidate.
    pub candidate: Option<String>,
    /// True where the candidate loses it without an excuse.
    #[serde(default)]
    pub is_lost: bool,
}

impl ActivityRecord {
    /// What is to be written at the end of a cycle.
    #[must_use]
    pub fn of(
        status: &Status<'_>,
        written_at: u64,
        notes: Vec<String>,
        observations: &[Observation],
    ) -> Self {
        let (fresh_until, stale_since) = match status.freshness {
            Freshness::Fresh { until } => (Some(until.0), None),
            Freshness::Stale { since } => (None, Some(since.0)),
            Freshness::Unknown => (None, None),
        };
        let transport = status.last_check.and_then(|check| check.transport);
        Self {
            schema: SCHEMA.to_owned(),
            written_at,
            device: status.device.to_owned(),
            channel: status.channel.to_owned(),
            reason: status.reason.map(|reason| reason.name().to_owned()),
            words: status.reason.map(|reason| reason.words().to_owned()),
            subject: status.subject.map(|order| order.to_string()),
            offered: status.offered.map(|order| order.to_string()),
            transport: transport.map(|transport| transport_name(transport).to_owned()),
            fresh_until,
            stale_since,
            clock_unknown: status.clock_unknown,
            export_pending: status.export_pending,
            next_check_seconds: status.next_check_seconds,
            notes,
            probes: observations.iter().map(ProbeRecord::of).collect(),
        }
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

impl ProbeRecord {
    fn of(observation: &Observation) -> Self {
        let ProbeOutcome { present, candidate, excused } = observation.outcome;
        let is_refused = matches!(candidate, Some(Verdict::Refused(_)));
        Self {
            service: observation.service.clone(),
            endpoint: observation.endpoint.clone(),
            present: present.map(|verdict| code(verdict).to_owned()),
            candidate: candidate.map(|verdict| code(verdict).to_owned()),
            is_lost: present == Some(Verdict::Verified) && is_refused && !excused,
        }
    }
}

/// `verified`, or the reason's code.
const fn code(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Verified => "verified",
        Verdict::Refused(reason) | Verdict::Inconclusive(reason) => Reason::name(reason),
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
