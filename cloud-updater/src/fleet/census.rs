//! What devices were seen to need: the newest word of each device of one channel on each of its services.

use std::path::Path;

use bundle::{AnchorMark, ChannelId};
use rusqlite::{Connection, named_params};

use super::database;
use super::error::{FleetError, FleetFault};

/// What one device saw of its services.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceCensus {
    /// The device's id.
    pub device: String,
    /// What it saw; the same service again where it has several endpoints.
    pub seen: Vec<SeenService>,
}

/// A chain that verified on a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenService {
    /// The service.
    pub service: String,
    /// The anchors that each verified it by itself.
    pub anchors: Vec<AnchorMark>,
    /// When, in seconds since 1970.
    pub seen_at: i64,
}

/// Devices of one channel, by whether they say anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Those whose last report is of the channel.
    pub reporting: u32,
    /// Those of them that sent a census from it, last time or before.
    pub counted: u32,
}

/// Shows the newest word of every device of `channel` on each of its services, one after the other: the whole fleet's never stand in memory.
///
/// # Errors
/// Where there is no database, or SQLite refuses.
pub fn each_census(
    path: &Path,
    channel: ChannelId,
    see: &mut dyn FnMut(&DeviceCensus),
) -> Result<Heard, FleetError> {
    let connection = database::open_existing(path)?;
    walk(&connection, channel, see).map_err(|source| FleetFault::Database(source).of(path))
}

fn walk(
    connection: &Connection,
    channel: ChannelId,
    see: &mut dyn FnMut(&DeviceCensus),
) -> rusqlite::Result<Heard> {
    // One view of the whole, whatever the server writes meanwhile.
    let transaction = connection.unchecked_transaction()?;
    let newest = "SELECT device.id AS device, service, anchors, seen_at
        FROM device
        JOIN report ON report.number = device.last_report AND report.channel = :channel
        LEFT JOIN need ON need.device_id = device.id AND need.channel = :channel
        WHERE census_services IS NOT NULL OR need.device_id IS NOT NULL
        ORDER BY device.id, service, anchors";
    let mut heard = Heard::default();
    let mut statement = transaction.prepare(newest)?;
    let mut rows = statement.query(named_params! { ":channel": channel.0.as_slice() })?;
    let mut current: Option<DeviceCensus> = None;
    while let Some(row) = rows.next()? {
        let device: String = row.get("device")?;
        if current.as_ref().is_none_or(|known| known.device != device) {
            current.iter().for_each(&mut *see);
            heard.counted = heard.counted.saturating_add(1);
            current = Some(DeviceCensus { device, seen: Vec::new() });
        }
        let service: Option<String> = row.get("service")?;
        if let (Some(known), Some(service)) = (current.as_mut(), service) {
            let anchors: Vec<u8> = row.get("anchors")?;
            let anchors = anchors.as_chunks().0.iter().copied().map(AnchorMark).collect();
            known.seen.push(SeenService { service, anchors, seen_at: row.get("seen_at")? });
        }
    }
    current.iter().for_each(&mut *see);
    let reporting =
        "SELECT count(*) FROM device JOIN report ON report.number = device.last_report WHERE channel = ?1";
    heard.reporting = transaction.query_row(reporting, [channel.0.as_slice()], |row| row.get(0))?;
    Ok(heard)
}

#[cfg(test)]
mod tests {
    use bundle::write::{report_extensions, section};
    use bundle::{Census, ObservedService, Section};

    use super::*;
    use crate::fleet::kit::{TestFleet, frame, report};
    use crate::fleet::{Received, Standing, ledger};

    const A: &[u8] = &[0xaa; 8];
    const BOTH: &[u8] =
        &[0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb];

    /// Enters a report of `device-<seed>` with this census, which arrives at 1,000,000.
    fn tell(connection: &Connection, seed: u8, counter: u32, said: Option<&[(&str, &[u8], u16)]>) {
        tell_of(connection, seed, counter, said, 4);
    }

    /// The same, of a release with so many services.
    fn tell_of(
        connection: &Connection,
        seed: u8,
        counter: u32,
        said: Option<&[(&str, &[u8], u16)]>,
        services: u8,
    ) {
        let id = format!("device-{seed}");
        let items = said.map(|said| {
            section(said.iter().map(|(service, anchors, hours)| ObservedService {
                service,
                anchors,
                hours: *hours,
            }))
        });
        let census = items.as_ref().map(|items| Census { services, observed: Section::from_bytes(items) });
        let extensions = report_extensions(None, census.as_ref());
        let mut report = report(&id, 1, counter);
        report.extensions = Section::from_bytes(&extensions);
        let received = Received::new(&report, ChannelId::of("prod"), &frame(seed, &report), 1_000_000);
        assert_eq!(ledger::enter(connection, &received).unwrap(), Standing::News);
    }

    fn seen(connection: &Connection, channel: &str) -> (Heard, Vec<DeviceCensus>) {
        let mut all = Vec::new();
        let heard = walk(connection, ChannelId::of(channel), &mut |device| all.push(device.clone())).unwrap();
        (heard, all)
    }

    #[test]
    fn a_device_that_makes_services_up_fills_no_disk() {
        let fleet = TestFleet::of([1]);
        let connection = fleet.connection();
        for counter in 1..=12 {
            let names: Vec<String> = (0..40).map(|number| format!("made-up-{counter}-{number:02}")).collect();
            let said: Vec<(&str, &[u8], u16)> =
                names.iter().map(|name| (name.as_str(), A, u16::try_from(99 - counter).unwrap())).collect();
            tell_of(&connection, 1, counter, Some(&said), 64);
        }
        let rows = |connection: &Connection| {
            connection.query_row("SELECT count(*) FROM need", [], |row| row.get::<_, u32>(0)).unwrap()
        };
        assert!((200..=320).contains(&rows(&connection)), "{}", rows(&connection));
        let (_, all) = seen(&connection, "prod");
        assert!(all[0].seen.iter().any(|seen| seen.service == "made-up-12-00"), "the newest are kept");
    }

    #[test]
    fn the_newest_word_on_each_service_counts_and_silence_takes_none_back() {
        let fleet = TestFleet::of([1, 2, 3, 4]);
        let connection = fleet.connection();
        tell(&connection, 1, 1, Some(&[("hub", A, 1)]));
        tell(&connection, 1, 2, Some(&[("hub", BOTH, 0), ("web", A, 24)]));
        tell(&connection, 1, 3, None);
        // A device that was started anew has seen nothing yet.
        tell(&connection, 1, 4, Some(&[]));
        tell(&connection, 2, 1, Some(&[]));
        tell(&connection, 3, 1, None);
        let (heard, all) = seen(&connection, "prod");
        assert_eq!(heard, Heard { reporting: 3, counted: 2 });
        let marks = [AnchorMark([0xaa; 8]), AnchorMark([0xbb; 8])];
        let service = |service: &str, anchors: &[AnchorMark], seen_at| SeenService {
            service: service.to_owned(),
            anchors: anchors.to_vec(),
            seen_at,
        };
        let first =
            vec![service("hub", &marks, 1_000_000), service("web", &marks[..1], 1_000_000 - 24 * 3_600)];
        assert_eq!(all[0], DeviceCensus { device: "device-1".to_owned(), seen: first });
        assert_eq!(all[1], DeviceCensus { device: "device-2".to_owned(), seen: Vec::new() });
        assert_eq!(seen(&connection, "staging"), (Heard::default(), Vec::new()));
    }
}
