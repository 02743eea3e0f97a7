//! Files that are there whole or not at all, whatever moment the power fails or the process is killed.
//!
//! The sequence of system calls of one write: create a temporary file beside the target, set its mode whatever
//! the umask, write, `fsync` the file, `rename` over the target (or `link` where it must be new), `fsync` the
//! folder. A killed process leaves at most a temporary file, whose name starts with [`TEMPORARY_PREFIX`].
//!
//! A new folder is made with its mode in one call, which takes a umask that leaves it alone ([`set_umask`]): a process
//! that is killed in front of a second call would leave a folder that applications cannot enter, and that nobody
//! changes any more.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::entropy;
use super::error::Error;

/// First characters of every temporary name: nobody looks for names that start with two dots.
pub(super) const TEMPORARY_PREFIX: &str = "..temporary-";
/// Mode of files that anybody may read.
pub(super) const PUBLIC_MODE: u32 = 0o644;
/// Mode of files that only the agent may read.
pub(super) const SECRET_MODE: u32 = 0o600;
/// Mode of the folders that are made here: applications must be able to reach the public files in them.
const FOLDER_MODE: u32 = 0o755;

/// The bit by which what is made in a folder belongs to the folder's group.
const SET_GROUP_ID: u32 = 0o2000;

/// Takes nothing from the modes that are asked for but other people's right to write. For the program: a library must
/// not change what the whole process has.
pub(super) fn set_umask() {
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
}

/// Replaces or creates `path` with `bytes`; makes its folders.
///
/// # Errors
/// The step that failed; the file is then what it was.
pub(super) fn replace(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Error> {
    let folder = parent(path);
    create_folder(folder)?;
    let temporary = temporary_name(folder)?;
    let written = write_new(&temporary, bytes, mode).and_then(|()| fs::rename(&temporary, path));
    if let Err(error) = written {
        // The error that matters is the first one.
        drop(fs::remove_file(&temporary));
        return Err(Error::io("write", path, error));
    }
    sync_folder(folder)
}

/// As [`replace`], for a file that must not exist yet: of two writers one fails.
///
/// # Errors
/// The step that failed, an existing file included.
pub(super) fn create(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Error> {
    let folder = parent(path);
    create_folder(folder)?;
    let temporary = temporary_name(folder)?;
    // `link` refuses an existing name, which `rename` would silently replace.
    let written = write_new(&temporary, bytes, mode).and_then(|()| fs::hard_link(&temporary, path));
    drop(fs::remove_file(&temporary));
    written.map_err(|error| Error::io("create", path, error))?;
    sync_folder(folder)
}

/// Makes a folder and its parents, durably; folders that are there stay as they are.
///
/// # Errors
/// The step that failed.
pub(super) fn create_folder(folder: &Path) -> Result<(), Error> {
    if folder.is_dir() {
        return sync_new_name(folder);
    }
    if let Some(above) = folder.parent().filter(|above| !above.as_os_str().is_empty()) {
        create_folder(above)?;
    }
    match new_folder(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(Error::io("make the folder", folder, error))
        }
        _ => sync_folder(parent(folder)),
    }
}

/// An empty folder may be one that was made a moment ago by a process that was killed before it could make the name
/// durable: everything that is put into it would be lost with it.
fn sync_new_name(folder: &Path) -> Result<(), Error> {
    let is_empty = fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none());
    // Where the folder above may not even be read, somebody else has made this one.
    let is_readable = || match File::open(parent(folder)) {
        Err(error) => error.kind() != io::ErrorKind::PermissionDenied,
        Ok(_) => true,
    };
    if is_empty && is_readable() { sync_folder(parent(folder)) } else { Ok(()) }
}

/// Makes one folder that must be new, of the usual mode whatever the umask. A set-group-ID bit that the folder above
/// hands down stays: with it, all that is made below belongs to the group of applications.
///
/// # Errors
/// As the system says.
pub(super) fn new_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().mode(FOLDER_MODE).create(folder)?;
    // Not where the mode is right: a service may be forbidden to ask for that bit, even where it has it.
    let mode = fs::metadata(folder)?.permissions().mode();
    let (lost, inherited) = (mode & 0o777 != FOLDER_MODE, mode & SET_GROUP_ID);
    if lost { fs::set_permissions(folder, Permissions::from_mode(FOLDER_MODE | inherited)) } else { Ok(()) }
}

/// Writes a file that must be new, of exactly `mode`, and makes its content durable.
///
/// # Errors
/// As the system says.
pub(super) fn write_new(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    // The mode given at creation is cut by the umask; this one is not.
    file.set_permissions(Permissions::from_mode(mode))?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Makes the names in a folder durable.
///
/// # Errors
/// As the system says.
pub(super) fn sync_folder(folder: &Path) -> Result<(), Error> {
    File::open(folder).and_then(|open| open.sync_all()).map_err(|error| Error::io("sync", folder, error))
}

/// A name in `folder` that nobody uses.
///
/// # Errors
/// The system has no random bytes.
pub(super) fn temporary_name(folder: &Path) -> Result<PathBuf, Error> {
    let name = u64::from_le_bytes(entropy::random()?);
    Ok(folder.join(format!("{TEMPORARY_PREFIX}{name:016x}")))
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_replaces_whole_files_and_sets_the_mode_whatever_the_umask() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b/file");
        replace(&path, b"one", PUBLIC_MODE).unwrap();
        replace(&path, b"two", SECRET_MODE).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, SECRET_MODE);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "no temporary file is left");
    }

    #[test]
    fn the_group_of_a_folder_is_handed_down_to_what_is_made_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let shared = folder.path().join("shared");
        new_folder(&shared).unwrap();
        fs::set_permissions(&shared, Permissions::from_mode(FOLDER_MODE | SET_GROUP_ID)).unwrap();
        let below = shared.join("generation/services");
        create_folder(&below).unwrap();
        assert_eq!(fs::metadata(&below).unwrap().permissions().mode() & 0o7777, FOLDER_MODE | SET_GROUP_ID);
        let alone = folder.path().join("alone");
        create_folder(&alone).unwrap();
        assert_eq!(fs::metadata(&alone).unwrap().permissions().mode() & 0o7777, FOLDER_MODE);
    }

    #[test]
    fn a_file_is_created_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        create(&path, b"one", SECRET_MODE).unwrap();
        assert!(create(&path, b"two", SECRET_MODE).is_err());
        assert_eq!(fs::read(&path).unwrap(), b"one");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
