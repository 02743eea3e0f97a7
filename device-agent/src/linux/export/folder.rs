//! The folder that exports stand in: a new generation is complete before anybody can see it.
//!
//! The sequence: lock, write a temporary folder beside the others, `fsync` every file and folder, rename it to the
//! generation's name, `fsync` the folder, make a temporary symlink, rename it over `..data`, make the names that are
//! missing, `fsync` the folder, remove what nobody reads any more. A process killed at any moment leaves
//! the old generation or the new one in force. What it did before may not be durable yet, and the next process sees no
//! difference: so the last `fsync` is made even where nothing else is to be done.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use bundle::Sha256;

use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, UTIME_NOW, utimensat};

use super::set::{ExportSet, FOLDER_NAMES};
use crate::linux::durable::{self, TEMPORARY_PREFIX};
use crate::linux::error::Error;

/// The name that every other one leads through.
const CURRENT: &str = "..data";
/// First characters of a generation's name.
const GENERATION_PREFIX: &str = "..release-";
/// Kept open and locked while a generation is made, so that the daemon and a command do not cross.
const LOCK: &str = "..lock";
/// Characters of the content's digest in a generation's name.
const DIGEST_LETTERS: usize = 16;
/// A generation stays for so long after it was replaced: whoever has found its folder has read by then what it wants.
const GRACE: Duration = Duration::from_secs(60);
/// Most replaced generations that stay, however young: a folder must not fill up where changes come without end.
const REPLACED_MAX: usize = 16;

/// What became of an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// Whether applications now see other files than before.
    pub is_changed: bool,
    /// Name of the generation's folder.
    pub generation: String,
    /// Names that applications are to use and that somebody else's file occupies.
    pub occupied: Vec<String>,
}

/// Makes `set` what applications see in `folder`; files get `file_mode` whatever the umask.
///
/// Only names that this module made are ever replaced or removed.
///
/// # Errors
/// The step that failed; applications then see what they saw before, or the new generation, whole, and perhaps not for
/// ever: call it again.
pub fn publish(folder: &Path, set: &ExportSet, file_mode: u32) -> Result<Published, Error> {
    durable::create_folder(folder)?;
    let lock = lock(folder)?;
    remove_leftovers(folder)?;
    let current = current(folder)?;
    let generation = match existing_generation(folder, set) {
        Some(generation) => generation,
        None => build(folder, set, file_mode).or_else(|error| {
            // Where there is no room, nobody's grace is worth more than the new generation.
            prune(folder, current.as_deref(), 1)?;
            if error.is_about_room() { build(folder, set, file_mode) } else { Err(error) }
        })?,
    };
    let is_changed = current.as_deref() != Some(generation.as_str());
    if is_changed {
        // The generation may be one that a killed process has named: no link may come before that name lasts.
        durable::sync_folder(folder)?;
        relink(folder, CURRENT, Path::new(&generation))?;
        if let Some(replaced) = &current {
            touch(&folder.join(replaced));
        }
    }
    let occupied = link_names(folder)?;
    durable::sync_folder(folder)?;
    prune(folder, Some(&generation), REPLACED_MAX)?;
    drop(lock);
    Ok(Published { is_changed, generation, occupied })
}

fn lock(folder: &Path) -> Result<File, Error> {
    let path = folder.join(LOCK);
    let mut options = OpenOptions::new();
    let file = options.write(true).create(true).truncate(false).mode(0o600).open(&path);
    let locked = file.and_then(|file| file.lock().map(|()| file));
    locked.map_err(|error| Error::io("lock the exports", &path, error))
}

/// The generation in force; `None` before the first.
fn current(folder: &Path) -> Result<Option<String>, Error> {
    let path = folder.join(CURRENT);
    match fs::read_link(&path) {
        Ok(target) => Ok(Some(target.to_string_lossy().into_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
            let error = Error::usage("foreign_file", "is not a symbolic link of the agent's").file(&path);
            Err(error.hint("give the exports a folder of their own: export.directory in agent.toml"))
        }
        Err(error) => Err(Error::io("read", &path, error)),
    }
}

/// The name of the generation that holds exactly these files already.
fn existing_generation(folder: &Path, set: &ExportSet) -> Option<String> {
    names(set).find(|name| folder.join(name).is_dir() && holds(&folder.join(name), set))
}

/// The names under which a generation of these files may stand: the first one, unless what stands there was spoilt.
fn names(set: &ExportSet) -> impl Iterator<Item = String> + use<> {
    let parts = set.files.iter().flat_map(|file| [file.path.as_bytes(), &[0], &file.sha256().0].concat());
    let digest = Sha256::of(&[&parts.collect::<Vec<u8>>()]).to_string();
    let order = set.version.order.to_string().replace('/', "-");
    let digest: String = digest.chars().take(DIGEST_LETTERS).collect();
    let first = format!("{GENERATION_PREFIX}{order}-{digest}");
    let others = first.clone();
    std::iter::once(first).chain((2_u32..).map(move |number| format!("{others}-{number}")).take(16))
}

/// True where the folder holds these files and nothing else.
fn holds(generation: &Path, set: &ExportSet) -> bool {
    let expected: BTreeSet<PathBuf> = set.files.iter().map(|file| generation.join(&file.path)).collect();
    let same =
        |file: &super::Artefact| fs::read(generation.join(&file.path)).is_ok_and(|bytes| bytes == file.bytes);
    files_below(generation).is_ok_and(|found| found == expected) && set.files.iter().all(same)
}

fn files_below(folder: &Path) -> io::Result<BTreeSet<PathBuf>> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files_below(&path)?);
        } else {
            found.insert(path);
        }
    }
    Ok(found)
}

/// Writes the generation's folder and gives it its name.
fn build(folder: &Path, set: &ExportSet, file_mode: u32) -> Result<String, Error> {
    let temporary = durable::temporary_name(folder)?;
    let made = write_all(&temporary, set, file_mode);
    let named = made.and_then(|()| {
        let mut free = names(set).filter(|name| !folder.join(name).exists());
        let name = free.next().ok_or_else(|| io::Error::from(io::ErrorKind::AlreadyExists))?;
        fs::rename(&temporary, folder.join(&name)).map(|()| name)
    });
    named.map_err(|error| {
        // The error that matters is the first one; the next export removes what is left.
        drop(fs::remove_dir_all(&temporary));
        Error::io("write the exports", folder, error)
    })
}

fn write_all(temporary: &Path, set: &ExportSet, file_mode: u32) -> io::Result<()> {
    durable::new_folder(temporary)?;
    let folders = FOLDER_NAMES.map(|name| temporary.join(name));
    for below in &folders {
        durable::new_folder(below)?;
    }
    for file in &set.files {
        durable::write_new(&temporary.join(&file.path), &file.bytes, file_mode)?;
    }
    folders
        .iter()
        .map(PathBuf::as_path)
        .chain([temporary])
        .try_for_each(|folder| File::open(folder)?.sync_all())
}

/// Makes the names that applications use; those that a foreign file occupies are left alone and returned.
fn link_names(folder: &Path) -> Result<Vec<String>, Error> {
    let mut occupied = Vec::new();
    for name in ExportSet::names() {
        let path = folder.join(name);
        let target = Path::new(CURRENT).join(name);
        match fs::read_link(&path) {
            Ok(found) if found == target => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                symlink(&target, &path).map_err(|error| Error::io("link", &path, error))?;
            }
            _ => occupied.push(name.to_owned()),
        }
    }
    Ok(occupied)
}

/// Makes `name` a symlink to `target`, in one step.
fn relink(folder: &Path, name: &str, target: &Path) -> Result<(), Error> {
    let temporary = durable::temporary_name(folder)?;
    let path = folder.join(name);
    let linked = symlink(target, &temporary).and_then(|()| fs::rename(&temporary, &path));
    linked.map_err(|error| {
        drop(fs::remove_file(&temporary));
        Error::io("link", &path, error)
    })
}

/// Removes what a killed process left behind.
fn remove_leftovers(folder: &Path) -> Result<(), Error> {
    remove(folder, |name| name.starts_with(TEMPORARY_PREFIX))
}

/// Removes generations that nobody reads any more: all but the one in force, the one before, and those that were replaced
/// a moment ago, of which at most `replaced_max` stay.
fn prune(folder: &Path, in_force: Option<&str>, replaced_max: usize) -> Result<(), Error> {
    let lock = folder.join(LOCK);
    touch(&lock);
    let now = changed_at(&lock);
    let replaced = generations(folder)?.into_iter().filter(|name| Some(name.as_str()) != in_force);
    let mut replaced: Vec<(Option<SystemTime>, String)> =
        replaced.map(|name| (changed_at(&folder.join(&name)), name)).collect();
    replaced.sort();
    // A time that has not come yet was given by a clock that ran wrong: it says nothing.
    let is_young = |at: Option<SystemTime>| {
        now.zip(at).and_then(|(now, at)| now.duration_since(at).ok()).is_some_and(|age| age < GRACE)
    };
    let newest_first = replaced.into_iter().rev().enumerate();
    let old =
        newest_first.filter(|(place, (at, _))| *place > 0 && (*place >= replaced_max || !is_young(*at)));
    let old: BTreeSet<String> = old.map(|(_, (_, name))| name).collect();
    remove(folder, |name| old.contains(name))
}

/// The names of all generations, and of nothing that only looks like one.
fn generations(folder: &Path) -> Result<Vec<String>, Error> {
    let fail = |error| Error::io("list", folder, error);
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(fail)? {
        let entry = entry.map_err(fail)?;
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            names.extend(entry.file_name().to_str().filter(|name| is_generation(name)).map(str::to_owned));
        }
    }
    Ok(names)
}

/// True for the names that [`names`] gives.
fn is_generation(name: &str) -> bool {
    let is_digest = |part: &str| {
        part.len() == DIGEST_LETTERS && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    name.strip_prefix(GENERATION_PREFIX).is_some_and(|rest| rest.split('-').skip(1).any(is_digest))
}

/// Marks a file or folder as changed now, by the file system's own clock: the time is compared with no other one.
fn touch(path: &Path) {
    let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
    let times = Timestamps { last_access: now, last_modification: now };
    // Where that fails, a generation goes a moment earlier.
    let _marked = utimensat(CWD, path, &times, AtFlags::empty());
}

fn changed_at(path: &Path) -> Option<SystemTime> {
    fs::symlink_metadata(path).and_then(|found| found.modified()).ok()
}

fn remove(folder: &Path, is_meant: impl Fn(&str) -> bool) -> Result<(), Error> {
    let entries = fs::read_dir(folder).map_err(|error| Error::io("list", folder, error))?;
    for entry in entries {
        let entry = entry.map_err(|error| Error::io("list", folder, error))?;
        if entry.file_name().to_str().is_some_and(&is_meant) {
            let path = entry.path();
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            let removed = if is_folder { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            removed.map_err(|error| Error::io("remove", &path, error))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod hammer;
#[cfg(test)]
mod tests;
