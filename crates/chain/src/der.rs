//! A total reader of DER (ITU-T X.690): borrowed elements, offsets in every error, no panic on any input.

use core::fmt;

/// What is wrong with a DER structure, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DerError {
    /// The field at fault, as RFC 5280 names it.
    pub field: &'static str,
    /// Where the field starts, in bytes from the start of the certificate.
    pub offset: usize,
    /// What is wrong with it.
    pub kind: DerErrorKind,
}

/// What is wrong with one DER element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DerErrorKind {
    /// Its length is indefinite, not minimal, or longer than four bytes can say.
    Length,
    /// Another type than the field's stands here.
    Tag {
        /// The identifier octet that stands here.
        found: u8,
    },
    /// Bytes after the end of the field.
    Trailing,
    /// The bytes end before the field does.
    Truncated,
    /// The content is not a value of the field.
    Value,
}

/// Identifier octets (X.690 §8.1.2) of the types that certificates hold.
pub(crate) mod tag {
    pub(crate) const BOOLEAN: u8 = 0x01;
    pub(crate) const INTEGER: u8 = 0x02;
    pub(crate) const BIT_STRING: u8 = 0x03;
    pub(crate) const OCTET_STRING: u8 = 0x04;
    pub(crate) const OBJECT_IDENTIFIER: u8 = 0x06;
    pub(crate) const UTF8_STRING: u8 = 0x0c;
    pub(crate) const NUMERIC_STRING: u8 = 0x12;
    pub(crate) const PRINTABLE_STRING: u8 = 0x13;
    pub(crate) const TELETEX_STRING: u8 = 0x14;
    pub(crate) const IA5_STRING: u8 = 0x16;
    pub(crate) const UTC_TIME: u8 = 0x17;
    pub(crate) const GENERALIZED_TIME: u8 = 0x18;
    pub(crate) const VISIBLE_STRING: u8 = 0x1a;
    pub(crate) const UNIVERSAL_STRING: u8 = 0x1c;
    pub(crate) const BMP_STRING: u8 = 0x1e;
    pub(crate) const SEQUENCE: u8 = 0x30;
    pub(crate) const SET: u8 = 0x31;
    /// `[0]` of a certificate: its version.
    pub(crate) const VERSION: u8 = 0xa0;
    /// `[1]` and `[2]` of a certificate: unique ids, primitive.
    pub(crate) const ISSUER_UNIQUE_ID: u8 = 0x81;
    pub(crate) const SUBJECT_UNIQUE_ID: u8 = 0x82;
    /// `[3]` of a certificate: its extensions.
    pub(crate) const EXTENSIONS: u8 = 0xa3;
}

/// One element: its identifier, its content, and the bytes of both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    /// Identifier, length and content.
    pub(crate) whole: &'a [u8],
    pub(crate) content: &'a [u8],
    /// Where the content starts in the certificate.
    pub(crate) offset: usize,
}

/// Walks the elements of one constructed value.
#[derive(Clone, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    offset: usize,
}

impl<'a> Element<'a> {
    /// The elements inside.
    pub(crate) const fn reader(&self) -> Reader<'a> {
        Reader { rest: self.content, offset: self.offset }
    }

    /// An error about this element's content.
    pub(crate) const fn value_error(&self, field: &'static str) -> DerError {
        DerError { field, offset: self.offset, kind: DerErrorKind::Value }
    }
}

impl<'a> Reader<'a> {
    /// Reads `bytes` from their start.
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, offset: 0 }
    }

    pub(crate) const fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    fn error(&self, field: &'static str, kind: DerErrorKind) -> DerError {
        DerError { field, offset: self.offset, kind }
    }

    /// The next element, whatever its type.
    pub(crate) fn element(&mut self, field: &'static str) -> Result<Element<'a>, DerError> {
        let (&tag, after_tag) =
            self.rest.split_first().ok_or_else(|| self.error(field, DerErrorKind::Truncated))?;
        // High tag numbers (X.690 §8.1.2.4) do not occur in certificates.
        if tag & 0x1f == 0x1f {
            return Err(self.error(field, DerErrorKind::Tag { found: tag }));
        }
        let (length, after_length) = length(after_tag).map_err(|kind| self.error(field, kind))?;
        let (content, rest) = after_length
            .split_at_checked(length)
            .ok_or_else(|| self.error(field, DerErrorKind::Truncated))?;
        let whole_length = self.rest.len().saturating_sub(rest.len());
        let whole = self.rest.get(..whole_length).unwrap_or_default();
        let header_length = self.rest.len().saturating_sub(after_length.len());
        let element = Element { tag, whole, content, offset: self.offset.saturating_add(header_length) };
        self.rest = rest;
        self.offset = self.offset.saturating_add(whole_length);
        Ok(element)
    }

    /// The next element, which must be of the type `tag`.
    pub(crate) fn expect(&mut self, tag: u8, field: &'static str) -> Result<Element<'a>, DerError> {
        match self.rest.first() {
            Some(&found) if found != tag => Err(self.error(field, DerErrorKind::Tag { found })),
            _ => self.element(field),
        }
    }

    /// The next element where it is of the type `tag`; otherwise nothing is read.
    pub(crate) fn optional(&mut self, tag: u8, field: &'static str) -> Result<Option<Element<'a>>, DerError> {
        if self.rest.first() == Some(&tag) { self.element(field).map(Some) } else { Ok(None) }
    }

    /// Nothing may follow.
    pub(crate) fn finish(&self, field: &'static str) -> Result<(), DerError> {
        if self.is_at_end() { Ok(()) } else { Err(self.error(field, DerErrorKind::Trailing)) }
    }
}

/// The length octets (X.690 §8.1.3, §10.1) and what follows them.
fn length(bytes: &[u8]) -> Result<(usize, &[u8]), DerErrorKind> {
    let (&first, rest) = bytes.split_first().ok_or(DerErrorKind::Truncated)?;
    if first < 0x80 {
        return Ok((usize::from(first), rest));
    }
    let count = usize::from(first & 0x7f);
    if count == 0 || count > 4 {
        return Err(DerErrorKind::Length);
    }
    let (octets, rest) = rest.split_at_checked(count).ok_or(DerErrorKind::Truncated)?;
    let value = octets.iter().fold(0_u32, |value, octet| value.wrapping_shl(8) | u32::from(*octet));
    let is_minimal = value >= 0x80 && octets.first() != Some(&0);
    let value = usize::try_from(value).map_err(|_| DerErrorKind::Length)?;
    if is_minimal { Ok((value, rest)) } else { Err(DerErrorKind::Length) }
}

/// A non-negative INTEGER without its sign octet.
pub(crate) fn unsigned<'a>(element: &Element<'a>, field: &'static str) -> Result<&'a [u8], DerError> {
    match element.content {
        [0] => Ok(element.content),
        [0, rest @ ..] if rest.first().is_some_and(|octet| *octet >= 0x80) => Ok(rest),
        [first, ..] if *first != 0 && *first < 0x80 => Ok(element.content),
        _ => Err(element.value_error(field)),
    }
}

/// The content of a BIT STRING of whole octets.
pub(crate) fn whole_octets<'a>(element: &Element<'a>, field: &'static str) -> Result<&'a [u8], DerError> {
    match element.content {
        [0, octets @ ..] => Ok(octets),
        _ => Err(element.value_error(field)),
    }
}

impl fmt::Display for DerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { field, offset, kind } = self;
        write!(f, "{field} at byte {offset}: ")?;
        match kind {
            DerErrorKind::Length => f.write_str("the length is not DER"),
            DerErrorKind::Tag { found } => write!(f, "type 0x{found:02x} cannot stand here"),
            DerErrorKind::Trailing => f.write_str("bytes follow after its end"),
            DerErrorKind::Truncated => f.write_str("the bytes end before it does"),
            DerErrorKind::Value => f.write_str("the value is not one that this field can have"),
        }
    }
}

impl core::error::Error for DerError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], expect: Result<&[u8], DerErrorKind>) {
        let mut reader = Reader::new(bytes);
        let found = reader.expect(tag::OCTET_STRING, "test").map(|element| element.content);
        assert_eq!(found.map_err(|error| error.kind), expect, "{bytes:02x?}");
    }

    #[test]
    fn a_short_length_is_read() {
        check(&[4, 2, 7, 8, 9], Ok(&[7, 8]));
    }

    #[test]
    fn a_length_in_more_octets_than_it_needs_is_refused() {
        check(&[4, 0x81, 2, 7, 8], Err(DerErrorKind::Length));
        check(&[4, 0x82, 0, 0x80], Err(DerErrorKind::Length));
    }

    #[test]
    fn an_indefinite_or_enormous_length_is_refused() {
        check(&[4, 0x80, 0, 0], Err(DerErrorKind::Length));
        check(&[4, 0x85, 1, 1, 1, 1, 1], Err(DerErrorKind::Length));
    }

    #[test]
    fn content_that_is_not_there_is_truncated() {
        check(&[4, 2, 7], Err(DerErrorKind::Truncated));
        check(&[4, 0x84, 0xff, 0xff, 0xff, 0xff], Err(DerErrorKind::Truncated));
        check(&[4], Err(DerErrorKind::Truncated));
        check(&[], Err(DerErrorKind::Truncated));
    }

    #[test]
    fn another_type_is_named_in_the_error() {
        check(&[2, 1, 0], Err(DerErrorKind::Tag { found: 2 }));
    }
}
