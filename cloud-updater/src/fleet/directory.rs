//! Whose key a report claims to be signed with.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use bundle::KeyId;
use rusqlite::{Connection, OptionalExtension as _};

use super::database;
use super::error::FleetError;

/// The enrolled devices, by key id. Devices enrolled while the server runs are found at once.
pub struct Directory {
    connection: Mutex<Connection>,
}

/// A device and the key its reports must be signed with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The device's id.
    pub device: String,
    /// Its Ed25519 key.
    pub public_key: [u8; 32],
}

impl Directory {
    /// The directory of the database at `path`.
    ///
    /// # Errors
    /// Where the file cannot be opened, is of another kind, or was made by a newer version.
    pub fn open(path: &Path) -> Result<Self, FleetError> {
        Ok(Self { connection: Mutex::new(database::open(path)?) })
    }

    /// The device whose key has this id: one look-up by index, some microseconds.
    ///
    /// # Errors
    /// Where SQLite refuses.
    pub fn holder(&self, key_id: KeyId) -> rusqlite::Result<Option<Holder>> {
        // A look-up changes nothing, so that a panic in the middle of one leaves nothing half done.
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let mut statement =
            connection.prepare_cached("SELECT id, public_key FROM device WHERE key_id = ?1")?;
        let row = statement.query_row([key_id.0.as_slice()], |row| {
            Ok(Holder { device: row.get("id")?, public_key: row.get("public_key")? })
        });
        row.optional()
    }
}
