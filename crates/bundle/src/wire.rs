//! A reader over bytes that knows where it is, for the fixed-layout parts of the format.

use crate::{ParseError, ParseErrorKind};

/// Reads little-endian integers and spans, and names field and offset in every error.
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, offset: 0 }
    }

    pub(crate) const fn offset(&self) -> usize {
        self.offset
    }

    /// What was not read yet.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.offset..).unwrap_or_default()
    }

    pub(crate) const fn error(&self, field: &'static str, kind: ParseErrorKind) -> ParseError {
        ParseError::new(field, self.offset, kind)
    }

    pub(crate) fn take(&mut self, length: usize, field: &'static str) -> Result<&'a [u8], ParseError> {
        let truncated = self.error(field, ParseErrorKind::Truncated);
        let end = self.offset.checked_add(length).ok_or(truncated)?;
        let span = self.bytes.get(self.offset..end).ok_or(truncated)?;
        self.offset = end;
        Ok(span)
    }

    pub(crate) fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], ParseError> {
        let truncated = self.error(field, ParseErrorKind::Truncated);
        self.take(N, field)?.try_into().map_err(|_| truncated)
    }

    pub(crate) fn u8(&mut self, field: &'static str) -> Result<u8, ParseError> {
        self.array::<1>(field).map(|[byte]| byte)
    }

    pub(crate) fn u16(&mut self, field: &'static str) -> Result<u16, ParseError> {
        self.array(field).map(u16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self, field: &'static str) -> Result<u32, ParseError> {
        self.array(field).map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self, field: &'static str) -> Result<u64, ParseError> {
        self.array(field).map(u64::from_le_bytes)
    }

    /// A 32-bit length that may not be above `max`.
    pub(crate) fn length(&mut self, field: &'static str, max: u32) -> Result<usize, ParseError> {
        let too_large = self.error(field, ParseErrorKind::TooLarge);
        let length = self.u32(field)?;
        if length > max {
            return Err(too_large);
        }
        usize::try_from(length).map_err(|_| too_large)
    }

    /// A magic number, then the format version that this crate writes.
    pub(crate) fn magic(&mut self, magic: [u8; 4]) -> Result<(), ParseError> {
        let wrong = self.error("magic", ParseErrorKind::Magic);
        if self.array::<4>("magic")? != magic {
            return Err(wrong);
        }
        let at = self.offset;
        let format = self.u8("format")?;
        if format == crate::header::FORMAT {
            Ok(())
        } else {
            Err(ParseError::new("format", at, ParseErrorKind::Unknown(u32::from(format))))
        }
    }
}
