//! One X.509 certificate (RFC 5280 §4), read from its DER: what is shown to people and what judging needs.

use bundle::{Sha256, UnixSeconds};

use crate::algorithm::{KeyAlgorithm, SignatureAlgorithm};
use crate::der::{DerError, DerErrorKind, Element, Reader, tag};
use crate::name::DistinguishedName;
use crate::{date, extension};

/// A certificate whose structure was checked. Its signature was not.
///
/// ```
/// # fn show(der: &[u8]) -> Result<(), chain::DerError> {
/// let certificate = chain::Certificate::parse(der)?;
/// let until = chain::DateText(certificate.not_after());
/// let line = format_args!("{} ({}) until {until}", certificate.subject(), certificate.key_algorithm()).to_string();
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Certificate<'a> {
    der: &'a [u8],
    version: u8,
    serial: &'a [u8],
    issuer: DistinguishedName<'a>,
    not_before: UnixSeconds,
    not_after: UnixSeconds,
    subject: DistinguishedName<'a>,
    spki: &'a [u8],
    key_algorithm: KeyAlgorithm,
    signature_algorithm: SignatureAlgorithm,
    signature_algorithm_length: usize,
    extensions: extension::Known<'a>,
}

impl<'a> Certificate<'a> {
    /// Reads one certificate that is all of `der`.
    ///
    /// # Errors
    /// The first field that is not as RFC 5280 has it, with its offset. No input makes this panic.
    pub fn parse(der: &'a [u8]) -> Result<Self, DerError> {
        let mut outer = Reader::new(der);
        let whole = outer.expect(tag::SEQUENCE, "certificate")?;
        outer.finish("certificate")?;
        let mut parts = whole.reader();
        let content = parts.expect(tag::SEQUENCE, "tbs_certificate")?;
        let outer_algorithm = parts.expect(tag::SEQUENCE, "signature_algorithm")?;
        parts.expect(tag::BIT_STRING, "signature")?;
        parts.finish("certificate")?;

        let mut fields = content.reader();
        let version = version(&mut fields)?;
        let serial = fields.expect(tag::INTEGER, "serial_number")?.content;
        let inner_algorithm = fields.expect(tag::SEQUENCE, "tbs_certificate.signature")?;
        // RFC 5280 §4.1.1.2: both must be the same, else what was signed does not say how.
        if inner_algorithm.whole != outer_algorithm.whole {
            return Err(inner_algorithm.value_error("tbs_certificate.signature"));
        }
        let issuer = DistinguishedName::new(&fields.expect(tag::SEQUENCE, "issuer")?, "issuer")?;
        let (not_before, not_after) = validity(&fields.expect(tag::SEQUENCE, "validity")?)?;
        let subject = DistinguishedName::new(&fields.expect(tag::SEQUENCE, "subject")?, "subject")?;
        let spki = fields.expect(tag::SEQUENCE, "subject_public_key_info")?;
        fields.optional(tag::ISSUER_UNIQUE_ID, "issuer_unique_id")?;
        fields.optional(tag::SUBJECT_UNIQUE_ID, "subject_unique_id")?;
        let extensions = match fields.optional(tag::EXTENSIONS, "extensions")? {
            Some(element) => extension::Known::read(&element)?,
            None => extension::Known::default(),
        };
        fields.finish("tbs_certificate")?;
        Ok(Self {
            der,
            version,
            serial,
            issuer,
            not_before,
            not_after,
            subject,
            spki: spki.whole,
            key_algorithm: KeyAlgorithm::read(&spki)?,
            signature_algorithm: SignatureAlgorithm::read(&outer_algorithm, "signature_algorithm")?,
            signature_algorithm_length: outer_algorithm.whole.len(),
            extensions,
        })
    }

    /// The certificate's bytes.
    #[must_use]
    pub const fn as_der(&self) -> &'a [u8] {
        self.der
    }

    /// SHA-256 of the certificate's bytes: what browsers call its fingerprint and a manifest names it by.
    #[must_use]
    pub fn sha256(&self) -> Sha256 {
        Sha256::of(&[self.der])
    }

    /// SHA-256 of its `SubjectPublicKeyInfo`: what pins and denials name a key by (RFC 7469 §2.4).
    #[must_use]
    pub fn spki_sha256(&self) -> Sha256 {
        Sha256::of(&[self.spki])
    }

    /// The version: 1, 2 or 3.
    #[must_use]
    pub const fn version(&self) -> u8 {
        self.version
    }

    /// The serial number's octets, big-endian, in two's complement.
    #[must_use]
    pub const fn serial(&self) -> &'a [u8] {
        self.serial
    }

    /// Who signed it.
    #[must_use]
    pub const fn issuer(&self) -> DistinguishedName<'a> {
        self.issuer
    }

    /// Whom it names.
    #[must_use]
    pub const fn subject(&self) -> DistinguishedName<'a> {
        self.subject
    }

    /// First moment of its validity.
    #[must_use]
    pub const fn not_before(&self) -> UnixSeconds {
        self.not_before
    }

    /// Last moment of its validity.
    #[must_use]
    pub const fn not_after(&self) -> UnixSeconds {
        self.not_after
    }

    /// The encoded `SubjectPublicKeyInfo`, its SEQUENCE header included.
    #[must_use]
    pub const fn spki(&self) -> &'a [u8] {
        self.spki
    }

    /// What its key is.
    #[must_use]
    pub const fn key_algorithm(&self) -> KeyAlgorithm {
        self.key_algorithm
    }

    /// How it was signed.
    #[must_use]
    pub const fn signature_algorithm(&self) -> SignatureAlgorithm {
        self.signature_algorithm
    }

    /// True where subject and issuer are the same name, as in every root.
    #[must_use]
    pub fn is_self_issued(&self) -> bool {
        self.subject == self.issuer
    }

    /// True where it may sign certificates: basicConstraints says `cA` and keyUsage, if present, keyCertSign.
    ///
    /// A self-issued certificate of version 1 has no place to say so and is one, as in every old trust store.
    #[must_use]
    pub fn is_ca(&self) -> bool {
        if self.version < 3 {
            return self.is_self_issued();
        }
        self.extensions.is_ca && self.extensions.may_sign_certificates
    }

    /// False where a keyUsage stands there that does not say keyCertSign (RFC 5280 §4.2.1.3).
    #[must_use]
    pub const fn may_sign_certificates(&self) -> bool {
        self.extensions.may_sign_certificates
    }

    /// Most CA certificates that may stand between it and a leaf, where it says.
    #[must_use]
    pub const fn path_length(&self) -> Option<u8> {
        self.extensions.path_length
    }

    /// The subject key identifier (RFC 5280 §4.2.1.2), where it has one.
    #[must_use]
    pub const fn subject_key_id(&self) -> Option<&'a [u8]> {
        self.extensions.subject_key_id
    }

    /// The issuer's key identifier (RFC 5280 §4.2.1.1), where it has one.
    #[must_use]
    pub const fn authority_key_id(&self) -> Option<&'a [u8]> {
        self.extensions.authority_key_id
    }

    /// True where it limits the names or the purposes of what is below it (RFC 5280 §4.2.1.10, §4.2.1.12). As an
    /// anchor's, that is kept by some programs and passed over by others.
    #[must_use]
    pub fn limits_names_or_purposes(&self) -> bool {
        let limits = [extension::NAME_CONSTRAINTS, extension::EXTENDED_KEY_USAGE];
        extension::list(self.der).any(|extension| limits.contains(&extension.oid.content))
    }

    /// The DNS names of its subjectAltName, as they stand there.
    pub fn dns_names(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.extensions.dns_names()
    }

    /// Bytes of the algorithm of its signature, parameters included.
    pub(crate) const fn signature_algorithm_length(&self) -> usize {
        self.signature_algorithm_length
    }

    /// The extensions that are read.
    pub(crate) const fn extensions(&self) -> &extension::Known<'a> {
        &self.extensions
    }

    /// The octets of the addresses of its subjectAltName, as they stand there.
    pub fn addresses(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.extensions.addresses()
    }
}

fn version(fields: &mut Reader<'_>) -> Result<u8, DerError> {
    const FIELD: &str = "version";
    let Some(element) = fields.optional(tag::VERSION, FIELD)? else { return Ok(1) };
    let mut inner = element.reader();
    let number = inner.expect(tag::INTEGER, FIELD)?;
    inner.finish(FIELD)?;
    match number.content {
        // The default is never encoded in DER; old roots did it nevertheless.
        [0] => Ok(1),
        [1] => Ok(2),
        [2] => Ok(3),
        _ => Err(number.value_error(FIELD)),
    }
}

fn validity(element: &Element<'_>) -> Result<(UnixSeconds, UnixSeconds), DerError> {
    let mut times = element.reader();
    let not_before = date::read(&times.element("not_before")?, "not_before")?;
    let last = times.element("not_after")?;
    let not_after = date::read(&last, "not_after")?;
    times.finish("validity")?;
    if not_before > not_after {
        return Err(DerError { field: "not_after", offset: last.offset, kind: DerErrorKind::Value });
    }
    Ok((not_before, not_after))
}
