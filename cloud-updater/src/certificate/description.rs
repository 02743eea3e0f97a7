//! One X.509 certificate (RFC 5280) and what an operator needs to know about it.

use bundle::{Sha256, UnixSeconds, limits};
use x509_parser::asn1_rs::Oid;
use x509_parser::certificate::X509Certificate;
use x509_parser::error::X509Error;
use x509_parser::oid_registry::{
    OID_EC_P256, OID_KEY_TYPE_EC_PUBLIC_KEY, OID_NIST_EC_P384, OID_PKCS1_RSAENCRYPTION, OID_SIG_ED25519,
};
use x509_parser::prelude::FromDer as _;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

use crate::printable::printable;
use crate::{Error, date};

/// A certificate in DER with its description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    pub(super) der: Vec<u8>,
    /// SHA-256 of the whole certificate.
    pub sha256: Sha256,
    /// SHA-256 of its SubjectPublicKeyInfo.
    pub spki_sha256: Sha256,
    /// The subject, as one line without control characters.
    pub subject: String,
    /// The subject's common name, else its organisation.
    pub short_name: String,
    /// First second of validity.
    pub not_before: UnixSeconds,
    /// Last second of validity.
    pub not_after: UnixSeconds,
    /// Its basic constraints: `None` where it has none, as in version 1.
    pub is_ca: Option<bool>,
    /// False where a key usage extension stands there that does not allow to sign certificates.
    pub may_sign_certificates: bool,
    /// True where subject and issuer are the same name: nobody else vouches for it.
    pub is_self_issued: bool,
    /// Its public key.
    pub key: PublicKeyKind,
    /// The algorithm that its issuer signed with, as dotted numbers.
    pub signature_algorithm: String,
}

/// What kind of public key it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicKeyKind {
    /// RSA.
    Rsa {
        /// Bits of the modulus.
        bits: usize,
    },
    /// NIST P-256.
    P256,
    /// NIST P-384.
    P384,
    /// Ed25519.
    Ed25519,
    /// Anything else, named by its object identifier.
    Other(String),
}

impl Certificate {
    /// Reads a certificate in DER and nothing after it.
    ///
    /// # Errors
    /// Exit code 3: malformed, too large, or something that no device could use as a trust anchor.
    pub fn parse(der: Vec<u8>) -> Result<Self, Error> {
        let wrong = |message: String| Error::input("certificate", message);
        if u32::try_from(der.len()).map_or(true, |length| length > limits::CERTIFICATE_BYTES_MAX) {
            let message =
                format!("has {} bytes, at most {} fit a bundle", der.len(), limits::CERTIFICATE_BYTES_MAX);
            return Err(wrong(message));
        }
        let (rest, parsed) = X509Certificate::from_der(&der).map_err(|error| {
            wrong("is not an X.509 certificate in DER".to_owned()).because(describe(&error))
        })?;
        if !rest.is_empty() {
            return Err(wrong(format!("is followed by {} bytes that do not belong", rest.len())));
        }
        let described = Self::describe(&parsed, &der).map_err(wrong)?;
        // Devices verify with webpki: what it cannot take as an anchor would only be dead weight.
        let anchor = rustls_pki_types::CertificateDer::from(der.as_slice());
        rustls::RootCertStore::empty()
            .add(anchor)
            .map_err(|error| wrong("no device could use it as a trust anchor".to_owned()).because(error))?;
        // What webpki does not look at, dates and names among it, they read with a reader of their own.
        chain::Certificate::parse(&der)
            .map_err(|error| wrong("no device could read it".to_owned()).because(error))?;
        Ok(Self { der, ..described })
    }

    fn describe(parsed: &X509Certificate<'_>, der: &[u8]) -> Result<Self, String> {
        let extension = |name: &str| format!("its {name} extension is malformed or stands there twice");
        let basic = parsed.basic_constraints().map_err(|_| extension("basic constraints"))?;
        let usage = parsed.key_usage().map_err(|_| extension("key usage"))?;
        let subject = printable(&parsed.subject().to_string());
        let common = parsed.subject().iter_common_name().next().and_then(|name| name.as_str().ok());
        let organization = parsed.subject().iter_organization().next().and_then(|name| name.as_str().ok());
        Ok(Self {
            der: Vec::new(),
            sha256: Sha256::of(&[der]),
            spki_sha256: Sha256::of(&[parsed.public_key().raw]),
            short_name: printable(common.or(organization).unwrap_or(&subject)),
            subject,
            not_before: seconds(parsed.validity().not_before.timestamp()),
            not_after: seconds(parsed.validity().not_after.timestamp()),
            is_ca: basic.map(|extension| extension.value.ca),
            may_sign_certificates: usage.is_none_or(|extension| extension.value.key_cert_sign()),
            is_self_issued: parsed.subject().as_raw() == parsed.issuer().as_raw(),
            key: PublicKeyKind::of(parsed.public_key())?,
            signature_algorithm: parsed.signature_algorithm.algorithm.to_id_string(),
        })
    }

    /// The certificate itself.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The certificate's length, as manifests carry it.
    #[must_use]
    pub fn length(&self) -> u32 {
        // `parse` refused anything above 8,192 bytes.
        u32::try_from(self.der.len()).unwrap_or(u32::MAX)
    }

    /// The first eight hexadecimal digits of its SHA-256, as file names carry them.
    #[must_use]
    pub fn short_digest(&self) -> String {
        self.sha256.to_string().chars().take(8).collect()
    }

    /// One line for lists: name, key and validity.
    #[must_use]
    pub fn summary(&self) -> String {
        format!(
            "{} · {} · {} to {}",
            self.short_name,
            self.key,
            date::day(self.not_before),
            date::day(self.not_after)
        )
    }
}

impl std::fmt::Display for PublicKeyKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Rsa { bits } => write!(f, "RSA {bits}"),
            Self::P256 => f.write_str("P-256"),
            Self::P384 => f.write_str("P-384"),
            Self::Ed25519 => f.write_str("Ed25519"),
            Self::Other(oid) => f.write_str(oid),
        }
    }
}

impl PublicKeyKind {
    /// The kind of a key.
    ///
    /// # Errors
    /// A sentence: an RSA key that is malformed.
    pub(crate) fn of(info: &SubjectPublicKeyInfo<'_>) -> Result<Self, String> {
        let algorithm = &info.algorithm.algorithm;
        if *algorithm == OID_SIG_ED25519 {
            return Ok(Self::Ed25519);
        }
        if *algorithm == OID_KEY_TYPE_EC_PUBLIC_KEY {
            let curve: Option<Oid<'_>> = info.algorithm.parameters.as_ref().and_then(|any| any.as_oid().ok());
            return Ok(match curve {
                Some(curve) if curve == OID_EC_P256 => Self::P256,
                Some(curve) if curve == OID_NIST_EC_P384 => Self::P384,
                Some(curve) => Self::Other(format!("curve {}", curve.to_id_string())),
                None => Self::Other("explicit curve".to_owned()),
            });
        }
        if *algorithm == OID_PKCS1_RSAENCRYPTION {
            let Ok(PublicKey::RSA(key)) = info.parsed() else {
                return Err("its RSA key is malformed".to_owned());
            };
            return Ok(Self::Rsa { bits: modulus_bits(key.modulus) });
        }
        Ok(Self::Other(format!("algorithm {}", algorithm.to_id_string())))
    }
}

/// Bits of an unsigned integer in big-endian bytes, leading zeros not counted.
fn modulus_bits(modulus: &[u8]) -> usize {
    let significant = modulus.iter().position(|byte| *byte != 0).and_then(|start| modulus.get(start..));
    significant.map_or(0, |bytes| {
        let top = bytes.first().map_or(0, |byte| usize::try_from(byte.leading_zeros()).unwrap_or(0));
        bytes.len().saturating_mul(8).saturating_sub(top)
    })
}

fn seconds(timestamp: i64) -> UnixSeconds {
    UnixSeconds(u64::try_from(timestamp).unwrap_or(0))
}

fn describe(error: &x509_parser::nom::Err<X509Error>) -> String {
    match error {
        x509_parser::nom::Err::Incomplete(_) => "it is cut off".to_owned(),
        x509_parser::nom::Err::Error(error) | x509_parser::nom::Err::Failure(error) => error.to_string(),
    }
}
