//! `[census]` of `fleet.toml`: what devices must have said of their services before an anchor is taken from one.

use serde::Deserialize;

use super::fleet_file::wrong;
use super::rollout_file::Share;
use crate::Error;

/// Days for which what a device saw counts when `days` is not set: agents look once a day, and a device that was off for a
/// month has a server that may have moved since.
const DAYS_DEFAULT: u32 = 30;
/// Most days: what was seen two years ago says nothing of today.
const DAYS_MAX: u32 = 730;

/// `[census]`
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct CensusSettings {
    /// Days for which what a device saw counts.
    pub days: u32,
    /// The share of the reporting devices that must have seen a service before an anchor is taken from it; without it, silence
    /// is told of and stops nothing.
    pub required_share: Option<Share>,
}

impl Default for CensusSettings {
    fn default() -> Self {
        Self { days: DAYS_DEFAULT, required_share: None }
    }
}

impl CensusSettings {
    pub(super) fn check(&self) -> Result<(), Error> {
        if (1..=DAYS_MAX).contains(&self.days) {
            return Ok(());
        }
        Err(wrong("census.days", format!("must be from 1 to {DAYS_MAX}")))
    }
}
