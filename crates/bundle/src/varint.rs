//! LEB128 integers in their shortest form, as postcard writes them.

use crate::{ParseErrorKind, wire::Reader};

/// Bytes of the longest 32-bit varint.
const BYTES_MAX: u32 = 5;

/// Reads one integer of at most 32 bits; refuses an encoding longer than needed.
pub(crate) fn read(reader: &mut Reader<'_>, field: &'static str) -> Result<u32, crate::ParseError> {
    let start = reader.offset();
    let mut value = 0_u32;
    for index in 0..BYTES_MAX {
        let byte = reader.u8(field)?;
        let bits = u32::from(byte & 0x7f);
        let shift = index.saturating_mul(7);
        let fits = shift < 28 || bits < 16;
        let shifted = bits.checked_shl(shift).filter(|_| fits);
        value |= shifted.ok_or_else(|| crate::ParseError::new(field, start, ParseErrorKind::TooLarge))?;
        if byte & 0x80 == 0 {
            let overlong = byte == 0 && index > 0;
            return if overlong {
                Err(crate::ParseError::new(field, start, ParseErrorKind::Varint))
            } else {
                Ok(value)
            };
        }
    }
    Err(crate::ParseError::new(field, start, ParseErrorKind::TooLarge))
}

/// Appends one integer.
#[cfg(feature = "alloc")]
pub(crate) fn write(out: &mut alloc::vec::Vec<u8>, mut value: u32) {
    loop {
        let [low, ..] = value.to_le_bytes();
        value >>= 7;
        if value == 0 {
            out.push(low & 0x7f);
            return;
        }
        out.push(low | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], expect: Result<u32, ParseErrorKind>) {
        let mut reader = Reader::new(bytes);
        assert_eq!(read(&mut reader, "n").map_err(|error| error.kind), expect);
    }

    #[test]
    fn the_shortest_form_is_the_only_form() {
        check(&[0], Ok(0));
        check(&[0xac, 0x02], Ok(300));
        check(&[0xff, 0xff, 0xff, 0xff, 0x0f], Ok(u32::MAX));
        check(&[0xac, 0x82, 0x00], Err(ParseErrorKind::Varint));
        check(&[0xff, 0xff, 0xff, 0xff, 0x1f], Err(ParseErrorKind::TooLarge));
        check(&[0x80, 0x80, 0x80, 0x80, 0x80, 0x00], Err(ParseErrorKind::TooLarge));
        check(&[0x80], Err(ParseErrorKind::Truncated));
    }

    #[cfg(feature = "alloc")]
    #[test]
    fn what_is_written_is_read() {
        for value in [0, 1, 127, 128, 300, 16_383, 16_384, u32::MAX] {
            let mut out = alloc::vec::Vec::new();
            write(&mut out, value);
            check(&out, Ok(value));
        }
    }
}
