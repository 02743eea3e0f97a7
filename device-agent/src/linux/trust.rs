//! What is trusted on this device, as applications see it: the installed release, read anew whenever it changes.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use trust_store::{Installed, Location, OpenError, TrustStore};

use super::error::{Error, Exit};

/// The device's own trust store. It may be empty at first: a device can be provisioned with a keyring alone.
#[derive(Debug)]
pub struct Trust {
    location: Location,
    seed_path: Option<PathBuf>,
    open: Mutex<Option<TrustStore>>,
}

impl Trust {
    /// The store at `location`, with the image's seed; nothing is read yet.
    #[must_use]
    pub const fn new(location: Location, seed_path: Option<PathBuf>) -> Self {
        Self { location, seed_path, open: Mutex::new(None) }
    }

    /// The release in force now.
    ///
    /// # Errors
    /// Where there is none yet, or it cannot be read.
    pub fn installed(&self) -> Result<Arc<Installed>, OpenError> {
        // Nothing panics while the lock is held, and the value behind it is valid at every moment.
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let store = match open.take() {
            Some(store) => {
                // A store that is unreadable for a moment must not cut the device off: what was verified stays.
                drop(store.refresh());
                store
            }
            None => TrustStore::open(self.location.clone(), self.seed_path.as_deref())?,
        };
        let installed = store.installed();
        *open = Some(store);
        Ok(installed)
    }

    /// The release in force now, which also lasts: what is made of it must not outlive it. A process that finds a record
    /// does not know whether the one that wrote it lived to make it durable.
    ///
    /// # Errors
    /// As [`Trust::installed`], and where the system does not say that it lasts.
    pub fn lasting(&self) -> Result<Arc<Installed>, Error> {
        let installed = self.installed().map_err(|error| {
            Error::new(Exit::Io, "nothing_installed", "nothing can be exported").because(error)
        })?;
        let path = &self.location.path;
        match File::open(path).and_then(|store| store.sync_all()) {
            // There is only the seed.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(installed),
            Err(error) => Err(Error::io("sync the store", path, error)),
            Ok(()) => Ok(installed),
        }
    }
}
