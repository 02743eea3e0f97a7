//! Certificates with one fault each, and good ones.

use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose,
};

use crate::certificate::source;

/// The day on which the samples are looked at.
pub(in crate::lint) const TODAY: &str = "2026-01-01";

/// A root without fault but for what `edit` does to it.
pub(in crate::lint) fn root(edit: impl FnOnce(&mut CertificateParams)) -> Vec<u8> {
    let mut parameters = authority("Some Root");
    edit(&mut parameters);
    parameters.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
}

/// An intermediate without fault but for what `edit` does to it.
pub(in crate::lint) fn intermediate(edit: impl FnOnce(&mut CertificateParams)) -> Vec<u8> {
    let issuer = Issuer::new(authority("Some Root"), KeyPair::generate().unwrap());
    let mut parameters = authority("Some Intermediate");
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    parameters.use_authority_key_identifier_extension = true;
    edit(&mut parameters);
    parameters.signed_by(&KeyPair::generate().unwrap(), &issuer).unwrap().der().to_vec()
}

pub(in crate::lint) fn authority(name: &str) -> CertificateParams {
    let mut parameters = CertificateParams::new(Vec::new()).unwrap();
    parameters.distinguished_name.push(DnType::CommonName, name);
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    parameters.not_before = rcgen::date_time_ymd(2020, 1, 1);
    parameters.not_after = rcgen::date_time_ymd(2040, 1, 1);
    parameters.serial_number = Some(vec![0x5a, 1, 2, 3, 4, 5, 6, 7].into());
    parameters
}

/// An extension by hand.
pub(super) fn extension(oid: &[u64], is_critical: bool, content: &[u8]) -> CustomExtension {
    let mut extension = CustomExtension::from_oid_content(oid, content.to_vec());
    extension.set_criticality(is_critical);
    extension
}

/// A CA whose basic constraints, or key usage, are written by hand: `rcgen` writes none of its own then.
pub(super) fn bare(edit: impl FnOnce(&mut CertificateParams)) -> Vec<u8> {
    root(|parameters| {
        parameters.is_ca = IsCa::NoCa;
        parameters.key_usages.clear();
        edit(parameters);
    })
}

/// The certificate with some bytes replaced by as many others; they must stand there once, or `count` times.
pub(super) fn patched(mut der: Vec<u8>, from: &[u8], to: &[u8], count: usize) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let places: Vec<usize> = (0..=der.len() - from.len()).filter(|at| der[*at..].starts_with(from)).collect();
    assert_eq!(places.len(), count, "{from:02x?} stands there {} times", places.len());
    for at in places {
        der[at..at + from.len()].copy_from_slice(to);
    }
    der
}

/// Real certificates: what is in a file of the test data.
pub(in crate::lint) fn real(file: &str) -> Vec<Vec<u8>> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data").join(file);
    source::ders(&std::fs::read(path).unwrap()).unwrap().into_iter().map(|(_, der)| der).collect()
}

/// The real root of Mozilla's history that calls itself so.
pub(super) fn historical(name: &str) -> Vec<u8> {
    let all = real("mozilla-history/certs.pem");
    all.into_iter().find(|der| crate::lint::set::name(der).is_some_and(|found| found == name)).unwrap()
}
