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
    /// is synced so that the file itself survives a power failure. So is that of an empty file: whoever made it may
    /// have been killed before that, and nothing is written before it was done.
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
            open_to_all(&file)?;
        }
        if file.metadata()?.len() == 0 {
            sync_with_name(&file, path)?;
        }
        Ok(Self { file })
    }
}

#[cfg(unix)]
fn open_to_all(file: &File) -> io::Result<()> {
    use std::{fs::Permissions, os::unix::fs::PermissionsExt as _};
    file.set_permissions(Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn open_to_all(_: &File) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn sync_with_name(file: &File, path: &Path) -> io::Result<()> {
    file.sync_all()?;
    let folder =
        path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_with_name(file: &File, _: &Path) -> io::Result<()> {
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

impl Drop for StoreFile {
    /// Closing is not enough: a process that this one is just starting has a copy of every descriptor until it runs its
    /// own program, and with it the lock.
    fn drop(&mut self) {
        // Where it fails the lock ends with the last descriptor.
        drop(self.file.unlock());
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Condition, Reader, Region, Store};

    fn region() -> Region {
        Region::new(8_192, 65_536).unwrap()
    }

    #[test]
    fn a_store_in_a_shared_file_leaves_the_rest_of_it_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        let mut shared = File::create(&path).unwrap();
        shared.write_all(&[7; 100]).unwrap();
        let mut store = Store::open(StoreFile::open(&path).unwrap(), region()).unwrap();
        assert_eq!(store.condition(), Condition::Blank);
        store.change(|change| change.change_channel(bundle::ChannelId::of("prod"))).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        assert_eq!(bytes[..100], [7; 100]);
        assert!(bytes[100..8_192 + 49_152].iter().all(|byte| *byte == 0));
        let mut reader = Reader::new(ReadOnlyFile::open(&path).unwrap(), region());
        assert_eq!(reader.read(&mut []).unwrap().condition, Condition::Ready);
    }

    #[test]
    fn a_second_writer_is_kept_out_and_readers_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        let writer = StoreFile::open(&path).unwrap();
        assert_eq!(StoreFile::open(&path).unwrap_err().kind(), io::ErrorKind::ResourceBusy);
        assert!(Reader::new(ReadOnlyFile::open(&path).unwrap(), region()).read(&mut []).is_ok());
        drop(writer);
        assert!(StoreFile::open(&path).is_ok());
    }

    #[test]
    fn a_closed_store_is_free_though_a_copy_of_its_descriptor_lives() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        let writer = StoreFile::open(&path).unwrap();
        let copy = writer.file.try_clone().unwrap();
        drop(writer);
        assert!(StoreFile::open(&path).is_ok());
        drop(copy);
    }

    #[cfg(unix)]
    #[test]
    fn a_created_file_is_readable_by_everybody() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        StoreFile::open(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o644);
    }
}
