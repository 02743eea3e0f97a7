//! What the crate `x509-cert` says.

use std::collections::BTreeSet;

use x509_cert::{
    Certificate, TbsCertificate,
    der::{Decode as _, Encode as _, Error, asn1::OctetString, oid::AssociatedOid},
    ext::pkix::{
        AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, NameConstraints,
        SubjectAltName, SubjectKeyIdentifier, name::GeneralName,
    },
    time::Time,
};

use super::{ABSENT, Field, MALFORMED, Reading, hexadecimal, is_ca, list, yes};

pub(super) fn read(der: &[u8]) -> Option<Reading> {
    let certificate = Certificate::from_der(der).ok()?;
    let content = certificate.tbs_certificate();
    let (names, addresses) = names(content);
    let constraints = extension::<BasicConstraints>(content);
    let mut reading = Reading::from([
        (Field::Addresses, addresses),
        (
            Field::AuthorityKeyId,
            text(extension::<AuthorityKeyIdentifier>(content), |id| {
                id.key_identifier
                    .map_or_else(|| ABSENT.to_owned(), |id: OctetString| hexadecimal(id.as_bytes()))
            }),
        ),
        (Field::DnsNames, names),
        (Field::ExtendedKeyUsage, text(extension::<ExtendedKeyUsage>(content), |usage| purposes(&usage))),
        (Field::Issuer, hexadecimal(&content.issuer().to_der().ok()?)),
        (Field::MaySignCertificates, may_sign(content)),
        (
            Field::NameConstraints,
            text(extension::<NameConstraints>(content), |found| name_constraints(&found)),
        ),
        (Field::NotAfter, seconds(content.validity().not_after)),
        (Field::NotBefore, seconds(content.validity().not_before)),
        (
            Field::PathLength,
            text(extension::<BasicConstraints>(content), |constraints| {
                constraints.path_len_constraint.map_or_else(|| ABSENT.to_owned(), |length| length.to_string())
            }),
        ),
        (Field::Serial, hexadecimal(content.serial_number().as_bytes())),
        (Field::Spki, hexadecimal(&content.subject_public_key_info().to_der().ok()?)),
        (Field::Subject, hexadecimal(&content.subject().to_der().ok()?)),
        (
            Field::SubjectKeyId,
            text(extension::<SubjectKeyIdentifier>(content), |id| hexadecimal(id.0.as_bytes())),
        ),
        (Field::Version, (content.version() as u8 + 1).to_string()),
    ]);
    let says_ca = matches!(constraints, Ok(Some(constraints)) if constraints.ca);
    let is_ca = is_ca(&reading, says_ca);
    reading.insert(Field::IsCa, is_ca);
    Some(reading)
}

fn extension<'a, T>(content: &'a TbsCertificate) -> Result<Option<T>, Error>
where
    T: x509_cert::der::Decode<'a, Error = Error> + AssociatedOid,
{
    Ok(content.get_extension::<T>()?.map(|(_critical, value)| value))
}

fn text<T>(value: Result<Option<T>, Error>, write: impl FnOnce(T) -> String) -> String {
    match value {
        Ok(Some(value)) => write(value),
        Ok(None) => ABSENT.to_owned(),
        Err(_) => MALFORMED.to_owned(),
    }
}

fn seconds(time: Time) -> String {
    time.to_unix_duration().as_secs().to_string()
}

fn may_sign(content: &TbsCertificate) -> String {
    match extension::<KeyUsage>(content) {
        Ok(usage) => yes(usage.is_none_or(|usage| usage.key_cert_sign())),
        Err(_) => MALFORMED.to_owned(),
    }
}

fn names(content: &TbsCertificate) -> (String, String) {
    let names = match extension::<SubjectAltName>(content) {
        Ok(names) => names.map(|names| names.0).unwrap_or_default(),
        Err(_) => return (MALFORMED.to_owned(), MALFORMED.to_owned()),
    };
    let dns = names.iter().filter_map(|name| match name {
        GeneralName::DnsName(name) => Some(name.as_str()),
        _ => None,
    });
    let addresses = names.iter().filter_map(|name| match name {
        GeneralName::IpAddress(address) => Some(address.as_bytes()),
        _ => None,
    });
    (list(dns), list(addresses))
}

fn purposes(usage: &ExtendedKeyUsage) -> String {
    let purposes: BTreeSet<String> = usage.0.iter().map(ToString::to_string).collect();
    purposes.into_iter().collect::<Vec<_>>().join(" ")
}

/// Its content, written again.
fn name_constraints(constraints: &NameConstraints) -> String {
    let Ok(der) = constraints.to_der() else { return MALFORMED.to_owned() };
    let value = x509_cert::der::asn1::AnyRef::from_der(&der);
    value.map_or_else(|_| MALFORMED.to_owned(), |value| hexadecimal(value.value()))
}
