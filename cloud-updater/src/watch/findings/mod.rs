//! What observations say to whoever looks after the fleet: findings of one channel.

mod chains;
mod expiry;
pub(in crate::watch) mod program;
mod reserve;

pub use expiry::{STEPS_DAYS, Step};

use bundle::UnixSeconds;

use crate::coverage::{self, EndpointRow, JudgedBundle, Matrix, ServiceRow, Sides};
use crate::finding::Finding;
use crate::observation::{EndpointRecord, Observations, SeenChain};
use crate::repository::fleet_file::WatchSettings;
use crate::source::Heard;

/// Everything that findings are made of.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// What devices hold, and what is to come.
    pub sides: &'a Sides,
    /// The matrix of the two.
    pub matrix: &'a Matrix,
    /// What was seen.
    pub observations: &'a [Observations],
    /// What sources say of certificates.
    pub heard: &'a Heard,
    /// How long things count.
    pub settings: &'a WatchSettings,
    /// The present.
    pub now: UnixSeconds,
}

/// One chain that an endpoint serves now, or served when it was seen last.
struct Chain<'a> {
    row: &'a ServiceRow,
    endpoint: &'a EndpointRow,
    observations: &'a Observations,
    record: &'a EndpointRecord,
    seen: &'a SeenChain,
}

/// All findings of one channel.
#[must_use]
pub fn of_channel(view: &View<'_>) -> Vec<Finding> {
    let mut found: Vec<Finding> = coverage::findings(view.matrix).iter().cloned().collect();
    found.extend(chains::refused(view));
    found.extend(chains::changed(view));
    found.extend(expiry::of_leaves(view));
    found.extend(expiry::of_intermediates(view));
    found.extend(expiry::of_anchors(view));
    found.extend(program::drops(view));
    found.extend(program::dropped(view));
    found.extend(reserve::pins(view));
    found.extend(reserve::single_anchors(view));
    found.extend(reserve::unneeded(view));
    found
}

impl<'a> View<'a> {
    /// The newest chains of every endpoint, from everywhere, while they are young enough to count.
    fn chains(&self) -> Vec<Chain<'a>> {
        let mut found = Vec::new();
        for (row, endpoint) in self.matrix.endpoints() {
            if endpoint.sightings.is_empty() {
                continue;
            }
            for observations in self.observations {
                let Some(record) = observations.endpoint(&endpoint.endpoint) else { continue };
                let is_counted = |seen: &&SeenChain| {
                    let last_seen = crate::date::instant(seen.last_seen);
                    let of_vantage =
                        endpoint.sightings.iter().filter(|it| it.vantage == observations.vantage());
                    of_vantage.into_iter().any(|it| it.last_seen == last_seen)
                };
                let newest = record.newest().filter(is_counted);
                found.extend(newest.map(|seen| Chain { row, endpoint, observations, record, seen }));
            }
        }
        found
    }

    /// What devices hold and what is to come.
    fn bundles(&self) -> impl Iterator<Item = &'a JudgedBundle> {
        self.sides.held.iter().chain([&self.sides.candidate])
    }
}

impl<'a> Chain<'a> {
    fn subject(&self) -> String {
        format!("{} of {}", self.endpoint.endpoint, self.row.service)
    }

    /// Its certificates that can be read, the server's own first.
    fn certificates(&self) -> Vec<chain::Certificate<'a>> {
        let ders = self.observations.chain(self.seen);
        ders.into_iter().filter_map(|der| chain::Certificate::parse(der).ok()).collect()
    }
}

#[cfg(test)]
mod tests;
