//! Authorities and servers of every algorithm that a row asks for.

use std::{io, ops::Range};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, PKCS_RSA_SHA256,
    PKCS_RSA_SHA384, date_time_ymd,
};
use rustls_pki_types::CertificateDer;

use super::openssl::key_pem;

/// Years in which everything is valid that a row does not make otherwise.
pub(super) const YEARS: Range<i32> = 2020..2040;

/// A key's algorithm, and with it that of its signatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// ECDSA P-256 with SHA-256.
    P256,
    /// ECDSA P-384 with SHA-384.
    P384,
    /// Ed25519.
    Ed25519,
    /// RSA of 2,048 bits with SHA-256.
    Rsa2048,
    /// RSA of 4,096 bits with SHA-384.
    Rsa4096,
}

/// A certificate and its key, whether of an authority or of a server.
#[derive(Debug)]
pub struct Holder {
    /// The certificate.
    pub certificate: CertificateDer<'static>,
    params: CertificateParams,
    key: KeyPair,
}

/// What a server is started with.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Its own certificate.
    pub leaf: CertificateDer<'static>,
    /// What it sends after it, in this order.
    pub others: Vec<CertificateDer<'static>>,
    /// Its key in PKCS#8.
    pub key_pem: String,
    /// The same in DER.
    pub key_der: Vec<u8>,
}

/// PEM (RFC 7468) of some DER.
#[must_use]
pub(super) fn pem(label: &str, der: &[u8]) -> String {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let lines = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect::<Vec<_>>().join("\n");
    format!("-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n")
}

fn key(algorithm: Algorithm) -> io::Result<KeyPair> {
    let read = |pem: io::Result<String>, algorithm| {
        KeyPair::from_pkcs8_pem_and_sign_algo(&pem?, algorithm).map_err(io::Error::other)
    };
    let rsa = |bits: &str, algorithm| read(key_pem("RSA", &[bits]), algorithm);
    match algorithm {
        Algorithm::P256 => KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(io::Error::other),
        Algorithm::P384 => KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).map_err(io::Error::other),
        // `ring` writes a newer PKCS#8 (RFC 5958) than OpenSSL 3.0 reads.
        Algorithm::Ed25519 => read(key_pem("ED25519", &[]), &PKCS_ED25519),
        Algorithm::Rsa2048 => rsa("rsa_keygen_bits:2048", &PKCS_RSA_SHA256),
        Algorithm::Rsa4096 => rsa("rsa_keygen_bits:4096", &PKCS_RSA_SHA384),
    }
}

fn dated(mut params: CertificateParams, years: Range<i32>) -> CertificateParams {
    params.not_before = date_time_ymd(years.start, 1, 1);
    params.not_after = date_time_ymd(years.end, 1, 1);
    params
}

/// The parameters of an authority.
fn authority(name: &str) -> io::Result<CertificateParams> {
    let mut params = CertificateParams::new(Vec::new()).map_err(io::Error::other)?;
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    Ok(dated(params, YEARS))
}

impl Holder {
    /// A self-signed root.
    ///
    /// # Errors
    /// A key cannot be made.
    pub fn root(name: &str, algorithm: Algorithm) -> io::Result<Self> {
        Self::root_valid(name, algorithm, YEARS)
    }

    /// A self-signed root of these years.
    ///
    /// # Errors
    /// As [`Holder::root`].
    pub fn root_valid(name: &str, algorithm: Algorithm, years: Range<i32>) -> io::Result<Self> {
        let (params, key) = (dated(authority(name)?, years), key(algorithm)?);
        let certificate = params.self_signed(&key).map_err(io::Error::other)?.der().clone();
        Ok(Self { certificate, params, key })
    }

    /// An intermediate under this one, changed by `edit` before it is signed.
    ///
    /// # Errors
    /// As [`Holder::root`].
    pub fn intermediate(
        &self,
        name: &str,
        algorithm: Algorithm,
        edit: impl FnOnce(&mut CertificateParams),
    ) -> io::Result<Self> {
        let mut params = authority(name)?;
        edit(&mut params);
        self.sign(params, algorithm)
    }

    /// A server under this one, changed by `edit` before it is signed; whoever this is, an authority or not.
    ///
    /// # Errors
    /// As [`Holder::root`].
    pub fn server(
        &self,
        host: &str,
        algorithm: Algorithm,
        edit: impl FnOnce(&mut CertificateParams),
    ) -> io::Result<Self> {
        let mut params = CertificateParams::new([host.to_owned()]).map_err(io::Error::other)?;
        params.distinguished_name.push(DnType::CommonName, host);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let mut params = dated(params, YEARS);
        edit(&mut params);
        self.sign(params, algorithm)
    }

    fn sign(&self, params: CertificateParams, algorithm: Algorithm) -> io::Result<Self> {
        let key = key(algorithm)?;
        let issuer = Issuer::from_params(&self.params, &self.key);
        let certificate = params.signed_by(&key, &issuer).map_err(io::Error::other)?.der().clone();
        Ok(Self { certificate, params, key })
    }

    /// The key in PKCS#8.
    #[must_use]
    pub fn key_pem(&self) -> String {
        self.key.serialize_pem()
    }

    /// A request for this certificate, signed by its own key.
    ///
    /// # Errors
    /// It cannot be signed.
    pub fn request_pem(&self) -> io::Result<String> {
        let request = self.params.serialize_request(&self.key).map_err(io::Error::other)?;
        request.pem().map_err(io::Error::other)
    }

    /// A server that serves this certificate and then `others`.
    #[must_use]
    pub fn serving(&self, others: &[&CertificateDer<'static>]) -> Identity {
        Identity {
            leaf: self.certificate.clone(),
            others: others.iter().map(|der| (*der).clone()).collect(),
            key_pem: self.key_pem(),
            key_der: self.key.serialize_der(),
        }
    }
}

/// Sets the years of a certificate, for the `edit` of its maker.
pub(super) fn valid(params: &mut CertificateParams, years: Range<i32>) {
    params.not_before = date_time_ymd(years.start, 1, 1);
    params.not_after = date_time_ymd(years.end, 1, 1);
}
