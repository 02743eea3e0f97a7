//! `fleet show`: one device, its history and what its probes said.

use bundle::UnixSeconds;
use rusqlite::{Connection, OptionalExtension as _};
use serde::Serialize;

use super::list::{self, LastReport, Listed};
use super::table::Table;
use super::words;
use crate::date;

/// One device with everything that is kept of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Shown {
    /// The device and its last report.
    #[serde(flatten)]
    pub listed: Listed,
    /// Its reports, newest first.
    pub history: Vec<Event>,
    /// What the probes of the newest report that had any said.
    pub probes: Vec<ShownProbe>,
}

/// One report of the past.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Event {
    /// What it said.
    #[serde(flatten)]
    pub report: LastReport,
    /// Random per start of the agent, in hexadecimal.
    pub boot: String,
    /// Its place among the reports of that boot.
    pub counter: u32,
}

/// What one probe said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct ShownProbe {
    /// `host:port`.
    pub endpoint: String,
    /// Under the bundle in use.
    pub present: String,
    /// Under the candidate.
    pub candidate: String,
    /// Why, where one of the two is not `verified`.
    pub reason: Option<String>,
}

/// All that is kept of `device`; `None` where it is not enrolled.
///
/// # Errors
/// Where SQLite refuses.
pub(super) fn show(
    connection: &Connection,
    device: &str,
    now: UnixSeconds,
) -> rusqlite::Result<Option<Shown>> {
    let Some(listed) = list::one(connection, device, now).optional()? else { return Ok(None) };
    let history = "SELECT * FROM report WHERE device_id = ?1 ORDER BY number DESC";
    let mut statement = connection.prepare(history)?;
    let history = statement.query_map([device], |row| {
        let boot: [u8; 16] = row.get("boot_id")?;
        let boot = boot.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Event { report: list::last_report(row, now)?, boot, counter: row.get("counter")? })
    })?;
    let history = history.collect::<Result<_, _>>()?;
    Ok(Some(Shown { listed, history, probes: probes(connection, device)? }))
}

fn probes(connection: &Connection, device: &str) -> rusqlite::Result<Vec<ShownProbe>> {
    let probes = "SELECT endpoint, present, candidate, reason FROM probe WHERE report_number =
            (SELECT max(number) FROM report JOIN probe ON report_number = number WHERE device_id = ?1)
        ORDER BY position";
    let mut statement = connection.prepare(probes)?;
    let rows = statement.query_map([device], |row| {
        Ok(ShownProbe {
            endpoint: row.get("endpoint")?,
            present: words::verdict(row.get("present")?),
            candidate: words::verdict(row.get("candidate")?),
            reason: words::reason(row.get("reason")?),
        })
    })?;
    rows.collect()
}

/// The device for people.
pub(super) fn text(shown: &Shown) -> String {
    let listed = &shown.listed;
    let dash = || "-".to_owned();
    let mut lines = vec![
        format!("device    {}", listed.device),
        format!("class     {}", listed.class.clone().unwrap_or_else(dash)),
        format!("site      {}", listed.site.clone().unwrap_or_else(dash)),
        format!("groups    {}", if listed.groups.is_empty() { dash() } else { listed.groups.join(", ") }),
        format!("enrolled  {}", listed.enrolled_at),
    ];
    if let Some(time) = &listed.cloned_at {
        lines.push(format!("CLONED    two devices speak under this id and key, last seen at {time}:"));
        lines.push(
            "          find them, give each an id and key of its own, and enrol with --replace".to_owned(),
        );
    }
    let Some(last) = &listed.report else {
        lines.push("it has never reported".to_owned());
        return lines.join("\n") + "\n";
    };
    lines.push(format!("last seen {} ({} ago)", last.received_at, date::span(last.age_seconds)));
    lines.push(format!("agent     {}, {} releases committed", last.agent_version, last.commit_count));
    format!("{}\n\n{}{}", lines.join("\n"), history(&shown.history), probe_table(&shown.probes))
}

fn history(events: &[Event]) -> Table<8> {
    let mut table =
        Table::new(["RECEIVED", "RELEASE", "PHASE", "REASON", "ABOUT", "KEYRING", "BOOT", "FLAGS"]);
    for Event { report, boot, counter } in events {
        let dash = || "-".to_owned();
        table.push([
            report.received_at.clone(),
            report.release.clone().unwrap_or_else(dash),
            report.phase.clone(),
            report.reason.clone().unwrap_or_else(dash),
            report.subject_number.map_or_else(dash, |number| number.to_string()),
            report.keyring.clone(),
            format!("{}…:{counter}", boot.chars().take(8).collect::<String>()),
            report.flags.join(", "),
        ]);
    }
    table
}

fn probe_table(probes: &[ShownProbe]) -> String {
    if probes.is_empty() {
        return String::new();
    }
    let mut table = Table::new(["ENDPOINT", "PRESENT", "CANDIDATE", "REASON"]);
    for probe in probes {
        let reason = probe.reason.clone().unwrap_or_else(|| "-".to_owned());
        table.push([probe.endpoint.clone(), probe.present.clone(), probe.candidate.clone(), reason]);
    }
    format!("\n{table}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::kit::{TestFleet, frame, report};
    use crate::fleet::{Probed, Received, ledger};
    use bundle::ChannelId;

    #[test]
    fn history_is_newest_first_and_probes_are_the_last_ones() {
        let fleet = TestFleet::of([1]);
        let connection = fleet.connection();
        for counter in 1..=3 {
            let report = report("device-1", 1, counter);
            let frame = frame(1, &report);
            let mut received = Received::new(&report, ChannelId::of("prod"), &frame, 5_000);
            if counter == 2 {
                let endpoint = "hub.example:443".to_owned();
                received.probes.push(Probed { endpoint, present: 0, candidate: 1, reason: 4 });
            }
            let _ = ledger::enter(&connection, &received).unwrap();
        }
        let shown = show(&connection, "device-1", UnixSeconds(5_010)).unwrap().unwrap();
        assert_eq!(shown.history.iter().map(|event| event.counter).collect::<Vec<_>>(), [3, 2, 1]);
        assert_eq!(shown.probes[0].candidate, "refused");
        let text = text(&shown);
        assert!(text.contains("hub.example:443  verified  refused"), "{text}");
        assert!(text.contains("10 s ago"), "{text}");
    }

    #[test]
    fn a_device_that_never_spoke_is_shown_too() {
        let fleet = TestFleet::of([1]);
        let shown = show(&fleet.connection(), "device-1", UnixSeconds(5_010)).unwrap().unwrap();
        assert!(text(&shown).ends_with("it has never reported\n"));
        assert_eq!(show(&fleet.connection(), "device-2", UnixSeconds(5_010)).unwrap(), None);
    }
}
