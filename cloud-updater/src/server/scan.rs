//! One look at the served folder: which files stand there, without reading them.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use rustix::io::Errno;

use super::error::{TreeError, TreeFault};
use super::limits::{FILE_BYTES_MAX, TREE_FILES_MAX};
use super::name::PublishedName;

/// Folders below the served one: `<channel>/blob`.
const DEPTH_MAX: usize = 2;

/// What tells one state of a file from the next without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    device: u64,
    inode: u64,
    length: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

/// A file that may be served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) name: PublishedName,
    pub(super) stamp: Stamp,
}

/// Everything in a folder that may be served, by path inside it; two equal scans are the same content.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Scan {
    pub(super) files: BTreeMap<String, Found>,
}

impl Scan {
    /// Looks at `folder`. Names that cannot stand in a published tree, symbolic links and special files are
    /// passed over.
    pub(super) fn of(folder: &Path) -> Result<Self, TreeError> {
        let mut scan = Self::default();
        scan.visit(folder, "", 0)?;
        Ok(scan)
    }

    fn visit(&mut self, folder: &Path, prefix: &str, depth: usize) -> Result<(), TreeError> {
        let unreadable = |source| TreeFault::Read(source).of(folder);
        for entry in fs::read_dir(folder).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let Ok(file_name) = entry.file_name().into_string() else { continue };
            let inside = format!("{prefix}{file_name}");
            // Not followed: for a symbolic link this is the link's own metadata, neither file nor folder.
            let metadata = match entry.metadata() {
                Ok(metadata) => metadata,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(source) => return Err(TreeFault::Read(source).of(entry.path())),
            };
            if metadata.is_dir() && depth < DEPTH_MAX && !file_name.starts_with('.') {
                match self.visit(&entry.path(), &format!("{inside}/"), depth + 1) {
                    Err(error) if error.is_gone() => {}
                    visited => visited?,
                }
            } else if metadata.is_file() {
                let Some(name) = PublishedName::parse(&inside) else { continue };
                if self.files.len() >= TREE_FILES_MAX {
                    return Err(TreeFault::TooManyFiles.of(folder));
                }
                self.files.insert(inside, Found { name, stamp: Stamp::of(&metadata) });
            }
        }
        Ok(())
    }
}

impl Stamp {
    fn of(metadata: &fs::Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            length: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// Length in bytes at the time of the scan.
    pub(super) const fn length(&self) -> u64 {
        self.length
    }
}

/// Reads a scanned file: `None` where it is gone or another one by now.
pub(super) fn read(folder: &Path, inside: &str, stamp: &Stamp) -> Result<Option<Vec<u8>>, TreeError> {
    let path: PathBuf = folder.join(inside);
    if stamp.length > FILE_BYTES_MAX {
        return Err(TreeFault::FileTooLarge { length: stamp.length }.of(path));
    }
    let opened = open_without_following(&path);
    let mut file = match opened {
        Ok(file) => file,
        Err(error) if gone(&error) => return Ok(None),
        Err(source) => return Err(TreeFault::Read(source).of(path)),
    };
    let failed = |source| TreeFault::Read(source).of(&path);
    if Stamp::of(&file.metadata().map_err(failed)?) != *stamp {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    file.by_ref().take(stamp.length + 1).read_to_end(&mut bytes).map_err(failed)?;
    let whole = u64::try_from(bytes.len()).is_ok_and(|length| length == stamp.length);
    let same = Stamp::of(&file.metadata().map_err(failed)?) == *stamp;
    Ok((whole && same).then_some(bytes))
}

/// Opens a plain file; a symbolic link put in its place since the scan is an error, and a pipe does not block.
fn open_without_following(path: &Path) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path)
}

/// The file was removed, or a link or folder stands in its place: a later scan sees what it is now.
fn gone(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
        || error.kind() == io::ErrorKind::NotADirectory
        || error.raw_os_error() == Some(Errno::LOOP.raw_os_error())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::server::kit::put;

    #[test]
    fn links_and_foreign_files_are_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        put(outside.path(), "head", b"secret");
        put(folder.path(), "prod/head", b"head");
        put(folder.path(), "prod/.head.tmp", b"half");
        put(folder.path(), "prod/notes.txt", b"foreign");
        put(folder.path(), "fleet.sqlite", b"foreign");
        put(folder.path(), "prod/blob/deep/head", b"foreign");
        put(folder.path(), ".git/head", b"foreign");
        symlink(outside.path().join("head"), folder.path().join("keyring")).unwrap();
        symlink(outside.path(), folder.path().join("linked")).unwrap();
        fs::create_dir_all(folder.path().join("prod/release")).unwrap();
        symlink(outside.path().join("head"), folder.path().join("prod/release/1")).unwrap();
        let scan = Scan::of(folder.path()).unwrap();
        assert_eq!(scan.files.keys().collect::<Vec<_>>(), ["prod/head"]);
    }

    #[test]
    fn a_link_put_in_place_after_the_scan_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), "prod/head", b"head");
        put(folder.path(), "other", b"head");
        let scan = Scan::of(folder.path()).unwrap();
        let stamp = scan.files["prod/head"].stamp;
        fs::remove_file(folder.path().join("prod/head")).unwrap();
        symlink(folder.path().join("other"), folder.path().join("prod/head")).unwrap();
        assert_eq!(read(folder.path(), "prod/head", &stamp).unwrap(), None);
    }

    #[test]
    fn a_file_replaced_after_the_scan_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), "prod/head", b"old!");
        let stamp = Scan::of(folder.path()).unwrap().files["prod/head"].stamp;
        assert_eq!(read(folder.path(), "prod/head", &stamp).unwrap().as_deref(), Some(&b"old!"[..]));
        put(folder.path(), "prod/next", b"new!");
        fs::rename(folder.path().join("prod/next"), folder.path().join("prod/head")).unwrap();
        assert_eq!(read(folder.path(), "prod/head", &stamp).unwrap(), None);
    }

    #[test]
    fn a_missing_folder_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = Scan::of(&folder.path().join("absent")).unwrap_err();
        assert!(error.to_string().contains("absent"), "{error}");
    }
}
