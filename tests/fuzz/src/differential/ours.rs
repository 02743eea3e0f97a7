//! What this product's own two readers say: the device's and the operator's.

use chain::Certificate;
use rustls_pki_types::CertificateDer;

use super::{ABSENT, Field, Reading, hexadecimal, list, yes};

/// What a device sees: `chain` for most of it, and the verifier below it for what it alone reads.
pub(super) fn chain(der: &[u8]) -> Option<Reading> {
    let certificate = Certificate::parse(der).ok()?;
    let optional = |bytes: Option<&[u8]>| bytes.map_or_else(|| ABSENT.to_owned(), hexadecimal);
    let length = certificate.path_length();
    let mut reading = Reading::from([
        (Field::Addresses, list(certificate.addresses())),
        (Field::AuthorityKeyId, optional(certificate.authority_key_id())),
        (Field::DnsNames, list(certificate.dns_names())),
        (Field::IsCa, yes(certificate.is_ca())),
        (Field::Issuer, hexadecimal(certificate.issuer().as_der())),
        (Field::MaySignCertificates, yes(certificate.may_sign_certificates())),
        (Field::NotAfter, certificate.not_after().0.to_string()),
        (Field::NotBefore, certificate.not_before().0.to_string()),
        (Field::PathLength, length.map_or_else(|| ABSENT.to_owned(), |length| length.to_string())),
        (Field::Serial, hexadecimal(certificate.serial())),
        (Field::Spki, hexadecimal(certificate.spki())),
        (Field::Subject, hexadecimal(certificate.subject().as_der())),
        (Field::SubjectKeyId, optional(certificate.subject_key_id())),
        (Field::Version, certificate.version().to_string()),
    ]);
    if let Ok(anchor) = webpki::anchor_from_trusted_cert(&CertificateDer::from(der)) {
        let constraints = anchor.name_constraints.as_ref().map(|constraints| constraints.as_ref());
        reading.insert(Field::NameConstraints, optional(constraints));
    }
    Some(reading)
}

/// What an operator sees, who is shown no more than this.
pub(super) fn cloud(der: &[u8]) -> Option<Reading> {
    let certificate = cloud_updater::certificate::Certificate::parse(der.to_vec()).ok()?;
    assert_eq!(certificate.der(), der);
    assert_eq!(certificate.sha256, bundle::Sha256::of(&[der]));
    if let Ok(ours) = Certificate::parse(der) {
        assert_eq!(certificate.spki_sha256, ours.spki_sha256(), "pins and denials name keys by it");
        assert_eq!(certificate.is_self_issued, ours.is_self_issued());
    }
    Some(Reading::from([
        (Field::MaySignCertificates, yes(certificate.may_sign_certificates)),
        (Field::NotAfter, certificate.not_after.0.to_string()),
        (Field::NotBefore, certificate.not_before.0.to_string()),
    ]))
}
