//! Certificates that a review knows, and what it calls them.

use std::collections::BTreeMap;

use bundle::{Pin, PinKind, Sha256};

use crate::certificate::Certificate;

/// Descriptions of certificates by their SHA-256.
#[derive(Clone, Debug, Default)]
pub struct Names {
    summaries: BTreeMap<Sha256, String>,
    certificates: BTreeMap<Sha256, Vec<u8>>,
    /// Certificates by the SHA-256 of their keys.
    keys: BTreeMap<Sha256, Sha256>,
}

impl Names {
    /// The names of these certificates.
    pub fn of_certificates<'a>(certificates: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut names = Self::default();
        names.learn(certificates);
        names
    }

    /// Learns the names of certificates in DER; what is none has no name.
    pub fn learn<'a>(&mut self, certificates: impl IntoIterator<Item = &'a [u8]>) {
        for der in certificates {
            let sha256 = Sha256::of(&[der]);
            if let Ok(certificate) = Certificate::parse(der.to_vec()) {
                self.summaries.insert(sha256, certificate.summary());
                self.keys.insert(certificate.spki_sha256, sha256);
                self.certificates.insert(sha256, der.to_vec());
            }
        }
    }

    /// The bytes of a certificate.
    pub(crate) fn der(&self, sha256: Sha256) -> Option<&[u8]> {
        self.certificates.get(&sha256).map(Vec::as_slice)
    }

    /// The certificate that a pin names, by itself or by its key.
    pub(crate) fn pinned(&self, pin: &Pin) -> Option<Sha256> {
        match pin.kind {
            PinKind::Certificate => self.certificates.contains_key(&pin.sha256).then_some(pin.sha256),
            PinKind::Spki => self.keys.get(&pin.sha256).copied(),
        }
    }

    /// SHA-256 of a certificate's key.
    pub(crate) fn key_of(&self, sha256: Sha256) -> Option<Sha256> {
        bundle::spki_sha256(self.der(sha256)?)
    }

    /// What a certificate is called, without its key and dates.
    pub(crate) fn short_name(&self, sha256: Sha256) -> Option<&str> {
        self.summaries.get(&sha256)?.split(" · ").next()
    }

    /// What the certificate is called.
    #[must_use]
    pub fn of(&self, sha256: Sha256) -> String {
        self.summary(sha256).map_or_else(|| format!("certificate {sha256}"), str::to_owned)
    }

    /// One line about a certificate, where it is known.
    pub(crate) fn summary(&self, sha256: Sha256) -> Option<&str> {
        self.summaries.get(&sha256).map(String::as_str)
    }
}
