//! One exported file.

use std::collections::BTreeMap;

use bundle::Sha256;

use super::entry::Entry;
use super::set::Certified;
use super::version::Version;
use super::{pem, pkcs12};
use crate::linux::error::Error;

/// One exported file: where it stands below the generation's folder, and its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artefact {
    /// Relative path, of at most one folder and a name.
    pub path: String,
    /// The content.
    pub bytes: Vec<u8>,
}

impl Artefact {
    /// An artefact.
    #[must_use]
    pub fn new(path: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self { path: path.into(), bytes: bytes.into() }
    }

    /// SHA-256 of the content.
    #[must_use]
    pub fn sha256(&self) -> Sha256 {
        Sha256::of(&[&self.bytes])
    }

    /// Anchors in PEM.
    pub(super) fn pem(path: &str, version: &Version, anchors: &[Certified]) -> Self {
        let block = |anchor: &Certified| pem::comment(&anchor.note) + &pem::block(&anchor.der);
        let about = format!("{path}, {} certificates", anchors.len());
        Self::between(path, &about, version, &anchors.iter().map(block).collect::<String>())
    }

    /// Anchors in DER, back to back.
    pub(super) fn der(path: &str, anchors: &[Certified]) -> Self {
        let der = anchors.iter().flat_map(|anchor| &anchor.der);
        Self::new(path, der.copied().collect::<Vec<u8>>())
    }

    /// Anchors as a trust store of the JVM.
    ///
    /// # Errors
    /// They have no form in PKCS#12: there is none such.
    pub(super) fn pkcs12(path: &str, anchors: &[Certified]) -> Result<Self, Error> {
        let trusted = anchors.iter().map(|anchor| pkcs12::Trusted { der: &anchor.der, alias: &anchor.alias });
        let store = pkcs12::trust_store(trusted)
            .map_err(|error| Error::bug("the anchors have no form in PKCS#12").because(error))?;
        Ok(Self::new(path, store))
    }

    /// One file for each anchor, in OpenSSL's names; anchors of one subject are numbered in the manifest's order.
    pub(super) fn hashed(version: &Version, entries: &[&Entry<'_>]) -> Vec<Self> {
        let mut taken: BTreeMap<u32, u32> = BTreeMap::new();
        let hashed = entries.iter().filter_map(|entry| entry.hash.map(|hash| (hash, entry)));
        let file = |(hash, entry): (u32, &&Entry<'_>)| {
            let number = taken.entry(hash).or_default();
            let path = format!("hashed/{hash:08x}.{number}");
            *number += 1;
            let about = format!("{path}, 1 certificates");
            Self::between(&path, &about, version, &(pem::comment(&entry.note) + &pem::block(entry.der)))
        };
        hashed.map(file).collect()
    }

    /// A text in whose lines `#` begins a comment.
    pub(super) fn text(path: &str, version: &Version, text: &str) -> Self {
        Self::between(path, path, version, text)
    }

    /// A text between two lines that say which version it is.
    fn between(path: &str, about: &str, version: &Version, text: &str) -> Self {
        let edge = |word: &str| pem::comment(&format!("{word} of {about}: {version}"));
        Self::new(path, edge("start") + text + &edge("end"))
    }
}
