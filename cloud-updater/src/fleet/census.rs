//! What devices were seen to need: the newest census of each device of one channel.

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
    /// Those of them that ever sent a census from it.
    pub counted: u32,
}

/// Shows the newest census of every device of `channel`, one after the other: the whole fleet's never stand in memory.
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
        JOIN report AS latest ON latest.number = device.last_report AND latest.channel = :channel
        JOIN report AS said ON said.number = (SELECT max(number) FROM report
            WHERE device_id = device.id AND channel = :channel AND census_services IS NOT NULL)
        LEFT JOIN census ON census.report_number = said.number
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
        let id = format!("device-{seed}");
        let items = said.map(|said| {
            section(said.iter().map(|(service, anchors, hours)| ObservedService {
                service,
                anchors,
                hours: *hours,
            }))
        });
        let census = items.as_ref().map(|items| Census { services: 4, observed: Section::from_bytes(items) });
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
    fn the_newest_census_of_each_device_counts_and_a_report_without_one_takes_none_back() {
        let fleet = TestFleet::of([1, 2, 3, 4]);
        let connection = fleet.connection();
        tell(&connection, 1, 1, Some(&[("hub", A, 1)]));
        tell(&connection, 1, 2, Some(&[("hub", BOTH, 0), ("web", A, 24)]));
        tell(&connection, 1, 3, None);
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
