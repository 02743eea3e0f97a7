//! Anchors and intermediates: certificates by their SHA-256, with what a certificate cannot say itself.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    ConstraintSet, DecodeError, DecodeErrorKind, Extensions, Item, Section, Sha256, UnixSeconds, extension,
    limits,
};

/// One CA certificate that devices may trust.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anchor<'a> {
    /// SHA-256 of the certificate in DER.
    pub sha256: Sha256,
    /// Bytes of the certificate in DER.
    pub length: u32,
    /// Where it stands in its life; devices trust all three states alike.
    pub state: AnchorState,
    /// What it may vouch for.
    pub purposes: Purposes,
    /// Day on which it joined the channel, in days since 1970-01-01.
    pub added_day: u32,
    /// Day on which it is planned to leave, in days since 1970-01-01.
    pub retire_day: Option<u32>,
    /// Why it is here, for people.
    #[serde(borrow)]
    pub note: &'a str,
    /// Any one of these sets must hold; none means no constraint.
    #[serde(borrow)]
    pub constraints: Section<'a, ConstraintSet<'a>>,
    /// What later versions add.
    #[serde(borrow)]
    pub extensions: Extensions<'a>,
}

/// A CA certificate shipped only to help path building; never an anchor by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intermediate<'a> {
    /// SHA-256 of the certificate in DER.
    pub sha256: Sha256,
    /// Bytes of the certificate in DER.
    pub length: u32,
    /// What later versions add.
    #[serde(borrow)]
    pub extensions: Extensions<'a>,
}

/// Where an anchor stands in its life. Numbers are on the wire: never reorder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum AnchorState {
    /// Trusted ahead of use, so that a rotation finds it everywhere.
    Next,
    /// In use.
    Active,
    /// On its way out.
    Retiring,
}

/// What an anchor may vouch for, as bits. Unknown bits are kept and mean nothing to this version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Purposes(pub u8);

impl Purposes {
    /// Servers of TLS (id-kp-serverAuth, RFC 5280 §4.2.1.12).
    pub const SERVER_AUTH: Self = Self(1);
    /// Clients of TLS (id-kp-clientAuth).
    pub const CLIENT_AUTH: Self = Self(2);
    /// Code (id-kp-codeSigning).
    pub const CODE_SIGNING: Self = Self(4);
    /// E-mail (id-kp-emailProtection).
    pub const EMAIL: Self = Self(8);

    /// True where every purpose of `other` is among these.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The names of the known purposes.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let known = [
            (Self::SERVER_AUTH, "server-auth"),
            (Self::CLIENT_AUTH, "client-auth"),
            (Self::CODE_SIGNING, "code-signing"),
            (Self::EMAIL, "email"),
        ];
        known.into_iter().filter(move |(purpose, _)| self.contains(*purpose)).map(|(_, name)| name)
    }
}

impl Anchor<'_> {
    /// False where a critical extension of it is unknown to this version.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        !extension::has_unknown_critical(self.extensions)
    }

    /// When it ended or will end: its certificate, which does so at `not_after`, or the last of its constraint sets.
    #[must_use]
    pub fn end(&self, not_after: Option<UnixSeconds>) -> Option<UnixSeconds> {
        let ends = self.constraints.iter().map(|set| set.expires_at);
        // A set without an end outlives all others, and so does an anchor without sets.
        let last = ends.reduce(|one, other| Some(one?.max(other?))).flatten();
        [not_after, last].into_iter().flatten().min()
    }
}

impl fmt::Display for AnchorState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Next => "next",
            Self::Active => "active",
            Self::Retiring => "retiring",
        })
    }
}

fn check_length(length: u32, field: &'static str, offset: usize) -> Result<(), DecodeError> {
    if length == 0 || length > limits::CERTIFICATE_BYTES_MAX {
        return Err(DecodeError::new(field, offset, DecodeErrorKind::Value));
    }
    Ok(())
}

impl<'a> Item<'a> for Anchor<'a> {
    const FIELD: &'static str = "anchors";
    const ITEMS_MAX: usize = limits::ANCHORS_MAX;

    fn check(&self, offset: usize) -> Result<(), DecodeError> {
        check_length(self.length, "anchor.length", offset)?;
        if self.note.len() > limits::NOTE_BYTES_MAX {
            return Err(DecodeError::new("anchor.note", offset, DecodeErrorKind::TooLarge));
        }
        self.constraints.check(offset)?;
        self.extensions.check(offset)?;
        Ok(())
    }

    fn precedes(&self, next: &Self) -> bool {
        self.sha256 < next.sha256
    }
}

impl<'a> Item<'a> for Intermediate<'a> {
    const FIELD: &'static str = "intermediates";
    const ITEMS_MAX: usize = limits::INTERMEDIATES_MAX;

    fn check(&self, offset: usize) -> Result<(), DecodeError> {
        check_length(self.length, "intermediate.length", offset)?;
        self.extensions.check(offset)?;
        Ok(())
    }

    fn precedes(&self, next: &Self) -> bool {
        self.sha256 < next.sha256
    }
}
