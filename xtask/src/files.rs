//! Files in the target folder: what a task makes and may make again.

use std::{
    fs::{self, File},
    io::Write as _,
    path::Path,
};

use crate::failure::Failure;

/// Writes a file anew. It is not synced: after a power cut it is made again.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let failed = |source| Failure::File { action: "write the file", path: path.to_owned(), source };
    File::create(path).and_then(|mut file| file.write_all(bytes)).map_err(failed)
}

/// Reads a file.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|source| Failure::File { action: "read the file", path: path.to_owned(), source })
}

/// Makes a folder and those above it.
pub(crate) fn create_folder(path: &Path) -> Result<(), Failure> {
    let failed = |source| Failure::File { action: "create the folder", path: path.to_owned(), source };
    fs::create_dir_all(path).map_err(failed)
}
