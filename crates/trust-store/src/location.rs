//! Where the agent's store is, and how it is read: anew by its path each time, so that a replaced file is seen.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use store::{Region, RegionError, StorageRead};

/// Bytes of the region that the Linux agent uses unless it is told otherwise: each slot holds about 500 kB, half
/// as much again as the largest state in eleven years of Mozilla's store.
pub const DEFAULT_REGION_BYTES: u32 = 1_048_576;

/// A region of a file that holds the agent's store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// The file.
    pub path: PathBuf,
    /// Where in the file the region starts, in bytes.
    pub offset: u64,
    /// Bytes of the region. It must be the number that the agent was configured with.
    pub length: u32,
}

/// The file at a path, opened for every read.
#[derive(Debug)]
pub(crate) struct PathFile(PathBuf);

impl Location {
    /// The agent's default region, which starts where the file does.
    #[must_use]
    pub fn of(path: &Path) -> Self {
        Self { path: path.into(), offset: 0, length: DEFAULT_REGION_BYTES }
    }

    pub(crate) fn reader(&self) -> Result<store::Reader<PathFile>, RegionError> {
        let region = Region::new(self.offset, self.length)?;
        Ok(store::Reader::new(PathFile(self.path.clone()), region))
    }
}

impl StorageRead for PathFile {
    type Error = io::Error;

    fn read(&mut self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        let mut file = File::open(&self.0)?;
        file.seek(SeekFrom::Start(offset))?;
        file.read_exact(into)
    }

    /// A file that is not there holds nothing: the seed then holds.
    fn len(&mut self) -> io::Result<u64> {
        match std::fs::metadata(&self.0) {
            Ok(metadata) => Ok(metadata.len()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
            Err(error) => Err(error),
        }
    }
}
