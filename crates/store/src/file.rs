//! The port over a file, for systems with `std`: one writer at a time, any number of readers.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::Path,
};

use crate::{Storage, StorageRead};

/// The file, open for the one writer.
#[derive(Debug)]
pub struct StoreFile {
    file: File,
}

/// The file, open for a reader.
#[derive(Debug)]
pub struct ReadOnlyFile {
    file: File,
}

impl StoreFile {
    /// Opens the file, creates it empty where it is missing, and keeps other writers out.
    ///
    /// A created file is readable by everybody whatever the umask, because applications read it, and its folder
    /// is synced so that the file itself survives a power failure.
    ///
    /// # Errors
    /// Any failure; [`io::ErrorKind::ResourceBusy`] where another writer has the file.
    pub fn open(path: &Path) -> io::Result<Self> {
        let existed = path.try_exists()?;
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => {
                io::Error::new(io::ErrorKind::ResourceBusy, "another process is writing this store")
            }
            TryLockError::Error(error) => error,
        })?;
        if !existed {
            publish(&file, path)?;
        }
        Ok(Self { file })
    }
}

#[cfg(unix)]
fn publish(file: &File, path: &Path) -> io::Result<()> {
    use std::{fs::Permissions, os::unix::fs::PermissionsExt as _};
    file.set_permissions(Permissions::from_mode(0o644))?;
    file.sync_all()?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn publish(file: &File, _: &Path) -> io::Result<()> {
    file.sync_all()
}

impl ReadOnlyFile {
    /// Opens the file for reading.
    ///
    /// # Errors
    /// Any failure; a missing file is one.
    pub fn open(path: &Path) -> io::Result<Self> {
        File::open(path).map(|file| Self { file })
    }
}

fn read_at(mut file: &File, offset: u64, into: &mut [u8]) -> io::Result<()> {
    file.seek(SeekFrom::Start(offset))?;
    file.read_exact(into)
}

impl StorageRead for StoreFile {
    type Error = io::Error;

    fn read(&mut self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        read_at(&self.file, offset, into)
    }

    fn len(&mut self) -> io::Result<u64> {
        self.file.metadata().map(|metadata| metadata.len())
    }
}

impl StorageRead for ReadOnlyFile {
    type Error = io::Error;

    fn read(&mut self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        read_at(&self.file, offset, into)
    }

    fn len(&mut self) -> io::Result<u64> {
        self.file.metadata().map(|metadata| metadata.len())
    }
}

impl Storage for StoreFile {
    fn write(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(offset))?;
        self.file.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync_all()
    }
}
