//! Everything that was ever published, as the repository keeps it: checked once, then the source of the tree.

use std::collections::{BTreeMap, BTreeSet};

use bundle::limits::CERTIFICATE_BYTES_MAX;
use bundle::write::{Signature, Unsigned};
use bundle::{ChannelId, Document as _, Envelope, Manifest, Order, Sha256, TableSignature, UnixSeconds};

use crate::document::{KeyringChain, Release, Seen, SignatureFile, Signers};
use crate::repository::Repository;
use crate::{Error, document, input};

/// Bytes of one signed manifest: header, a full signature table, a full body.
const RELEASE_BYTES_MAX: u64 = 128 * 1_024;

/// Keyrings, releases and certificates of a fleet.
#[derive(Clone, Debug, Default)]
pub struct Archive {
    keyrings: KeyringChain,
    channels: BTreeMap<String, BTreeMap<u32, StoredRelease>>,
    blobs: document::Blobs,
}

/// One release, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRelease {
    /// Recovery epoch and number.
    pub order: Order,
    /// The digest by which heads name it.
    pub digest: Sha256,
    /// When it was made.
    pub issued_at: UnixSeconds,
    /// The signed document.
    pub document: Vec<u8>,
    /// SHA-256 and length of its certificates, in its order.
    pub blobs: Vec<(Sha256, u32)>,
}

impl Archive {
    /// Reads and checks what the repository holds of the channels in `fleet.toml`.
    ///
    /// # Errors
    /// Exit code 3 or 4 with the file at fault.
    pub fn read(repository: &Repository) -> Result<Self, Error> {
        let layout = repository.layout();
        let mut archive = Self { keyrings: KeyringChain::read(layout)?, ..Self::default() };
        for channel in repository.fleet().channels.keys() {
            archive.channels.insert(channel.clone(), BTreeMap::new());
            for number in document::numbered_files(&layout.releases(channel))? {
                let path = layout.release(channel, number);
                let label = layout.label(&path);
                archive.read_release(repository, channel, number).map_err(|error| error.place(label))?;
            }
        }
        Ok(archive)
    }

    fn read_release(&mut self, repository: &Repository, channel: &str, number: u32) -> Result<(), Error> {
        let path = repository.layout().release(channel, number);
        let document = input::read(&path, RELEASE_BYTES_MAX, "a release")?;
        let stored = self.check_release(channel, document)?;
        if stored.order.number != number {
            return Err(Error::input(
                "release_number",
                "holds a release with another number than the file's name",
            ));
        }
        for (sha256, _) in &stored.blobs {
            if !self.blobs.contains_key(sha256) {
                let path = repository.layout().blob(*sha256);
                let der = input::read(&path, u64::from(CERTIFICATE_BYTES_MAX), "a certificate")?;
                if Sha256::of(&[&der]) != *sha256 {
                    return Err(Error::input(
                        "blob_digest",
                        "its content hashes to something else than its name",
                    )
                    .file(path));
                }
                self.blobs.insert(*sha256, der);
            }
        }
        self.channels.entry(channel.to_owned()).or_default().insert(number, stored);
        Ok(())
    }

    fn check_release(&self, channel: &str, document: Vec<u8>) -> Result<StoredRelease, Error> {
        let malformed = || Error::input("malformed_document", "is not a signed release");
        let envelope = Envelope::parse_whole(&document).map_err(|error| malformed().because(error))?;
        let authentic = self.keyrings.verify(&envelope, ChannelId::of(channel))?;
        let manifest = Manifest::decode(authentic).map_err(|error| malformed().because(error))?;
        let (order, digest, blobs) = (manifest.order(), manifest.digest(), manifest.blobs().collect());
        let issued_at = manifest.header().issued_at;
        Ok(StoredRelease { order, digest, issued_at, document, blobs })
    }

    /// The keyring generations.
    #[must_use]
    pub const fn keyrings(&self) -> &KeyringChain {
        &self.keyrings
    }

    /// Takes the next keyring generation.
    ///
    /// # Errors
    /// Exit code 3 or 4 where devices would refuse it.
    pub fn add_keyring(&mut self, file: Vec<u8>) -> Result<(), Error> {
        self.keyrings.push(file)
    }

    /// Takes a release that is about to be published.
    ///
    /// # Errors
    /// Exit code 3 where another release with its number was published.
    pub fn add_release(&mut self, release: &Release) -> Result<(), Error> {
        let stored = self.check_release(release.channel(), release.document().to_vec())?;
        let releases = self.channels.entry(release.channel().to_owned()).or_default();
        let present = releases.get(&stored.order.number);
        if present.is_some_and(|present| present.digest != stored.digest) {
            let message =
                format!("another release {} of {} was published", stored.order.number, release.channel());
            return Err(Error::input("equivocation", message).hint("draft again: a number is used once"));
        }
        self.blobs.extend(release.blobs().iter().map(|(sha256, der)| (*sha256, der.clone())));
        releases.insert(stored.order.number, stored);
        Ok(())
    }

    /// Takes the document of a release that got further signatures.
    ///
    /// # Errors
    /// Exit code 3 or 4 where it is not the same release, or does not verify.
    pub fn replace_release(&mut self, channel: &str, number: u32, document: Vec<u8>) -> Result<(), Error> {
        let digest = self.release(channel, number)?.digest;
        let stored = self.check_release(channel, document)?;
        if stored.digest != digest {
            return Err(Error::bug("a release changed while it was signed again"));
        }
        self.channels.entry(channel.to_owned()).or_default().insert(number, stored);
        Ok(())
    }

    /// Names of the channels.
    pub fn channels(&self) -> impl Iterator<Item = &str> {
        self.channels.keys().map(String::as_str)
    }

    /// The releases of a channel, by number.
    pub fn releases(
        &self,
        channel: &str,
    ) -> impl DoubleEndedIterator<Item = &StoredRelease> + ExactSizeIterator {
        static NONE: BTreeMap<u32, StoredRelease> = BTreeMap::new();
        self.channels.get(channel).unwrap_or(&NONE).values()
    }

    /// One release.
    ///
    /// # Errors
    /// Exit code 2 where there is none with this number.
    pub fn release(&self, channel: &str, number: u32) -> Result<&StoredRelease, Error> {
        self.channels.get(channel).and_then(|releases| releases.get(&number)).ok_or_else(|| {
            let newest = self.releases(channel).next_back().map_or(0, |release| release.order.number);
            let error = Error::usage("no_release", format!("channel {channel} has no release {number}"));
            error.hint(if newest == 0 {
                "it has none yet".to_owned()
            } else {
                format!("its newest is {newest}")
            })
        })
    }

    /// A certificate of some release.
    #[must_use]
    pub fn blob(&self, sha256: Sha256) -> Option<&[u8]> {
        self.blobs.get(&sha256).map(Vec::as_slice)
    }

    /// All certificates of a release, in its order.
    ///
    /// # Errors
    /// Never for a release of this archive.
    pub fn blobs_of(&self, release: &StoredRelease) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        for (sha256, _) in &release.blobs {
            let der = self.blob(*sha256).ok_or_else(|| Error::bug("an archive lost a certificate"))?;
            bytes.extend_from_slice(der);
        }
        Ok(bytes)
    }

    /// Names of those whose signatures a release carries, each checked.
    ///
    /// # Errors
    /// Never for a release of this archive.
    pub fn signers(&self, release: &StoredRelease) -> Result<Vec<String>, Error> {
        let envelope = Envelope::parse_whole(&release.document)
            .map_err(|error| Error::bug("a checked release is unreadable").because(error))?;
        let unsigned = Unsigned::of(&envelope);
        let mut names = BTreeSet::new();
        for generation in self.keyrings.generations() {
            let keyring = generation.keyring()?;
            let signers = Signers::of_release(envelope.header().kind, &keyring);
            for entry in envelope.signatures().iter() {
                let TableSignature { algorithm, key_id, bytes } = entry;
                let signature = Signature { key_id, algorithm, bytes: bytes.to_vec() };
                let file = SignatureFile { signature, digest: unsigned.digest(), seen: Seen::default() };
                let name = signers.key(key_id).filter(|key| file.check(&unsigned, key).is_ok());
                names.extend(name.map(|key| key.name.clone()));
            }
        }
        Ok(names.into_iter().collect())
    }

    /// Lends the decoded manifest of a release.
    ///
    /// # Errors
    /// Never for a release of this archive.
    pub fn with_manifest<T>(
        &self,
        channel: &str,
        release: &StoredRelease,
        look: impl FnOnce(&Manifest<'_>) -> T,
    ) -> Result<T, Error> {
        let unreadable = || Error::bug("a checked release is unreadable");
        let envelope =
            Envelope::parse_whole(&release.document).map_err(|error| unreadable().because(error))?;
        let authentic = self.keyrings.verify(&envelope, ChannelId::of(channel))?;
        let manifest = Manifest::decode(authentic).map_err(|error| unreadable().because(error))?;
        Ok(look(&manifest))
    }
}
