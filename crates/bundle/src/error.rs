//! What can be wrong with bytes: three layers, three types, none of them with strings of their own.

use core::fmt;

use crate::{KeyDefect, Kind, Order, Role};

/// The framing is wrong: found while reading a header, a signature table or a container, before any signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ParseError {
    /// The field at fault, as SPEC.md names it.
    pub field: &'static str,
    /// Where the field starts, in bytes from the start of the document or container.
    pub offset: usize,
    /// What is wrong with it.
    pub kind: ParseErrorKind,
}

/// What is wrong with a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// The magic number is another one: not a file of this kind.
    Magic,
    /// The patch asks for bytes outside its base or its output.
    Range,
    /// More than the named limit.
    TooLarge,
    /// Bytes after the end.
    Trailing,
    /// The bytes end before the field does; a stream may bring the rest.
    Truncated,
    /// A value that this version does not know.
    Unknown(u32),
    /// An integer in more bytes than it needs.
    Varint,
}

/// An authenticated body does not decode: the signer's software is broken or newer than this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DecodeError {
    /// The field at fault, as SPEC.md names it.
    pub field: &'static str,
    /// Where in the body the faulty item starts, in bytes.
    pub offset: usize,
    /// What is wrong with it.
    pub kind: DecodeErrorKind,
}

/// What is wrong with a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// A critical extension where none may stand.
    CriticalExtension,
    /// Two items that must differ are equal.
    Duplicate,
    /// A list that must hold something is empty.
    Empty,
    /// An index that points past the end of its list.
    Index,
    /// A key that may not enter a keyring.
    Key(KeyDefect),
    /// Not postcard, or an unknown enum variant, or the body ends early.
    Malformed,
    /// Decodes, but re-encodes to other bytes.
    NonCanonical,
    /// Items out of the order that the format prescribes.
    Order,
    /// A threshold of zero, or above the number of keys.
    Threshold,
    /// More than the named limit.
    TooLarge,
    /// Bytes after the last field.
    Trailing,
    /// A value outside its range.
    Value,
    /// The document is of another kind.
    WrongKind,
}

/// A document is not acceptable under this keyring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum VerifyError {
    /// The body's SHA-256 is not the one that the header signs.
    BodyDigest,
    /// The body's length is not the one that the header signs.
    BodyLength,
    /// Signed for another channel.
    Channel,
    /// The recovery commitment changed without the recovery keys' signatures, or a recovery kept it.
    CommitmentChanged,
    /// An authenticated body that does not decode.
    Decode(DecodeError),
    /// One more signature is to be checked than this call may check: ask again, with the same bytes. Only calls that
    /// take a [`crate::SignatureMemo`] or [`crate::SignatureLog`] end like this; nothing has been decided.
    Deferred,
    /// Another recovery epoch than the one this keyring can judge.
    Epoch {
        /// Epoch of the keyring in force.
        current: u16,
        /// Epoch of the document.
        offered: u16,
    },
    /// A floor is restated for a role whose keys were not all replaced.
    FloorKept(Role),
    /// The document needs a newer keyring than the one in force.
    KeyringTooOld {
        /// Version of the keyring in force.
        current: u32,
        /// Lowest version that the document accepts.
        needed: u32,
    },
    /// The document's kind cannot stand here.
    Kind(Kind),
    /// Not newer than what is in force.
    NotNewer {
        /// What is in force.
        current: Order,
        /// What was offered.
        offered: Order,
    },
    /// The framing is wrong.
    Parse(ParseError),
    /// The recovery set is not the one that the keyring committed to.
    RecoveryCommitment,
    /// A recovery needs the recovery set in front of the keyring.
    RecoveryMissing,
    /// The number grows by more than the format allows in one step.
    Step {
        /// What is in force.
        current: Order,
        /// What was offered.
        offered: Order,
    },
    /// Too few valid signatures by different keys.
    Threshold {
        /// Role whose threshold was asked for; `None` for the recovery set.
        role: Option<Role>,
        /// Keys with a valid signature.
        valid: u8,
        /// Keys needed.
        needed: u8,
    },
}

impl ParseError {
    pub(crate) const fn new(field: &'static str, offset: usize, kind: ParseErrorKind) -> Self {
        Self { field, offset, kind }
    }

    /// True where more bytes of the same stream may still complete the field.
    #[must_use]
    pub const fn is_truncated(&self) -> bool {
        matches!(self.kind, ParseErrorKind::Truncated)
    }
}

impl DecodeError {
    pub(crate) const fn new(field: &'static str, offset: usize, kind: DecodeErrorKind) -> Self {
        Self { field, offset, kind }
    }
}

impl VerifyError {
    /// The stable name of this refusal, for machines.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::BodyDigest => "body_digest",
            Self::BodyLength => "body_length",
            Self::Channel => "channel",
            Self::CommitmentChanged => "commitment_changed",
            Self::Decode(_) => "decode",
            Self::Deferred => "deferred",
            Self::Epoch { .. } => "epoch",
            Self::FloorKept(_) => "floor_kept",
            Self::KeyringTooOld { .. } => "keyring_too_old",
            Self::Kind(_) => "kind",
            Self::NotNewer { .. } => "not_newer",
            Self::Parse(_) => "parse",
            Self::RecoveryCommitment => "recovery_commitment",
            Self::RecoveryMissing => "recovery_missing",
            Self::Step { .. } => "step",
            Self::Threshold { .. } => "threshold",
        }
    }
}

impl From<DecodeError> for VerifyError {
    fn from(error: DecodeError) -> Self {
        Self::Decode(error)
    }
}

impl From<ParseError> for VerifyError {
    fn from(error: ParseError) -> Self {
        Self::Parse(error)
    }
}

impl fmt::Display for ParseErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Magic => f.write_str("is not the magic number of this kind of file"),
            Self::Range => f.write_str("points outside its data"),
            Self::TooLarge => f.write_str("is larger than the format allows"),
            Self::Trailing => f.write_str("is followed by bytes that do not belong"),
            Self::Truncated => f.write_str("is cut off"),
            Self::Unknown(value) => write!(f, "has the value {value}, which this version does not know"),
            Self::Varint => f.write_str("is an integer in more bytes than it needs"),
        }
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {} {}", self.field, self.offset, self.kind)
    }
}

impl fmt::Display for DecodeErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CriticalExtension => "has a critical extension where none may stand",
            Self::Duplicate => "stands there twice",
            Self::Empty => "is empty",
            Self::Index => "points past the end of its list",
            Self::Key(defect) => return write!(f, "{defect}"),
            Self::Malformed => "is malformed",
            Self::NonCanonical => "is not in its one canonical encoding",
            Self::Order => "is out of order",
            Self::Threshold => "has a threshold of zero or above its number of keys",
            Self::TooLarge => "is larger than the format allows",
            Self::Trailing => "is followed by bytes that do not belong",
            Self::Value => "has a value outside its range",
            Self::WrongKind => "is a document of another kind",
        })
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {} of the body {}", self.field, self.offset, self.kind)
    }
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BodyDigest => f.write_str("the body is not the one that was signed (its SHA-256 differs)"),
            Self::BodyLength => f.write_str("the body is not the one that was signed (its length differs)"),
            Self::Channel => f.write_str("the document was signed for another channel"),
            Self::CommitmentChanged => f.write_str(
                "the recovery commitment changed without the recovery keys, or a recovery kept it",
            ),
            Self::Decode(_) => f.write_str("the body was signed but does not decode"),
            Self::Deferred => f.write_str("one more signature is to be checked: ask again"),
            Self::Epoch { current, offered } => {
                write!(
                    f,
                    "the document is of recovery epoch {offered}, the keyring in force of epoch {current}"
                )
            }
            Self::FloorKept(role) => {
                write!(f, "a floor of the {role} role is restated although a key of that role was kept")
            }
            Self::KeyringTooOld { current, needed } => {
                write!(f, "the document needs keyring {needed}, keyring {current} is in force")
            }
            Self::Kind(kind) => write!(f, "a {kind} cannot stand here"),
            Self::NotNewer { current, offered } => write!(f, "{offered} is not newer than {current}"),
            Self::Parse(_) => f.write_str("the document is not well-formed"),
            Self::RecoveryCommitment => {
                f.write_str("the recovery set is not the one that the keyring committed to")
            }
            Self::RecoveryMissing => f.write_str("a recovery needs the recovery set in front of the keyring"),
            Self::Step { current, offered } => {
                write!(f, "the step from {current} to {offered} is larger than the format allows")
            }
            Self::Threshold { role: Some(role), valid, needed } => {
                write!(f, "{valid} of the {needed} signatures that the {role} role needs are valid")
            }
            Self::Threshold { role: None, valid, needed } => {
                write!(f, "{valid} of the {needed} signatures that the recovery set needs are valid")
            }
        }
    }
}

impl core::error::Error for ParseError {}
impl core::error::Error for DecodeError {}
impl core::error::Error for VerifyError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Decode(error) => Some(error),
            Self::Parse(error) => Some(error),
            _ => None,
        }
    }
}
