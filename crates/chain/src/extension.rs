//! The few certificate extensions (RFC 5280 §4.2) that summaries and judging read; the others are passed over.

use crate::der::{DerError, Element, Reader, tag};

/// What the known extensions say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Known<'a> {
    pub(crate) is_ca: bool,
    pub(crate) path_length: Option<u8>,
    /// keyUsage says keyCertSign, or there is no keyUsage.
    pub(crate) may_sign_certificates: bool,
    /// keyUsage says keyCertSign.
    pub(crate) signs_certificates: bool,
    pub(crate) subject_key_id: Option<&'a [u8]>,
    pub(crate) authority_key_id: Option<&'a [u8]>,
    /// The content of subjectAltName's SEQUENCE.
    alternative_names: &'a [u8],
    /// Bytes of extKeyUsage's value.
    key_usages_length: usize,
}

pub(crate) const SUBJECT_KEY_ID: &[u8] = &[0x55, 0x1d, 14];
const KEY_USAGE: &[u8] = &[0x55, 0x1d, 15];
pub(crate) const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 17];
pub(crate) const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 19];
pub(crate) const NAME_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 30];
const CERTIFICATE_POLICIES: &[u8] = &[0x55, 0x1d, 32];
const POLICY_MAPPINGS: &[u8] = &[0x55, 0x1d, 33];
pub(crate) const AUTHORITY_KEY_ID: &[u8] = &[0x55, 0x1d, 35];
pub(crate) const POLICY_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 36];
pub(crate) const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 37];
const INHIBIT_ANY_POLICY: &[u8] = &[0x55, 0x1d, 54];
/// 1.3.6.1.5.5.7.1.1.
pub(crate) const AUTHORITY_INFO_ACCESS: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 1, 1];

/// Those of RFC 5280 that may be critical in a CA's certificate.
pub(crate) const KNOWN: [&[u8]; 9] = [
    KEY_USAGE,
    SUBJECT_ALT_NAME,
    BASIC_CONSTRAINTS,
    NAME_CONSTRAINTS,
    CERTIFICATE_POLICIES,
    POLICY_MAPPINGS,
    POLICY_CONSTRAINTS,
    EXTENDED_KEY_USAGE,
    INHIBIT_ANY_POLICY,
];

/// One extension as it stands there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extension<'a> {
    pub(crate) oid: Element<'a>,
    pub(crate) is_critical: bool,
    pub(crate) value: Element<'a>,
}

/// The field of all extensions.
const FIELD: &str = "extensions";

impl<'a> Extension<'a> {
    /// Reads the next one of a list.
    fn read(list: &mut Reader<'a>) -> Result<Self, DerError> {
        let mut parts = list.expect(tag::SEQUENCE, FIELD)?.reader();
        let oid = parts.expect(tag::OBJECT_IDENTIFIER, FIELD)?;
        let critical = parts.optional(tag::BOOLEAN, FIELD)?;
        let value = parts.expect(tag::OCTET_STRING, FIELD)?;
        parts.finish(FIELD)?;
        Ok(Self { oid, is_critical: critical.is_some_and(|critical| critical.content == [0xff]), value })
    }
}

/// The extensions of a certificate that was read before.
pub(crate) fn list<'a>(der: &'a [u8]) -> impl Iterator<Item = Extension<'a>> + use<'a> {
    let inside = |element: Element<'a>| element.reader().element(FIELD).ok();
    let content = Reader::new(der).element(FIELD).ok().and_then(inside);
    let mut fields = content.map_or(Reader::new(&[]), |content| content.reader());
    let explicit = core::iter::from_fn(move || fields.element(FIELD).ok())
        .find(|field| field.tag == tag::EXTENSIONS)
        .and_then(inside);
    let mut extensions = explicit.map_or(Reader::new(&[]), |list| list.reader());
    core::iter::from_fn(move || Extension::read(&mut extensions).ok())
}

/// `dNSName [2]` and `iPAddress [7]` of a GeneralName, and `keyIdentifier [0]` of an AuthorityKeyIdentifier.
const DNS_NAME: u8 = 0x82;
const IP_ADDRESS: u8 = 0x87;
const KEY_IDENTIFIER: u8 = 0x80;
/// keyCertSign is bit 5 of keyUsage, counted from the most significant one (RFC 5280 §4.2.1.3).
const KEY_CERT_SIGN: u8 = 0x80 >> 5;

impl Default for Known<'_> {
    fn default() -> Self {
        Self {
            is_ca: false,
            path_length: None,
            may_sign_certificates: true,
            signs_certificates: false,
            subject_key_id: None,
            authority_key_id: None,
            alternative_names: &[],
            key_usages_length: 0,
        }
    }
}

impl<'a> Known<'a> {
    /// Reads `extensions [3]` of a certificate.
    pub(crate) fn read(element: &Element<'a>) -> Result<Self, DerError> {
        let mut explicit = element.reader();
        let mut list = explicit.expect(tag::SEQUENCE, FIELD)?.reader();
        explicit.finish(FIELD)?;
        let mut known = Self::default();
        let mut seen = 0_u8;
        while !list.is_at_end() {
            let Extension { oid, value, .. } = Extension::read(&mut list)?;
            // RFC 5280 §4.2: no extension stands there twice. Readers that take the first one and readers that take
            // the last one would see two certificates.
            let mark = mark(oid.content);
            if seen & mark != 0 {
                return Err(oid.value_error(FIELD));
            }
            seen |= mark;
            if oid.content == EXTENDED_KEY_USAGE {
                known.key_usages_length = value.content.len();
            }
            known.remember(oid.content, value.reader())?;
        }
        Ok(known)
    }

    fn remember(&mut self, oid: &[u8], mut value: Reader<'a>) -> Result<(), DerError> {
        match oid {
            BASIC_CONSTRAINTS => self.read_basic_constraints(&mut value)?,
            KEY_USAGE => {
                const FIELD: &str = "key_usage";
                let bits = value.expect(tag::BIT_STRING, FIELD)?;
                value.finish(FIELD)?;
                let octets = bit_octets(&bits).ok_or_else(|| bits.value_error(FIELD))?;
                self.signs_certificates = octets.first().is_some_and(|first| first & KEY_CERT_SIGN != 0);
                self.may_sign_certificates = self.signs_certificates;
            }
            SUBJECT_KEY_ID => {
                const FIELD: &str = "subject_key_identifier";
                self.subject_key_id = Some(value.expect(tag::OCTET_STRING, FIELD)?.content);
                value.finish(FIELD)?;
            }
            AUTHORITY_KEY_ID => {
                const FIELD: &str = "authority_key_identifier";
                let mut parts = value.expect(tag::SEQUENCE, FIELD)?.reader();
                value.finish(FIELD)?;
                self.authority_key_id = parts.optional(KEY_IDENTIFIER, FIELD)?.map(|element| element.content);
                while !parts.is_at_end() {
                    parts.element(FIELD)?;
                }
            }
            SUBJECT_ALT_NAME => {
                const FIELD: &str = "subject_alt_name";
                let names = value.expect(tag::SEQUENCE, FIELD)?;
                value.finish(FIELD)?;
                let mut check = names.reader();
                while !check.is_at_end() {
                    check.element(FIELD)?;
                }
                self.alternative_names = names.content;
            }
            _ => {}
        }
        Ok(())
    }

    fn read_basic_constraints(&mut self, value: &mut Reader<'a>) -> Result<(), DerError> {
        const FIELD: &str = "basic_constraints";
        let mut parts = value.expect(tag::SEQUENCE, FIELD)?.reader();
        value.finish(FIELD)?;
        // DER leaves a FALSE out (X.690 §11.5); some roots encode it nevertheless.
        self.is_ca = match parts.optional(tag::BOOLEAN, FIELD)? {
            None => false,
            Some(element) => match element.content {
                [0] => false,
                [0xff] => true,
                _ => return Err(element.value_error(FIELD)),
            },
        };
        self.path_length = match parts.optional(tag::INTEGER, FIELD)? {
            None => None,
            Some(element) => match element.content {
                [length] if *length < 0x80 => Some(*length),
                _ => return Err(element.value_error(FIELD)),
            },
        };
        parts.finish(FIELD)
    }

    /// Bytes of extKeyUsage's value.
    pub(crate) const fn key_usages_length(&self) -> usize {
        self.key_usages_length
    }

    /// Bytes of subjectAltName's names.
    pub(crate) const fn names_length(&self) -> usize {
        self.alternative_names.len()
    }

    pub(crate) fn dns_names(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.names(DNS_NAME).filter_map(|name| core::str::from_utf8(name).ok())
    }

    pub(crate) fn addresses(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.names(IP_ADDRESS)
    }

    fn names(&self, tag: u8) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let mut reader = Reader::new(self.alternative_names);
        let elements = core::iter::from_fn(move || reader.element("subject_alt_name").ok());
        elements.filter(move |name| name.tag == tag).map(|name| name.content)
    }
}

/// The octets of a BIT STRING whose unused bits are zeros, as DER has it (X.690 §11.2.1).
fn bit_octets<'a>(bits: &Element<'a>) -> Option<&'a [u8]> {
    let (unused, octets) = bits.content.split_first()?;
    let zeros = octets.last().map_or(0, |last| last.trailing_zeros());
    (*unused < 8 && u32::from(*unused) <= zeros).then_some(octets)
}

/// A bit for each extension that is read, none for the others.
fn mark(oid: &[u8]) -> u8 {
    match oid {
        SUBJECT_KEY_ID => 1,
        KEY_USAGE => 1 << 1,
        SUBJECT_ALT_NAME => 1 << 2,
        BASIC_CONSTRAINTS => 1 << 3,
        AUTHORITY_KEY_ID => 1 << 4,
        EXTENDED_KEY_USAGE => 1 << 5,
        _ => 0,
    }
}
