//! A class of the fleet: what its devices have in common.

use serde::{Deserialize, Serialize};

/// One class of devices.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Class {
    /// Its name.
    pub name: String,
    /// Its part of the fleet, against the other classes' weights.
    pub weight: f64,
    /// Bytes of the store's region.
    #[serde(default = "region")]
    pub region_bytes: u32,
    /// Bytes of the engine's working memory.
    #[serde(default = "memory")]
    pub memory_bytes: usize,
    /// What its clock knows.
    #[serde(default)]
    pub clock: ClockKind,
    /// Devices are switched on for the first time within so many hours.
    #[serde(default)]
    pub start_within_hours: f64,
    /// Hours of every day at which the network is there, at an hour of each device's own; without it, always.
    #[serde(default = "whole_day")]
    pub online_hours_a_day: f64,
    /// The first hours in which a captive portal answers everything with a page of its own.
    #[serde(default)]
    pub portal_hours: f64,
    /// Milliseconds of one round trip.
    #[serde(default = "latency")]
    pub latency_milliseconds: u64,
    /// Bytes a second.
    #[serde(default = "bandwidth")]
    pub bytes_a_second: u64,
    /// Answers that break off or do not come, in percent.
    #[serde(default)]
    pub loss_percent: f64,
    /// Orderly restarts a day.
    #[serde(default)]
    pub restarts_a_day: f64,
    /// Power cuts a day; each strikes a write or a sync of its own.
    #[serde(default)]
    pub power_cuts_a_day: f64,
    /// Writes that fail a day: EIO, or a full disk.
    #[serde(default)]
    pub failed_writes_a_day: f64,
    /// Writes a day of which the medium keeps something else, and says nothing.
    #[serde(default)]
    pub silent_corruptions_a_day: f64,
    /// Milliseconds of one write or sync.
    #[serde(default)]
    pub write_milliseconds: u64,
    /// False where its devices are not expected to reach the goal in time, as those that are mostly off.
    #[serde(default = "yes")]
    pub expected: bool,
}

/// What a device's clock knows.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum ClockKind {
    /// The time.
    #[default]
    Right,
    /// Nothing, ever.
    Unknown,
    /// Nothing until so many minutes after each start.
    Late {
        /// The minutes.
        minutes: u64,
    },
    /// Another time, off by so many days.
    Wrong {
        /// The days; negative ones are in the past.
        days: i64,
    },
}

const fn region() -> u32 {
    65_536
}

const fn memory() -> usize {
    device_agent::limits::MEMORY_BYTES_MIN
}

const fn whole_day() -> f64 {
    24.0
}

const fn latency() -> u64 {
    80
}

const fn bandwidth() -> u64 {
    250_000
}

const fn yes() -> bool {
    true
}
