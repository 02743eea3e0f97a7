//! What is measured of the device, in bytes and counts.

use std::{fs, io, path::Path};

use serde::{Deserialize, Serialize};

/// The figures of a run; what was not measured is null.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Figures {
    /// Flash that the agent takes in an app: the sample with it minus the sample without.
    pub(crate) flash_bytes: Option<u64>,
    /// Memory that the agent's variables take.
    pub(crate) static_ram_bytes: Option<u64>,
    /// Memory of an update cycle: arena, stack and static.
    pub(crate) peak_ram_bytes: Option<u64>,
    /// What the kernel charged the whole program with at most, in the strict tier: pages of the mutable file included, which
    /// it keeps for as long as there is room.
    pub(crate) memory_peak_bytes: Option<u64>,
    /// What the whole program was seen to hold at most of what the kernel cannot take back, in the strict tier.
    pub(crate) memory_held_bytes: Option<u64>,
    /// What it holds more beside one session of the app's own than the same app without the agent, in the strict tier.
    pub(crate) memory_agent_bytes: Option<u64>,
    /// Code and constants of the whole program for a real-time core.
    pub(crate) m4_text_bytes: Option<u64>,
    /// Static memory and stack of the same.
    pub(crate) m4_ram_bytes: Option<u64>,
    /// States of the store after a power cut that were looked at.
    pub(crate) power_states_explored: Option<u64>,
    /// Those among them that broke a rule.
    pub(crate) power_states_lost: Option<u64>,
    /// Rows of the table of TLS servers that ended as it says, asked by the client that is built for Arm.
    pub(crate) tls_rows_passed: Option<u64>,
    /// Rows of that table.
    pub(crate) tls_rows_total: Option<u64>,
    /// Bytes written by a check that brings nothing new.
    pub(crate) bytes_written_per_check: Option<u64>,
    /// Bytes written by an update.
    pub(crate) bytes_written_per_update: Option<u64>,
}

impl Figures {
    /// Figures that were measured before, such as sizes.
    pub(crate) fn read(path: &Path) -> io::Result<Self> {
        let named = |error: String| io::Error::other(format!("{}: {error}", path.display()));
        let text = fs::read_to_string(path).map_err(|error| named(error.to_string()))?;
        serde_json::from_str(&text).map_err(|error| named(error.to_string()))
    }

    /// Takes over what another part of the run measured.
    pub(crate) fn absorb(&mut self, other: &Self) {
        let take = |mine: &mut Option<u64>, theirs: Option<u64>| *mine = theirs.or(*mine);
        take(&mut self.flash_bytes, other.flash_bytes);
        take(&mut self.static_ram_bytes, other.static_ram_bytes);
        take(&mut self.peak_ram_bytes, other.peak_ram_bytes);
        take(&mut self.memory_peak_bytes, other.memory_peak_bytes);
        take(&mut self.memory_held_bytes, other.memory_held_bytes);
        take(&mut self.memory_agent_bytes, other.memory_agent_bytes);
        take(&mut self.m4_text_bytes, other.m4_text_bytes);
        take(&mut self.m4_ram_bytes, other.m4_ram_bytes);
        take(&mut self.power_states_explored, other.power_states_explored);
        take(&mut self.power_states_lost, other.power_states_lost);
        take(&mut self.tls_rows_passed, other.tls_rows_passed);
        take(&mut self.tls_rows_total, other.tls_rows_total);
        take(&mut self.bytes_written_per_check, other.bytes_written_per_check);
        take(&mut self.bytes_written_per_update, other.bytes_written_per_update);
    }

    /// Names and values, for a table.
    pub(crate) const fn rows(&self) -> [(&'static str, Option<u64>); 14] {
        [
            ("flash_bytes", self.flash_bytes),
            ("static_ram_bytes", self.static_ram_bytes),
            ("peak_ram_bytes", self.peak_ram_bytes),
            ("memory_peak_bytes", self.memory_peak_bytes),
            ("memory_held_bytes", self.memory_held_bytes),
            ("memory_agent_bytes", self.memory_agent_bytes),
            ("m4_text_bytes", self.m4_text_bytes),
            ("m4_ram_bytes", self.m4_ram_bytes),
            ("power_states_explored", self.power_states_explored),
            ("power_states_lost", self.power_states_lost),
            ("tls_rows_passed", self.tls_rows_passed),
            ("tls_rows_total", self.tls_rows_total),
            ("bytes_written_per_check", self.bytes_written_per_check),
            ("bytes_written_per_update", self.bytes_written_per_update),
        ]
    }
}
