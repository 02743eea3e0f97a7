//! The public key inside a certificate: just enough DER to hash it, for denials by key.

use crate::Sha256;

/// DER tags (X.690 §8): a constructed SEQUENCE, and the constructed context tag of the version.
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;

/// SHA-256 of the certificate's SubjectPublicKeyInfo (RFC 5280 §4.1.2.7); `None` where it has none to be found.
///
/// This judges nothing: it walks over the fields in front of the key by their lengths. Whether a certificate is
/// any good is decided where chains are judged.
#[must_use]
pub fn spki_sha256(certificate: &[u8]) -> Option<Sha256> {
    let (content, _) = element(certificate, SEQUENCE)?;
    let (mut fields, _) = element(content, SEQUENCE)?;
    if fields.first() == Some(&VERSION) {
        (_, fields) = any_element(fields)?;
    }
    // serialNumber, signature, issuer, validity, subject
    for _ in 0..5 {
        (_, fields) = any_element(fields)?;
    }
    let (_, rest) = element(fields, SEQUENCE)?;
    let length = fields.len().checked_sub(rest.len())?;
    Some(Sha256::of(&[fields.get(..length)?]))
}

/// The content of the element at the front, which must have this tag, and what follows it.
fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    if bytes.first() == Some(&tag) { any_element(bytes) } else { None }
}

/// The content of the element at the front, whatever its tag, and what follows it.
fn any_element(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (_tag, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = if *first < 0x80 {
        (usize::from(*first), rest)
    } else {
        // The long form: so many bytes of length, of which a certificate of 8 KiB needs two.
        let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        if digits.is_empty() || digits.len() > 2 {
            return None;
        }
        let length = digits
            .iter()
            .fold(0, |sum: usize, digit| sum.saturating_mul(256).saturating_add((*digit).into()));
        (length, rest)
    };
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn the_key_of_a_real_certificate_is_found() {
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = rcgen::CertificateParams::new(Vec::new()).unwrap().self_signed(&key).unwrap();
        let spki = rcgen::PublicKeyData::subject_public_key_info(&key);
        assert_eq!(spki_sha256(certificate.der()), Some(Sha256::of(&[&spki])));
    }

    #[test]
    fn no_cut_or_length_leads_out_of_the_bytes() {
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = rcgen::CertificateParams::new(Vec::new()).unwrap().self_signed(&key).unwrap();
        let der: &[u8] = certificate.der();
        let key_ends = der.len() - 100;
        assert!((0..key_ends - 100).all(|end| spki_sha256(&der[..end]).is_none()));
        for at in 0..der.len() {
            let mut flipped = der.to_vec();
            flipped[at] ^= 0xff;
            let _any = spki_sha256(&flipped);
        }
        assert_eq!(spki_sha256(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]), None);
        assert_eq!(spki_sha256(&[0x30, 0x80]), None);
    }
}
