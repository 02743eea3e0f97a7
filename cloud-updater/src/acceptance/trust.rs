//! The keyring that verification starts from: given, or the repository's.

use std::path::Path;

use bundle::{Envelope, Keyring, Kind, Seed, VerifyError};

use super::origin::read_file;
use crate::server::limits::FILE_BYTES_MAX;
use crate::{Context, Error, Exit};

/// One keyring document that is trusted, and where it came from.
#[derive(Clone, Debug)]
pub(super) struct Ring {
    document: Vec<u8>,
    /// Where it came from, for people.
    pub(super) source: String,
}

impl Ring {
    /// A keyring document that somebody vouches for.
    pub(super) fn new(document: &[u8], source: impl Into<String>) -> Result<Self, VerifyError> {
        Keyring::provisioned(document)?;
        Ok(Self { document: document.to_vec(), source: source.into() })
    }

    /// The keyring; the document was read before, so that this fails for no document.
    pub(super) fn keyring(&self) -> Result<Keyring<'_>, VerifyError> {
        Keyring::provisioned(&self.document)
    }

    /// The document.
    pub(super) fn document(&self) -> &[u8] {
        &self.document
    }
}

/// The keyring of `path`: a keyring file, or a seed.
pub(super) fn read(path: &Path) -> Result<Ring, Error> {
    let refused =
        || Error::input("bad_keyring", "is not a keyring file or a seed").file(path).field("--keyring");
    let bytes = match read_file(path, FILE_BYTES_MAX) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => {
            return Err(Error::new(Exit::Io, "file_missing", "does not exist").file(path).field("--keyring"));
        }
        Err(error) => {
            return Err(Error::new(Exit::Io, "file_unreadable", "cannot be read").file(path).because(error));
        }
    };
    let document = document(&bytes).map_err(|error| refused().because(error))?;
    Ring::new(document, path.display().to_string()).map_err(|error| refused().because(error))
}

/// The keyring document of a keyring file or a seed.
fn document(bytes: &[u8]) -> Result<&[u8], bundle::ParseError> {
    if let Ok(seed) = Seed::parse(bytes) {
        return Ok(seed.keyring_document);
    }
    let (first, rest) = Envelope::parse(bytes)?;
    Ok(if first.header().kind == Kind::Recovery { rest } else { bytes })
}

/// The first keyring of the repository, if the command runs in one: what its oldest devices start from.
pub(super) fn of_repository(context: &Context) -> Result<Option<Ring>, Error> {
    let Some(folder) = context.find_repository()? else { return Ok(None) };
    let keyrings = folder.join("keyring");
    let Ok(entries) = std::fs::read_dir(&keyrings) else { return Ok(None) };
    let numbers = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    match numbers.min() {
        Some(first) => read(&keyrings.join(first.to_string())).map(Some),
        None => Ok(None),
    }
}
