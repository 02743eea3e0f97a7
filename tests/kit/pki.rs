//! Certificates: a synthetic PKI in the shape of Azure's, and the real ones of `tests/data`.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

pub use chain::pki::{Authority, Leaf};
use rustls_pki_types::{CertificateDer, pem::PemObject as _};

use crate::tls_service::Identity;

/// Years in which synthetic certificates are valid: the demo's day and this machine's day are both in them.
const YEARS: std::ops::Range<i32> = 2015..2045;

/// A certificate vendor that moves its services from one root to another, as Azure did.
#[derive(Debug)]
pub struct Vendor {
    /// The root that services chain to at first.
    pub old_root: Authority,
    /// The root that they move to.
    pub new_root: Authority,
    old_issuer: Authority,
    new_issuer: Authority,
}

impl Default for Vendor {
    fn default() -> Self {
        Self::new()
    }
}

impl Vendor {
    /// Fresh keys for two roots, each with an issuing authority below it.
    #[must_use]
    pub fn new() -> Self {
        let old_root = Authority::root("Synthetic CyberTrust Root", YEARS);
        let new_root = Authority::root("Synthetic Global Root G2", YEARS);
        let old_issuer = old_root.intermediate("Synthetic RSA TLS CA 01", YEARS);
        let new_issuer = new_root.intermediate("Synthetic TLS Issuing CA 01", YEARS);
        Self { old_root, new_root, old_issuer, new_issuer }
    }

    /// A server of `host` before the move.
    #[must_use]
    pub fn old_identity(&self, host: &str) -> Identity {
        identity(&self.old_issuer, host, YEARS)
    }

    /// A server of `host` after the move.
    #[must_use]
    pub fn new_identity(&self, host: &str) -> Identity {
        identity(&self.new_issuer, host, YEARS)
    }
}

/// A server of `host` under this authority, valid in these years.
#[must_use]
pub fn identity(issuer: &Authority, host: &str, years: std::ops::Range<i32>) -> Identity {
    let leaf = issuer.leaf(host, years);
    Identity { chain: vec![leaf.certificate, issuer.certificate().clone()], key: leaf.key }
}

/// A certificate as PEM (RFC 7468).
#[must_use]
pub fn pem(certificate: &CertificateDer<'_>) -> String {
    armour("CERTIFICATE", certificate)
}

/// An identity as the two PEM files that servers read: chain and key.
#[must_use]
pub fn pem_identity(identity: &Identity) -> (String, String) {
    (identity.chain.iter().map(pem).collect(), armour("PRIVATE KEY", &identity.key))
}

fn armour(label: &str, der: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in der.chunks(3) {
        let padded = [group[0], group.get(1).copied().unwrap_or(0), group.get(2).copied().unwrap_or(0)];
        let bits = u32::from_be_bytes([0, padded[0], padded[1], padded[2]]);
        for position in 0..4 {
            let digit = (bits >> (18 - 6 * position)) & 63;
            let letter = ALPHABET.get(usize::try_from(digit).unwrap_or(0)).copied().unwrap_or(b'=');
            text.push(if position > group.len() { '=' } else { char::from(letter) });
        }
    }
    let lines: Vec<&str> = text.as_bytes().chunks(64).filter_map(|line| str::from_utf8(line).ok()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// The folder of real certificates.
#[must_use]
pub fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data")
}

/// Every certificate of a PEM file.
///
/// # Errors
/// A file that cannot be read or is not PEM.
pub fn read_pem(path: &Path) -> io::Result<Vec<CertificateDer<'static>>> {
    let bytes = fs::read(path)?;
    CertificateDer::pem_slice_iter(&bytes).collect::<Result<_, _>>().map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_as_pem_is_read_back() {
        let vendor = Vendor::new();
        let identity = vendor.old_identity("localhost");
        let (chain, key) = pem_identity(&identity);
        let read: Vec<_> = CertificateDer::pem_slice_iter(chain.as_bytes()).map(Result::unwrap).collect();
        assert_eq!(read, identity.chain);
        let key = rustls_pki_types::PrivatePkcs8KeyDer::from_pem_slice(key.as_bytes()).unwrap();
        assert_eq!(key.secret_pkcs8_der(), identity.key);
    }

    #[test]
    fn real_roots_are_there() {
        let roots = read_pem(&data().join("azure/baltimore-cybertrust-root.pem")).unwrap();
        assert_eq!(roots.len(), 1);
    }
}
