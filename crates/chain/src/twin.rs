//! The other spelling of a certificate that was signed with ECDSA.
//!
//! Where (r, s) is a signature of a message, (r, n − s) is one too (SEC 1 §4.1.4: verification looks at the x
//! coordinate alone). So whoever serves a certificate can serve it under a second SHA-256, without its issuer's
//! key. A denial by SHA-256 must name both, or it names nothing.

use alloc::vec::Vec;

use bundle::Sha256;

use crate::der::{Element, Reader, tag, unsigned, whole_octets};
use crate::{Certificate, KeyAlgorithm};

// Orders of the curves whose signatures are verified (FIPS 186-4 §D.1.2.3 to §D.1.2.5); P-521 by aws-lc-rs alone.
const P256: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc,
    0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];
const P384: [u8; 48] = [
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xc7, 0x63, 0x4d, 0x81, 0xf4, 0x37, 0x2d, 0xdf, 0x58, 0x1a,
    0x0d, 0xb2, 0x48, 0xb0, 0xa7, 0x7a, 0xec, 0xec, 0x19, 0x6a, 0xcc, 0xc5, 0x29, 0x73,
];
const P521: [u8; 66] = [
    0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfa,
    0x51, 0x86, 0x87, 0x83, 0xbf, 0x2f, 0x96, 0x6b, 0x7f, 0xcc, 0x01, 0x48, 0xf7, 0x09, 0xa5, 0xd0, 0x3b,
    0xb5, 0xc9, 0xb8, 0x89, 0x9c, 0x47, 0xae, 0xbb, 0x6f, 0xb7, 0x1e, 0x91, 0x38, 0x64, 0x09,
];

/// SHA-256 of the certificate under its other spelling; none where the key that verified it is not on a curve.
pub(crate) fn twin(certificate: &Certificate<'_>, issuer_key: KeyAlgorithm) -> Option<Sha256> {
    let order: &[u8] = match issuer_key {
        KeyAlgorithm::EcdsaP256 => &P256,
        KeyAlgorithm::EcdsaP384 => &P384,
        KeyAlgorithm::EcdsaP521 => &P521,
        KeyAlgorithm::Ed25519 | KeyAlgorithm::Other | KeyAlgorithm::Rsa { .. } => return None,
    };
    Parts::of(certificate.as_der())?.twin(order)
}

/// A certificate, taken apart at its signature.
struct Parts<'a> {
    /// Content and algorithm, as they stand.
    signed: &'a [u8],
    /// The first integer of the signature, as it stands.
    r: &'a [u8],
    /// The second one, without leading zeros.
    s: &'a [u8],
}

impl<'a> Parts<'a> {
    fn of(der: &'a [u8]) -> Option<Self> {
        const FIELD: &str = "signature";
        let whole = Reader::new(der).expect(tag::SEQUENCE, FIELD).ok()?;
        let mut fields = whole.reader();
        let content = fields.expect(tag::SEQUENCE, FIELD).ok()?;
        let algorithm = fields.expect(tag::SEQUENCE, FIELD).ok()?;
        let bits = fields.expect(tag::BIT_STRING, FIELD).ok()?;
        let signed = whole.content.get(..content.whole.len().checked_add(algorithm.whole.len())?)?;
        let octets = whole_octets(&bits, FIELD).ok()?;
        let mut integers = Reader::new(octets).expect(tag::SEQUENCE, FIELD).ok()?.reader();
        let r: Element<'a> = integers.expect(tag::INTEGER, FIELD).ok()?;
        let s = unsigned(&integers.expect(tag::INTEGER, FIELD).ok()?, FIELD).ok()?;
        Some(Self { signed, r: r.whole, s })
    }

    /// The certificate with n − s in place of s; `None` where s is not below `order`.
    fn twin(&self, order: &[u8]) -> Option<Sha256> {
        let value = difference(order, self.s)?;
        let zeros = value.iter().take_while(|octet| **octet == 0).count();
        let value = value.get(zeros..).filter(|value| !value.is_empty())?;
        let sign: &[u8] = if value.first().is_some_and(|octet| *octet >= 0x80) { &[0] } else { &[] };
        let s = element(tag::INTEGER, &[sign, value])?;
        let signature = element(tag::SEQUENCE, &[self.r, &s])?;
        let bits = element(tag::BIT_STRING, &[&[0], &signature])?;
        // The certificate is hashed where it stands: a copy of it is what a small device has no room for.
        let head = head(tag::SEQUENCE, self.signed.len().checked_add(bits.len())?)?;
        Some(Sha256::of(&[&head, self.signed, &bits]))
    }
}

/// `order` − `value`, in as many octets as `order` has.
fn difference(order: &[u8], value: &[u8]) -> Option<Vec<u8>> {
    if value.len() > order.len() {
        return None;
    }
    let value = value.iter().rev().chain(core::iter::repeat(&0));
    let mut borrowed = false;
    let mut octets: Vec<u8> = Vec::with_capacity(order.len());
    for (minuend, subtrahend) in order.iter().rev().zip(value) {
        let (octet, first) = minuend.overflowing_sub(*subtrahend);
        let (octet, second) = octet.overflowing_sub(u8::from(borrowed));
        borrowed = first || second;
        octets.push(octet);
    }
    octets.reverse();
    (!borrowed).then_some(octets)
}

/// One DER element (X.690 §8.1) around `content`.
fn element(tag: u8, content: &[&[u8]]) -> Option<Vec<u8>> {
    let length = content.iter().try_fold(0_usize, |sum, part| sum.checked_add(part.len()))?;
    let mut out = head(tag, length)?;
    out.reserve_exact(length);
    content.iter().for_each(|part| out.extend_from_slice(part));
    Some(out)
}

/// Tag and length of one DER element.
fn head(tag: u8, length: usize) -> Option<Vec<u8>> {
    let octets = u32::try_from(length).ok()?.to_be_bytes();
    let zeros = octets.iter().take_while(|octet| **octet == 0).count();
    let octets = octets.get(zeros..)?;
    let mut out = Vec::from([tag]);
    match octets {
        [] => out.push(0),
        [short] if *short < 0x80 => out.push(*short),
        long => {
            out.push(0x80 | u8::try_from(long.len()).ok()?);
            out.extend_from_slice(long);
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use std::string::ToString as _;

    use super::*;

    fn check(order: &[u8], value: &[u8], expect: Option<&[u8]>) {
        assert_eq!(difference(order, value).as_deref(), expect);
    }

    #[test]
    fn a_difference_borrows_and_never_wraps() {
        check(&[1, 0, 0], &[1], Some(&[0, 0xff, 0xff]));
        check(&[1, 2], &[1, 2], Some(&[0, 0]));
        check(&[1, 2], &[1, 3], None);
        check(&[1], &[1, 0], None);
    }

    /// `tests/data/p521.der` and its twin were verified by openssl; `ring`, with which this crate is tested, knows no P-521.
    #[test]
    fn a_signature_on_p521_has_another_spelling_too() {
        let certificate = Certificate::parse(include_bytes!("../tests/data/p521.der")).unwrap();
        let twin = |key| twin(&certificate, key).map(|sha256| sha256.to_string());
        let expect = "bf17072ee0fea362d609ac6b9bbacd74895deb139e1979d05222fe53a9abb8c1";
        assert_eq!(twin(KeyAlgorithm::EcdsaP521).as_deref(), Some(expect));
        assert_eq!(twin(KeyAlgorithm::Rsa { bits: 2_048 }), None);
    }

    #[test]
    fn lengths_are_written_as_der_has_them() {
        assert_eq!(element(4, &[&[0; 0x7f]]).unwrap()[..2], [4, 0x7f]);
        assert_eq!(element(4, &[&[0; 0x80]]).unwrap()[..3], [4, 0x81, 0x80]);
        assert_eq!(element(4, &[&[0; 0x180]]).unwrap()[..4], [4, 0x82, 1, 0x80]);
        assert_eq!(element(4, &[]).unwrap(), [4, 0]);
    }
}
