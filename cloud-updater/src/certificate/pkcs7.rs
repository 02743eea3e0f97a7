//! PKCS#7 files that carry certificates and nothing else (RFC 5652 §5.1 without signers): `.p7b`, `.p7c`.

use x509_parser::asn1_rs::{Any, Class, FromDer as _, Oid, Tag, oid};

/// SignedData, the type that carries certificates.
const SIGNED_DATA: Oid<'static> = oid!(1.2.840.113549.1.7.2);

/// The certificates of a PKCS#7 message in DER; the fault as the rest of a sentence.
pub(super) fn certificates(bytes: &[u8]) -> Result<Vec<Vec<u8>>, &'static str> {
    const NOT_DER: &str = "is not PKCS#7 in DER";
    let (rest, content_info) = Any::from_der(bytes).map_err(|_| NOT_DER)?;
    if !rest.is_empty() {
        return Err("is followed by bytes that do not belong");
    }
    let (rest, content_type) = Oid::from_der(content_info.data).map_err(|_| NOT_DER)?;
    if content_type != SIGNED_DATA {
        return Err("is PKCS#7, but not of the kind that carries certificates (SignedData)");
    }
    let (_, content) = Any::from_der(rest).map_err(|_| NOT_DER)?;
    let (_, signed_data) = Any::from_der(content.data).map_err(|_| NOT_DER)?;
    let is_certificates = |item: &Any<'_>| item.class() == Class::ContextSpecific && item.tag() == Tag(0);
    let Some(list) = items(signed_data.data)?.into_iter().find(|(item, _)| is_certificates(item)) else {
        return Err("is PKCS#7 without a certificate");
    };
    let mut found = Vec::new();
    for (item, raw) in items(list.0.data)? {
        if item.class() != Class::Universal || item.tag() != Tag::Sequence {
            return Err("holds a certificate of an obsolete kind");
        }
        found.push(raw.to_vec());
    }
    Ok(found)
}

/// DER values, each with its own encoding.
pub(crate) type Items<'a> = Vec<(Any<'a>, &'a [u8])>;

/// The values that stand back to back in `bytes`, each with its own encoding.
pub(crate) fn items(bytes: &[u8]) -> Result<Items<'_>, &'static str> {
    let mut rest = bytes;
    let mut found = Vec::new();
    while !rest.is_empty() {
        let (after, item) = Any::from_der(rest).map_err(|_| "is damaged inside its PKCS#7 message")?;
        let length = rest.len().saturating_sub(after.len());
        found.push((item, rest.get(..length).unwrap_or_default()));
        rest = after;
    }
    Ok(found)
}
