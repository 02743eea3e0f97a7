//! The cases, as the collection has them (<https://x509-limbo.com/schema>).

use std::{fs, path::Path};

use jiff::Timestamp;
use rustls_pki_types::{CertificateDer, pem::PemObject as _};
use serde::Deserialize;

use crate::error::Error;

/// The collection.
#[derive(Debug, Deserialize)]
pub(crate) struct Limbo {
    pub(crate) testcases: Vec<Case>,
}

/// One case.
#[derive(Debug, Deserialize)]
pub(crate) struct Case {
    pub(crate) id: String,
    pub(crate) validation_kind: ValidationKind,
    trusted_certs: Vec<String>,
    untrusted_intermediates: Vec<String>,
    peer_certificate: String,
    /// When it is judged; without one, now.
    pub(crate) validation_time: Option<Timestamp>,
    pub(crate) signature_algorithms: Option<Vec<String>>,
    pub(crate) key_usage: Option<Vec<String>>,
    pub(crate) extended_key_usage: Option<Vec<String>>,
    pub(crate) expected_result: Expected,
    pub(crate) expected_peer_name: Option<PeerName>,
    pub(crate) expected_peer_names: Option<Vec<PeerName>>,
    pub(crate) max_chain_depth: Option<u32>,
    pub(crate) crls: Option<Vec<String>>,
}

/// Who is judged.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum ValidationKind {
    Client,
    Server,
}

/// What must come of a case.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Expected {
    Success,
    Failure,
}

/// What the peer is called.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct PeerName {
    pub(crate) kind: NameKind,
    pub(crate) value: String,
}

/// Kinds of names.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum NameKind {
    Dns,
    Ip,
    Rfc822,
}

/// The certificates of a case.
#[derive(Debug)]
pub(crate) struct Certificates {
    pub(crate) anchors: Vec<CertificateDer<'static>>,
    pub(crate) intermediates: Vec<CertificateDer<'static>>,
    pub(crate) peer: CertificateDer<'static>,
}

impl Limbo {
    /// Reads the collection.
    ///
    /// # Errors
    /// The file cannot be read, or is something else.
    pub(crate) fn read(file: &Path) -> Result<Self, Error> {
        let failed = |source| Error::File { file: file.into(), source };
        let text = fs::read(file).map_err(failed)?;
        serde_json::from_slice(&text).map_err(|source| Error::Format { file: file.into(), source })
    }
}

impl Case {
    /// Its certificates.
    ///
    /// # Errors
    /// One is no PEM.
    pub(crate) fn certificates(&self) -> Result<Certificates, Error> {
        let read = |pem: &String| {
            CertificateDer::from_pem_slice(pem.as_bytes())
                .map_err(|source| Error::Pem { case: self.id.clone(), source })
        };
        let all = |pems: &[String]| pems.iter().map(read).collect::<Result<Vec<_>, _>>();
        Ok(Certificates {
            anchors: all(&self.trusted_certs)?,
            intermediates: all(&self.untrusted_intermediates)?,
            peer: read(&self.peer_certificate)?,
        })
    }
}
