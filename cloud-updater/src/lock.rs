//! A lock on a folder: one writer at a time, let go by the system when the process ends, however it ends.

use std::fs::{File, OpenOptions};
use std::path::Path;

use rustix::fs::{FlockOperation, flock};

use crate::{Error, Exit, durable};

/// Name of the lock file; it stays behind, empty.
const LOCK_NAME: &str = ".lock";

/// An exclusive hold on a folder, until it is dropped.
#[derive(Debug)]
pub struct FolderLock {
    _file: File,
}

impl FolderLock {
    /// Takes the lock of `folder`, which is made where it does not exist.
    ///
    /// # Errors
    /// Exit code 5 where another process holds it, or where the folder cannot be written.
    pub fn acquire(folder: &Path) -> Result<Self, Error> {
        durable::create_folder(folder)?;
        let path = folder.join(LOCK_NAME);
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(|error| Error::io("open the lock", &path, error))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Self { _file: file }),
            Err(rustix::io::Errno::WOULDBLOCK) => {
                let error = Error::new(Exit::Io, "busy", "another command is working here").file(folder);
                Err(error.hint("try again when it has ended"))
            }
            Err(error) => Err(Error::io("lock", &path, error.into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_writer() {
        let folder = tempfile::tempdir().unwrap();
        let first = FolderLock::acquire(folder.path()).unwrap();
        assert_eq!(FolderLock::acquire(folder.path()).unwrap_err().code(), "busy");
        drop(first);
        assert!(FolderLock::acquire(folder.path()).is_ok());
    }
}
