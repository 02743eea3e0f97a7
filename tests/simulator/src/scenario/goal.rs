//! What must come of a scenario.

use serde::{Deserialize, Serialize};

/// Where the fleet must be in the end.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Goal {
    /// The release that every honest online device has confirmed, by number within the newest epoch.
    pub release: u32,
    /// By when.
    pub by_hours: f64,
    /// A device counts as honest and online if nothing but its own faults kept it from the tree for so long before.
    #[serde(default = "settle")]
    pub settle_hours: f64,
    /// The keyring that those devices follow then, as generation; without one, it is not looked at.
    #[serde(default)]
    pub keyring: Option<u32>,
    /// What a thief with a whole threshold is expected to get.
    #[serde(default)]
    pub thief: Option<Expected>,
}

/// What a thief gets: the damage is stated, and must be there and end.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Expected {
    /// Devices may run the thief's release from here.
    pub from_hours: f64,
    /// No device may from here on, except by the thief's own hand: those that its attack still reaches.
    pub until_hours: f64,
}

/// What the servers can take.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Load {
    /// The busiest ten minutes may have so many times the requests of the average ten minutes.
    pub peak_to_mean: f64,
    /// Counted from this hour on, when the fleet's first start has passed.
    pub from_hours: f64,
    /// Most requests of one device within an hour, on average over the fleet.
    pub requests_an_hour: f64,
}

impl Default for Load {
    fn default() -> Self {
        Self { peak_to_mean: 6.0, from_hours: 12.0, requests_an_hour: 4.0 }
    }
}

const fn settle() -> f64 {
    13.0
}
