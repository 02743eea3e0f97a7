//! One enrolled device, as the operator described it.

/// A device that may send reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Its id, as it stands in its reports and in rollout shares.
    pub id: String,
    /// The Ed25519 key that its reports are signed with.
    pub public_key: [u8; 32],
    /// Device class of `fleet.toml`.
    pub class: Option<String>,
    /// Where it stands.
    pub site: Option<String>,
    /// Groups that heads may name.
    pub groups: Vec<String>,
}
