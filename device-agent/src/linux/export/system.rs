//! The system's own anchors, for applications that trust them beside the bundle's.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use bundle::Sha256;
use chain::Certificate;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use trust_store::Installed;

use super::entry::{ALIAS_DIGITS, Entry};
use super::set::Certified;

/// What a system's file of anchors holds.
#[derive(Clone, Debug, Default)]
pub(super) struct SystemAnchors {
    certificates: Vec<Vec<u8>>,
    /// Why it, or a part of it, could not be read.
    pub(super) fault: Option<String>,
}

/// Those of the system's anchors that may be trusted beside a bundle.
#[derive(Debug, Default)]
pub(super) struct Beside {
    pub(super) anchors: Vec<Certified>,
    /// How many the bundle denies, or has under limits that they would lose.
    pub(super) left_out: usize,
}

impl SystemAnchors {
    /// Reads the file; one that cannot be read has no anchors, and says so.
    pub(super) fn read(path: &Path) -> Self {
        let fault = |error: &dyn std::fmt::Display| Some(format!("{}: {error}", path.display()));
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) => return Self { certificates: Vec::new(), fault: fault(&error) },
        };
        let mut found = Self::default();
        let mut seen = BTreeSet::new();
        for block in CertificateDer::pem_slice_iter(&bytes) {
            match block {
                Ok(der) if seen.insert(Sha256::of(&[&der])) => found.certificates.push(der.to_vec()),
                Ok(_) => {}
                Err(error) => found.fault = fault(&error),
            }
        }
        if found.certificates.is_empty() && found.fault.is_none() {
            found.fault = fault(&"holds no certificate in PEM");
        }
        found
    }

    /// Those that the bundle does not forbid: none that it denies, by certificate or key, and none whose key is that of an
    /// anchor which the bundle has under limits. `free` says of an anchor that it has none.
    pub(super) fn beside(
        &self,
        installed: &Installed,
        entries: &[Entry<'_>],
        free: impl Fn(&Entry<'_>) -> bool,
    ) -> Beside {
        let denials = installed.set().denials();
        let mut beside = Beside::default();
        for der in &self.certificates {
            let Ok(certificate) = Certificate::parse(der) else {
                beside.left_out += 1;
                continue;
            };
            let (sha256, spki) = (certificate.sha256(), certificate.spki_sha256());
            let is_denied =
                denials.iter().any(|denial| denial.names_certificate(sha256) || denial.names_spki(spki));
            let mut same = entries.iter().filter(|entry| entry.sha256 == sha256 || entry.spki == Some(spki));
            if is_denied || !same.all(&free) {
                beside.left_out += 1;
            } else {
                beside.anchors.push(certified(&certificate, sha256));
            }
        }
        beside
    }
}

fn certified(certificate: &Certificate<'_>, sha256: Sha256) -> Certified {
    let subject = certificate.subject();
    let label = subject.label().map_or_else(|| subject.to_string(), |label| label.to_string());
    let digits: String = sha256.to_string().chars().take(ALIAS_DIGITS).collect();
    Certified {
        der: certificate.as_der().to_vec(),
        note: format!("{subject}, sha256 {sha256}, of the system"),
        alias: format!("{label} {digits}"),
    }
}

#[cfg(test)]
mod tests;
