//! What proves that a drill left the repository alone: one hash over all of its files.

use std::fs;
use std::path::{Path, PathBuf};

use bundle::Sha256;

use crate::Error;

/// The files of a repository and what they hold; git's and this program's own working folders are no part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fingerprint {
    pub(super) files: usize,
    pub(super) sha256: Sha256,
}

impl Fingerprint {
    /// Reads every file below `folder`.
    pub(super) fn of(folder: &Path) -> Result<Self, Error> {
        let mut paths = Vec::new();
        list(folder, &mut paths)?;
        paths.sort();
        let mut whole = Vec::new();
        for path in &paths {
            let bytes = fs::read(path).map_err(|error| Error::io("read", path, error))?;
            let name = path.as_os_str().as_encoded_bytes();
            whole.extend_from_slice(&Sha256::of(&[name]).0);
            whole.extend_from_slice(&Sha256::of(&[&bytes]).0);
        }
        Ok(Self { files: paths.len(), sha256: Sha256::of(&[&whole]) })
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
