//! What proves that a drill left the repository alone: one hash over all that a drill could have touched.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use bundle::Sha256;
use ring::digest::{self, SHA256};

use crate::Error;
use crate::repository::fleet_file::FLEET_FILE;
use crate::repository::service_file::SERVICE_FILE;

/// What makes up a repository. Whatever else stands in its folder may change at any time: a published tree, the
/// database of a server that runs, git's and this program's own working folders.
const PARTS: [&str; 11] = [
    FLEET_FILE,
    SERVICE_FILE,
    "anchors",
    "intermediates",
    "blob",
    "keyring",
    "keys",
    "channels",
    "log",
    "observations",
    "sources",
];
/// Bytes of a file that are held at a time.
const CHUNK_BYTES: usize = 64 << 10;

/// The files of a repository and what they hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fingerprint {
    pub(super) files: usize,
    pub(super) sha256: Sha256,
}

impl Fingerprint {
    /// Reads every file of the repository in `folder`.
    pub(super) fn of(folder: &Path) -> Result<Self, Error> {
        let mut paths = Vec::new();
        for part in PARTS.map(|name| folder.join(name)) {
            if part.is_dir() {
                list(&part, &mut paths)?;
            } else if part.is_file() {
                paths.push(part);
            }
        }
        paths.sort();
        let mut whole = digest::Context::new(&SHA256);
        for path in &paths {
            let name = path.strip_prefix(folder).unwrap_or(path).as_os_str().as_encoded_bytes();
            whole.update(digest::digest(&SHA256, name).as_ref());
            whole.update(digest_of(path).map_err(|error| Error::io("read", path, error))?.as_ref());
        }
        let bytes = whole.finish().as_ref().try_into();
        let sha256 = bytes.map_err(|_| Error::bug("a SHA-256 has another length"))?;
        Ok(Self { files: paths.len(), sha256: Sha256(sha256) })
    }
}

/// Hashes a file of any size without holding it.
fn digest_of(path: &Path) -> std::io::Result<digest::Digest> {
    let mut file = fs::File::open(path)?;
    let mut hash = digest::Context::new(&SHA256);
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let length = file.read(&mut chunk)?;
        let Some(read @ [_, ..]) = chunk.get(..length) else { return Ok(hash.finish()) };
        hash.update(read);
    }
}

fn list(folder: &Path, paths: &mut Vec<PathBuf>) -> Result<(), Error> {
    for entry in fs::read_dir(folder).map_err(|error| Error::io("list", folder, error))? {
        let entry = entry.map_err(|error| Error::io("list", folder, error))?;
        let (path, name) = (entry.path(), entry.file_name());
        if name.to_string_lossy().starts_with('.') {
            continue;
        }
        let kind = entry.file_type().map_err(|error| Error::io("read", &path, error))?;
        if kind.is_dir() {
            list(&path, paths)?;
        } else if kind.is_file() {
            paths.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::durable::{PUBLIC_MODE, write_file};

    fn write(folder: &Path, name: &str, bytes: &[u8]) {
        write_file(&folder.join(name), bytes, PUBLIC_MODE).unwrap();
    }

    #[test]
    fn every_part_counts_and_nothing_else_in_the_folder_does() {
        let folder = tempfile::tempdir().unwrap();
        let of = || Fingerprint::of(folder.path()).unwrap();
        let mut before = of();
        assert_eq!(before.files, 0);
        for part in PARTS {
            let name = if part.ends_with(".toml") { part.to_owned() } else { format!("{part}/below/file") };
            for bytes in [b"one", b"two"] {
                write(folder.path(), &name, bytes);
                let after = of();
                assert_ne!(after, before, "{name}");
                before = after;
            }
        }
        assert_eq!(before.files, PARTS.len());
        for name in ["fleet.sqlite", "public/prod/head", ".state/lock", ".git/HEAD", "keys/.half"] {
            write(folder.path(), name, b"something");
            assert_eq!(of(), before, "{name}");
        }
    }

    #[test]
    fn what_a_file_holds_is_hashed_to_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let mut bytes = vec![7; CHUNK_BYTES * 2 + 1];
        write(folder.path(), "blob/large", &bytes);
        let path = folder.path().join("blob/large");
        assert_eq!(digest_of(&path).unwrap().as_ref(), Sha256::of(&[&bytes]).0);
        let before = Fingerprint::of(folder.path()).unwrap();
        *bytes.last_mut().unwrap() = 8;
        write(folder.path(), "blob/large", &bytes);
        assert_ne!(Fingerprint::of(folder.path()).unwrap(), before);
    }
}
