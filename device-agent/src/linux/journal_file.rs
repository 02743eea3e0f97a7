//! The store's journal, read without a lock: for whoever must not write.

use std::io;

use store::file::ReadOnlyFile;
use store::{Condition, ReadError, Reader, Record};

use super::configuration::Settings;
use super::error::{Error, Exit};

/// Reads the journal; a missing file is a blank store.
///
/// # Errors
/// The file cannot be read.
pub(super) fn read(settings: &Settings) -> Result<(Condition, Record), Error> {
    let path = &settings.store.path;
    let file = match ReadOnlyFile::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok((Condition::Blank, Record::default()));
        }
        Err(error) => return Err(Error::io("read the store", path, error)),
    };
    let mut reader = Reader::new(file, settings.store.region);
    let mut bytes = vec![0; usize::try_from(reader.slot_bytes()).unwrap_or(usize::MAX)];
    match reader.read(&mut bytes) {
        Ok(snapshot) => Ok((snapshot.condition, snapshot.record)),
        Err(ReadError::Storage(error)) => Err(Error::io("read the store", path, error)),
        Err(error) => {
            let message = "the store cannot be read now";
            Err(Error::new(Exit::Io, "store_busy", message).file(path).because(error.to_string()))
        }
    }
}
