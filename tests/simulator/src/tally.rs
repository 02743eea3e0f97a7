//! What a fleet came to, as sums: whatever processor lived which device, the sums are the same.

use std::collections::BTreeMap;

use crate::{invariant::Checks, world::World};

/// Milliseconds of one column of the curves.
pub const HOUR: u64 = 3_600_000;
/// Milliseconds of one column of the load.
pub const LOAD_COLUMN: u64 = 600_000;

/// Hours, of milliseconds.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "a scenario's milliseconds are far below 2^53")]
pub fn hours(milliseconds: u64) -> f64 {
    milliseconds as f64 / HOUR as f64
}

/// The sums.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Devices that were lived.
    pub devices: u64,
    /// Events that the engines took.
    pub events: u64,
    /// Every look at every invariant.
    pub checks: Checks,
    /// Devices that read a release at each hour; the column behind the operator's releases is everything else.
    pub by_release: Vec<Vec<u64>>,
    /// Devices that reach each service at each hour, and those that are switched on.
    pub by_service: Vec<Vec<u64>>,
    /// Devices that are switched on, at each hour.
    pub on: Vec<u64>,
    /// Bytes of answers in each hour.
    pub bytes: Vec<u64>,
    /// Requests in each ten minutes.
    pub requests: Vec<u64>,
    /// Ends of checks by reason, in all.
    pub reasons: BTreeMap<&'static str, u64>,
    /// Refusals by reason, in each hour.
    pub refusals: BTreeMap<&'static str, Vec<u64>>,
    /// Devices that were expected to reach the goal in time.
    pub expected: u64,
    /// Devices whose confirmed release is the goal at the end.
    pub on_goal: u64,
    /// Devices that had no bundle at any moment.
    pub without_bundle: u64,
    /// Devices that ever followed a thief, and those that do at the end.
    pub stolen: [u64; 2],
    /// Milliseconds of the longest time for which one did.
    pub stolen_longest: u64,
    /// When the last device that was expected there had reached the goal, in milliseconds since the start.
    pub last_on_goal: Option<u64>,
    /// Power cuts.
    pub power_cuts: u64,
    /// Installs and reverts.
    pub installs: u64,
    /// Trials that were undone.
    pub reverts: u64,
    /// Bytes written to media.
    pub bytes_written: u64,
    /// A sum over every device of a digest of all that happened to it.
    pub history: u64,
}

impl Tally {
    /// Empty sums for a world.
    #[must_use]
    pub fn new(world: &World) -> Self {
        let columns = |width: u64| usize::try_from(world.scenario.end() / width).unwrap_or(0) + 1;
        let hours = columns(HOUR);
        Self {
            by_release: vec![vec![0; world.releases.len() + 1]; hours],
            by_service: vec![vec![0; world.services.len()]; hours],
            on: vec![0; hours],
            bytes: vec![0; hours],
            requests: vec![0; columns(LOAD_COLUMN)],
            ..Self::default()
        }
    }

    /// Adds one to a column of time.
    pub(crate) fn count(columns: &mut [u64], width: u64, at: u64, amount: u64) {
        let column = usize::try_from(at / width).unwrap_or(usize::MAX);
        if let Some(sum) = columns.get_mut(column) {
            *sum += amount;
        }
    }

    /// Notes how a check ended.
    pub(crate) fn ended(&mut self, at: u64, reason: device_agent::Reason, is_refusal: bool) {
        *self.reasons.entry(reason.name()).or_default() += 1;
        if is_refusal {
            let hours = self.on.len();
            let columns = self.refusals.entry(reason.name()).or_insert_with(|| vec![0; hours]);
            Self::count(columns, HOUR, at, 1);
        }
    }

    /// Adds another part of the fleet.
    pub fn add(&mut self, other: &Self) {
        let add =
            |sums: &mut [u64], more: &[u64]| sums.iter_mut().zip(more).for_each(|(sum, one)| *sum += one);
        self.checks.add(&other.checks);
        self.by_release.iter_mut().zip(&other.by_release).for_each(|(sums, more)| add(sums, more));
        self.by_service.iter_mut().zip(&other.by_service).for_each(|(sums, more)| add(sums, more));
        add(&mut self.on, &other.on);
        add(&mut self.bytes, &other.bytes);
        add(&mut self.requests, &other.requests);
        add(&mut self.stolen, &other.stolen);
        self.stolen_longest = self.stolen_longest.max(other.stolen_longest);
        self.last_on_goal = self.last_on_goal.max(other.last_on_goal);
        for (reason, count) in &other.reasons {
            *self.reasons.entry(reason).or_default() += count;
        }
        for (reason, columns) in &other.refusals {
            add(self.refusals.entry(reason).or_insert_with(|| vec![0; columns.len()]), columns);
        }
        for (sum, more) in [
            (&mut self.devices, other.devices),
            (&mut self.events, other.events),
            (&mut self.expected, other.expected),
            (&mut self.on_goal, other.on_goal),
            (&mut self.without_bundle, other.without_bundle),
            (&mut self.power_cuts, other.power_cuts),
            (&mut self.installs, other.installs),
            (&mut self.reverts, other.reverts),
            (&mut self.bytes_written, other.bytes_written),
        ] {
            *sum += more;
        }
        self.history = self.history.wrapping_add(other.history);
    }
}
