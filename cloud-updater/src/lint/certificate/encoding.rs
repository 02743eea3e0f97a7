//! How it is written: version, serial number, names, extensions.

use std::collections::BTreeSet;

use x509_parser::asn1_rs::{Oid, oid};
use x509_parser::extensions::{ParsedExtension, X509Extension};
use x509_parser::x509::X509Version;

use super::{Look, Role};
use crate::lint::rule::Problem;
use crate::lint::rules::encoding::{
    ALGORITHMS_DIFFER, CRITICAL_POLICIES, DUPLICATE_EXTENSION, EMPTY_ISSUER, EMPTY_SUBJECT,
    EXTENSIONS_IN_OLD_VERSION, MALFORMED_EXTENSION, OLD_VERSION, SERIAL_NOT_POSITIVE, SERIAL_PADDED,
    SERIAL_TOO_LONG, UNIQUE_IDENTIFIER, UNKNOWN_CRITICAL_EXTENSION,
};

/// Octets of a serial number (RFC 5280 §4.1.2.2).
const SERIAL_OCTETS_MAX: usize = 20;

/// Extensions that rustls-webpki processes: key usage, alternative names, basic constraints, name constraints,
/// distribution points and extended key usage.
const PROCESSED: [Oid<'static>; 6] =
    [oid!(2.5.29.15), oid!(2.5.29.17), oid!(2.5.29.19), oid!(2.5.29.30), oid!(2.5.29.31), oid!(2.5.29.37)];
/// Policies, policy mappings, policy constraints and inhibitAnyPolicy.
const POLICIES: [Oid<'static>; 4] = [oid!(2.5.29.32), oid!(2.5.29.33), oid!(2.5.29.36), oid!(2.5.29.54)];

pub(super) fn examine(look: &Look<'_>, problems: &mut Vec<Problem>) {
    let x509 = look.x509;
    version(look, problems);
    serial(x509.raw_serial(), problems);
    if x509.signature_algorithm != x509.tbs_certificate.signature {
        let [inner, outer] = [&x509.tbs_certificate.signature, &x509.signature_algorithm]
            .map(|it| it.algorithm.to_id_string());
        let message = format!("says {inner} inside what is signed and {outer} beside the signature");
        problems.push(ALGORITHMS_DIFFER.broken(message));
    }
    if x509.subject().iter().next().is_none() {
        problems.push(EMPTY_SUBJECT.broken("has an empty subject"));
    }
    if x509.issuer().iter().next().is_none() {
        problems.push(EMPTY_ISSUER.broken("has an empty issuer"));
    }
    if x509.issuer_uid.is_some() || x509.subject_uid.is_some() {
        problems.push(UNIQUE_IDENTIFIER.broken("has a unique identifier"));
    }
    let mut seen = BTreeSet::new();
    for extension in x509.extensions() {
        let name = extension_name(extension);
        if !seen.insert(extension.oid.as_bytes()) {
            problems.push(DUPLICATE_EXTENSION.broken(format!("has the extension {name} twice")));
        }
        if matches!(extension.parsed_extension(), ParsedExtension::ParseError { .. }) {
            problems.push(MALFORMED_EXTENSION.broken(format!("has a malformed extension {name}")));
        }
        if extension.critical {
            critical(look, extension, &name, problems);
        }
    }
}

fn version(look: &Look<'_>, problems: &mut Vec<Problem>) {
    let number = look.x509.version().0.saturating_add(1);
    if look.x509.version() == X509Version::V3 {
        return;
    }
    problems.push(OLD_VERSION.broken(format!("is of version {number}")));
    if !look.x509.extensions().is_empty() {
        let message = format!("has extensions, and says that it is of version {number}");
        problems.push(EXTENSIONS_IN_OLD_VERSION.broken(message));
    }
}

/// A serial number's octets, big-endian, in two's complement.
fn serial(octets: &[u8], problems: &mut Vec<Problem>) {
    let is_negative = octets.first().is_some_and(|first| first & 0x80 != 0);
    if is_negative {
        problems.push(SERIAL_NOT_POSITIVE.broken("has a negative serial number"));
    } else if octets.iter().all(|octet| *octet == 0) {
        problems.push(SERIAL_NOT_POSITIVE.broken("has the serial number 0"));
    }
    if octets.len() > SERIAL_OCTETS_MAX {
        problems.push(SERIAL_TOO_LONG.broken(format!("has a serial number of {} octets", octets.len())));
    }
    let is_padded = matches!(octets, [0x00, 0x00..=0x7f, ..] | [0xff, 0x80..=0xff, ..]);
    if is_padded {
        problems.push(SERIAL_PADDED.broken("has a serial number with an octet too many in front"));
    }
}

fn critical(look: &Look<'_>, extension: &X509Extension<'_>, name: &str, problems: &mut Vec<Problem>) {
    if PROCESSED.contains(&extension.oid) {
        return;
    }
    if !POLICIES.contains(&extension.oid) {
        problems.push(UNKNOWN_CRITICAL_EXTENSION.broken(format!("has the critical extension {name}")));
    } else if look.role == Role::Intermediate {
        problems.push(CRITICAL_POLICIES.broken(format!("has the critical extension {name}")));
    }
}

/// The name of RFC 5280 where it has one, else the dotted number.
fn extension_name(extension: &X509Extension<'_>) -> String {
    let number = extension.oid.to_id_string();
    let name = match number.as_str() {
        "1.3.6.1.5.5.7.1.1" => "authorityInfoAccess",
        "2.5.29.14" => "subjectKeyIdentifier",
        "2.5.29.15" => "keyUsage",
        "2.5.29.17" => "subjectAltName",
        "2.5.29.18" => "issuerAltName",
        "2.5.29.19" => "basicConstraints",
        "2.5.29.30" => "nameConstraints",
        "2.5.29.31" => "cRLDistributionPoints",
        "2.5.29.32" => "certificatePolicies",
        "2.5.29.33" => "policyMappings",
        "2.5.29.35" => "authorityKeyIdentifier",
        "2.5.29.36" => "policyConstraints",
        "2.5.29.37" => "extKeyUsage",
        "2.5.29.54" => "inhibitAnyPolicy",
        _ => return number,
    };
    name.to_owned()
}
