//! The published tree: every file but the heads, as a function of the archive.
//!
//! `keyring/<n>`, `keyring/<from>-<to>`, `recovery/<epoch>`, and for each channel `release/<n>`, `blob/<sha256>`,
//! `update/<from>-<to>` and `update/0-<to>`. The same archive gives the same bytes on every machine.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use bundle::limits::PACK_GENERATIONS_MAX;
use bundle::{Envelope, Manifest, UpdatePrefix};

use super::archive::{Archive, StoredRelease};
use super::plan::{Plan, Step};
use crate::Error;
use crate::server::PublishedName;

/// What the tree must hold: content by path.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    files: BTreeMap<String, Vec<u8>>,
}

impl Tree {
    /// The tree of `archive`, with updates between the `updates_kept` newest releases and as many before each.
    ///
    /// Making an update takes a search; one that stands in `published` and is right is taken as it is.
    ///
    /// # Errors
    /// Never for an archive that was read.
    pub fn of(archive: &Archive, updates_kept: u32, published: Option<&Path>) -> Result<Self, Error> {
        let mut tree = Self::default();
        tree.add_keyrings(archive);
        for channel in archive.channels() {
            tree.add_channel(archive, channel, updates_kept, published)?;
        }
        Ok(tree)
    }

    /// The files by path, in the order of writing: what other files name comes first.
    pub fn files(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let rank = |path: &str| match PublishedName::parse(path) {
            Some(PublishedName::Blob { .. }) => 0,
            Some(PublishedName::Recovery { .. }) => 1,
            Some(PublishedName::Keyring { .. }) => 2,
            Some(PublishedName::KeyringPack { .. }) => 3,
            Some(PublishedName::Release { .. }) => 4,
            _ => 5,
        };
        let mut sorted: Vec<_> =
            self.files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice())).collect();
        sorted.sort_by_key(|(path, _)| (rank(path), *path));
        sorted.into_iter()
    }

    /// True where the tree has a file at `path`.
    #[must_use]
    pub fn holds(&self, path: &str) -> bool {
        self.files.contains_key(path)
    }

    fn add_keyrings(&mut self, archive: &Archive) {
        let generations = archive.keyrings().generations();
        let mut epoch = 0;
        for generation in generations {
            self.files.insert(format!("keyring/{}", generation.order.number), generation.file.clone());
            if generation.order.epoch > epoch {
                epoch = generation.order.epoch;
                self.files.insert(format!("recovery/{epoch}"), generation.file.clone());
            }
        }
        let reach = usize::try_from(PACK_GENERATIONS_MAX).unwrap_or(usize::MAX);
        for (index, from) in generations.iter().enumerate() {
            let mut following = generations.iter().skip(index.saturating_add(1)).take(reach);
            let pack: Vec<&[u8]> = following.clone().map(|generation| generation.file.as_slice()).collect();
            if let Some(to) = following.next_back() {
                self.files
                    .insert(format!("keyring/{}-{}", from.order.number, to.order.number), pack.concat());
            }
        }
    }

    fn add_channel(
        &mut self,
        archive: &Archive,
        channel: &str,
        updates_kept: u32,
        published: Option<&Path>,
    ) -> Result<(), Error> {
        let releases: Vec<&StoredRelease> = archive.releases(channel).collect();
        let kept = usize::try_from(updates_kept).unwrap_or(usize::MAX);
        for (index, to) in releases.iter().enumerate() {
            self.files.insert(format!("{channel}/release/{}", to.order.number), to.document.clone());
            for (sha256, _) in &to.blobs {
                let der = archive.blob(*sha256).ok_or_else(|| Error::bug("an archive lost a certificate"))?;
                self.files.insert(format!("{channel}/blob/{sha256}"), der.to_vec());
            }
            if index.saturating_add(kept) < releases.len() {
                continue;
            }
            let bases = releases.iter().take(index).rev().take(kept).map(|from| Some(*from));
            for from in bases.chain([None]) {
                let number = from.map_or(0, |from| from.order.number);
                let path = format!("{channel}/update/{number}-{}", to.order.number);
                let bytes = update(
                    archive,
                    channel,
                    from,
                    to,
                    published.map(|folder| folder.join(&path)).as_deref(),
                )?;
                self.files.insert(path, bytes);
            }
        }
        Ok(())
    }
}

/// The steps that bring the folder to the tree; with `prune`, also those that remove what is no longer in it.
///
/// # Errors
/// The folder cannot be listed, or holds another release or keyring under a number of ours.
pub fn plan_tree(tree: &Tree, folder: &Path, prune: bool) -> Result<Plan, Error> {
    let mut plan = Plan::default();
    for (label, bytes) in tree.files() {
        let path = folder.join(label);
        let replaces = match fs::read(&path) {
            Ok(present) => {
                if present != bytes {
                    refuse_equivocation(label, &present, bytes, &path)?;
                }
                true
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => false,
            Err(error) => return Err(Error::io("read", &path, error)),
        };
        plan.add(Step::Publish { path, label: label.to_owned(), bytes: bytes.to_vec(), replaces });
    }
    if prune {
        for label in published_files(folder)? {
            let is_head = PublishedName::parse(&label).is_none_or(|name| name.changes());
            if !is_head && !tree.holds(&label) {
                plan.add(Step::Remove { path: folder.join(&label), label });
            }
        }
    }
    Ok(plan)
}

/// Signatures may be added to a published document; another document never takes its number.
fn refuse_equivocation(label: &str, present: &[u8], ours: &[u8], path: &Path) -> Result<(), Error> {
    let is_document = matches!(
        PublishedName::parse(label),
        Some(PublishedName::Release { .. } | PublishedName::Keyring { .. } | PublishedName::Recovery { .. })
    );
    let digests = |bytes: &[u8]| -> Vec<bundle::Sha256> {
        let mut rest = bytes;
        let mut found = Vec::new();
        while let Ok((envelope, after)) = Envelope::parse(rest) {
            found.push(envelope.digest());
            rest = after;
        }
        found
    };
    let theirs = digests(present);
    // What does not parse is a damaged file, and is replaced.
    if !is_document || theirs.is_empty() || theirs == digests(ours) {
        return Ok(());
    }
    let error = Error::input("equivocation", "another document was published under this number").file(path);
    Err(error.hint("is this the right folder, and is the repository up to date (git pull)?"))
}

/// Paths of the published files in `folder`; files of other names are nobody's business here.
fn published_files(folder: &Path) -> Result<Vec<String>, Error> {
    let mut found = Vec::new();
    let mut waiting = vec![(folder.to_owned(), String::new())];
    while let Some((folder, prefix)) = waiting.pop() {
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(Error::io("list", &folder, error)),
            Ok(entries) => entries,
        };
        for entry in entries {
            let entry = entry.map_err(|error| Error::io("list", &folder, error))?;
            let label = format!("{prefix}{}", entry.file_name().to_string_lossy());
            let kind = entry.file_type().map_err(|error| Error::io("look at", &entry.path(), error))?;
            // A tree is two folders deep: <channel>/<kind>/<file>.
            if kind.is_dir() && label.matches('/').count() < 2 {
                waiting.push((entry.path(), format!("{label}/")));
            } else if kind.is_file() && PublishedName::parse(&label).is_some() {
                found.push(label);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn update(
    archive: &Archive,
    channel: &str,
    from: Option<&StoredRelease>,
    to: &StoredRelease,
    published: Option<&Path>,
) -> Result<Vec<u8>, Error> {
    let present = published.and_then(|path| fs::read(path).ok());
    if let Some(present) = present.filter(|present| is_update(archive, from, to, present)) {
        return Ok(present);
    }
    let build = |from: Option<&Manifest<'_>>| {
        archive.with_manifest(channel, to, |to_manifest| {
            bundle::write::update(from, &to.document, to_manifest, |sha256| archive.blob(sha256))
        })
    };
    let built = match from {
        None => build(None)?,
        Some(release) => archive.with_manifest(channel, release, |manifest| build(Some(manifest)))??,
    };
    built.map_err(|error| Error::bug("an update cannot be made").because(error))
}

/// True where `bytes` are an update from `from` to exactly `to`.
fn is_update(archive: &Archive, from: Option<&StoredRelease>, to: &StoredRelease, bytes: &[u8]) -> bool {
    let Ok(prefix) = UpdatePrefix::parse(bytes) else { return false };
    let Ok(target) = Envelope::parse_whole(&to.document) else { return false };
    let base = from.map(|from| Envelope::parse_whole(&from.document));
    let base = match &base {
        None => &[][..],
        Some(Ok(envelope)) => envelope.body(),
        Some(Err(_)) => return false,
    };
    let mut body = vec![0; target.body().len()];
    let patched = prefix.patch().apply(base, &mut body).is_ok() && body == target.body();
    let is_missing = |sha256| from.is_none_or(|from| !from.blobs.iter().any(|(mine, _)| *mine == sha256));
    let missing = to.blobs.iter().filter(|(sha256, _)| is_missing(*sha256));
    let blobs: Vec<&[u8]> = missing.filter_map(|(sha256, _)| archive.blob(*sha256)).collect();
    patched
        && prefix.from() == from.map_or(0, |from| from.order.number)
        && prefix.manifest().header_bytes() == target.header_bytes()
        && prefix.manifest().signatures().as_bytes() == target.signatures().as_bytes()
        && bytes.get(prefix.wire_bytes()..) == Some(blobs.concat().as_slice())
}
