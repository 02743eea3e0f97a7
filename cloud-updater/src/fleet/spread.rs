//! How far a release has come: how many devices confirmed it, by what they last reported.

use std::path::Path;

use bundle::{ChannelId, Sha256};
use rusqlite::{Connection, named_params};

use super::database;
use super::error::{FleetError, FleetFault};

/// The phase of a device that has a release and has not proven it yet, by its stable number.
const TRIAL: u8 = 6;

/// Devices of one channel, counted by their last report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spread {
    /// Devices that run the release and have proven it.
    pub confirmed: u32,
    /// Devices that run it on trial.
    pub on_trial: u32,
    /// All devices that reported from the channel.
    pub reporting: u32,
}

impl Spread {
    /// Counts the devices of `channel` that run the release with this digest, in the database at `path`.
    ///
    /// # Errors
    /// Where there is no database, or SQLite refuses.
    pub fn of_release(path: &Path, channel: ChannelId, digest: Sha256) -> Result<Self, FleetError> {
        let connection = database::open_existing(path)?;
        Self::count(&connection, channel, digest).map_err(|source| FleetFault::Database(source).of(path))
    }

    fn count(connection: &Connection, channel: ChannelId, digest: Sha256) -> rusqlite::Result<Self> {
        let count = "SELECT
                count(*) FILTER (WHERE release_digest = :digest AND phase <> :trial) AS confirmed,
                count(*) FILTER (WHERE release_digest = :digest AND phase = :trial) AS on_trial,
                count(*) AS reporting
            FROM device JOIN report ON report.number = device.last_report
            WHERE channel = :channel";
        let parameters = named_params! {
            ":digest": digest.0.as_slice(),
            ":trial": TRIAL,
            ":channel": channel.0.as_slice(),
        };
        connection.query_row(count, parameters, |row| {
            Ok(Self {
                confirmed: row.get("confirmed")?,
                on_trial: row.get("on_trial")?,
                reporting: row.get("reporting")?,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use bundle::Report;

    use super::*;
    use crate::fleet::kit::{TestFleet, frame, report};
    use crate::fleet::{Received, Standing, ledger, words};

    #[test]
    fn only_proven_installs_of_the_channel_are_confirmed() {
        let fleet = TestFleet::of([1, 2, 3, 4]);
        let connection = fleet.connection();
        let tell = |seed: u8, channel: &str, change: &dyn Fn(&mut Report<'_>)| {
            let id = format!("device-{seed}");
            let mut report = report(&id, 1, 1);
            change(&mut report);
            let received = Received::new(&report, ChannelId::of(channel), &frame(seed, &report), 5_000);
            assert_eq!(ledger::enter(&connection, &received).unwrap(), Standing::News);
        };
        tell(1, "staging", &|_| {});
        tell(2, "staging", &|report| report.phase = TRIAL);
        tell(3, "staging", &|report| report.release_digest = Sha256([8; 32]));
        tell(4, "prod", &|_| {});
        let spread = Spread::count(&connection, ChannelId::of("staging"), Sha256([7; 32])).unwrap();
        assert_eq!(spread, Spread { confirmed: 1, on_trial: 1, reporting: 3 });
        assert_eq!(words::phase(TRIAL), "trial");
    }
}
