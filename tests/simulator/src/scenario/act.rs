//! What the operator does at one moment, with the commands of `cloud-updater`.

use serde::{Deserialize, Serialize};

/// One moment of the operator's work. What stands in it is done in the order of the fields, then one release is
/// drafted, signed and published where the content changed, and the head is signed.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Act {
    /// When.
    pub hours: f64,
    /// `anchor add`: roots by name.
    #[serde(default)]
    pub add: Vec<String>,
    /// `anchor retire` and `anchor remove`.
    #[serde(default)]
    pub remove: Vec<String>,
    /// `anchor distrust --deny both --order`.
    #[serde(default)]
    pub distrust: Vec<String>,
    /// `draft --rollback-to`: the content of an earlier release again.
    #[serde(default)]
    pub rollback_to: Option<u32>,
    /// Replaces every key of a role and restates its floors.
    #[serde(default)]
    pub rotate: Option<Role>,
    /// `keyring recover`: the next epoch, with other keys for every role.
    #[serde(default)]
    pub recover: bool,
    /// The share of the fleet that may have the release, in percent; without one, all.
    #[serde(default)]
    pub share: Option<f64>,
    /// Makes a release on the staging channel too, so that there are documents of another channel.
    #[serde(default)]
    pub staging: bool,
}

/// A role whose keys are replaced.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Who signs heads.
    Head,
    /// Who signs keyrings and releases.
    People,
}

impl Act {
    /// True where the act makes a release.
    #[must_use]
    pub const fn releases(&self) -> bool {
        !self.add.is_empty()
            || !self.remove.is_empty()
            || !self.distrust.is_empty()
            || self.rollback_to.is_some()
            || self.recover
    }
}
