//! `fleet list`: every enrolled device and the last thing it said.

use bundle::{ChannelId, Order, Sha256, UnixSeconds};
use rusqlite::{Connection, Row};
use serde::Serialize;

use super::table::{Table, counted};
use super::words;
use crate::date;
use crate::printable::printable;

/// Which devices are asked for; all where nothing is named.
#[derive(Clone, Debug, Default)]
pub(super) struct Filter {
    /// Only devices whose last report was for this channel.
    pub channel: Option<ChannelId>,
    /// Only devices of this class.
    pub class: Option<String>,
    /// Only devices at this site.
    pub site: Option<String>,
}

/// One device, as the list shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Listed {
    /// Its id.
    pub device: String,
    /// Its class.
    pub class: Option<String>,
    /// Its site.
    pub site: Option<String>,
    /// Its groups.
    pub groups: Vec<String>,
    /// When it was enrolled.
    pub enrolled_at: String,
    /// When two devices last spoke under this id.
    pub cloned_at: Option<String>,
    /// Its last report.
    pub report: Option<LastReport>,
}

/// What a device said last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct LastReport {
    /// When it arrived.
    pub received_at: String,
    /// Seconds since then.
    pub age_seconds: u64,
    /// Release in use, as `number` or `epoch/number`; `None` for none.
    pub release: Option<String>,
    /// Its digest.
    pub release_digest: String,
    /// The release that the reason is about.
    pub subject_number: Option<u32>,
    /// Phase of the update.
    pub phase: String,
    /// Why.
    pub reason: Option<String>,
    /// Keyring in force.
    pub keyring: String,
    /// Newest accepted head.
    pub head_number: u32,
    /// Flags that are set.
    pub flags: Vec<String>,
    /// Releases committed.
    pub commit_count: u32,
    /// The agent's version.
    pub agent_version: String,
    /// Applications of the device; `None` where its configuration names none.
    pub applications: Option<Counted>,
}

/// The applications of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Counted {
    /// How many there are.
    pub declared: u8,
    /// How many do not use the release in use, as far as the device knows.
    pub behind: u8,
}

/// The devices of `filter`, by id.
///
/// # Errors
/// Where SQLite refuses.
pub(super) fn list(
    connection: &Connection,
    filter: &Filter,
    now: UnixSeconds,
) -> rusqlite::Result<Vec<Listed>> {
    let list = "SELECT * FROM device LEFT JOIN report ON report.number = device.last_report
        WHERE (?1 IS NULL OR channel = ?1) AND (?2 IS NULL OR class = ?2) AND (?3 IS NULL OR site = ?3)
        ORDER BY id";
    let channel = filter.channel.map(|channel| channel.0.to_vec());
    let mut statement = connection.prepare(list)?;
    let rows = statement.query_map((channel, &filter.class, &filter.site), |row| listed(row, now))?;
    rows.collect()
}

/// One device, by id.
///
/// # Errors
/// Where SQLite refuses, or there is none ([`rusqlite::Error::QueryReturnedNoRows`]).
pub(super) fn one(connection: &Connection, device: &str, now: UnixSeconds) -> rusqlite::Result<Listed> {
    let one = "SELECT * FROM device LEFT JOIN report ON report.number = device.last_report WHERE id = ?1";
    connection.query_row(one, [device], |row| listed(row, now))
}

fn listed(row: &Row<'_>, now: UnixSeconds) -> rusqlite::Result<Listed> {
    let groups: String = row.get("groups")?;
    let cloned_at: Option<i64> = row.get("cloned_at")?;
    let report: Option<i64> = row.get("number")?;
    Ok(Listed {
        device: row.get("id")?,
        class: row.get("class")?,
        site: row.get("site")?,
        groups: groups.split(';').filter(|group| !group.is_empty()).map(str::to_owned).collect(),
        enrolled_at: instant(row.get("enrolled_at")?),
        cloned_at: cloned_at.map(instant),
        report: report.map(|_| last_report(row, now)).transpose()?,
    })
}

/// The report in a row of the `report` table.
pub(super) fn last_report(row: &Row<'_>, now: UnixSeconds) -> rusqlite::Result<LastReport> {
    let received_at: i64 = row.get("received_at")?;
    let release = Order::new(row.get("release_epoch")?, row.get("release_number")?);
    let subject_number: u32 = row.get("subject_number")?;
    Ok(LastReport {
        received_at: instant(received_at),
        age_seconds: now.since(seconds(received_at)),
        release: (release.number > 0).then(|| release.to_string()),
        release_digest: Sha256(row.get("release_digest")?).to_string(),
        subject_number: (subject_number > 0).then_some(subject_number),
        phase: words::phase(row.get("phase")?),
        reason: words::reason(row.get("reason")?),
        keyring: Order::new(row.get("keyring_epoch")?, row.get("keyring_version")?).to_string(),
        head_number: row.get("head_number")?,
        flags: words::flags(row.get("flags")?),
        commit_count: row.get("commit_count")?,
        // What a device says of itself is shown on terminals.
        agent_version: printable(&row.get::<_, String>("agent_version")?),
        applications: counted_applications(row)?,
    })
}

fn counted_applications(row: &Row<'_>) -> rusqlite::Result<Option<Counted>> {
    let counts: (Option<u8>, Option<u8>) = (row.get("applications_declared")?, row.get("applications_well")?);
    let (Some(declared), Some(well)) = counts else { return Ok(None) };
    Ok(Some(Counted { declared, behind: declared.saturating_sub(well) }))
}

/// The list for people: device × release × phase × reason × last seen.
pub(super) fn table(devices: &[Listed]) -> String {
    let heading = ["DEVICE", "CLASS", "SITE", "RELEASE", "PHASE", "REASON", "KEYRING", "LAST SEEN", "NOTES"];
    let mut table = Table::new(heading);
    for listed in devices {
        let dash = || "-".to_owned();
        let report = listed.report.as_ref();
        let field = |read: fn(&LastReport) -> Option<String>| report.and_then(read).unwrap_or_else(dash);
        let reason = |report: &LastReport| {
            let about =
                report.subject_number.map(|number| format!(" (release {number})")).unwrap_or_default();
            report.reason.as_ref().map(|reason| format!("{reason}{about}"))
        };
        table.push([
            listed.device.clone(),
            listed.class.clone().unwrap_or_else(dash),
            listed.site.clone().unwrap_or_else(dash),
            field(|report| report.release.clone()),
            field(|report| Some(report.phase.clone())),
            field(reason),
            field(|report| Some(report.keyring.clone())),
            report.map_or_else(
                || "never".to_owned(),
                |report| format!("{} ago", date::span(report.age_seconds)),
            ),
            notes(listed),
        ]);
    }
    let silent = devices.iter().filter(|listed| listed.report.is_none()).count();
    let cloned = devices.iter().filter(|listed| listed.cloned_at.is_some()).count();
    let behind = devices.iter().filter(|listed| listed.behind().is_some()).count();
    let behind = if behind > 0 { format!(", {behind} with applications behind") } else { String::new() };
    format!("{table}{}, {silent} never reported, {cloned} cloned{behind}\n", counted(devices.len(), "device"))
}

impl Listed {
    /// Its applications, where some are behind.
    fn behind(&self) -> Option<Counted> {
        self.report.as_ref()?.applications.filter(|counted| counted.behind > 0)
    }
}

fn notes(listed: &Listed) -> String {
    let flags = listed.report.iter().flat_map(|report| report.flags.iter().map(String::as_str));
    let cloned = listed.cloned_at.iter().map(|_| "CLONED");
    let behind = listed.behind();
    let behind =
        behind.map(|Counted { declared, behind }| format!("{behind} of {declared} applications behind"));
    cloned.chain(flags).chain(behind.as_deref()).collect::<Vec<_>>().join(", ")
}

/// A time out of the database, for people and machines alike.
pub(super) fn instant(time: i64) -> String {
    date::instant(seconds(time))
}

fn seconds(time: i64) -> UnixSeconds {
    UnixSeconds(u64::try_from(time).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::kit::{TestFleet, device, frame, report};
    use crate::fleet::{Device, Received, Standing, enrol, ledger};

    fn tell(connection: &Connection, seed: u8, boot: u8, counter: u32) -> Standing {
        let id = format!("device-{seed}");
        let report = report(&id, boot, counter);
        let received = Received::new(&report, ChannelId::of("prod"), &frame(seed, &report), 5_000);
        ledger::enter(connection, &received).unwrap()
    }

    #[test]
    fn a_device_is_listed_with_release_phase_and_age() {
        let fleet = TestFleet::of([1, 2]);
        let connection = fleet.connection();
        assert_eq!(tell(&connection, 1, 1, 1), Standing::News);
        let devices = list(&connection, &Filter::default(), UnixSeconds(5_061)).unwrap();
        assert_eq!(devices.len(), 2);
        let report = devices[0].report.as_ref().unwrap();
        assert_eq!((report.release.as_deref(), report.age_seconds), (Some("7"), 61));
        assert_eq!(devices[1].report, None);
        let text = table(&devices);
        assert!(text.lines().nth(1).unwrap().contains("1 min 1 s ago"), "{text}");
        assert!(text.lines().nth(2).unwrap().contains("never"), "{text}");
        assert!(text.ends_with("2 devices, 1 never reported, 0 cloned\n"), "{text}");
    }

    #[test]
    fn a_cloned_image_is_named_in_the_list() {
        let fleet = TestFleet::of([1]);
        let connection = fleet.connection();
        assert_eq!(tell(&connection, 1, 1, 1), Standing::News);
        assert_eq!(tell(&connection, 1, 2, 1), Standing::News);
        assert_eq!(tell(&connection, 1, 1, 2), Standing::Cloned);
        let devices = list(&connection, &Filter::default(), UnixSeconds(5_000)).unwrap();
        assert!(table(&devices).contains("CLONED"));
        // Only another key takes the mark away.
        let other_class = Device { class: Some("mcu".to_owned()), ..device(1) };
        enrol(&mut fleet.connection(), &[other_class], false, 6_000).unwrap();
        assert!(one(&connection, "device-1", UnixSeconds(5_000)).unwrap().cloned_at.is_some());
        let renewed = Device { id: "device-1".to_owned(), ..device(9) };
        enrol(&mut fleet.connection(), &[renewed], true, 6_000).unwrap();
        assert!(one(&connection, "device-1", UnixSeconds(5_000)).unwrap().cloned_at.is_none());
    }

    #[test]
    fn filters_narrow_the_list() {
        let fleet = TestFleet::of([1, 2]);
        let mcu = Device { class: Some("mcu".to_owned()), site: Some("Oslo".to_owned()), ..device(3) };
        enrol(&mut fleet.connection(), &[mcu], false, 1).unwrap();
        let connection = fleet.connection();
        assert_eq!(tell(&connection, 1, 1, 1), Standing::News);
        let ids = |filter: Filter| {
            let devices = list(&connection, &filter, UnixSeconds(5_000)).unwrap();
            devices.into_iter().map(|listed| listed.device).collect::<Vec<_>>()
        };
        assert_eq!(ids(Filter { class: Some("mcu".to_owned()), ..Filter::default() }), ["device-3"]);
        assert_eq!(
            ids(Filter { site: Some("Bergen".to_owned()), ..Filter::default() }),
            Vec::<String>::new()
        );
        assert_eq!(ids(Filter { channel: Some(ChannelId::of("prod")), ..Filter::default() }), ["device-1"]);
        assert_eq!(
            ids(Filter { channel: Some(ChannelId::of("staging")), ..Filter::default() }),
            Vec::<String>::new()
        );
    }
}
