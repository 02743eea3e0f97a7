//! The port to the medium: a file, a flash partition, or a fault-injecting double.

/// A medium that can be read.
pub trait StorageRead {
    /// How the medium fails.
    type Error;

    /// Fills `into` with the bytes from `offset` on; only called for bytes below [`StorageRead::len`].
    ///
    /// # Errors
    /// Any failure, and any read that could not fill `into`.
    fn read(&mut self, offset: u64, into: &mut [u8]) -> Result<(), Self::Error>;

    /// Bytes that the medium holds now. A file may be empty or short: what is missing reads as zeros.
    ///
    /// # Errors
    /// Any failure.
    fn len(&mut self) -> Result<u64, Self::Error>;

    /// True where the medium holds nothing yet.
    ///
    /// # Errors
    /// Any failure.
    fn is_empty(&mut self) -> Result<bool, Self::Error> {
        self.len().map(|length| length == 0)
    }
}

/// A medium that can be read and written. Nothing here can shorten, delete or format.
pub trait Storage: StorageRead {
    /// Writes all of `bytes` at `offset`, growing the medium where needed.
    ///
    /// # Errors
    /// Any failure; a short write is one, whatever part of it arrived.
    fn write(&mut self, offset: u64, bytes: &[u8]) -> Result<(), Self::Error>;

    /// Returns when everything written so far survives a power failure.
    ///
    /// # Errors
    /// Any failure; afterwards nothing is known about what was written since the sync before.
    fn sync(&mut self) -> Result<(), Self::Error>;
}

/// Reads like [`StorageRead::read`], with zeros for what lies past the end of the medium.
pub(crate) fn read_or_zeros<S: StorageRead>(
    storage: &mut S,
    offset: u64,
    into: &mut [u8],
) -> Result<(), S::Error> {
    let held = storage.len()?.saturating_sub(offset);
    let there = usize::try_from(held).unwrap_or(usize::MAX).min(into.len());
    let (present, missing) = into.split_at_mut_checked(there).unwrap_or_default();
    missing.fill(0);
    if present.is_empty() { Ok(()) } else { storage.read(offset, present) }
}

impl<S: StorageRead> StorageRead for &mut S {
    type Error = S::Error;

    fn read(&mut self, offset: u64, into: &mut [u8]) -> Result<(), Self::Error> {
        S::read(self, offset, into)
    }

    fn len(&mut self) -> Result<u64, Self::Error> {
        S::len(self)
    }
}

impl<S: Storage> Storage for &mut S {
    fn write(&mut self, offset: u64, bytes: &[u8]) -> Result<(), Self::Error> {
        S::write(self, offset, bytes)
    }

    fn sync(&mut self) -> Result<(), Self::Error> {
        S::sync(self)
    }
}
