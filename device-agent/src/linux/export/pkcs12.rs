//! PKCS#12 (RFC 7292) as the JVM reads trust stores: certificates alone, neither encrypted nor under a MAC.
//!
//! There is no password because there is no secret: everybody may read the certificates, and a MAC under a password that
//! every device shares proves nothing that the folder's own permissions do not. A JVM (8 and later) reads the file without
//! a password and with any, and JDK 18 and later write their own trust stores so. `openssl pkcs12` wants `-nomacver`.
//!
//! The bytes are a function of the certificates and their names: no salt, no date.

use der::asn1::{AnyRef, BmpString, ObjectIdentifier};
use der::{Encode as _, Tag, TagNumber};

/// id-data (RFC 5652 §4): what is inside is not encrypted.
const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
/// certBag (RFC 7292 §4.2.3).
const CERTIFICATE_BAG: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.3");
/// x509Certificate (RFC 2985 §5.6.1).
const X509_CERTIFICATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.22.1");
/// friendlyName (RFC 2985 §5.5.1): what the JVM calls the alias.
const FRIENDLY_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.20");
/// Oracle's trustedKeyUsage: a certificate without it is no anchor to a JVM.
const TRUSTED_KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.113894.746875.1.1");
/// anyExtendedKeyUsage (RFC 5280 §4.2.1.12): all that JVMs have ever written there; none reads it.
const ANY_KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37.0");
/// The version of every file since 1999 (RFC 7292 §4).
const VERSION: u8 = 3;

/// One certificate to be trusted, and the name that tools show. JVMs compare names without regard to case and keep one
/// certificate of a name.
#[derive(Clone, Debug)]
pub(super) struct Trusted<'a> {
    pub(super) der: &'a [u8],
    pub(super) alias: &'a str,
}

/// A trust store of these certificates, in their order.
///
/// # Errors
/// It would be longer than DER lengths of 32 bits can say.
pub(super) fn trust_store<'a>(anchors: impl Iterator<Item = Trusted<'a>>) -> der::Result<Vec<u8>> {
    let bags = anchors.map(|anchor| bag(&anchor)).collect::<der::Result<Vec<_>>>()?;
    let contents = sequence(&bags)?;
    let safe = sequence(&[content_info(&contents)?])?;
    sequence(&[VERSION.to_der()?, content_info(&safe)?])
}

/// `ContentInfo` of id-data.
fn content_info(content: &[u8]) -> der::Result<Vec<u8>> {
    sequence(&[DATA.to_der()?, explicit(&element(Tag::OctetString, content)?)?])
}

/// `SafeBag` of one certificate.
fn bag(anchor: &Trusted<'_>) -> der::Result<Vec<u8>> {
    let certificate = explicit(&element(Tag::OctetString, anchor.der)?)?;
    let value = sequence(&[X509_CERTIFICATE.to_der()?, certificate])?;
    let mut attributes = [
        attribute(FRIENDLY_NAME, &BmpString::from_utf8(&in_plane(anchor.alias))?.to_der()?)?,
        attribute(TRUSTED_KEY_USAGE, &ANY_KEY_USAGE.to_der()?)?,
    ];
    // A SET OF is in the order of its members' encodings (X.690 §11.6).
    attributes.sort();
    let attributes = element(Tag::Set, &attributes.concat())?;
    sequence(&[CERTIFICATE_BAG.to_der()?, explicit(&value)?, attributes])
}

fn attribute(name: ObjectIdentifier, value: &[u8]) -> der::Result<Vec<u8>> {
    sequence(&[name.to_der()?, element(Tag::Set, value)?])
}

/// BMPString has no letters outside the basic multilingual plane.
fn in_plane(text: &str) -> String {
    text.chars().map(|letter| if u32::from(letter) > 0xffff { '?' } else { letter }).collect()
}

fn sequence(parts: &[Vec<u8>]) -> der::Result<Vec<u8>> {
    element(Tag::Sequence, &parts.concat())
}

fn explicit(content: &[u8]) -> der::Result<Vec<u8>> {
    element(Tag::ContextSpecific { constructed: true, number: TagNumber(0) }, content)
}

fn element(tag: Tag, content: &[u8]) -> der::Result<Vec<u8>> {
    AnyRef::new(tag, content)?.to_der()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The whole file of one certificate, written out by hand: no reader of it depends on the code above.
    #[test]
    fn one_certificate_is_these_bytes() {
        let file = trust_store(std::iter::once(Trusted { der: b"CERT", alias: "A😀" })).unwrap();
        let expect = concat!(
            "307f020103",                                       // PFX, version 3
            "307a06092a864886f70d010701a06d046b",               // authSafe: id-data
            "3069306706092a864886f70d010701a05a0458", // AuthenticatedSafe: one ContentInfo of id-data
            "30563054060b2a864886f70d010c0a0103",     // SafeContents: one certBag
            "a0163014060a2a864886f70d01091601a006040443455254", // x509Certificate: CERT
            "312d301306092a864886f70d01091431061e040041003f", // friendlyName: A?
            "3016060c6086480186f966adca7b010131060604551d2500", // trustedKeyUsage: anyExtendedKeyUsage
        );
        let text: String = file.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(text, expect);
    }

    #[test]
    fn an_empty_store_is_one_too() {
        assert!(trust_store(std::iter::empty()).unwrap().ends_with(&[0x04, 0x02, 0x30, 0x00]));
    }
}
