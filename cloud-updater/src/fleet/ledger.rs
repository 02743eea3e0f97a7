//! The order of one device's reports: what is news, what is a retry, what is a replay, and when two devices
//! speak under one id.
//!
//! A device draws a random boot id at each start and counts its reports from there. So for one boot the counter
//! only rises; and once a later boot has spoken, an earlier one is over. An earlier boot that goes on counting
//! is a second device with the same key: a cloned image.

use rusqlite::{Connection, OptionalExtension as _, Row, named_params};

use super::received::{Behind, Received, ReportedService};

/// Boots remembered for each device; a device that starts once a day is remembered for most of a year.
pub(super) const BOOTS_MAX: u32 = 256;

/// Reports kept for each device: what `fleet show` can look back on.
pub(super) const HISTORY_MAX: u32 = 64;

/// Rows of needs kept for each device, about: four full manifests, or a device that makes services up.
const NEEDS_MAX: u32 = 256;

/// What a report turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Standing {
    /// An earlier boot goes on counting: two devices have this id and key. The report is stored.
    Cloned,
    /// The same frame as the last one of its boot: an answer got lost and the device sent it again.
    Duplicate,
    /// Of an earlier boot, and by the device's own clock from before the later one: held up on the way. It is
    /// stored, but is not the latest word.
    Late,
    /// Fresh.
    News,
    /// Not above the counter of its boot: somebody sends an old report again. It is not stored.
    Replayed,
}

/// What is remembered of one boot.
struct Boot {
    counter: u32,
    frame_sha256: [u8; 32],
    /// Device time of the first report of the boot that followed, where there is one and it knew the time.
    next_time: Option<i64>,
    is_latest: bool,
}

/// Judges `received` and stores what is to be stored, within the caller's transaction.
///
/// # Errors
/// Where SQLite refuses; the transaction is to be rolled back then.
pub(super) fn enter(connection: &Connection, received: &Received) -> rusqlite::Result<Standing> {
    let boot = boot(connection, received)?;
    let standing = boot.map_or(Standing::News, |boot| judge(&boot, received));
    match standing {
        Standing::Duplicate | Standing::Replayed => return Ok(standing),
        Standing::Cloned => {
            let mark = "UPDATE device SET cloned_at = ?2 WHERE id = ?1";
            connection.prepare_cached(mark)?.execute((&received.device, received.received_at))?;
        }
        Standing::Late | Standing::News => {}
    }
    remember(connection, received, standing)?;
    let number = insert(connection, received)?;
    if standing != Standing::Late {
        let latest = "UPDATE device SET last_report = ?2 WHERE id = ?1";
        connection.prepare_cached(latest)?.execute((&received.device, number))?;
        learn(connection, received)?;
    }
    forget(connection, &received.device)?;
    Ok(standing)
}

fn judge(boot: &Boot, received: &Received) -> Standing {
    if boot.frame_sha256 == received.frame_sha256.0 {
        Standing::Duplicate
    } else if received.counter <= boot.counter {
        Standing::Replayed
    } else if boot.is_latest {
        Standing::News
    } else {
        match (received.device_time, boot.next_time) {
            (Some(mine), Some(next)) if mine < next => Standing::Late,
            _ => Standing::Cloned,
        }
    }
}

fn boot(connection: &Connection, received: &Received) -> rusqlite::Result<Option<Boot>> {
    let boot = "SELECT counter, frame_sha256,
            NOT EXISTS (SELECT 1 FROM boot later
                WHERE later.device_id = boot.device_id AND later.sequence > boot.sequence) AS is_latest,
            (SELECT device_time FROM boot later
                WHERE later.device_id = boot.device_id AND later.sequence > boot.sequence
                ORDER BY later.sequence LIMIT 1) AS next_time
        FROM boot WHERE device_id = ?1 AND boot_id = ?2";
    let read = |row: &Row<'_>| {
        Ok(Boot {
            counter: row.get("counter")?,
            frame_sha256: row.get("frame_sha256")?,
            next_time: row.get("next_time")?,
            is_latest: row.get("is_latest")?,
        })
    };
    let mut statement = connection.prepare_cached(boot)?;
    statement.query_row((&received.device, received.boot_id.as_slice()), read).optional()
}

/// The boot's new counter; a boot that speaks for the first time, or as a clone, is the latest from now on.
fn remember(connection: &Connection, received: &Received, standing: Standing) -> rusqlite::Result<()> {
    let remember = "INSERT INTO boot (device_id, boot_id, sequence, counter, device_time, frame_sha256)
        VALUES (:device, :boot,
            (SELECT coalesce(max(sequence), 0) + 1 FROM boot WHERE device_id = :device),
            :counter, :time, :frame)
        ON CONFLICT DO UPDATE SET counter = :counter, frame_sha256 = :frame,
            sequence = CASE WHEN :moves THEN excluded.sequence ELSE sequence END";
    connection.prepare_cached(remember)?.execute(named_params! {
        ":device": received.device,
        ":boot": received.boot_id.as_slice(),
        ":counter": received.counter,
        ":time": received.device_time,
        ":frame": received.frame_sha256.0.as_slice(),
        ":moves": standing == Standing::Cloned,
    })?;
    Ok(())
}

fn insert(connection: &Connection, received: &Received) -> rusqlite::Result<i64> {
    let insert = "INSERT INTO report (device_id, received_at, device_time, channel, boot_id, commit_count,
            counter, release_epoch, release_number, release_digest, subject_number, phase, reason,
            keyring_epoch, keyring_version, head_number, flags, agent_version,
            applications_declared, applications_well, census_services)
        VALUES (:device, :received_at, :device_time, :channel, :boot, :commit_count,
            :counter, :release_epoch, :release_number, :release_digest, :subject_number, :phase, :reason,
            :keyring_epoch, :keyring_version, :head_number, :flags, :agent_version, :declared, :well, :services)";
    connection.prepare_cached(insert)?.execute(named_params! {
        ":device": received.device,
        ":received_at": received.received_at,
        ":device_time": received.device_time,
        ":channel": received.channel.0.as_slice(),
        ":boot": received.boot_id.as_slice(),
        ":commit_count": received.commit_count,
        ":counter": received.counter,
        ":release_epoch": received.release_epoch,
        ":release_number": received.release_number,
        ":release_digest": received.release_digest.0.as_slice(),
        ":subject_number": received.subject_number,
        ":phase": received.phase,
        ":reason": received.reason,
        ":keyring_epoch": received.keyring_epoch,
        ":keyring_version": received.keyring_version,
        ":head_number": received.head_number,
        ":flags": received.flags,
        ":agent_version": received.agent_version,
        ":declared": received.applications.as_ref().map(|applications| applications.declared),
        ":well": received.applications.as_ref().map(|applications| applications.well),
        ":services": received.census.as_ref().map(|census| census.services),
    })?;
    let number = connection.last_insert_rowid();
    insert_probes(connection, number, received)?;
    insert_behind(connection, number, received)?;
    Ok(number)
}

/// Remembers what the device says of its services now, service by service.
fn learn(connection: &Connection, received: &Received) -> rusqlite::Result<()> {
    let Some(census) = &received.census else { return Ok(()) };
    let (device, channel) = (&received.device, received.channel.0.as_slice());
    let mut forget = connection
        .prepare_cached("DELETE FROM need WHERE device_id = ?1 AND channel = ?2 AND service = ?3")?;
    for ReportedService { service, .. } in &census.observed {
        forget.execute((device, channel, service))?;
    }
    let mut insert = connection.prepare_cached("INSERT INTO need VALUES (?1, ?2, ?3, ?4, ?5)")?;
    for ReportedService { service, anchors, seen_at } in &census.observed {
        insert.execute((device, channel, service, anchors, seen_at))?;
    }
    let bound = "DELETE FROM need WHERE device_id = ?1 AND seen_at <
        (SELECT seen_at FROM need WHERE device_id = ?1 ORDER BY seen_at DESC LIMIT 1 OFFSET ?2)";
    connection.prepare_cached(bound)?.execute((device, NEEDS_MAX))?;
    Ok(())
}

fn insert_behind(connection: &Connection, number: i64, received: &Received) -> rusqlite::Result<()> {
    let behind =
        "INSERT INTO application (report_number, name, outcome, release_number, attempts, still_trusts)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let mut statement = connection.prepare_cached(behind)?;
    for application in received.applications.iter().flat_map(|applications| &applications.behind) {
        let Behind { name, outcome, release_number, attempts, still_trusts } = application;
        statement.execute((number, name, outcome, release_number, attempts, still_trusts))?;
    }
    Ok(())
}

fn insert_probes(connection: &Connection, number: i64, received: &Received) -> rusqlite::Result<()> {
    let probe = "INSERT INTO probe (report_number, position, endpoint, present, candidate, reason)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let mut statement = connection.prepare_cached(probe)?;
    for (position, probed) in (0_i64..).zip(&received.probes) {
        statement.execute((
            number,
            position,
            &probed.endpoint,
            probed.present,
            probed.candidate,
            probed.reason,
        ))?;
    }
    Ok(())
}

/// Drops what is beyond the bounds of one device; the latest report is never dropped.
fn forget(connection: &Connection, device: &str) -> rusqlite::Result<()> {
    let boots = "DELETE FROM boot WHERE device_id = ?1 AND sequence <=
        (SELECT sequence FROM boot WHERE device_id = ?1 ORDER BY sequence DESC LIMIT 1 OFFSET ?2)";
    connection.prepare_cached(boots)?.execute((device, BOOTS_MAX))?;
    let reports = "DELETE FROM report WHERE device_id = ?1 AND number <=
            (SELECT number FROM report WHERE device_id = ?1 ORDER BY number DESC LIMIT 1 OFFSET ?2)
        AND number <> (SELECT last_report FROM device WHERE id = ?1)";
    connection.prepare_cached(reports)?.execute((device, HISTORY_MAX))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::kit::{TestFleet, frame, report};
    use bundle::{ChannelId, UnixSeconds};

    /// A fleet of one device, and what it is told.
    struct Story {
        _fleet: TestFleet,
        connection: Connection,
    }

    impl Story {
        fn new() -> Self {
            let fleet = TestFleet::of([1]);
            let connection = fleet.connection();
            Self { _fleet: fleet, connection }
        }

        fn tell(&self, boot: u8, counter: u32) -> Standing {
            self.tell_at(boot, counter, None)
        }

        fn tell_at(&self, boot: u8, counter: u32, time: Option<u64>) -> Standing {
            let mut report = report("device-1", boot, counter);
            report.time = time.map(UnixSeconds);
            let frame = frame(1, &report);
            let received = Received::new(&report, ChannelId::of("prod"), &frame, 5_000);
            enter(&self.connection, &received).unwrap()
        }

        fn count(&self, table: &str) -> i64 {
            let count = format!("SELECT count(*) FROM {table}");
            self.connection.query_row(&count, [], |row| row.get(0)).unwrap()
        }

        fn cloned_at(&self) -> Option<i64> {
            self.connection.query_row("SELECT cloned_at FROM device", [], |row| row.get(0)).unwrap()
        }

        fn latest(&self) -> (u32, u8) {
            let latest = "SELECT counter, boot_id FROM report JOIN device ON last_report = number";
            let read = |row: &Row<'_>| Ok((row.get(0)?, row.get::<_, [u8; 16]>(1)?[0]));
            self.connection.query_row(latest, [], read).unwrap()
        }
    }

    #[test]
    fn counters_rise_within_a_boot_and_start_anew_with_the_next() {
        let story = Story::new();
        assert_eq!(story.tell(1, 1), Standing::News);
        assert_eq!(story.tell(1, 5), Standing::News);
        assert_eq!(story.tell(2, 1), Standing::News);
        assert_eq!(story.latest(), (1, 2));
        assert_eq!(story.count("report"), 3);
        assert_eq!(story.cloned_at(), None);
    }

    #[test]
    fn the_same_frame_again_is_a_retry_and_an_older_one_a_replay() {
        let story = Story::new();
        assert_eq!(story.tell(1, 1), Standing::News);
        assert_eq!(story.tell(1, 2), Standing::News);
        assert_eq!(story.tell(1, 2), Standing::Duplicate);
        assert_eq!(story.tell(1, 1), Standing::Replayed);
        assert_eq!(story.tell(2, 1), Standing::News);
        assert_eq!(story.tell(1, 1), Standing::Replayed, "an earlier boot is remembered");
        assert_eq!(story.count("report"), 3);
        assert_eq!(story.cloned_at(), None, "a replay names nobody a clone");
    }

    #[test]
    fn two_boots_that_go_on_counting_are_a_cloned_image() {
        let story = Story::new();
        assert_eq!(story.tell(1, 1), Standing::News);
        assert_eq!(story.tell(2, 1), Standing::News);
        assert_eq!(story.tell(1, 2), Standing::Cloned);
        assert_eq!(story.cloned_at(), Some(5_000));
        assert_eq!(story.tell(2, 2), Standing::Cloned);
        assert_eq!(story.tell(2, 3), Standing::News);
    }

    #[test]
    fn a_report_held_up_on_the_way_names_nobody_a_clone() {
        let story = Story::new();
        assert_eq!(story.tell_at(1, 1, Some(100)), Standing::News);
        assert_eq!(story.tell_at(2, 1, Some(200)), Standing::News);
        assert_eq!(story.tell_at(1, 2, Some(150)), Standing::Late);
        assert_eq!(story.latest(), (1, 2), "the later boot has the last word");
        assert_eq!(story.cloned_at(), None);
        assert_eq!(story.tell_at(2, 2, Some(210)), Standing::News);
        assert_eq!(story.tell_at(1, 3, Some(220)), Standing::Cloned);
    }

    #[test]
    fn history_and_boots_are_bounded() {
        let story = Story::new();
        for boot in 0..=255 {
            for counter in 1..=2 {
                assert_eq!(story.tell(boot, counter), Standing::News);
            }
        }
        assert_eq!(story.count("report"), i64::from(HISTORY_MAX));
        assert_eq!(story.count("boot"), i64::from(BOOTS_MAX));
        assert_eq!(story.latest(), (2, 255));
    }
}
