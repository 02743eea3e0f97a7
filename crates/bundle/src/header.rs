//! The fixed-layout header: what is signed, and all that is read before a signature is checked.

use core::fmt;

use crate::{ChannelId, Order, ParseError, ParseErrorKind, Sha256, UnixSeconds, limits, wire::Reader};

/// First bytes of every document.
pub(crate) const MAGIC: [u8; 4] = *b"TBDL";
/// Version of the envelope's layout.
pub(crate) const FORMAT: u8 = 1;
/// Bytes of a header without a body digest.
const SHORT_BYTES: usize = 36;
/// Bytes of a header with a body digest.
const LONG_BYTES: usize = 68;

/// What a document is. Numbers are on the wire: never renumber.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum Kind {
    /// Which keys may sign what.
    Keyring = 1,
    /// The recovery keys that a keyring committed to; carries no signatures.
    Recovery = 2,
    /// What one release holds.
    Manifest = 3,
    /// A release without anchors, which only the keyring threshold can sign.
    RevokeAll = 4,
    /// Which release and which keyring are current.
    Head = 5,
    /// A fresh answer to a device's nonce about a head that it already accepted.
    Echo = 6,
}

/// The header of a document, read but not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// What the document is.
    pub kind: Kind,
    /// The channel it was signed for; [`ChannelId::FLEET`] for keyrings and recovery sets.
    pub channel: ChannelId,
    /// Recovery epoch and number.
    pub order: Order,
    /// The lowest keyring version under which the document may be judged.
    pub keyring_version: u32,
    /// When it was made, by the signer's clock.
    pub issued_at: UnixSeconds,
    /// Bytes of the body.
    pub body_length: u32,
    /// SHA-256 of the body; `None` for heads and echoes, whose short body is signed directly.
    pub body_sha256: Option<Sha256>,
}

impl Kind {
    const fn from_wire(value: u8) -> Option<Self> {
        Some(match value {
            1 => Self::Keyring,
            2 => Self::Recovery,
            3 => Self::Manifest,
            4 => Self::RevokeAll,
            5 => Self::Head,
            6 => Self::Echo,
            _ => return None,
        })
    }

    /// The number on the wire.
    #[must_use]
    pub const fn to_wire(self) -> u8 {
        match self {
            Self::Keyring => 1,
            Self::Recovery => 2,
            Self::Manifest => 3,
            Self::RevokeAll => 4,
            Self::Head => 5,
            Self::Echo => 6,
        }
    }

    /// True where the body is short and signed directly, without a digest in the header.
    #[must_use]
    pub const fn signs_body_directly(self) -> bool {
        matches!(self, Self::Head | Self::Echo)
    }

    /// Most bytes that a body of this kind may have.
    #[must_use]
    pub const fn body_bytes_max(self) -> u32 {
        match self {
            Self::Keyring | Self::Recovery => limits::KEYRING_BODY_BYTES_MAX,
            Self::Manifest | Self::RevokeAll => limits::MANIFEST_BODY_BYTES_MAX,
            Self::Head => limits::HEAD_BODY_BYTES_MAX,
            Self::Echo => limits::ECHO_BODY_BYTES_MAX,
        }
    }
}

impl Header {
    /// Bytes of this header on the wire: 36, or 68 with a body digest.
    #[must_use]
    pub const fn wire_bytes(&self) -> usize {
        if self.kind.signs_body_directly() { SHORT_BYTES } else { LONG_BYTES }
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        reader.magic(MAGIC)?;
        let at = reader.offset();
        let kind_number = reader.u8("kind")?;
        let kind = Kind::from_wire(kind_number)
            .ok_or_else(|| ParseError::new("kind", at, ParseErrorKind::Unknown(u32::from(kind_number))))?;
        let epoch = reader.u16("epoch")?;
        let channel = ChannelId(reader.array("channel")?);
        let number = reader.u32("number")?;
        let keyring_version = reader.u32("keyring_version")?;
        let issued_at = UnixSeconds(reader.u64("issued_at")?);
        let at = reader.offset();
        let body_length = reader.u32("body_length")?;
        if body_length > kind.body_bytes_max() {
            return Err(ParseError::new("body_length", at, ParseErrorKind::TooLarge));
        }
        let body_sha256 =
            if kind.signs_body_directly() { None } else { Some(Sha256(reader.array("body_sha256")?)) };
        let order = Order::new(epoch, number);
        Ok(Self { kind, channel, order, keyring_version, issued_at, body_length, body_sha256 })
    }

    /// The header's bytes, as they are signed: the first [`Header::wire_bytes`] of the array.
    #[must_use]
    pub fn to_bytes(&self) -> ([u8; LONG_BYTES], usize) {
        let epoch = self.order.epoch.to_le_bytes();
        let number = self.order.number.to_le_bytes();
        let keyring_version = self.keyring_version.to_le_bytes();
        let issued_at = self.issued_at.0.to_le_bytes();
        let body_length = self.body_length.to_le_bytes();
        let digest = self.body_sha256.unwrap_or(Sha256([0; 32]));
        let parts: [&[u8]; 9] = [
            &MAGIC,
            &[FORMAT, self.kind.to_wire()],
            &epoch,
            &self.channel.0,
            &number,
            &keyring_version,
            &issued_at,
            &body_length,
            &digest.0,
        ];
        let mut out = [0; LONG_BYTES];
        let bytes = parts.into_iter().flatten();
        out.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        (out, self.wire_bytes())
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Keyring => "keyring",
            Self::Recovery => "recovery set",
            Self::Manifest => "manifest",
            Self::RevokeAll => "revoke-all",
            Self::Head => "head",
            Self::Echo => "echo",
        })
    }
}
