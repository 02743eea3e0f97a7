//! What can go wrong while reading what is installed.

use std::io;
use std::path::{Path, PathBuf};

use bundle::{ParseError, VerifyError};
use store::{Condition, ReadError, RegionError};

/// The store cannot be opened: there is nothing to trust, or no saying what.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Neither the store nor a seed has a bundle.
    #[error("{}: the store is empty and no seed is given: run the device agent once, or give a seed", .path.display())]
    Empty {
        /// The store.
        path: PathBuf,
    },
    /// A newer agent wrote the store, and no seed is given.
    #[error("{}: the store has format {format}, which a newer agent wrote: update this program, or give a seed", .path.display())]
    NewerFormat {
        /// The store.
        path: PathBuf,
        /// The format that stands there.
        format: u16,
    },
    /// What is installed cannot be read, and no seed can stand in.
    #[error(transparent)]
    Read(#[from] RefreshError),
    /// The region cannot hold a store.
    #[error("{}: not the region of a store", .path.display())]
    Region {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: RegionError,
    },
}

impl OpenError {
    /// A store in this condition has nothing to trust, and nothing else has either.
    pub(crate) fn nothing(path: &Path, condition: Condition) -> Self {
        let path = PathBuf::from(path);
        match condition {
            Condition::NewerFormat { format } => Self::NewerFormat { path, format },
            _ => Self::Empty { path },
        }
    }
}

/// What is installed cannot be read. Whatever was read before stays in force.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RefreshError {
    /// The installed bundle is not what the journal says, or newer than this program can read.
    #[error("{}: the installed bundle cannot be used", .path.display())]
    Bundle {
        /// The store.
        path: PathBuf,
        /// What is wrong with it.
        source: VerifyError,
    },
    /// The seed cannot be used.
    #[error("{}: the seed cannot be used", .path.display())]
    Seed {
        /// The seed.
        path: PathBuf,
        /// What is wrong with it.
        source: SeedError,
    },
    /// The store cannot be read.
    #[error("{}: the store cannot be read", .path.display())]
    Store {
        /// The store.
        path: PathBuf,
        /// What is wrong with it.
        source: ReadError<io::Error>,
    },
}

/// What is wrong with a seed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SeedError {
    /// The file cannot be read.
    #[error("the file cannot be read")]
    File(#[from] io::Error),
    /// It is not a seed.
    #[error("it is not a seed")]
    Parse(#[from] ParseError),
    /// Its release is not signed by its keyring, or its certificates are others.
    #[error("its release does not verify")]
    Verify(#[from] VerifyError),
}
