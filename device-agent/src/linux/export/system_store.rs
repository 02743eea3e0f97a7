//! The exported anchors in the system's own store, by Debian's `update-ca-certificates`: an option, for programs that nobody
//! can point at a file.
//!
//! The agent keeps a folder of its own below the folder of local certificates and nothing else: what it removes there is what
//! a name of its own says that it put there. The system's own anchors stay, so that this is `add` for the whole machine.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::{Artefact, ExportSet};
use crate::linux::configuration::SystemStore;
use crate::linux::durable::{self, PUBLIC_MODE};
use crate::linux::error::{Error, Exit};

/// First letters of every file that is the agent's.
const PREFIX: &str = "device-agent-";
/// Written last and read first: a change of which the system's program was not told, or that it did not carry out.
const PENDING: &str = "..pending";
/// Names the exported folder of the agent that put its anchors here: what another one put here is not this one's to remove.
const OWNER: &str = "..owner";
/// Longest run of the system's program: with all of its hooks it takes some seconds on a slow machine.
const PATIENCE: Duration = Duration::from_secs(120);
/// Time between two looks at it.
const PAUSE: Duration = Duration::from_millis(20);

/// Makes the files of `set` those that the system's store has from the agent that exports to `owner`; returns whether
/// something changed.
///
/// # Errors
/// The step that failed, or what the system's program said; the next export tries again.
pub fn integrate(store: &SystemStore, owner: &Path, set: &ExportSet) -> Result<bool, Error> {
    durable::create_folder(&store.folder)?;
    if !is_owned(store, owner) {
        durable::replace(&store.folder.join(OWNER), owner.as_os_str().as_bytes(), PUBLIC_MODE)?;
    }
    let wanted: BTreeMap<String, &Artefact> = set.files.iter().filter_map(named).collect();
    let pending = store.folder.join(PENDING);
    let present = own_names(&store.folder)?;
    let is_same = |(name, file): (&String, &&Artefact)| {
        fs::read(store.folder.join(name)).is_ok_and(|bytes| bytes == pem(file).into_bytes())
    };
    let complete = wanted.iter().all(is_same) && present.iter().all(|name| wanted.contains_key(name));
    if complete && !is_pending(store) {
        return Ok(false);
    }
    durable::replace(&pending, b"", PUBLIC_MODE)?;
    for name in present.iter().filter(|name| !wanted.contains_key(*name)) {
        let path = store.folder.join(name);
        fs::remove_file(&path).map_err(|error| Error::io("remove", &path, error))?;
    }
    for (name, file) in &wanted {
        durable::replace(&store.folder.join(name), pem(file).as_bytes(), PUBLIC_MODE)?;
    }
    tell(&store.command)?;
    remove_dangling(store)?;
    fs::remove_file(&pending).map_err(|error| Error::io("remove", &pending, error))?;
    durable::sync_folder(&store.folder)?;
    Ok(true)
}

/// Takes out of the system's store what the agent that exports to `owner` put there, and nothing else; returns whether there
/// was something.
///
/// # Errors
/// The step that failed, or what the system's program said; the next export tries again.
pub fn withdraw(store: &SystemStore, owner: &Path) -> Result<bool, Error> {
    if !is_owned(store, owner) {
        return Ok(false);
    }
    for name in own_names(&store.folder)? {
        remove(&store.folder.join(name))?;
    }
    tell(&store.command)?;
    remove_dangling(store)?;
    // The owner goes last: it is what says that there is something to be done.
    for name in [PENDING, OWNER] {
        remove(&store.folder.join(name))?;
    }
    match fs::remove_dir(&store.folder) {
        // Whatever else is in it is somebody else's.
        Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(true),
        removed => removed.map(|()| true).map_err(|error| Error::io("remove", &store.folder, error)),
    }
}

fn is_owned(store: &SystemStore, owner: &Path) -> bool {
    fs::read(store.folder.join(OWNER)).is_ok_and(|bytes| bytes == owner.as_os_str().as_bytes())
}

fn remove(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed.map_err(|error| Error::io("remove", path, error)),
    }
}

/// True where the system's program was not told of a change yet, or did not carry it out.
#[must_use]
pub fn is_pending(store: &SystemStore) -> bool {
    store.folder.join(PENDING).exists()
}

/// The name of an anchor's file there, out of its name in `der/`.
fn named(file: &Artefact) -> Option<(String, &Artefact)> {
    let sha256 = file.path.strip_prefix("der/")?.strip_suffix(".der")?;
    Some((format!("{PREFIX}{sha256}.crt"), file))
}

fn pem(file: &Artefact) -> String {
    super::pem::block(&file.bytes)
}

/// The files that the agent put there.
fn own_names(folder: &Path) -> Result<Vec<String>, Error> {
    let fail = |error| Error::io("list", folder, error);
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(fail)? {
        let name = entry.map_err(fail)?.file_name();
        names.extend(name.to_str().filter(|name| is_own(name, ".crt")).map(str::to_owned));
    }
    Ok(names)
}

/// True for the prefix, a SHA-256 and the ending.
fn is_own(name: &str, ending: &str) -> bool {
    let digits = name.strip_prefix(PREFIX).and_then(|rest| rest.strip_suffix(ending));
    digits.is_some_and(|digits| digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Runs the system's program, without a shell and with nothing on its input, and ends it where it takes too long.
fn tell(command: &[String]) -> Result<(), Error> {
    let (program, arguments) =
        command.split_first().ok_or_else(|| Error::bug("the system has no program"))?;
    let path = Path::new(program);
    let mut started = Command::new(program);
    started.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut running = started.spawn().map_err(|error| Error::io("run", path, error))?;
    let wrong = |message: String| Err(Error::new(Exit::Io, "system_store", message).file(path));
    let begun = Instant::now();
    loop {
        match running.try_wait().map_err(|error| Error::io("wait for", path, error))? {
            Some(status) if status.success() => return Ok(()),
            Some(status) => return wrong(format!("the system's store may not be current: {status}")),
            None if begun.elapsed() > PATIENCE => {
                // Where it has ended by itself meanwhile, there is nothing to end.
                drop(running.kill());
                drop(running.wait());
                return wrong(format!("did not end in {} seconds and was ended", PATIENCE.as_secs()));
            }
            None => thread::sleep(PAUSE),
        }
    }
}

/// Removes the links of anchors that left: the system's program leaves them where nothing was added, and whoever lists the
/// folder stumbles over them.
fn remove_dangling(store: &SystemStore) -> Result<(), Error> {
    let entries = match fs::read_dir(&store.links) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(|error| Error::io("list", &store.links, error))?,
    };
    let links: Vec<(PathBuf, PathBuf)> = entries
        .flatten()
        .filter_map(|entry| Some((entry.path(), fs::read_link(entry.path()).ok()?)))
        .collect();
    // First those to the agent's own files, then those to the names that went with them.
    for ending in [".crt", ".pem"] {
        for (link, target) in &links {
            let of_ours =
                target.file_name().and_then(|name| name.to_str()).is_some_and(|name| is_own(name, ending));
            if of_ours && !link.exists() && fs::symlink_metadata(link).is_ok() {
                fs::remove_file(link).map_err(|error| Error::io("remove", link, error))?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
