//! Where the agent's store is, and how it is read: anew by its path each time, so that a replaced file is seen.

use std::fs::{File, Metadata};
use std::io;
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

/// The file at a path. It is opened anew for each look at the store, and stays the same file for as long as that look takes.
#[derive(Debug)]
pub(crate) struct PathFile {
    path: PathBuf,
    /// The file of this look; `None` where there is no file, or nobody is looking.
    open: Option<OpenFile>,
    /// Which file was read last.
    read: Option<Identity>,
}

#[derive(Debug)]
struct OpenFile {
    file: File,
    length: u64,
    identity: Identity,
}

/// Device and inode, where there are such.
type Identity = (u64, u64);

impl Location {
    /// The agent's default region, which starts where the file does.
    #[must_use]
    pub fn of(path: &Path) -> Self {
        Self { path: path.into(), offset: 0, length: DEFAULT_REGION_BYTES }
    }

    pub(crate) fn reader(&self) -> Result<store::Reader<PathFile>, RegionError> {
        let region = Region::new(self.offset, self.length)?;
        Ok(store::Reader::new(PathFile { path: self.path.clone(), open: None, read: None }, region))
    }
}

impl PathFile {
    /// Begins a look. A file that is not there holds nothing: the seed then holds.
    pub(crate) fn open(&mut self) -> io::Result<()> {
        self.open = match File::open(&self.path) {
            Ok(file) => {
                let metadata = file.metadata()?;
                Some(OpenFile { file, length: metadata.len(), identity: identity(&metadata) })
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        Ok(())
    }

    /// True where this is not the file that was read last: a restored backup may count as many changes.
    pub(crate) fn is_another(&self) -> bool {
        self.open.as_ref().map(|open| open.identity) != self.read
    }

    /// Says that this file was read.
    pub(crate) fn mark_read(&mut self) {
        self.read = self.open.as_ref().map(|open| open.identity);
    }

    /// Ends it: a descriptor that is kept would read a replaced file for ever, and keep a volume mounted.
    pub(crate) fn close(&mut self) {
        self.open = None;
    }
}

impl StorageRead for PathFile {
    type Error = io::Error;

    fn read(&mut self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        let Some(open) = &self.open else { return Err(io::ErrorKind::NotFound.into()) };
        read_at(&open.file, offset, into)
    }

    fn len(&mut self) -> io::Result<u64> {
        Ok(self.open.as_ref().map_or(0, |open| open.length))
    }
}

#[cfg(unix)]
fn identity(metadata: &Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt as _;
    (metadata.dev(), metadata.ino())
}

#[cfg(not(unix))]
const fn identity(_: &Metadata) -> Identity {
    (0, 0)
}

/// One system call for one read: a handshake makes two of them.
#[cfg(unix)]
fn read_at(file: &File, offset: u64, into: &mut [u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, into, offset)
}

#[cfg(not(unix))]
fn read_at(mut file: &File, offset: u64, into: &mut [u8]) -> io::Result<()> {
    use std::io::{Read as _, Seek as _, SeekFrom};
    file.seek(SeekFrom::Start(offset))?;
    file.read_exact(into)
}
