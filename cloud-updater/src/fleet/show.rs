//! `fleet show`: one device, its history and what its probes said.

use bundle::UnixSeconds;
use rusqlite::{Connection, OptionalExtension as _};
use serde::Serialize;

use super::list::{self, Counted, LastReport, Listed};
use super::table::{Table, counted};
use super::words;
use crate::date;
use crate::printable::printable;

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
    /// The applications that its last report says are behind, as far as the report had room for them.
    pub applications_behind: Vec<ShownApplication>,
}

/// An application that does not use the release in use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct ShownApplication {
    /// Its name on the device.
    pub name: String,
    /// How telling it ended.
    pub outcome: String,
    /// Number of the release that it was last told of.
    pub release_number: Option<u32>,
    /// Tries since it was last told with success.
    pub attempts: u32,
    /// Anchors that it may still trust and must not.
    pub still_trusts: u16,
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
    let (probes, applications_behind) = (probes(connection, device)?, behind(connection, device)?);
    Ok(Some(Shown { listed, history, probes, applications_behind }))
}

fn behind(connection: &Connection, device: &str) -> rusqlite::Result<Vec<ShownApplication>> {
    let behind = "SELECT application.* FROM application JOIN device ON last_report = report_number
        WHERE device.id = ?1 ORDER BY still_trusts DESC, name";
    let mut statement = connection.prepare(behind)?;
    let rows = statement.query_map([device], |row| {
        let release_number: u32 = row.get("release_number")?;
        Ok(ShownApplication {
            name: row.get("name")?,
            outcome: words::outcome(row.get("outcome")?),
            release_number: (release_number > 0).then_some(release_number),
            attempts: row.get("attempts")?,
            still_trusts: row.get("still_trusts")?,
        })
    })?;
    rows.collect()
}

fn probes(connection: &Connection, device: &str) -> rusqlite::Result<Vec<ShownProbe>> {
    let probes = "SELECT endpoint, present, candidate, reason FROM probe WHERE report_number =
            (SELECT max(number) FROM report JOIN probe ON report_number = number WHERE device_id = ?1)
        ORDER BY position";
    let mut statement = connection.prepare(probes)?;
    let rows = statement.query_map([device], |row| {
        Ok(ShownProbe {
            endpoint: printable(&row.get::<_, String>("endpoint")?),
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
    if let Some(Counted { declared, behind }) = last.applications {
        lines.push(format!("applications  {declared}, {behind} of them behind"));
    }
    let tables = [probe_table(&shown.probes), application_table(&shown.applications_behind)].concat();
    format!("{}\n\n{}{tables}", lines.join("\n"), history(&shown.history))
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

fn application_table(behind: &[ShownApplication]) -> String {
    if behind.is_empty() {
        return String::new();
    }
    let mut table = Table::new(["APPLICATION", "OUTCOME", "TOLD OF", "TRIES", "MAY STILL TRUST"]);
    for ShownApplication { name, outcome, release_number, attempts, still_trusts } in behind {
        let release = release_number.map_or_else(|| "-".to_owned(), |number| format!("release {number}"));
        let trusts =
            if *still_trusts == 0 { "-".to_owned() } else { counted(usize::from(*still_trusts), "anchor") };
        table.push([name.clone(), outcome.clone(), release, attempts.to_string(), trusts]);
    }
    format!("\n{table}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::kit::{TestFleet, frame, report};
    use crate::fleet::{Behind, Probed, Received, ReportedApplications, ledger};
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
    fn what_a_device_says_of_itself_moves_no_cursor() {
        let fleet = TestFleet::of([1]);
        let connection = fleet.connection();
        let mut report = report("device-1", 1, 1);
        report.agent_version = "1\x1b[2J";
        let mut received = Received::new(&report, ChannelId::of("prod"), &frame(1, &report), 5_000);
        let endpoint = "\x1b[31mhub:443".to_owned();
        received.probes.push(Probed { endpoint, present: 0, candidate: 0, reason: 0 });
        let _ = ledger::enter(&connection, &received).unwrap();
        let text = text(&show(&connection, "device-1", UnixSeconds(5_010)).unwrap().unwrap());
        assert!(text.contains("hub:443") && !text.contains('\x1b'), "{text:?}");
    }

    #[test]
    fn applications_that_are_behind_are_those_of_the_last_report() {
        let fleet = TestFleet::of([1]);
        let connection = fleet.connection();
        let tell = |counter: u32, names: &[&str]| {
            let behind = |name: &&str| Behind {
                name: (*name).to_owned(),
                outcome: 20,
                release_number: 7,
                attempts: 3,
                still_trusts: 1,
            };
            let report = report("device-1", 1, counter);
            let frame = frame(1, &report);
            let mut received = Received::new(&report, ChannelId::of("prod"), &frame, 5_000);
            let well = 3 - u8::try_from(names.len()).unwrap();
            let behind = names.iter().map(behind).collect();
            received.applications = Some(ReportedApplications { declared: 3, well, behind });
            let _ = ledger::enter(&connection, &received).unwrap();
            show(&connection, "device-1", UnixSeconds(5_010)).unwrap().unwrap()
        };
        let shown = tell(1, &["mail", "web"]);
        assert_eq!(
            shown.listed.report.as_ref().unwrap().applications,
            Some(Counted { declared: 3, behind: 2 })
        );
        let words = text(&shown);
        assert!(words.contains("applications  3, 2 of them behind\n"), "{words}");
        assert!(words.contains("mail         timed_out  release 7  3      1 anchor\n"), "{words}");
        let listed = list::table(std::slice::from_ref(&shown.listed));
        assert!(listed.contains("2 of 3 applications behind"), "{listed}");
        assert!(listed.ends_with("0 cloned, 1 with applications behind\n"), "{listed}");
        let shown = tell(2, &[]);
        assert!(shown.applications_behind.is_empty(), "they were told since");
        let listed = list::table(&[shown.listed]);
        assert!(listed.ends_with("0 cloned\n"), "{listed}");
    }

    #[test]
    fn a_device_that_never_spoke_is_shown_too() {
        let fleet = TestFleet::of([1]);
        let shown = show(&fleet.connection(), "device-1", UnixSeconds(5_010)).unwrap().unwrap();
        assert!(text(&shown).ends_with("it has never reported\n"));
        assert_eq!(show(&fleet.connection(), "device-2", UnixSeconds(5_010)).unwrap(), None);
    }
}
