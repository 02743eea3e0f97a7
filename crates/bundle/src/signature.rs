//! The signature table: bounded, split, not believed.

use crate::{Algorithm, KeyId, ParseError, ParseErrorKind, limits, wire::Reader};

/// Bytes in front of each signature: algorithm, key id, length.
const ENTRY_HEADER_BYTES: usize = 11;

/// The signatures of one document, as they came.
#[derive(Clone, Copy, Debug)]
pub struct SignatureTable<'a> {
    bytes: &'a [u8],
}

/// One entry of a signature table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableSignature<'a> {
    /// The algorithm it claims; an entry that does not claim its key's is ignored.
    pub algorithm: Algorithm,
    /// The key it claims.
    pub key_id: KeyId,
    /// The signature itself.
    pub bytes: &'a [u8],
}

impl<'a> SignatureTable<'a> {
    pub(crate) fn read(reader: &mut Reader<'a>) -> Result<Self, ParseError> {
        let start = reader.offset();
        let all = reader.rest();
        let count = reader.u8("signature_count")?;
        if usize::from(count) > limits::SIGNATURES_MAX {
            return Err(ParseError::new("signature_count", start, ParseErrorKind::TooLarge));
        }
        for _ in 0..count {
            let at = reader.offset();
            read_entry(reader)?;
            if reader.offset().saturating_sub(start) > limits::SIGNATURE_TABLE_BYTES_MAX {
                return Err(ParseError::new("signatures", at, ParseErrorKind::TooLarge));
            }
        }
        let length = reader.offset().saturating_sub(start);
        Ok(Self { bytes: all.get(..length).unwrap_or_default() })
    }

    /// The table's exact bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The entries in their order.
    pub fn iter(&self) -> impl Iterator<Item = TableSignature<'a>> + use<'a> {
        let mut reader = Reader::new(self.bytes);
        let count = reader.u8("signature_count").unwrap_or(0);
        (0..count).map_while(move |_| read_entry(&mut reader).ok())
    }
}

fn read_entry<'a>(reader: &mut Reader<'a>) -> Result<TableSignature<'a>, ParseError> {
    let algorithm = Algorithm(reader.u8("signature.algorithm")?);
    let key_id = KeyId(reader.array("signature.key_id")?);
    let at = reader.offset();
    let length = usize::from(reader.u16("signature.length")?);
    if length > limits::SIGNATURE_BYTES_MAX {
        return Err(ParseError::new("signature.length", at, ParseErrorKind::TooLarge));
    }
    let bytes = reader.take(length, "signature.bytes")?;
    Ok(TableSignature { algorithm, key_id, bytes })
}

impl TableSignature<'_> {
    /// Bytes of the entry on the wire.
    #[must_use]
    pub const fn wire_bytes(&self) -> usize {
        self.bytes.len().saturating_add(ENTRY_HEADER_BYTES)
    }
}
