//! The head: the small, short-lived document that says which release and which keyring are current.

use serde::{Deserialize, Serialize};

use crate::{
    Authentic, DecodeError, DecodeErrorKind, Document, Extensions, Header, Item, Kind, Order, Section,
    Sha256, UnixSeconds, canonical, extension, limits,
};

/// A head, as signed.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    header: Header,
    body: HeadBody<'a>,
}

/// The release that was complete before the one being rolled out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Previous {
    /// Recovery epoch of the release.
    pub epoch: u16,
    /// Number of the release.
    pub number: u32,
    /// SHA-256 of its manifest's header.
    pub digest: Sha256,
}

/// The share of one group of devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// [`group_tag`] of the group's name.
    pub tag: u32,
    /// Share of the group, in 1/10,000; the larger of it and the head's own counts.
    pub share: u16,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct HeadBody<'a> {
    pub(crate) keyring_version: u32,
    pub(crate) release_epoch: u16,
    pub(crate) release_number: u32,
    pub(crate) release_digest: Sha256,
    pub(crate) lifetime_seconds: u32,
    pub(crate) refresh_seconds: u32,
    pub(crate) share: u16,
    pub(crate) previous: Option<Previous>,
    #[serde(borrow)]
    pub(crate) groups: Section<'a, Group>,
    #[serde(borrow)]
    pub(crate) extensions: Extensions<'a>,
}

/// The tag by which heads name a group of devices: four bytes of a SHA-256, so that names stay private.
#[must_use]
pub fn group_tag(name: &str) -> u32 {
    let [a, b, c, d, ..] = Sha256::of(&[b"trust-bundle group\0", name.as_bytes()]).0;
    u32::from_le_bytes([a, b, c, d])
}

impl<'a> Head<'a> {
    /// The header.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// Recovery epoch and number of the head itself.
    #[must_use]
    pub const fn order(&self) -> Order {
        self.header.order
    }

    /// Version of the newest keyring.
    #[must_use]
    pub const fn keyring_version(&self) -> u32 {
        self.body.keyring_version
    }

    /// The release being rolled out.
    #[must_use]
    pub const fn release(&self) -> Order {
        Order::new(self.body.release_epoch, self.body.release_number)
    }

    /// SHA-256 of that release's manifest header.
    #[must_use]
    pub const fn release_digest(&self) -> Sha256 {
        self.body.release_digest
    }

    /// When this head is no longer fresh: the device is `stale` from then on, and keeps what it has.
    #[must_use]
    pub fn expires_at(&self) -> UnixSeconds {
        self.header.issued_at.plus(u64::from(self.body.lifetime_seconds))
    }

    /// Seconds between two checks: what the head asks for, clamped to the device limits.
    #[must_use]
    pub fn refresh_seconds(&self) -> u32 {
        self.body.refresh_seconds.clamp(limits::REFRESH_SECONDS_MIN, limits::REFRESH_SECONDS_MAX)
    }

    /// Share of all devices that install the release, in 1/10,000.
    #[must_use]
    pub const fn share(&self) -> u16 {
        self.body.share
    }

    /// The release that everybody else has or gets.
    #[must_use]
    pub const fn previous(&self) -> Option<Previous> {
        self.body.previous
    }

    /// The shares of groups.
    #[must_use]
    pub const fn groups(&self) -> Section<'a, Group> {
        self.body.groups
    }
}

impl Previous {
    /// Recovery epoch and number.
    #[must_use]
    pub const fn order(&self) -> Order {
        Order::new(self.epoch, self.number)
    }
}

impl<'a> Document<'a> for Head<'a> {
    fn decode(authentic: Authentic<'a>) -> Result<Self, DecodeError> {
        let header = *authentic.header();
        if header.kind != Kind::Head {
            return Err(DecodeError::new("kind", 0, DecodeErrorKind::WrongKind));
        }
        let body: HeadBody<'a> = canonical::whole(authentic.body(), "head")?;
        let value = |field| Err(DecodeError::new(field, 0, DecodeErrorKind::Value));
        body.groups.check(0)?;
        extension::check_none_critical(body.extensions)?;
        if body.share > limits::SHARE_MAX {
            return value("share");
        }
        if body.lifetime_seconds == 0 || body.lifetime_seconds > limits::HEAD_LIFETIME_SECONDS_MAX {
            return value("lifetime_seconds");
        }
        let release = Order::new(body.release_epoch, body.release_number);
        if body.release_epoch > header.order.epoch || body.release_number == 0 {
            return value("release");
        }
        if body.previous.is_some_and(|previous| previous.order() >= release) {
            return value("previous");
        }
        Ok(Self { header, body })
    }
}

impl<'a> Item<'a> for Group {
    const FIELD: &'static str = "group";
    const ITEMS_MAX: usize = limits::GROUPS_MAX;

    fn check(&self, offset: usize) -> Result<(), DecodeError> {
        if self.share > limits::SHARE_MAX {
            return Err(DecodeError::new("group.share", offset, DecodeErrorKind::Value));
        }
        Ok(())
    }

    fn precedes(&self, next: &Self) -> bool {
        self.tag < next.tag
    }
}
