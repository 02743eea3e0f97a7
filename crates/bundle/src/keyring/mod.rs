//! The keyring: which keys may sign what, how it changes hands, and how it is recovered.

mod accept;
mod recovery;
mod role;

pub use accept::Accepted;
pub use recovery::RecoverySet;
pub use role::{Floor, KeyIndex, Role, RoleKeys};
use serde::{Deserialize, Serialize};

use crate::{
    Authentic, Authority, DecodeError, DecodeErrorKind, Document, Envelope, Extensions, Header, Item, Key,
    Kind, Order, Section, Sha256, UnixSeconds, VerifyError, canonical, extension, limits, memo::Pace,
    wire::Reader,
};

/// A keyring, as signed: one per fleet, for all its channels.
#[derive(Clone, Copy, Debug)]
pub struct Keyring<'a> {
    header: Header,
    body: KeyringBody<'a>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct KeyringBody<'a> {
    #[serde(borrow)]
    pub(crate) fleet: &'a str,
    #[serde(borrow)]
    pub(crate) keys: Section<'a, Key<'a>>,
    #[serde(borrow)]
    pub(crate) keyring: RoleKeys<'a>,
    #[serde(borrow)]
    pub(crate) release: RoleKeys<'a>,
    #[serde(borrow)]
    pub(crate) head: RoleKeys<'a>,
    #[serde(borrow)]
    pub(crate) echo: Option<RoleKeys<'a>>,
    pub(crate) recovery_commitment: Sha256,
    #[serde(borrow)]
    pub(crate) floors: Section<'a, Floor>,
    pub(crate) time_floor: Option<UnixSeconds>,
    #[serde(borrow)]
    pub(crate) extensions: Extensions<'a>,
}

/// Whether a keyring's keys must still be checked.
#[derive(Clone, Copy)]
enum Keys {
    /// They were, when the keyring was accepted, and each is again before it verifies. Not at every reading: that is
    /// arithmetic on a curve for every key, and a small board reads its keyring several times in a step.
    Checked,
    /// They come from somebody else.
    New,
}

impl<'a> Keyring<'a> {
    /// Reads the keyring that an image or a factory provisioned: believed because of where it came from.
    ///
    /// It must still be whole, and signed by its own keyring threshold, so that a spoilt image is seen.
    ///
    /// # Errors
    /// What is wrong with the document.
    pub fn provisioned(document: &'a [u8]) -> Result<Self, VerifyError> {
        let envelope = Envelope::parse_whole(document)?;
        if envelope.header().kind != Kind::Keyring {
            return Err(VerifyError::Kind(envelope.header().kind));
        }
        let authentic = envelope.believe(Authority::Provisioned).attach(envelope.body())?;
        let keyring = Self::decode(authentic)?;
        envelope.require_keyring_role(&keyring, &mut Pace::AtOnce)?;
        Ok(keyring)
    }

    /// Reads a keyring that this device accepted before: header and body, out of its own journal.
    ///
    /// # Errors
    /// What is wrong with the bytes.
    pub fn restored(header_and_body: &'a [u8]) -> Result<Self, VerifyError> {
        let (header, body) = Self::header_and_body(header_and_body)?;
        let header_bytes = header_and_body.get(..header.wire_bytes()).unwrap_or_default();
        let believed = crate::AuthenticHeader { header, header_bytes, authority: Authority::Provisioned };
        Ok(Self::read(believed.attach(body)?, Keys::Checked)?)
    }

    /// The order of a keyring that this device accepted before, without a look at its keys: header and body, as for
    /// [`Keyring::restored`].
    ///
    /// # Errors
    /// What is wrong with the header.
    pub fn order_of(header_and_body: &[u8]) -> Result<Order, VerifyError> {
        Self::header_and_body(header_and_body).map(|(header, _)| header.order)
    }

    fn header_and_body(header_and_body: &[u8]) -> Result<(Header, &[u8]), VerifyError> {
        let mut reader = Reader::new(header_and_body);
        let header = Header::read(&mut reader)?;
        if header.kind != Kind::Keyring {
            return Err(VerifyError::Kind(header.kind));
        }
        Ok((header, reader.rest()))
    }

    /// The header.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// Recovery epoch and version.
    #[must_use]
    pub const fn order(&self) -> Order {
        self.header.order
    }

    /// The version within the epoch.
    #[must_use]
    pub const fn version(&self) -> u32 {
        self.header.order.number
    }

    /// The fleet's name, for people.
    #[must_use]
    pub const fn fleet(&self) -> &'a str {
        self.body.fleet
    }

    /// All keys, of all roles.
    #[must_use]
    pub const fn keys(&self) -> Section<'a, Key<'a>> {
        self.body.keys
    }

    /// Keys and threshold of a role; the echo role may be absent.
    #[must_use]
    pub const fn role(&self, role: Role) -> Option<RoleKeys<'a>> {
        match role {
            Role::Keyring => Some(self.body.keyring),
            Role::Release => Some(self.body.release),
            Role::Head => Some(self.body.head),
            Role::Echo => self.body.echo,
        }
    }

    /// Keys and threshold of the keyring role.
    #[must_use]
    pub const fn keyring_role(&self) -> RoleKeys<'a> {
        self.body.keyring
    }

    /// The keys of one of this keyring's roles.
    pub fn keys_of(&self, role: RoleKeys<'a>) -> impl Iterator<Item = Key<'a>> + use<'a> {
        let indexes = role.keys;
        (0_u8..)
            .zip(self.body.keys.iter())
            .filter(move |(index, _)| indexes.iter().any(|listed| listed.0 == *index))
            .map(|(_, key)| key)
    }

    /// SHA-256 that a recovery set must have ([`RecoverySet::commitment`]).
    #[must_use]
    pub const fn recovery_commitment(&self) -> Sha256 {
        self.body.recovery_commitment
    }

    /// The floors that this keyring restates.
    #[must_use]
    pub const fn floors(&self) -> Section<'a, Floor> {
        self.body.floors
    }

    /// The time floor that this keyring sets anew.
    #[must_use]
    pub const fn time_floor(&self) -> Option<UnixSeconds> {
        self.body.time_floor
    }

    fn read(authentic: Authentic<'a>, keys: Keys) -> Result<Self, DecodeError> {
        let header = *authentic.header();
        if header.kind != Kind::Keyring {
            return Err(DecodeError::new("kind", 0, DecodeErrorKind::WrongKind));
        }
        if header.order.number == 0 || header.channel != crate::ChannelId::FLEET {
            return Err(DecodeError::new("header", 0, DecodeErrorKind::Value));
        }
        let keyring = Self { header, body: canonical::whole(authentic.body(), "keyring")? };
        keyring.check(keys)?;
        Ok(keyring)
    }

    fn check(&self, keys: Keys) -> Result<(), DecodeError> {
        let body = &self.body;
        let fail = |field, kind| Err(DecodeError::new(field, 0, kind));
        if body.fleet.len() > limits::NAME_BYTES_MAX {
            return fail("fleet", DecodeErrorKind::TooLarge);
        }
        let key_count = match keys {
            Keys::Checked => body.keys.count(),
            Keys::New => body.keys.check(0)?,
        };
        for role in Role::ALL {
            if let Some(keys) = self.role(role) {
                keys.check(role.field(), key_count)?;
            }
        }
        body.floors.check(0)?;
        // A floor in an epoch that is still to come would outlast the recovery that opens it.
        if body.floors.iter().any(|floor| floor.epoch > self.header.order.epoch) {
            return fail("floors.epoch", DecodeErrorKind::Value);
        }
        extension::check_none_critical(body.extensions)
    }

    /// True where no key of `role` is also in `other`'s same role.
    #[must_use]
    pub fn replaces_role_of(&self, other: &Keyring<'_>, role: Role) -> bool {
        let (Some(mine), Some(theirs)) = (self.role(role), other.role(role)) else { return true };
        !self.keys_of(mine).any(|key| other.keys_of(theirs).any(|kept| kept.is_same_key(&key)))
    }
}

impl<'a> Document<'a> for Keyring<'a> {
    fn decode(authentic: Authentic<'a>) -> Result<Self, DecodeError> {
        Self::read(authentic, Keys::New)
    }
}

impl<'a> Item<'a> for Key<'a> {
    const FIELD: &'static str = "keys";
    const ITEMS_MAX: usize = limits::KEYS_MAX;

    fn check(&self, offset: usize) -> Result<(), DecodeError> {
        let fail = |kind| DecodeError::new(Self::FIELD, offset, kind);
        if self.bytes.len() > limits::KEY_BYTES_MAX || self.name.len() > limits::NAME_BYTES_MAX {
            return Err(fail(DecodeErrorKind::TooLarge));
        }
        // The inherent check, of the key itself; this one is the item's.
        Key::check(self).map_err(|defect| fail(DecodeErrorKind::Key(defect)))
    }

    /// Ascending by algorithm and key, so that no key stands twice under two names.
    fn precedes(&self, next: &Self) -> bool {
        (self.algorithm, self.bytes) < (next.algorithm, next.bytes)
    }
}
