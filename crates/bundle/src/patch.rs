//! A patch: a copy/literal program with a fixed output length, run before its output is believed.
//!
//! Operations are `varint(length << 1 | copy)`; a literal is followed by its bytes, a copy by
//! `varint(zigzag(offset - cursor))`, where the cursor is the end of the last copy. Running it is bounded by the
//! output length, which the signed header fixes; the output is hashed before anything is decoded.

use crate::{ParseError, ParseErrorKind, join, varint, wire::Reader};

/// A patch, as it came.
#[derive(Clone, Copy, Debug)]
pub struct Patch<'a> {
    bytes: &'a [u8],
}

impl<'a> Patch<'a> {
    /// A patch over its bytes; nothing is checked until it runs.
    #[must_use]
    pub const fn from_bytes(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// Runs the program over `base` and fills `output` exactly.
    ///
    /// # Errors
    /// Where the program is malformed, reaches outside `base`, or does not fill `output` to the byte.
    pub fn apply(&self, base: &[u8], output: &mut [u8]) -> Result<(), ParseError> {
        let mut reader = Reader::new(self.bytes);
        let mut free = output;
        let mut cursor = 0_usize;
        while !reader.rest().is_empty() {
            let range = reader.error("patch", ParseErrorKind::Range);
            let code = varint::read(&mut reader, "patch")?;
            let length = usize::try_from(code >> 1).map_err(|_| range)?;
            if length == 0 {
                return Err(range);
            }
            let source = if code & 1 == 0 {
                reader.take(length, "patch")?
            } else {
                let start = moved(cursor, varint::read(&mut reader, "patch")?).ok_or(range)?;
                let end = start.checked_add(length).ok_or(range)?;
                cursor = end;
                base.get(start..end).ok_or(range)?
            };
            let (target, rest) = free.split_at_mut_checked(length).ok_or(range)?;
            join(target, &[source]).ok_or(range)?;
            free = rest;
        }
        if free.is_empty() { Ok(()) } else { Err(reader.error("patch", ParseErrorKind::Truncated)) }
    }
}

/// The cursor, moved by a zigzag-encoded distance.
fn moved(cursor: usize, zigzag: u32) -> Option<usize> {
    let distance = usize::try_from(zigzag >> 1).ok()?;
    if zigzag & 1 == 0 { cursor.checked_add(distance) } else { cursor.checked_sub(distance.checked_add(1)?) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(patch: &[u8], base: &[u8], expect: Result<&[u8], ParseErrorKind>) {
        let mut output = alloc::vec![0; expect.map_or(4, <[u8]>::len)];
        let result = Patch::from_bytes(patch).apply(base, &mut output).map_err(|error| error.kind);
        assert_eq!(result.map(|()| output.as_slice()), expect);
    }

    #[test]
    fn copies_and_literals_fill_the_output() {
        check(&[0x05, 0x04, 0x04, b'x', b'y', 0x03, 0x07], b"abcdef", Ok(b"cdxya"));
    }

    #[test]
    fn a_patch_cannot_leave_its_bounds() {
        check(&[0x09, 0x06], b"abcdef", Err(ParseErrorKind::Range)); // base ends before the copy does
        check(&[0x03, 0x01], b"abcdef", Err(ParseErrorKind::Range)); // before the base
        check(&[0x0b, 0x00], b"abcdef", Err(ParseErrorKind::Range)); // output too short
        check(&[0x02, b'a'], b"", Err(ParseErrorKind::Truncated)); // output not filled
        check(&[0x08, b'a'], b"", Err(ParseErrorKind::Truncated)); // literal cut off
        check(&[0x00], b"", Err(ParseErrorKind::Range)); // an operation that does nothing
    }
}
