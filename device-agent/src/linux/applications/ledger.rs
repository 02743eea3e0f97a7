//! What each application was last told and how that ended: a small file beside the store, written whole or not at all.
//!
//! It is written before a hook runs and after it has ended. So whatever moment the power fails, an application is told
//! once too often and never once too seldom. A file that is lost, spoilt or of another version is taken for none: everybody
//! is told once more.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Holdings, Outcome};
use crate::linux::clock::Moment;
use crate::linux::configuration::Settings;
use crate::linux::durable;
use crate::linux::error::Error;

/// The file's format.
const SCHEMA: &str = "device-agent.applications.1";
/// Bytes of the file that are read: 32 applications of a bundle of the largest size stay below.
const FILE_BYTES_MAX: u64 = 16 * 1_048_576;

/// The file's content.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    schema: String,
    /// By application.
    pub applications: BTreeMap<String, Entry>,
}

/// What one application was last told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// What it holds for certain; nothing where that was never known.
    pub told: Option<Holdings>,
    /// What it may hold beside that: what it was told, and nobody knows whether it listened.
    #[serde(default)]
    pub also: Holdings,
    /// The release that it was last told of, or should have been.
    pub release: String,
    /// The number of that release.
    pub release_number: u32,
    /// The generation.
    pub generation: u64,
    /// What was new for it, as its hook was given it.
    pub change: String,
    /// What was done: the hook in words.
    pub hook: Option<String>,
    /// How it ended.
    pub outcome: Outcome,
    /// What there is to say beside that: an exit status, the system's words.
    pub detail: Option<String>,
    /// The last line that the hook printed, where it failed.
    pub output: Option<String>,
    /// When it ended.
    pub at: Moment,
    /// How long it took.
    pub milliseconds: u64,
    /// Tries since it was last told with success.
    pub attempts: u32,
    /// The start of the machine that this was in.
    pub boot: String,
}

/// Why a ledger is taken for none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LedgerFault {
    /// Another version wrote it.
    OtherVersion,
    /// It is no ledger.
    Spoilt,
    /// The system does not give it.
    Unreadable,
}

impl LedgerFault {
    /// The sentence for people.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::OtherVersion => "was written by another version",
            Self::Spoilt => "is spoilt",
            Self::Unreadable => "cannot be read",
        }
    }
}

impl Ledger {
    /// Where the ledger of a configuration is.
    #[must_use]
    pub fn path(settings: &Settings) -> PathBuf {
        settings.state_folder.join("applications.json")
    }

    /// Reads the ledger; one that is not there is empty.
    ///
    /// # Errors
    /// Why the file that is there is taken for none.
    pub fn read(path: &Path) -> Result<Self, LedgerFault> {
        let mut text = Vec::new();
        let read = plain_file(path).and_then(|file| file.take(FILE_BYTES_MAX).read_to_end(&mut text));
        match read {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(_) => return Err(LedgerFault::Unreadable),
            Ok(_) => {}
        }
        let value: serde_json::Value = serde_json::from_slice(&text).map_err(|_| LedgerFault::Spoilt)?;
        match value.get("schema").and_then(serde_json::Value::as_str) {
            Some(SCHEMA) => serde_json::from_value(value).map_err(|_| LedgerFault::Spoilt),
            Some(other) if other.starts_with("device-agent.applications.") => Err(LedgerFault::OtherVersion),
            _ => Err(LedgerFault::Spoilt),
        }
    }

    /// Writes the ledger.
    ///
    /// # Errors
    /// The step that failed; whoever was told is told again after a restart.
    pub fn write(&mut self, path: &Path) -> Result<(), Error> {
        SCHEMA.clone_into(&mut self.schema);
        let text = serde_json::to_vec(self).map_err(|error| {
            Error::bug("the ledger of applications cannot be written as JSON").because(error)
        })?;
        durable::replace(path, &text, durable::PUBLIC_MODE)
    }

    /// Keeps every other process from telling applications until the file is dropped; `None` where one is at it.
    ///
    /// # Errors
    /// The file cannot be made: whoever has no folder to write to goes on without.
    pub fn lock(path: &Path) -> Result<Option<File>, Error> {
        let path = path.with_extension("lock");
        let mut options = OpenOptions::new();
        let opened = options.write(true).create(true).truncate(false).mode(0o600).open(&path);
        let file = opened.map_err(|error| Error::io("lock the applications", &path, error))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(error)) => Err(Error::io("lock the applications", &path, error)),
        }
    }
}

impl Entry {
    /// True where the application is taken to use `now`.
    #[must_use]
    pub fn is_well(&self, change: &super::Change) -> bool {
        self.outcome.is_well() && change.is_none()
    }
}

/// Opens a file, and nothing that would block, such as a pipe without a writer.
pub(super) fn plain_file(path: &Path) -> io::Result<File> {
    if fs::metadata(path)?.is_file() {
        return File::open(path);
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, "is not a file"))
}

/// The machine's start: another one than before, and whatever ran then has ended.
#[must_use]
pub(super) fn boot() -> String {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    id.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path, text: &str) {
        durable::replace(path, text.as_bytes(), durable::PUBLIC_MODE).unwrap();
    }

    #[test]
    fn a_ledger_that_is_lost_spoilt_or_of_another_version_is_taken_for_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("applications.json");
        assert_eq!(Ledger::read(&path), Ok(Ledger::default()));
        for (text, fault) in [
            ("", LedgerFault::Spoilt),
            ("\0\0\0\0", LedgerFault::Spoilt),
            ("[]", LedgerFault::Spoilt),
            ("{\"schema\":\"device-agent.applications.1\"}", LedgerFault::Spoilt),
            ("{\"schema\":\"device-agent.applications.1\",\"applications\":{\"a\":3}}", LedgerFault::Spoilt),
            ("{\"schema\":\"device-agent.applications.2\",\"news\":1}", LedgerFault::OtherVersion),
            ("{\"schema\":\"device-agent.activity.2\"}", LedgerFault::Spoilt),
        ] {
            write(&path, text);
            assert_eq!(Ledger::read(&path), Err(fault), "{text:?}");
        }
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert_eq!(Ledger::read(&path), Err(LedgerFault::Unreadable));
        assert!(Ledger::default().write(&path).is_err());
    }

    #[test]
    fn a_ledger_reads_back_and_one_process_at_a_time_tells() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("applications.json");
        let mut ledger = Ledger::default();
        ledger.write(&path).unwrap();
        assert_eq!(Ledger::read(&path), Ok(ledger));
        let held = Ledger::lock(&path).unwrap();
        assert!(held.is_some());
        assert!(Ledger::lock(&path).unwrap().is_none());
        drop(held);
        assert!(Ledger::lock(&path).unwrap().is_some());
    }
}
