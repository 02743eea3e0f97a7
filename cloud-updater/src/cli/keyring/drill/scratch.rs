//! The scratch copy: the operator's repository again, in a temporary folder, with throw-away keys for everybody's.
//!
//! What the real keys did is copied with the stand-ins: the same generations, releases, thresholds, numbers and dates.
//! A device cannot tell the two fleets apart but by the bytes of keys, signatures and what hashes them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use bundle::{Envelope, Kind, RecoverySet, Sha256, UnixSeconds};

use super::stand_ins::StandIns;
use crate::document::{KeyringChain, keyring_content};
use crate::durable::{self, PUBLIC_MODE};
use crate::publish::Archive;
use crate::repository::fleet_file::FLEET_FILE;
use crate::repository::{Layout, Repository};
use crate::{Context, Error, Output, input};

/// Bytes of a document that is copied.
const DOCUMENT_BYTES_MAX: u64 = 1 << 20;
/// What is copied as it is.
const COPIED: [&str; 4] = ["fleet.toml", "services.toml", "anchors", "blob"];

/// The scratch copy.
pub(super) struct Scratch {
    folder: tempfile::TempDir,
    /// Everybody's keys.
    pub(super) keys: StandIns,
    now: UnixSeconds,
    /// Recovery sets that a keyring commits to and that the repository has not; nothing is rehearsed with them.
    pub(super) lost_sets: Vec<Sha256>,
}

impl Scratch {
    /// Makes the copy.
    ///
    /// # Errors
    /// Exit code 3 where the repository holds what cannot be copied, 5 where a file fails.
    pub(super) fn of(real: &Repository, now: UnixSeconds) -> Result<Self, Error> {
        let folder = tempfile::Builder::new().prefix("keyring-drill-").tempdir();
        let folder = folder.map_err(|error| Error::io("make a folder in", &std::env::temp_dir(), error))?;
        let mut scratch = Self { folder, keys: StandIns::default(), now, lost_sets: Vec::new() };
        for name in COPIED {
            copy(&real.folder().join(name), &scratch.repository_folder().join(name))?;
        }
        durable::create_folder(&scratch.tree())?;
        scratch.add_keyrings(real)?;
        scratch.name_holders()?;
        scratch.add_channels(real)?;
        Ok(scratch)
    }

    /// The scratch repository, as it is now.
    pub(super) fn repository(&self) -> Result<Repository, Error> {
        Repository::at(self.repository_folder())
    }

    /// The folder that devices read.
    pub(super) fn tree(&self) -> PathBuf {
        self.folder.path().join("tree")
    }

    /// The context of commands that run in here.
    pub(super) fn context(&self) -> Context {
        Context {
            output: Output::silent(),
            repository_folder: Some(self.repository_folder()),
            channel: None,
            dry_run: false,
            yes: true,
            as_of: Some(self.now),
        }
    }

    /// The recovery set with this commitment; `None` where the repository has it not, or the fleet has none.
    pub(super) fn recovery_set(
        &self,
        commitment: Sha256,
    ) -> Result<Option<bundle::write::RecoveryContent>, Error> {
        let path = self.layout().recovery_set(commitment);
        if !path.is_file() {
            return Ok(None);
        }
        let document = input::read(&path, DOCUMENT_BYTES_MAX, "a recovery set")?;
        let wrong = || Error::bug("the drill wrote a recovery set that nobody can read");
        let envelope = Envelope::parse_whole(&document).map_err(|error| wrong().because(error))?;
        let set = RecoverySet::reveal(&envelope, commitment).map_err(|error| wrong().because(error))?;
        let keys = set.keys().map(|key| bundle::write::KeyContent {
            algorithm: key.algorithm,
            bytes: key.bytes.to_vec(),
            name: key.name.to_owned(),
        });
        Ok(Some(bundle::write::RecoveryContent { keys: keys.collect(), threshold: set.threshold() }))
    }

    /// Keeps the scratch copy under `folder`.
    pub(super) fn keep(&self, folder: &Path) -> Result<(), Error> {
        copy(self.folder.path(), folder)
    }

    fn repository_folder(&self) -> PathBuf {
        self.folder.path().join("repository")
    }

    fn layout(&self) -> Layout {
        Layout::new(self.repository_folder())
    }

    /// The generations, and the recovery sets that they commit to.
    fn add_keyrings(&mut self, real: &Repository) -> Result<(), Error> {
        let chain = KeyringChain::read(real.layout())?;
        chain.newest()?;
        for generation in chain.generations() {
            let commitment = generation.keyring()?.recovery_commitment();
            let is_known = self.keys.recovery_set(commitment).is_some() || commitment == Sha256([0; 32]);
            if !is_known {
                let path = real.layout().recovery_set(commitment);
                if path.is_file() {
                    let document = input::read(&path, DOCUMENT_BYTES_MAX, "a recovery set")?;
                    let label = real.layout().label(&path);
                    self.keys.add_recovery_set(&document, commitment).map_err(|error| error.place(label))?;
                } else {
                    self.keys.add_lost_set(commitment)?;
                    self.lost_sets.push(commitment);
                }
            }
            if let Some(set) = self.keys.recovery_set(commitment) {
                let unsigned = bundle::write::Unsigned::new(
                    Kind::Recovery,
                    bundle::ChannelId::FLEET,
                    generation.order,
                    0,
                    self.now,
                    set.encode(),
                );
                let document = unsigned
                    .and_then(|unsigned| unsigned.assemble(&[]))
                    .map_err(|error| Error::bug("a copied recovery set does not fit").because(error))?;
                write(&self.layout().recovery_set(RecoverySet::commitment(&set.encode())), &document)?;
            }
            let file = self.keys.generation(generation)?;
            write(&self.layout().keyring(generation.order.number), &file)?;
        }
        Ok(())
    }

    /// `keys/` and `[roles]` as the newest keyring has them, not as fleet.toml would have the next one.
    fn name_holders(&self) -> Result<(), Error> {
        let chain = KeyringChain::read(&self.layout())?;
        let generation = chain.newest()?;
        let content = keyring_content(&generation.document)?;
        let recovery = self.keys.recovery_set_of(content.recovery_commitment);
        let mut roles = vec![
            ("keyring", content.keyring.threshold, content.keyring.keys),
            ("release", content.release.threshold, content.release.keys),
            ("head", content.head.threshold, content.head.keys),
        ];
        roles.extend(content.echo.map(|role| ("echo", role.threshold, role.keys)));
        roles.extend(recovery.map(|set| ("recovery", set.threshold, set.keys.clone())));
        let mut names: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        let mut text = self.fleet_text()?;
        text.remove("roles");
        for (role, threshold, keys) in roles {
            let mut listed = toml_edit::Array::new();
            for key in keys {
                let mut name = key.name.clone();
                while names.get(&name).is_some_and(|bytes| *bytes != key.bytes) {
                    name.push_str("-twin");
                }
                let bytes = <[u8; 32]>::try_from(key.bytes.as_slice())
                    .map_err(|_| Error::bug("a stand-in has a key of another length"))?;
                let public = crate::key::PublicKey::ed25519(bytes, &name)?;
                write(&self.layout().keys().join(format!("{name}.pub")), format!("{public}\n").as_bytes())?;
                names.insert(name.clone(), key.bytes);
                listed.push(name);
            }
            let table = &mut text["roles"][role];
            table["threshold"] = toml_edit::value(i64::from(threshold));
            table["keys"] = toml_edit::value(listed);
        }
        self.write_fleet_text(&text)
    }

    /// Releases and rollouts of the channels.
    fn add_channels(&self, real: &Repository) -> Result<(), Error> {
        let archive = Archive::read(real)?;
        for channel in archive.channels() {
            for release in archive.releases(channel) {
                let body = Envelope::parse_whole(&release.document)
                    .map_err(|error| Error::bug("a checked release is unreadable").because(error))?
                    .body()
                    .to_vec();
                let document = self.keys.sign_again(&release.document, body)?;
                write(&self.layout().release(channel, release.order.number), &document)?;
            }
            copy(&real.layout().rollout(channel), &self.layout().rollout(channel))?;
        }
        Ok(())
    }

    /// fleet.toml of the copy.
    pub(super) fn fleet_text(&self) -> Result<toml_edit::DocumentMut, Error> {
        let path = self.repository_folder().join(FLEET_FILE);
        let text = input::read_text(&path, DOCUMENT_BYTES_MAX, "a fleet's settings")?;
        text.parse().map_err(|error: toml_edit::TomlError| {
            Error::usage("toml", "is not TOML").file(FLEET_FILE).because(error)
        })
    }

    /// Writes fleet.toml of the copy.
    pub(super) fn write_fleet_text(&self, text: &toml_edit::DocumentMut) -> Result<(), Error> {
        write(&self.repository_folder().join(FLEET_FILE), text.to_string().as_bytes())
    }
}

/// Copies a file or folder; what is not there is nothing to copy.
fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    let metadata = match fs::metadata(from) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Error::io("read", from, error)),
    };
    if !metadata.is_dir() {
        if let Some(above) = to.parent() {
            fs::create_dir_all(above).map_err(|error| Error::io("make", above, error))?;
        }
        return fs::copy(from, to).map(drop).map_err(|error| Error::io("copy", from, error));
    }
    fs::create_dir_all(to).map_err(|error| Error::io("make", to, error))?;
    for entry in fs::read_dir(from).map_err(|error| Error::io("list", from, error))? {
        let entry = entry.map_err(|error| Error::io("list", from, error))?;
        copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    durable::write_file(path, bytes, PUBLIC_MODE)
}
