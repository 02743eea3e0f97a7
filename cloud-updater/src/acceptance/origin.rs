//! Where published files come from: a folder or a URL, read the same way.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::fetch::Fetcher;
use crate::server::PublishedName;
use crate::server::limits::FILE_BYTES_MAX;

/// Most bytes of a head with its signatures: header, table, body.
pub(crate) const HEAD_BYTES_MAX: u64 = 16_384;

/// A published tree.
pub(super) enum Origin {
    /// On this machine.
    Folder(PathBuf),
    /// Behind HTTP.
    Site(Fetcher),
}

/// Why a published file could not be read; that there is none is no error.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    /// The file or folder.
    #[error("cannot be read")]
    File(#[from] io::Error),
    /// The network or the server.
    #[error("cannot be fetched: {0}")]
    Network(String),
    /// More than a file of this kind can have.
    #[error("is larger than {0} bytes")]
    TooLarge(u64),
}

impl Origin {
    /// The bytes of a published file; `None` where there is none.
    pub(super) fn read(&self, name: &PublishedName) -> Result<Option<Vec<u8>>, ReadError> {
        let bytes_max = match name {
            PublishedName::Blob { .. } => u64::from(bundle::limits::CERTIFICATE_BYTES_MAX),
            PublishedName::Head { .. } => HEAD_BYTES_MAX,
            _ => FILE_BYTES_MAX,
        };
        match self {
            Self::Folder(folder) => read_file(&folder.join(name.to_string()), bytes_max),
            Self::Site(site) => site.get(&name.to_string(), bytes_max),
        }
    }

    /// Every path in the tree, in order; `None` where it cannot be listed.
    pub(super) fn list(&self) -> Result<Option<Vec<String>>, ReadError> {
        let Self::Folder(folder) = self else { return Ok(None) };
        let mut paths = Vec::new();
        walk(folder, "", &mut paths)?;
        paths.sort();
        Ok(Some(paths))
    }
}

/// Reads a whole file of at most `bytes_max` bytes; `None` where there is none.
pub(super) fn read_file(path: &Path, bytes_max: u64) -> Result<Option<Vec<u8>>, ReadError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(error.into()),
    };
    let mut bytes = Vec::new();
    file.take(bytes_max.saturating_add(1)).read_to_end(&mut bytes)?;
    let fits = u64::try_from(bytes.len()).is_ok_and(|length| length <= bytes_max);
    if fits { Ok(Some(bytes)) } else { Err(ReadError::TooLarge(bytes_max)) }
}

/// Files below `folder`; names that start with a dot are somebody's working files and not published.
fn walk(folder: &Path, prefix: &str, paths: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        let inside = format!("{prefix}{name}");
        if entry.file_type()?.is_dir() {
            walk(&entry.path(), &format!("{inside}/"), paths)?;
        } else {
            paths.push(inside);
        }
    }
    Ok(())
}
