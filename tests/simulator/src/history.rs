//! What was published when: every file of the tree from the moment on at which it was there, and what it means.

use std::{collections::BTreeMap, sync::Arc};

use bundle::{Denial, Envelope, Kind, Manifest, Order, Sha256};
use serde::{Deserialize, Serialize};

use crate::Error;

/// A file, from a moment on.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Version {
    /// Milliseconds since the scenario's start.
    pub from: u64,
    /// Its bytes.
    pub bytes: Arc<[u8]>,
}

/// What one run of the operator published.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct History {
    /// The seed file in every image.
    pub seed: Vec<u8>,
    /// Every file of the tree, by path, its versions in the order of time.
    pub files: BTreeMap<String, Vec<Version>>,
}

/// A release of the honest operator.
#[derive(Clone, Debug)]
pub struct Release {
    /// Its place in the order.
    pub order: Order,
    /// SHA-256 of its manifest's header.
    pub digest: Sha256,
    /// SHA-256 of a manifest document and the certificates behind it, for each version of the document: one that gained
    /// signatures is another file and the same release.
    pub contents: Vec<Sha256>,
    /// When it was published, in milliseconds since the start.
    pub published: u64,
    /// Its deny list.
    pub denials: Vec<Denial>,
    /// Its manifest document, as first published.
    pub document: Arc<[u8]>,
    /// The certificates behind it.
    pub certificates: Vec<u8>,
}

impl History {
    /// Notes the tree as it is at a moment: files that are new or have changed since the last one.
    pub fn note(&mut self, from: u64, tree: BTreeMap<String, Vec<u8>>) {
        for (path, bytes) in tree {
            let versions = self.files.entry(path).or_default();
            if versions.last().is_none_or(|version| *version.bytes != *bytes) {
                versions.push(Version { from, bytes: bytes.into() });
            }
        }
    }

    /// The file as it is at a moment.
    #[must_use]
    pub fn file(&self, path: &str, at: u64) -> Option<&Arc<[u8]>> {
        let versions = self.files.get(path)?;
        let newer = versions.partition_point(|version| version.from <= at);
        versions.get(newer.checked_sub(1)?).map(|version| &version.bytes)
    }

    /// The releases of a channel, oldest first.
    ///
    /// # Errors
    /// A file of the tree is not what its path says.
    pub fn releases(&self, channel: &str) -> Result<Vec<Release>, Error> {
        let prefix = format!("{channel}/release/");
        let of_channel = self.files.range(prefix.clone()..).take_while(|(path, _)| path.starts_with(&prefix));
        let mut releases = of_channel
            .map(|(path, versions)| self.release(channel, path, versions))
            .collect::<Result<Vec<Release>, Error>>()?;
        releases.sort_by_key(|release| release.order);
        Ok(releases)
    }

    fn release(&self, channel: &str, path: &str, versions: &[Version]) -> Result<Release, Error> {
        let wrong = |fault: &str| Error::Published { path: path.to_owned(), fault: fault.to_owned() };
        let first = versions.first().ok_or_else(|| wrong("has no version"))?;
        let envelope = Envelope::parse_whole(&first.bytes).map_err(|error| wrong(&error.to_string()))?;
        let manifest = Manifest::restored(&first.bytes, envelope.digest());
        let manifest = manifest.map_err(|error| wrong(&error.to_string()))?;
        let mut certificates = Vec::new();
        for (sha256, _) in manifest.blobs() {
            let blob =
                self.files.get(&format!("{channel}/blob/{sha256}")).and_then(|versions| versions.first());
            certificates
                .extend_from_slice(&blob.ok_or_else(|| wrong("names a blob that was not published"))?.bytes);
        }
        Ok(Release {
            order: envelope.header().order,
            digest: envelope.digest(),
            contents: versions.iter().map(|version| Sha256::of(&[&version.bytes, &certificates])).collect(),
            published: first.from,
            denials: manifest.denials().iter().collect(),
            document: Arc::clone(&first.bytes),
            certificates,
        })
    }
}

/// The keyring's document in the file of a generation: behind a recovery set where one is shown.
pub(crate) fn keyring_document(file: &[u8]) -> Option<&[u8]> {
    let (first, rest) = Envelope::parse(file).ok()?;
    let document = if first.header().kind == Kind::Recovery { rest } else { file };
    let envelope = Envelope::parse_whole(document).ok()?;
    (envelope.header().kind == Kind::Keyring).then_some(document)
}
