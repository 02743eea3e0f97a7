//! What the crate `x509-parser` says.

use std::collections::BTreeSet;

use x509_parser::{
    asn1_rs::{Any, FromDer as _},
    certificate::{BasicExtension, X509Certificate},
    error::X509Error,
    extensions::{GeneralName, ParsedExtension, X509Extension},
    oid_registry::{
        OID_X509_EXT_AUTHORITY_KEY_IDENTIFIER, OID_X509_EXT_BASIC_CONSTRAINTS, OID_X509_EXT_NAME_CONSTRAINTS,
        OID_X509_EXT_SUBJECT_KEY_IDENTIFIER, Oid,
    },
};

use super::{ABSENT, Field, MALFORMED, Reading, hexadecimal, is_ca, list, yes};

pub(super) fn read(der: &[u8]) -> Option<Reading> {
    let (rest, certificate) = X509Certificate::from_der(der).ok()?;
    if !rest.is_empty() {
        return None;
    }
    let (names, addresses) = names(&certificate);
    let mut reading = Reading::from([
        (Field::Addresses, addresses),
        (Field::AuthorityKeyId, key_id(&certificate, &OID_X509_EXT_AUTHORITY_KEY_IDENTIFIER)),
        (Field::DnsNames, names),
        (Field::ExtendedKeyUsage, text(certificate.extended_key_usage(), |usage| purposes(usage))),
        (Field::Issuer, hexadecimal(certificate.issuer().as_raw())),
        (Field::MaySignCertificates, may_sign(&certificate)),
        (Field::NameConstraints, name_constraints(&certificate)),
        (Field::NotAfter, seconds(certificate.validity().not_after.timestamp())),
        (Field::NotBefore, seconds(certificate.validity().not_before.timestamp())),
        (Field::Serial, hexadecimal(certificate.raw_serial())),
        (Field::Spki, hexadecimal(certificate.public_key().raw)),
        (Field::Subject, hexadecimal(certificate.subject().as_raw())),
        (Field::SubjectKeyId, key_id(&certificate, &OID_X509_EXT_SUBJECT_KEY_IDENTIFIER)),
        (Field::Version, (u64::from(certificate.version().0) + 1).to_string()),
    ]);
    let (says_ca, path_length) = basic_constraints(&certificate);
    reading.insert(Field::PathLength, path_length);
    let is_ca = is_ca(&reading, says_ca);
    reading.insert(Field::IsCa, is_ca);
    Some(reading)
}

fn text<T>(value: Result<Option<BasicExtension<T>>, X509Error>, write: impl FnOnce(T) -> String) -> String {
    match value {
        Ok(Some(extension)) => write(extension.value),
        Ok(None) => ABSENT.to_owned(),
        Err(_) => MALFORMED.to_owned(),
    }
}

/// The one extension of this kind.
fn extension<'c, 'a>(
    certificate: &'c X509Certificate<'a>,
    oid: &Oid<'_>,
) -> Result<Option<&'c X509Extension<'a>>, X509Error> {
    certificate.get_extension_unique(oid)
}

/// Times before 1970 are before everything that a device asks about.
fn seconds(timestamp: i64) -> String {
    timestamp.max(0).to_string()
}

fn may_sign(certificate: &X509Certificate<'_>) -> String {
    match certificate.key_usage() {
        Ok(usage) => yes(usage.is_none_or(|usage| usage.value.key_cert_sign())),
        Err(_) => MALFORMED.to_owned(),
    }
}

fn basic_constraints(certificate: &X509Certificate<'_>) -> (bool, String) {
    match extension(certificate, &OID_X509_EXT_BASIC_CONSTRAINTS)
        .map(|found| found.map(X509Extension::parsed_extension))
    {
        Ok(None) => (false, ABSENT.to_owned()),
        Ok(Some(ParsedExtension::BasicConstraints(constraints))) => {
            let length = constraints.path_len_constraint;
            (constraints.ca, length.map_or_else(|| ABSENT.to_owned(), |length| length.to_string()))
        }
        _ => (false, MALFORMED.to_owned()),
    }
}

fn key_id(certificate: &X509Certificate<'_>, oid: &Oid<'_>) -> String {
    match extension(certificate, oid).map(|found| found.map(X509Extension::parsed_extension)) {
        Ok(None) => ABSENT.to_owned(),
        Ok(Some(ParsedExtension::SubjectKeyIdentifier(id))) => hexadecimal(id.0),
        Ok(Some(ParsedExtension::AuthorityKeyIdentifier(id))) => {
            id.key_identifier.as_ref().map_or_else(|| ABSENT.to_owned(), |id| hexadecimal(id.0))
        }
        _ => MALFORMED.to_owned(),
    }
}

fn names(certificate: &X509Certificate<'_>) -> (String, String) {
    let names = match certificate.subject_alternative_name() {
        Ok(Some(names)) => &names.value.general_names,
        Ok(None) => return (String::new(), String::new()),
        Err(_) => return (MALFORMED.to_owned(), MALFORMED.to_owned()),
    };
    let dns = names.iter().filter_map(|name| match name {
        GeneralName::DNSName(name) => Some(*name),
        _ => None,
    });
    let addresses = names.iter().filter_map(|name| match name {
        GeneralName::IPAddress(address) => Some(*address),
        _ => None,
    });
    (list(dns), list(addresses))
}

fn purposes(usage: &x509_parser::extensions::ExtendedKeyUsage<'_>) -> String {
    let named = [
        (usage.any, "2.5.29.37.0"),
        (usage.server_auth, "1.3.6.1.5.5.7.3.1"),
        (usage.client_auth, "1.3.6.1.5.5.7.3.2"),
        (usage.code_signing, "1.3.6.1.5.5.7.3.3"),
        (usage.email_protection, "1.3.6.1.5.5.7.3.4"),
        (usage.time_stamping, "1.3.6.1.5.5.7.3.8"),
        (usage.ocsp_signing, "1.3.6.1.5.5.7.3.9"),
    ];
    let named = named.into_iter().filter(|(is_there, _)| *is_there).map(|(_, oid)| oid.to_owned());
    let purposes: BTreeSet<String> = named.chain(usage.other.iter().map(Oid::to_id_string)).collect();
    purposes.into_iter().collect::<Vec<_>>().join(" ")
}

/// The content of its value, where that can be read.
fn name_constraints(certificate: &X509Certificate<'_>) -> String {
    match extension(certificate, &OID_X509_EXT_NAME_CONSTRAINTS) {
        Ok(None) => ABSENT.to_owned(),
        Ok(Some(extension))
            if matches!(extension.parsed_extension(), ParsedExtension::NameConstraints(_)) =>
        {
            Any::from_der(extension.value)
                .map_or_else(|_| MALFORMED.to_owned(), |(_, value)| hexadecimal(value.data))
        }
        _ => MALFORMED.to_owned(),
    }
}
