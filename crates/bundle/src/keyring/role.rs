//! Roles, their thresholds, and the floors that a keyring may restate.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::{ChannelId, DecodeError, DecodeErrorKind, Item, Order, Section, limits};

/// What a key may sign. Numbers are on the wire: never reorder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Role {
    /// Keyrings, and the document that revokes everything.
    Keyring,
    /// Manifests.
    Release,
    /// Heads.
    Head,
    /// Echoes.
    Echo,
}

/// Keys and threshold of one role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleKeys<'a> {
    /// How many different keys must have signed.
    pub threshold: u8,
    /// Which keys of the keyring.
    #[serde(borrow)]
    pub keys: Section<'a, KeyIndex>,
}

/// Place of a key in its keyring, from zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyIndex(pub u8);

/// A floor set anew: what devices of the channel take as the lowest acceptable order of the role's documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Floor {
    /// The channel.
    pub channel: ChannelId,
    /// [`Role::Release`] or [`Role::Head`].
    pub role: Role,
    /// Recovery epoch of the floor.
    pub epoch: u16,
    /// Number of the floor.
    pub number: u32,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 4] = [Self::Keyring, Self::Release, Self::Head, Self::Echo];

    pub(crate) const fn field(self) -> &'static str {
        match self {
            Self::Keyring => "roles.keyring",
            Self::Release => "roles.release",
            Self::Head => "roles.head",
            Self::Echo => "roles.echo",
        }
    }
}

impl Floor {
    /// The floor as an order.
    #[must_use]
    pub const fn order(&self) -> Order {
        Order::new(self.epoch, self.number)
    }
}

impl RoleKeys<'_> {
    /// A threshold of zero, or one that the listed keys cannot reach, cannot be built.
    pub(crate) fn check(&self, field: &'static str, key_count: usize) -> Result<(), DecodeError> {
        let fail = |kind| Err(DecodeError::new(field, 0, kind));
        let listed = self.keys.check(0)?;
        if self.keys.iter().any(|index| usize::from(index.0) >= key_count) {
            return fail(DecodeErrorKind::Index);
        }
        if self.threshold == 0 || usize::from(self.threshold) > listed {
            return fail(DecodeErrorKind::Threshold);
        }
        Ok(())
    }
}

impl<'a> Item<'a> for KeyIndex {
    const FIELD: &'static str = "roles.keys";
    const ITEMS_MAX: usize = limits::KEYS_MAX;

    fn check(&self, _offset: usize) -> Result<(), DecodeError> {
        Ok(())
    }

    fn precedes(&self, next: &Self) -> bool {
        self < next
    }
}

impl<'a> Item<'a> for Floor {
    const FIELD: &'static str = "floors";
    const ITEMS_MAX: usize = limits::FLOORS_MAX;

    fn check(&self, offset: usize) -> Result<(), DecodeError> {
        match self.role {
            Role::Release | Role::Head => Ok(()),
            Role::Keyring | Role::Echo => {
                Err(DecodeError::new("floors.role", offset, DecodeErrorKind::Value))
            }
        }
    }

    fn precedes(&self, next: &Self) -> bool {
        (self.channel, self.role) < (next.channel, next.role)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Keyring => "keyring",
            Self::Release => "release",
            Self::Head => "head",
            Self::Echo => "echo",
        })
    }
}
