//! Distinguished names: the raw bytes that chains are built by, and text for people (RFC 4514).

use core::fmt;

use bundle::{ExpectedAttribute, Section};

use crate::der::{DerError, Element, Reader, tag};

/// A subject or an issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DistinguishedName<'a> {
    der: &'a [u8],
}

/// One attribute of a name, such as its common name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameAttribute<'a> {
    /// The attribute's type: the content of its OBJECT IDENTIFIER.
    pub oid: &'a [u8],
    /// Its text.
    pub value: NameText<'a>,
}

/// A text of a name in whatever alphabet the certificate uses; `Display` escapes as RFC 4514 §2.4 says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameText<'a> {
    tag: u8,
    content: &'a [u8],
}

/// The name by which people know an attribute type, such as `CN`, or its numbers: `1.2.3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttributeType<'a>(
    /// The content of its OBJECT IDENTIFIER.
    pub &'a [u8],
);

/// The attribute types that RFC 4514 §3 and common use give a short name.
const SHORT_NAMES: [(&[u8], &str); 14] = [
    (OID_COMMON_NAME, "CN"),
    (&[0x55, 4, 4], "SN"),
    (&[0x55, 4, 5], "serialNumber"),
    (&[0x55, 4, 6], "C"),
    (&[0x55, 4, 7], "L"),
    (&[0x55, 4, 8], "ST"),
    (&[0x55, 4, 9], "STREET"),
    (OID_ORGANIZATION, "O"),
    (OID_ORGANIZATIONAL_UNIT, "OU"),
    (&[0x55, 4, 42], "GN"),
    (&[0x55, 4, 97], "organizationIdentifier"),
    (&[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 25], "DC"),
    (&[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 1], "UID"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1], "emailAddress"),
];

pub(crate) const OID_COMMON_NAME: &[u8] = &[0x55, 4, 3];
const OID_ORGANIZATION: &[u8] = &[0x55, 4, 10];
const OID_ORGANIZATIONAL_UNIT: &[u8] = &[0x55, 4, 11];

impl<'a> DistinguishedName<'a> {
    /// Checks the structure of `element`, a `Name` (RFC 5280 §4.1.2.4).
    pub(crate) fn new(element: &Element<'a>, field: &'static str) -> Result<Self, DerError> {
        let mut relative_names = element.reader();
        while !relative_names.is_at_end() {
            let mut attributes = relative_names.expect(tag::SET, field)?.reader();
            while !attributes.is_at_end() {
                attribute(&mut attributes, field)?;
            }
        }
        Ok(Self { der: element.whole })
    }

    /// The encoded `Name`, its SEQUENCE header included.
    #[must_use]
    pub const fn as_der(&self) -> &'a [u8] {
        self.der
    }

    /// What stands inside the SEQUENCE: how webpki holds names.
    pub(crate) fn content(&self) -> &'a [u8] {
        Reader::new(self.der).element("name").map_or(&[], |element| element.content)
    }

    /// True for the name without attributes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.attributes().next().is_none()
    }

    /// The attributes in the order of the certificate, most general first.
    pub fn attributes(&self) -> impl Iterator<Item = NameAttribute<'a>> + use<'a> {
        self.relative_names().flat_map(relative_attributes)
    }

    /// What people call it: the common name, else the organizational unit, else the organization.
    #[must_use]
    pub fn label(&self) -> Option<NameText<'a>> {
        [OID_COMMON_NAME, OID_ORGANIZATIONAL_UNIT, OID_ORGANIZATION].into_iter().find_map(|oid| {
            // The last of several is the most specific one.
            self.attributes().filter(|attribute| attribute.oid == oid).last().map(|attribute| attribute.value)
        })
    }

    /// True where the name has every attribute of `expected`; it may have others.
    ///
    /// Texts are compared after RFC 5280 §7.1, whatever string type the certificate has them in: the case of ASCII
    /// letters does not count, nor do blanks around them, nor how many stand between two words.
    #[must_use]
    pub fn has(&self, expected: Section<'_, ExpectedAttribute<'_>>) -> bool {
        expected.iter().all(|wanted| {
            let mut mine = self.attributes().filter(|attribute| attribute.oid == wanted.oid);
            mine.any(|attribute| attribute.value.says(wanted.value))
        })
    }

    fn relative_names(&self) -> impl Iterator<Item = Element<'a>> + use<'a> {
        let mut reader = Reader::new(self.content());
        core::iter::from_fn(move || reader.element("name").ok())
    }
}

fn relative_attributes(set: Element<'_>) -> impl Iterator<Item = NameAttribute<'_>> {
    let mut reader = set.reader();
    core::iter::from_fn(move || attribute(&mut reader, "name").ok())
}

fn attribute<'a>(reader: &mut Reader<'a>, field: &'static str) -> Result<NameAttribute<'a>, DerError> {
    let mut pair = reader.expect(tag::SEQUENCE, field)?.reader();
    let oid = pair.expect(tag::OBJECT_IDENTIFIER, field)?.content;
    let value = pair.element(field)?;
    pair.finish(field)?;
    Ok(NameAttribute { oid, value: NameText { tag: value.tag, content: value.content } })
}

impl NameText<'_> {
    /// True where it is a text that says the same as `expected`.
    fn says(&self, expected: &str) -> bool {
        let words = expected.split_ascii_whitespace();
        let mut rest = words.flat_map(|word| core::iter::once(' ').chain(word.chars()));
        let mut begins_word = true;
        // It ends early by failing, at the first difference.
        let is_same = self.characters(&mut |character| {
            if character.is_ascii_whitespace() {
                begins_word = true;
                return Ok(());
            }
            let is_next = (!core::mem::take(&mut begins_word) || rest.next() == Some(' '))
                && rest.next().is_some_and(|wanted| wanted.eq_ignore_ascii_case(&character));
            if is_next { Ok(()) } else { Err(fmt::Error) }
        });
        self.is_text() && is_same.is_ok() && rest.next().is_none()
    }

    /// True for the string types that `characters` reads.
    const fn is_text(&self) -> bool {
        matches!(
            self.tag,
            tag::UTF8_STRING
                | tag::PRINTABLE_STRING
                | tag::IA5_STRING
                | tag::NUMERIC_STRING
                | tag::VISIBLE_STRING
                | tag::TELETEX_STRING
                | tag::BMP_STRING
                | tag::UNIVERSAL_STRING
        )
    }

    /// Calls `each` with every character; an undecodable text is its bytes in hexadecimal after a `#`.
    fn characters(&self, each: &mut dyn FnMut(char) -> fmt::Result) -> fmt::Result {
        match self.tag {
            tag::UTF8_STRING
            | tag::PRINTABLE_STRING
            | tag::IA5_STRING
            | tag::NUMERIC_STRING
            | tag::VISIBLE_STRING => {
                // CAs have put UTF-8 and Latin-1 into every one of these.
                match core::str::from_utf8(self.content) {
                    Ok(text) => text.chars().try_for_each(each),
                    Err(_) => self.content.iter().copied().map(char::from).try_for_each(each),
                }
            }
            tag::TELETEX_STRING => self.content.iter().copied().map(char::from).try_for_each(each),
            tag::BMP_STRING if self.content.len().is_multiple_of(2) => {
                let units = self.content.chunks_exact(2).map(|pair| pair.iter().fold(0_u16, shift_in));
                char::decode_utf16(units)
                    .try_for_each(|unit| each(unit.unwrap_or(char::REPLACEMENT_CHARACTER)))
            }
            tag::UNIVERSAL_STRING if self.content.len().is_multiple_of(4) => {
                let units = self.content.chunks_exact(4).map(|four| {
                    four.iter().fold(0_u32, |unit, octet| unit.wrapping_shl(8) | u32::from(*octet))
                });
                units
                    .map(|unit| char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER))
                    .try_for_each(each)
            }
            _ => {
                each('#')?;
                self.content.iter().try_for_each(|octet| {
                    each(char::from_digit(u32::from(octet >> 4), 16).unwrap_or('?'))?;
                    each(char::from_digit(u32::from(octet & 0x0f), 16).unwrap_or('?'))
                })
            }
        }
    }
}

fn shift_in(unit: u16, octet: &u8) -> u16 {
    unit.wrapping_shl(8) | u16::from(*octet)
}

impl fmt::Display for DistinguishedName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // RFC 4514 §2.1: the most specific part first. A name has few parts, so walking it again for each is
        // cheaper than a heap.
        let count = self.relative_names().count();
        for index in (0..count).rev() {
            if index.checked_add(1) != Some(count) {
                f.write_str(", ")?;
            }
            let Some(set) = self.relative_names().nth(index) else { continue };
            for (position, attribute) in relative_attributes(set).enumerate() {
                if position > 0 {
                    f.write_str("+")?;
                }
                write!(f, "{attribute}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for NameAttribute<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", AttributeType(self.oid), self.value)
    }
}

impl AttributeType<'static> {
    /// The type with this short name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        SHORT_NAMES.iter().find(|(_, short)| *short == name).map(|(oid, _)| Self(oid))
    }

    /// The short names, for errors and completions.
    pub fn names() -> impl Iterator<Item = &'static str> {
        SHORT_NAMES.iter().map(|(_, short)| *short)
    }
}

impl fmt::Display for AttributeType<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match SHORT_NAMES.iter().find(|(oid, _)| *oid == self.0) {
            Some((_, short)) => f.write_str(short),
            None => write_oid(f, self.0),
        }
    }
}

impl fmt::Display for NameText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write as _;
        self.characters(&mut |character| match character {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => {
                f.write_char('\\')?;
                f.write_char(character)
            }
            // A certificate must not move a terminal's cursor or turn its text around.
            _ if is_unprintable(character) => write!(f, "\\u{{{:x}}}", u32::from(character)),
            _ => f.write_char(character),
        })
    }
}

fn is_unprintable(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// The dotted form of an OBJECT IDENTIFIER's content (X.690 §8.19); parts beyond 64 bits print as `?`.
fn write_oid(f: &mut fmt::Formatter<'_>, oid: &[u8]) -> fmt::Result {
    let mut value = Some(0_u64);
    let mut is_first = true;
    for octet in oid {
        value = value
            .and_then(|value| value.checked_mul(128))
            .and_then(|value| value.checked_add(u64::from(octet & 0x7f)));
        if octet & 0x80 != 0 {
            continue;
        }
        match (value.take(), is_first) {
            (None, _) => f.write_str(if is_first { "?" } else { ".?" })?,
            (Some(value), true) => {
                let arc = (value / 40).min(2);
                write!(f, "{arc}.{}", value.saturating_sub(arc.saturating_mul(40)))?;
            }
            (Some(value), false) => write!(f, ".{value}")?,
        }
        is_first = false;
        value = Some(0);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::string::ToString as _;

    use super::*;

    fn check(tag: u8, content: &[u8], expect: &str) {
        assert_eq!(NameText { tag, content }.to_string(), expect);
    }

    #[test]
    fn every_alphabet_reads() {
        check(tag::UTF8_STRING, "Főtanúsítvány".as_bytes(), "Főtanúsítvány");
        check(tag::TELETEX_STRING, b"Telef\xf3nica", "Telefónica");
        check(tag::BMP_STRING, &[0, b'A', 0x01, 0x51], "Aő");
        check(tag::UNIVERSAL_STRING, &[0, 1, 0xf6, 0x00], "😀");
        check(tag::PRINTABLE_STRING, b"caf\xe9", "café");
    }

    #[test]
    fn text_of_an_unknown_type_is_hexadecimal() {
        check(tag::INTEGER, &[0x0a, 0xff], "#0aff");
        check(tag::BMP_STRING, &[0x41], "#41");
    }

    #[test]
    fn characters_that_would_mislead_are_escaped() {
        check(tag::UTF8_STRING, "DigiCert, Inc.".as_bytes(), "DigiCert\\, Inc.");
        check(tag::UTF8_STRING, "a\x1b[2K\u{202e}b".as_bytes(), "a\\u{1b}[2K\\u{202e}b");
    }

    #[test]
    fn texts_are_the_same_whatever_their_type_case_and_blanks() {
        let says = |tag: u8, content: &[u8], expected: &str| NameText { tag, content }.says(expected);
        for expected in ["Microsoft Corporation", "microsoft corporation", "  Microsoft \t Corporation "] {
            assert!(says(tag::PRINTABLE_STRING, b"Microsoft Corporation", expected), "{expected:?}");
            assert!(says(tag::UTF8_STRING, b" MICROSOFT  corporation", expected), "{expected:?}");
        }
        assert!(says(tag::BMP_STRING, &[0, b'O', 0, b'K'], "ok"));
        assert!(says(tag::TELETEX_STRING, b"Telef\xf3nica", "telef\u{f3}nica"));
        for other in
            ["Microsoft Corporatio", "Microsoft Corporations", "MicrosoftCorporation", "Corporation", ""]
        {
            assert!(!says(tag::UTF8_STRING, b"Microsoft Corporation", other), "{other:?}");
        }
        assert!(!says(tag::UTF8_STRING, b"MicrosoftCorporation", "Microsoft Corporation"));
        assert!(!says(tag::UTF8_STRING, "\u{150}".as_bytes(), "\u{151}"), "other letters as they are");
    }

    #[test]
    fn what_is_no_text_says_nothing() {
        assert!(!NameText { tag: tag::INTEGER, content: &[0x0a] }.says("#0a"));
        assert!(!NameText { tag: tag::UTF8_STRING, content: b"" }.says("x"));
    }

    #[test]
    fn an_attribute_without_a_short_name_is_its_number() {
        let oid = [0x2b, 6, 1, 4, 1, 0x82, 0x37, 60, 2, 1, 3];
        let value = NameText { tag: tag::PRINTABLE_STRING, content: b"US" };
        assert_eq!(NameAttribute { oid: &oid, value }.to_string(), "1.3.6.1.4.1.311.60.2.1.3=US");
    }
}
