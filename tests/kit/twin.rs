//! Twins of real certificates: every field as in the real one but the key, what is made from the key, and the signature.
//!
//! Nobody but the CA has a real certificate's private key, so no server of ours can show a chain of real ones. A twin has
//! the real one's names, serial number, dates and extensions, octet for octet, and a key of the same kind and length that
//! is made on the spot. Self-signatures are RSA with SHA-256, or ECDSA with the key's own digest: nothing here makes SHA-1.

use std::{io, process::Command};

use bundle::Sha256;
use der::{
    Decode as _, Encode as _,
    asn1::{Any, BitString},
};
use rcgen::{
    CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, PublicKeyData as _,
    SigningKey as _, date_time_ymd,
};
use rustls_pki_types::CertificateDer;

use crate::{process::run, tls_service::Identity};

/// Of the fields of a certificate's signed part (RFC 5280 §4.1), those that a twin has of its own.
mod field {
    pub(super) const SIGNATURE: usize = 2;
    pub(super) const ISSUER: usize = 3;
    pub(super) const SUBJECT: usize = 5;
    pub(super) const PUBLIC_KEY: usize = 6;
    pub(super) const EXTENSIONS: usize = 7;
}

/// The extension that says which key a certificate is for: its identifier and the octets up to its value.
const SUBJECT_KEY: &[u8] = &[0x06, 3, 0x55, 0x1d, 0x0e, 0x04, 22, 0x04, 20];
/// The extension that says which key signed: its identifier.
const AUTHORITY_KEY: &[u8] = &[0x06, 3, 0x55, 0x1d, 0x23];
/// Where the key's name begins in it.
const AUTHORITY_KEY_NAME: &[u8] = &[0x80, 20];
/// Bytes of a key's name (RFC 5280 §4.2.1.2).
const KEY_NAME_BYTES: usize = 20;

/// sha256WithRSAEncryption, with the NULL that it takes.
const RSA_SHA256: &[u8] = &[0x30, 13, 0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b, 0x05, 0];
/// ecdsa-with-SHA384.
const ECDSA_SHA384: &[u8] = &[0x30, 10, 0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03];
/// ecdsa-with-SHA256.
const ECDSA_SHA256: &[u8] = &[0x30, 10, 0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];

/// A CA that is a real one's twin.
#[derive(Debug)]
pub struct Twin {
    key: KeyPair,
    certificate: CertificateDer<'static>,
}

/// What certificates are made of where no real one is kept: names and dates as they are published.
#[derive(Clone, Debug)]
pub struct Described<'d> {
    /// Attributes of the subject in order: `C`, `O`, `OU` or `CN`, and the value.
    pub subject: &'d [(String, String)],
    /// First and last day, each as year, month and day.
    pub valid: [(i32, u8, u8); 2],
}

impl Twin {
    /// The twin of a real self-signed root, with a key that is [like](key_like) its own.
    ///
    /// # Errors
    /// Something else than a certificate.
    pub fn of_root(real: &[u8], key: KeyPair) -> io::Result<Self> {
        let subject = parts(real)?.swap_remove(field::SUBJECT);
        let certificate = rewritten(real, &subject, &key, &key)?;
        Ok(Self { key, certificate })
    }

    /// The twin of a real intermediate, under the twin of its issuer.
    ///
    /// # Errors
    /// As for a root.
    pub fn issue(&self, real: &[u8], key: KeyPair) -> io::Result<Self> {
        let certificate = rewritten(real, &self.subject()?, &key, &self.key)?;
        Ok(Self { key, certificate })
    }

    /// An intermediate of which only the description is kept.
    ///
    /// # Errors
    /// A description that is no certificate.
    pub fn issue_described(&self, described: &Described<'_>, key: KeyPair) -> io::Result<Self> {
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        for (attribute, value) in described.subject {
            let kind = match attribute.as_str() {
                "C" => DnType::CountryName,
                "O" => DnType::OrganizationName,
                "OU" => DnType::OrganizationalUnitName,
                "CN" => DnType::CommonName,
                other => return Err(io::Error::other(format!("{other:?} is no attribute of a twin"))),
            };
            params.distinguished_name.push(kind, value.as_str());
        }
        let [from, to] = described.valid.map(|(year, month, day)| date_time_ymd(year, month, day));
        (params.not_before, params.not_after) = (from, to);
        params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Constrained(0));
        params.key_usages =
            vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        params.use_authority_key_identifier_extension = true;
        let template = params.self_signed(&key).map_err(io::Error::other)?;
        let certificate = rewritten(template.der(), &self.subject()?, &key, &self.key)?;
        Ok(Self { key, certificate })
    }

    /// The certificate.
    #[must_use]
    pub const fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// A server of `host` under this twin, with a certificate of its own for these days and this key.
    ///
    /// # Errors
    /// A host that no certificate can name.
    pub fn server(&self, host: &str, days: [(i32, u8, u8); 2], key: &KeyPair) -> io::Result<Identity> {
        let mut params = CertificateParams::new([host.to_owned()]).map_err(io::Error::other)?;
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, host);
        let [from, to] = days.map(|(year, month, day)| date_time_ymd(year, month, day));
        (params.not_before, params.not_after) = (from, to);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let template = params.self_signed(key).map_err(io::Error::other)?;
        let leaf = rewritten(template.der(), &self.subject()?, key, &self.key)?;
        Ok(Identity { chain: vec![leaf, self.certificate.clone()], key: key.serialize_der() })
    }

    fn subject(&self) -> io::Result<Any> {
        Ok(parts(&self.certificate)?.swap_remove(field::SUBJECT))
    }
}

/// An RSA key, made by `openssl`: the libraries of this workspace use such keys and make none.
///
/// # Errors
/// `openssl` is not there, or cannot.
pub fn rsa_key(bits: u32) -> io::Result<KeyPair> {
    let mut command = Command::new("openssl");
    command.args(["genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt", &format!("rsa_keygen_bits:{bits}")]);
    let pem = run(&mut command, "")?.success()?;
    KeyPair::from_pem(&pem).map_err(io::Error::other)
}

/// A key of the kind and length of this certificate's.
///
/// # Errors
/// Something else than a certificate, another kind of key, or no `openssl` to make it.
pub fn key_like(certificate: &[u8]) -> io::Result<KeyPair> {
    let read = chain::Certificate::parse(certificate)
        .map_err(|error| io::Error::other(format!("not a certificate: {error:?}")))?;
    match read.key_algorithm() {
        chain::KeyAlgorithm::Rsa { bits } => rsa_key(u32::try_from(bits).map_err(io::Error::other)?),
        chain::KeyAlgorithm::EcdsaP384 => {
            KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).map_err(io::Error::other)
        }
        other => Err(io::Error::other(format!("no twin is made of a certificate with the key {other:?}"))),
    }
}

/// The fields of a certificate's signed part.
fn parts(certificate: &[u8]) -> io::Result<Vec<Any>> {
    let whole: Vec<Any> = Vec::from_der(certificate).map_err(io::Error::other)?;
    let signed = whole.first().ok_or_else(|| io::Error::other("an empty certificate"))?;
    let fields: Vec<Any> = signed.to_der().and_then(|der| Vec::from_der(&der)).map_err(io::Error::other)?;
    if fields.len() == field::EXTENSIONS + 1 {
        return Ok(fields);
    }
    Err(io::Error::other(format!("a certificate of {} fields, and not of version 3", fields.len())))
}

/// The same certificate with another issuer and another key.
fn rewritten(
    template: &[u8],
    issuer: &Any,
    key: &KeyPair,
    signer: &KeyPair,
) -> io::Result<CertificateDer<'static>> {
    let algorithm = Any::from_der(algorithm(signer)?).map_err(io::Error::other)?;
    let public_key = Any::from_der(&key.subject_public_key_info()).map_err(io::Error::other)?;
    let mut fields = parts(template)?;
    let extensions = fields[field::EXTENSIONS].to_der().map_err(io::Error::other)?;
    let extensions = with_key_names(extensions, &key_name(key), &key_name(signer));
    fields[field::EXTENSIONS] = Any::from_der(&extensions).map_err(io::Error::other)?;
    fields[field::SIGNATURE] = algorithm.clone();
    fields[field::ISSUER] = issuer.clone();
    fields[field::PUBLIC_KEY] = public_key;
    let signed = fields.to_der().map_err(io::Error::other)?;
    let signature = signer.sign(&signed).map_err(io::Error::other)?;
    let signature = BitString::from_bytes(&signature).and_then(|bits| Any::encode_from(&bits));
    let signed = Any::from_der(&signed).map_err(io::Error::other)?;
    let whole = vec![signed, algorithm, signature.map_err(io::Error::other)?];
    Ok(whole.to_der().map_err(io::Error::other)?.into())
}

fn algorithm(key: &KeyPair) -> io::Result<&'static [u8]> {
    let algorithm = key.algorithm();
    if algorithm == &rcgen::PKCS_RSA_SHA256 {
        Ok(RSA_SHA256)
    } else if algorithm == &rcgen::PKCS_ECDSA_P384_SHA384 {
        Ok(ECDSA_SHA384)
    } else if algorithm == &rcgen::PKCS_ECDSA_P256_SHA256 {
        Ok(ECDSA_SHA256)
    } else {
        Err(io::Error::other(format!("no twin signs with {algorithm:?}")))
    }
}

/// What certificates call a key.
fn key_name(key: &KeyPair) -> [u8; KEY_NAME_BYTES] {
    let Sha256(digest) = Sha256::of(&[&key.subject_public_key_info()]);
    let mut name = [0; KEY_NAME_BYTES];
    name.copy_from_slice(&digest[..KEY_NAME_BYTES]);
    name
}

/// Puts the names of the twin's keys where those of the real ones are. They are as long, so nothing else moves.
fn with_key_names(mut extensions: Vec<u8>, own: &[u8], signer: &[u8]) -> Vec<u8> {
    let find = |bytes: &[u8], what: &[u8]| {
        bytes.windows(what.len()).position(|window| window == what).map(|at| at + what.len())
    };
    if let Some(at) = find(&extensions, SUBJECT_KEY) {
        extensions[at..at + KEY_NAME_BYTES].copy_from_slice(own);
    }
    if let Some(start) = find(&extensions, AUTHORITY_KEY)
        && let Some(at) = find(&extensions[start..], AUTHORITY_KEY_NAME)
    {
        extensions[start + at..start + at + KEY_NAME_BYTES].copy_from_slice(signer);
    }
    extensions
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pki::{data, read_pem};

    fn real(name: &str) -> CertificateDer<'static> {
        read_pem(&data().join("azure").join(name)).unwrap().remove(0)
    }

    #[test]
    fn a_twin_is_the_real_one_but_for_keys_and_signature() {
        let (root, middle) =
            (real("digicert-global-root-g2.pem"), real("microsoft-azure-tls-issuing-ca-01.pem"));
        let twin = Twin::of_root(&root, key_like(&root).unwrap()).unwrap();
        let issued = twin.issue(&middle, key_like(&middle).unwrap()).unwrap();
        for (real, twin) in [(&root, twin.certificate()), (&middle, issued.certificate())] {
            let (real, twin) = (parts(real).unwrap(), parts(twin).unwrap());
            // Version, serial number, issuer, dates and subject.
            for index in [0, 1, 3, 4, 5] {
                assert_eq!(real[index], twin[index]);
            }
            assert_ne!(real[field::PUBLIC_KEY], twin[field::PUBLIC_KEY]);
            let differing = |real: &Any, twin: &Any| {
                let (real, twin) = (real.to_der().unwrap(), twin.to_der().unwrap());
                assert_eq!(real.len(), twin.len());
                real.iter().zip(&twin).filter(|(one, other)| one != other).count()
            };
            // The names of the own key and of the issuer's.
            assert!(differing(&real[field::EXTENSIONS], &twin[field::EXTENSIONS]) <= 2 * KEY_NAME_BYTES);
        }
        let [one, other] = [&middle, issued.certificate()].map(|der| chain::Certificate::parse(der).unwrap());
        assert_eq!(one.key_algorithm(), other.key_algorithm());
    }
}
