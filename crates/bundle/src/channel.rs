//! Which sequence of releases a document belongs to.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::Sha256;

/// The id of a channel: the first eight bytes of a SHA-256 over its name, so that headers have a fixed layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ChannelId(pub [u8; 8]);

impl ChannelId {
    /// What keyrings carry: they belong to the fleet, not to a channel.
    pub const FLEET: Self = Self([0; 8]);

    /// The id of the channel called `name`.
    #[must_use]
    pub fn of(name: &str) -> Self {
        Self(Sha256::of(&[b"trust-bundle channel\0", name.as_bytes()]).prefix())
    }
}

impl fmt::Display for ChannelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
