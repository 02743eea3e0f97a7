//! What was looked at, and what was lost.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The figures of a run.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Figures {
    /// Operations on files that were recorded: of a first installation, an update, and exports made anew.
    pub(crate) operations_recorded: u64,
    /// States of the medium after a power cut that were looked at, each once.
    pub(crate) states_explored: u64,
    /// Those in which a reader found something that must not be.
    pub(crate) states_lost: u64,
    /// Runs of the agent from such a state, or after a kill, to its end.
    pub(crate) restarts: u64,
    /// Calls that were made to fail, one in each run.
    pub(crate) calls_failed: u64,
    /// Runs of those that were not borne.
    pub(crate) failures_lost: u64,
    /// Rounds in which the agent was killed.
    pub(crate) kills: u64,
    /// Rounds of those after which something was lost.
    pub(crate) kills_lost: u64,
    /// The file system on which it was killed.
    pub(crate) kills_on: String,
    /// Rounds in which a real ext4 was cut off from its medium.
    pub(crate) ext4_cuts: u64,
    /// Rounds of those after which something was lost.
    pub(crate) ext4_cuts_lost: u64,
    /// Rounds of such a kind until a loss was seen, where the agent's `fsync` was skipped.
    pub(crate) ext4_cuts_until_loss_unsynced: u64,
    /// Why a part could not run here.
    pub(crate) not_run: Vec<String>,
    /// How runs with a failing call ended, and how many.
    pub(crate) endings: BTreeMap<String, u64>,
    /// The first complaints.
    pub(crate) complaints: Vec<String>,
}

impl Figures {
    /// Takes over what another part of the run measured.
    pub(crate) fn absorb_real(&mut self, real: Self) {
        (self.kills, self.kills_lost, self.kills_on) = (real.kills, real.kills_lost, real.kills_on);
        (self.ext4_cuts, self.ext4_cuts_lost) = (real.ext4_cuts, real.ext4_cuts_lost);
        self.ext4_cuts_until_loss_unsynced = real.ext4_cuts_until_loss_unsynced;
        self.not_run.extend(real.not_run);
        self.complaints.extend(real.complaints);
    }

    /// True where nothing was lost, and everything was looked at that can be here.
    pub(crate) const fn passed(&self) -> bool {
        let lost = self.states_lost + self.failures_lost + self.kills_lost + self.ext4_cuts_lost;
        let looked_at =
            self.states_explored > 0 && self.restarts > 0 && self.calls_failed > 0 && self.kills > 0;
        lost == 0 && looked_at && self.complaints.is_empty()
    }

    /// Names and values, for a table.
    pub(crate) fn rows(&self) -> Vec<(&'static str, String)> {
        let mut rows: Vec<(&'static str, String)> = [
            ("operations_recorded", self.operations_recorded),
            ("states_explored", self.states_explored),
            ("states_lost", self.states_lost),
            ("restarts", self.restarts),
            ("calls_failed", self.calls_failed),
            ("failures_lost", self.failures_lost),
            ("kills", self.kills),
            ("kills_lost", self.kills_lost),
            ("ext4_cuts", self.ext4_cuts),
            ("ext4_cuts_lost", self.ext4_cuts_lost),
            ("ext4_cuts_until_loss_unsynced", self.ext4_cuts_until_loss_unsynced),
        ]
        .map(|(name, value)| (name, value.to_string()))
        .into();
        rows.push(("kills_on", self.kills_on.clone()));
        rows
    }
}
