//! Files that are there whole or not at all, whatever moment the power fails or the process is killed.
//!
//! The sequence of system calls of one write: create a temporary file beside the target with its final mode,
//! write, `fsync` the file, `rename` over the target, `fsync` the folder. A reader sees the old bytes or the new
//! ones; after the call returned they are on the disk as far as `fsync` can promise. A killed process leaves at
//! most a temporary file, whose name starts with [`TEMPORARY_PREFIX`] and which the next writer removes.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::{Error, Exit};

/// First characters of every temporary file: servers and listings ignore names that start with a dot.
pub const TEMPORARY_PREFIX: &str = ".temporary-";
/// Mode of files that anybody may read.
pub const PUBLIC_MODE: u32 = 0o644;
/// Mode of secret files.
pub const SECRET_MODE: u32 = 0o600;
/// Bytes of random name in a temporary file.
const NAME_BYTES: usize = 8;

/// Replaces or creates `path` with `bytes`; makes its folders.
///
/// # Errors
/// The step that failed; the file is then what it was.
pub fn write_file(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Error> {
    let folder = parent(path);
    create_folder(folder)?;
    let temporary = temporary_name(folder).map_err(|error| Error::io("write", path, error))?;
    let written = write_synced(&temporary, bytes, mode).and_then(|()| fs::rename(&temporary, path));
    if let Err(error) = written {
        // The error that matters is the first one; the leftover is removed by the next writer at the latest.
        drop(fs::remove_file(&temporary));
        return Err(Error::io("write", path, error));
    }
    sync_folder(folder)
}

/// As [`write_file`], for a file that must not exist yet: two writers cannot both succeed.
///
/// # Errors
/// The step that failed, `AlreadyExists` included.
pub fn create_file(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Error> {
    let folder = parent(path);
    create_folder(folder)?;
    let temporary = temporary_name(folder).map_err(|error| Error::io("create", path, error))?;
    // `link` refuses an existing name, which `rename` would silently replace.
    let written = write_synced(&temporary, bytes, mode).and_then(|()| fs::hard_link(&temporary, path));
    drop(fs::remove_file(&temporary));
    written.map_err(|error| Error::io("create", path, error))?;
    sync_folder(folder)
}

/// Removes `path`, if it is there, durably.
///
/// # Errors
/// The step that failed.
pub fn remove_file(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Error::io("remove", path, error)),
        Ok(()) => sync_folder(parent(path)),
    }
}

/// Makes a folder and its parents, durably.
///
/// # Errors
/// The step that failed.
pub fn create_folder(folder: &Path) -> Result<(), Error> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(above) = folder.parent().filter(|above| !above.as_os_str().is_empty()) {
        create_folder(above)?;
    }
    match fs::create_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(Error::io("make the folder", folder, error))
        }
        _ => sync_folder(parent(folder)),
    }
}

/// Removes what killed writers left in `folder`; call it with the folder's lock held.
///
/// # Errors
/// The folder cannot be listed, or a leftover cannot be removed.
pub fn remove_leftovers(folder: &Path) -> Result<(), Error> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Error::io("list", folder, error)),
        Ok(entries) => entries,
    };
    for entry in entries {
        let entry = entry.map_err(|error| Error::io("list", folder, error))?;
        if entry.file_name().to_string_lossy().starts_with(TEMPORARY_PREFIX) {
            remove_file(&entry.path())?;
        }
    }
    Ok(())
}

/// As [`remove_leftovers`], also in the folders below, `depth` levels down; hidden folders are somebody else's.
///
/// # Errors
/// As [`remove_leftovers`].
pub fn remove_leftovers_below(folder: &Path, depth: usize) -> Result<(), Error> {
    remove_leftovers(folder)?;
    let Some(depth) = depth.checked_sub(1) else { return Ok(()) };
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Error::io("list", folder, error)),
        Ok(entries) => entries,
    };
    for entry in entries.flatten() {
        let is_hidden = entry.file_name().to_string_lossy().starts_with('.');
        if !is_hidden && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove_leftovers_below(&entry.path(), depth)?;
        }
    }
    Ok(())
}

/// Refuses a path whose folder does not exist: a mistyped path is named, not made.
///
/// # Errors
/// Exit code 5 naming the missing folder.
pub fn require_folder_above(path: &Path) -> Result<(), Error> {
    let above = parent(path);
    if above.is_dir() {
        return Ok(());
    }
    let error = Error::new(Exit::Io, "folder_missing", "there is no such folder").file(above);
    Err(error.hint("make it first, or correct the path: only the last folder is made"))
}

fn write_synced(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    // The mode given at creation is cut by the umask; this one is not.
    file.set_permissions(fs::Permissions::from_mode(mode))?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn sync_folder(folder: &Path) -> Result<(), Error> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| Error::io("sync", folder, error))
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn temporary_name(folder: &Path) -> io::Result<PathBuf> {
    let mut name = [0; NAME_BYTES];
    getrandom::fill(&mut name).map_err(io::Error::other)?;
    let name = u64::from_le_bytes(name);
    Ok(folder.join(format!("{TEMPORARY_PREFIX}{name:016x}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_replaces_whole_files_and_sets_the_mode_whatever_the_umask() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b/file");
        write_file(&path, b"one", PUBLIC_MODE).unwrap();
        write_file(&path, b"two", SECRET_MODE).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, SECRET_MODE);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "no temporary file is left");
    }

    #[test]
    fn a_file_is_created_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        create_file(&path, b"one", PUBLIC_MODE).unwrap();
        assert!(create_file(&path, b"two", PUBLIC_MODE).is_err());
        assert_eq!(fs::read(&path).unwrap(), b"one");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn leftovers_of_killed_writers_are_removed_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        write_file(&folder.path().join(format!("{TEMPORARY_PREFIX}1")), b"half", PUBLIC_MODE).unwrap();
        write_file(&folder.path().join("head"), b"whole", PUBLIC_MODE).unwrap();
        remove_leftovers(folder.path()).unwrap();
        let names: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["head"]);
    }

    #[test]
    fn leftovers_below_are_removed_but_for_hidden_folders() {
        let folder = tempfile::tempdir().unwrap();
        let leftover = |place: &str| folder.path().join(place).join(format!("{TEMPORARY_PREFIX}1"));
        for place in ["prod/drafts", ".git/objects"] {
            write_file(&leftover(place), b"half", PUBLIC_MODE).unwrap();
        }
        remove_leftovers_below(folder.path(), 2).unwrap();
        assert!(!leftover("prod/drafts").exists());
        assert!(leftover(".git/objects").exists());
    }

    #[test]
    fn a_missing_folder_above_is_named() {
        let error = require_folder_above(Path::new("/nope/pub")).unwrap_err();
        assert_eq!(
            (error.to_string().as_str(), error.exit().number()),
            ("/nope: there is no such folder", 5)
        );
    }
}
