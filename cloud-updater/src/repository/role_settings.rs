//! `[roles]` of `fleet.toml`: who signs what, by the names of their keys.

use bundle::limits;
use serde::Deserialize;

use super::fleet_file::wrong;
use crate::Error;

/// `[roles]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct RoleSettings {
    /// Who signs keyrings.
    pub keyring: Option<RoleHolders>,
    /// Who signs releases.
    pub release: Option<RoleHolders>,
    /// Who signs heads.
    pub head: Option<RoleHolders>,
    /// Who answers nonces.
    pub echo: Option<RoleHolders>,
    /// Who opens the next epoch when all else is lost or stolen.
    pub recovery: Option<RoleHolders>,
}

/// `[roles.<name>]`
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RoleHolders {
    /// How many different keys must sign.
    pub threshold: u8,
    /// Names of keys in `keys/`.
    pub keys: Vec<String>,
}

impl RoleSettings {
    /// The roles by the name that `fleet.toml` gives them.
    pub fn named(&self) -> impl Iterator<Item = (&'static str, &RoleHolders)> {
        let all = [
            ("keyring", &self.keyring),
            ("release", &self.release),
            ("head", &self.head),
            ("echo", &self.echo),
            ("recovery", &self.recovery),
        ];
        all.into_iter().filter_map(|(name, holders)| holders.as_ref().map(|holders| (name, holders)))
    }

    /// Refuses thresholds that can never be reached and keys that stand there twice.
    pub(super) fn check(&self) -> Result<(), Error> {
        self.named().try_for_each(|(name, holders)| check_holders(name, holders))
    }
}

fn check_holders(name: &str, holders: &RoleHolders) -> Result<(), Error> {
    let count = holders.keys.len();
    if count == 0 || count > limits::KEYS_MAX {
        return Err(wrong(format!("roles.{name}.keys"), format!("must name 1 to {} keys", limits::KEYS_MAX)));
    }
    if holders.threshold == 0 || usize::from(holders.threshold) > count {
        let message =
            format!("{} of {count} can never be reached: must be from 1 to {count}", holders.threshold);
        return Err(wrong(format!("roles.{name}.threshold"), message));
    }
    for (index, key) in holders.keys.iter().enumerate() {
        if holders.keys.iter().take(index).any(|earlier| earlier == key) {
            return Err(wrong(format!("roles.{name}.keys[{index}]"), format!("{key:?} stands there twice")));
        }
    }
    Ok(())
}
