//! Every certificate of eleven years of Mozilla's store reads as another parser reads it, and no input panics.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what a test needs and does not get is its failure")]

use chain::{Certificate, KeyAlgorithm, pki};
use rustls_pki_types::CertificateDer;
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// The certificates of `tests/data/mozilla-history/certs.pem`, in DER.
fn mozilla() -> Vec<Vec<u8>> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/mozilla-history/certs.pem");
    let text = std::fs::read(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let all: Vec<_> =
        x509_parser::pem::Pem::iter_from_buffer(&text).map(|pem| pem.unwrap().contents).collect();
    assert_eq!(all.len(), 287);
    all
}

#[test]
fn every_certificate_reads_as_another_parser_reads_it() {
    for der in mozilla() {
        let (_, theirs) = X509Certificate::from_der(&der).unwrap();
        let ours = Certificate::parse(&der).unwrap();
        let subject = theirs.subject().to_string();
        let seconds = |time: x509_parser::time::ASN1Time| u64::try_from(time.timestamp()).unwrap();
        assert_eq!(ours.not_before().0, seconds(theirs.validity().not_before), "{subject}");
        assert_eq!(ours.not_after().0, seconds(theirs.validity().not_after), "{subject}");
        assert_eq!(ours.subject().as_der(), theirs.subject().as_raw(), "{subject}");
        assert_eq!(ours.issuer().as_der(), theirs.issuer().as_raw(), "{subject}");
        assert_eq!(ours.spki(), theirs.public_key().raw, "{subject}");
        assert_eq!(ours.serial(), theirs.raw_serial(), "{subject}");
        assert_eq!(u32::from(ours.version()), theirs.version().0 + 1, "{subject}");
        let parts = theirs.subject().iter_rdn().count();
        assert_eq!(ours.subject().attributes().count(), parts, "{subject}: one attribute in every part");
        if let Some(constraints) = theirs.basic_constraints().unwrap() {
            assert_eq!(ours.is_ca(), constraints.value.ca, "{subject}");
            assert_eq!(ours.path_length().map(u32::from), constraints.value.path_len_constraint, "{subject}");
        } else {
            assert!(ours.is_ca(), "{subject}: a root without basicConstraints is one of version 1");
        }
        if let KeyAlgorithm::Rsa { bits } = ours.key_algorithm() {
            let x509_parser::public_key::PublicKey::RSA(key) = theirs.public_key().parsed().unwrap() else {
                panic!("{subject}: not RSA")
            };
            assert_eq!(bits, key.key_size(), "{subject}");
        } else {
            assert!(!ours.key_algorithm().is_weak(), "{subject}: {}", ours.key_algorithm());
        }
        assert_ne!(ours.signature_algorithm(), chain::SignatureAlgorithm::Other, "{subject}");
    }
}

#[test]
fn every_common_name_is_the_one_another_parser_reads() {
    for der in mozilla() {
        let (_, theirs) = X509Certificate::from_der(&der).unwrap();
        let ours = Certificate::parse(&der).unwrap();
        let common_name = theirs.subject().iter_common_name().last().and_then(|name| name.as_str().ok());
        if let Some(common_name) = common_name {
            assert_eq!(ours.subject().label().unwrap().to_string().replace('\\', ""), common_name);
        }
    }
}

#[test]
fn a_name_reads_with_its_most_specific_part_first() {
    let root = mozilla().into_iter().find(|der| {
        Certificate::parse(der).unwrap().subject().label().unwrap().to_string() == "DigiCert Global Root G2"
    });
    let root = root.unwrap();
    let text = Certificate::parse(&root).unwrap().subject().to_string();
    assert_eq!(text, "CN=DigiCert Global Root G2, OU=www.digicert.com, O=DigiCert Inc, C=US");
}

#[test]
fn no_root_of_eleven_years_breaks_a_rule_for_every_anchor() {
    for part in mozilla().chunks(32) {
        let add =
            |content: pki::Content, der: &Vec<u8>| content.anchor(&CertificateDer::from(der.as_slice()));
        let set = part.iter().fold(pki::Content::default(), add).set();
        assert_eq!(set.unusable(), []);
    }
}

#[test]
fn every_anchor_is_one_that_webpki_takes() {
    for der in mozilla() {
        let der = CertificateDer::from(der);
        assert!(
            webpki::anchor_from_trusted_cert(&der).is_ok(),
            "{}",
            Certificate::parse(&der).unwrap().subject()
        );
    }
}

/// Shows every field, so that a fault in any of them would be met.
fn show(der: &[u8]) -> usize {
    Certificate::parse(der).map_or_else(
        |error| error.to_string().len(),
        |certificate| {
            format!("{certificate:?} {} {}", certificate.subject(), certificate.issuer()).len()
                + certificate.dns_names().count()
        },
    )
}

#[test]
fn no_truncation_and_no_flipped_byte_panics() {
    let all = mozilla();
    let mut shown = 0;
    for der in all.iter().step_by(12) {
        for end in 0..der.len() {
            assert!(
                Certificate::parse(&der[..end]).is_err(),
                "{end} of {} bytes is no certificate",
                der.len()
            );
        }
        let mut bytes = der.clone();
        for index in 0..bytes.len() {
            for flip in [0x01, 0x80, 0xff] {
                bytes[index] ^= flip;
                shown += show(&bytes);
                bytes[index] ^= flip;
            }
        }
    }
    assert!(shown > 0);
}

#[test]
fn bytes_after_a_certificate_are_refused_by_name() {
    let mut der = mozilla().swap_remove(0);
    der.push(0);
    let error = Certificate::parse(&der).unwrap_err();
    assert_eq!((error.field, error.offset), ("certificate", der.len() - 1));
}

/// The certificate with this piece of it replaced and every length around it left as it is.
fn replaced(der: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let at = der.windows(from.len()).position(|window| window == from).unwrap();
    [&der[..at], to, &der[at + from.len()..]].concat()
}

fn root(name: &str) -> Vec<u8> {
    let is_named =
        |der: &Vec<u8>| Certificate::parse(der).unwrap().subject().label().unwrap().to_string() == name;
    mozilla().into_iter().find(is_named).unwrap()
}

#[test]
fn an_extension_that_stands_there_twice_is_refused() {
    let der = root("DigiCert Global Root G2");
    // The subjectKeyIdentifier becomes a second keyUsage.
    let twice = replaced(&der, &[0x55, 0x1d, 14], &[0x55, 0x1d, 15]);
    let error = Certificate::parse(&twice).unwrap_err();
    assert_eq!((error.field, error.kind), ("extensions", chain::DerErrorKind::Value));
}

#[test]
fn an_extension_fills_its_value() {
    let der = root("DigiCert Global Root G2");
    let id = Certificate::parse(&der).unwrap().subject_key_id().unwrap().to_vec();
    let shorter = replaced(&der, &[&[4, 20], &id[..]].concat(), &[&[4, 19], &id[..]].concat());
    let error = Certificate::parse(&shorter).unwrap_err();
    assert_eq!((error.field, error.kind), ("subject_key_identifier", chain::DerErrorKind::Trailing));
    let usage = replaced(&der, &[3, 2, 1, 0x86], &[3, 1, 0, 0x86]);
    let error = Certificate::parse(&usage).unwrap_err();
    assert_eq!((error.field, error.kind), ("key_usage", chain::DerErrorKind::Trailing));
}

#[test]
fn a_key_usage_among_unused_bits_is_none() {
    let der = root("DigiCert Global Root G2");
    let unused = replaced(&der, &[3, 2, 1, 0x86], &[3, 2, 7, 0x86]);
    let error = Certificate::parse(&unused).unwrap_err();
    assert_eq!((error.field, error.kind), ("key_usage", chain::DerErrorKind::Value));
}
