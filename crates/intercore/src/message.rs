//! One message to the verifying core: which piece of which document, and its bytes.

use crate::{
    Reason,
    bytes::{length, put, saturated, u16_at, u32_at},
    limits::{HEADER_BYTES, MESSAGE_BYTES_MAX, PAYLOAD_BYTES_MAX},
};

/// First bytes of every message.
const MAGIC: [u8; 4] = *b"TBIM";
/// Version of the layout.
pub(crate) const FORMAT: u8 = 1;

/// What a message carries a piece of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Nothing: it opens a transfer. Its `total` is the number of keyring files.
    Begin,
    /// The keyring file with this number in the transfer, from zero, oldest first: a keyring document, with a
    /// recovery set in front of it where one is shown.
    Keyring(u32),
    /// The manifest document.
    Manifest,
    /// The certificate with this number in the manifest's order of blobs, from zero.
    Certificate(u32),
    /// Nothing: what has come is to be installed.
    End,
}

/// One message, read and not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// Which transfer it belongs to; the sender chooses it anew each time.
    pub transfer: u32,
    /// Its number in the transfer; a transfer begins with zero.
    pub sequence: u32,
    /// What it carries a piece of.
    pub part: Part,
    /// Where the piece starts in its part, in bytes.
    pub offset: u32,
    /// Bytes of the whole part; for [`Part::Begin`] the number of keyring files, for [`Part::End`] zero.
    pub total: u32,
    /// The piece.
    pub payload: &'a [u8],
}

impl Part {
    /// Kind and item, as they stand in messages and answers.
    pub(crate) const fn to_wire(self) -> (u8, u32) {
        match self {
            Self::Begin => (1, 0),
            Self::Keyring(item) => (2, item),
            Self::Manifest => (3, 0),
            Self::Certificate(item) => (4, item),
            Self::End => (5, 0),
        }
    }

    pub(crate) const fn from_wire(kind: u8, item: u32) -> Result<Self, Reason> {
        match (kind, item) {
            (2, _) => Ok(Self::Keyring(item)),
            (4, _) => Ok(Self::Certificate(item)),
            (1, 0) => Ok(Self::Begin),
            (3, 0) => Ok(Self::Manifest),
            (5, 0) => Ok(Self::End),
            (1 | 3 | 5, _) => Err(Reason::MessageField),
            _ => Err(Reason::MessageKind),
        }
    }
}

impl<'a> Message<'a> {
    /// Reads one message that is all of `bytes`.
    ///
    /// # Errors
    /// One of the `message_…` reasons.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Reason> {
        let short = Reason::MessageLength;
        let (header, payload) = bytes.split_at_checked(HEADER_BYTES).ok_or(short)?;
        if !header.starts_with(&MAGIC) {
            return Err(Reason::MessageMagic);
        }
        let field = |at| u32_at(header, at).ok_or(short);
        let [format, kind] = [header.get(4), header.get(5)].map(|byte| byte.copied().unwrap_or_default());
        if format != FORMAT {
            return Err(Reason::MessageFormat);
        }
        let payload_bytes = usize::from(u16_at(header, 6).ok_or(short)?);
        if payload_bytes != payload.len() || bytes.len() > MESSAGE_BYTES_MAX {
            return Err(short);
        }
        let part = Part::from_wire(kind, field(16)?)?;
        let (transfer, sequence, offset, total) = (field(8)?, field(12)?, field(20)?, field(24)?);
        let message = Self { transfer, sequence, part, offset, total, payload };
        if message.is_consistent() { Ok(message) } else { Err(Reason::MessageField) }
    }

    /// What no message of its kind may break, whatever the receiver waits for.
    fn is_consistent(&self) -> bool {
        let opens = self.part == Part::Begin;
        if opens != (self.sequence == 0) {
            return false;
        }
        match self.part {
            Part::Begin => self.payload.is_empty() && self.offset == 0,
            Part::End => self.payload.is_empty() && self.offset == 0 && self.total == 0,
            Part::Keyring(_) | Part::Manifest | Part::Certificate(_) => {
                let end = length(self.offset).checked_add(self.payload.len());
                !self.payload.is_empty() && end.is_some_and(|end| end <= length(self.total))
            }
        }
    }

    /// Writes the message; its length. `None` where the payload is too long for one.
    pub fn write(&self, into: &mut [u8; MESSAGE_BYTES_MAX]) -> Option<usize> {
        self.write_header(self.payload.len(), into)?;
        put(into, HEADER_BYTES, self.payload)?;
        HEADER_BYTES.checked_add(self.payload.len())
    }

    /// Writes the header of a message whose payload stands behind it already.
    pub(crate) fn write_header(
        &self,
        payload_bytes: usize,
        into: &mut [u8; MESSAGE_BYTES_MAX],
    ) -> Option<()> {
        if payload_bytes > PAYLOAD_BYTES_MAX {
            return None;
        }
        let (kind, item) = self.part.to_wire();
        let [low, high, ..] = saturated(payload_bytes).to_le_bytes();
        put(into, 0, &MAGIC)?;
        put(into, 4, &[FORMAT, kind, low, high])?;
        let words = [self.transfer, self.sequence, item, self.offset, self.total];
        let places = (8..).step_by(4);
        places.zip(words).try_for_each(|(at, word)| put(into, at, &word.to_le_bytes()))
    }
}
