//! What can go wrong with a server: its folder, its key, its addresses.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use bundle::Sha256;

use super::limits::{FILE_BYTES_MAX, TREE_FILES_MAX};
use crate::fleet::FleetError;
use crate::{Error, Exit};

/// Why a folder could not be loaded.
#[derive(Debug, thiserror::Error)]
#[error("{}: {fault}", path.display())]
pub struct TreeError {
    /// The file or folder at fault.
    pub path: PathBuf,
    /// What is wrong with it.
    pub fault: TreeFault,
}

/// What is wrong with a served folder.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TreeFault {
    /// A blob's content is not what its name says.
    #[error("the content hashes to {digest}, not to the file's name")]
    BlobDigest {
        /// What its bytes hash to.
        digest: Sha256,
    },
    /// One file is larger than any published file can be.
    #[error("has {length} bytes, a published file has at most {FILE_BYTES_MAX}")]
    FileTooLarge {
        /// Its length.
        length: u64,
    },
    /// No state of the folder stood still long enough to be read.
    #[error("keeps changing while it is read")]
    KeepsChanging,
    /// A file or folder cannot be read.
    #[error("cannot be read: {0}")]
    Read(io::Error),
    /// All files together are above the limit.
    #[error("holds {bytes} bytes, at most {bytes_max} are kept in memory")]
    TooLarge {
        /// Sum of all lengths.
        bytes: u64,
        /// The limit in force.
        bytes_max: u64,
    },
    /// More files than any published tree has.
    #[error("holds more than {TREE_FILES_MAX} published files")]
    TooManyFiles,
}

/// Why a certificate and key cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}: {fault}", path.display())]
pub struct TlsError {
    /// The file at fault.
    pub path: PathBuf,
    /// What is wrong with it.
    pub fault: TlsFault,
}

/// What is wrong with a certificate or key file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsFault {
    /// No certificate in it.
    #[error("holds no certificate in PEM form")]
    NoCertificate,
    /// The key can be read by users it does not concern.
    #[error("everybody can use this key (mode {mode:04o})")]
    KeyExposed {
        /// Its permission bits.
        mode: u32,
    },
    /// Not PEM, or without a private key.
    #[error("holds no private key in PEM form: {0}")]
    NoKey(rustls_pki_types::pem::Error),
    /// Not PEM.
    #[error("is not a PEM file: {0}")]
    Pem(rustls_pki_types::pem::Error),
    /// A file cannot be read.
    #[error("cannot be read: {0}")]
    Read(io::Error),
    /// The certificate and the key do not belong together, or are of a kind that is not supported.
    #[error("cannot serve TLS with this key: {0}")]
    Unusable(rustls::Error),
}

/// Why the server did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The report store.
    #[error(transparent)]
    Fleet(#[from] FleetError),
    /// An address cannot be listened on.
    #[error("{address} cannot be listened on")]
    Listen {
        /// What was asked for.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// Options that do not go together.
    #[error("{0}")]
    Options(&'static str),
    /// The process cannot be set up: signals, threads.
    #[error("the server cannot be set up")]
    SetUp(#[source] io::Error),
    /// The certificate or key.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The served folder.
    #[error(transparent)]
    Tree(#[from] TreeError),
}

impl TreeError {
    /// Whether the file or folder is no longer there: a later look sees what became of it.
    pub(super) fn is_gone(&self) -> bool {
        matches!(&self.fault, TreeFault::Read(source) if source.kind() == io::ErrorKind::NotFound)
    }
}

impl TreeFault {
    /// The fault, of this file or folder.
    pub(super) fn of(self, path: impl AsRef<Path>) -> TreeError {
        TreeError { path: path.as_ref().to_owned(), fault: self }
    }

    /// Exit code, stable name, what to do.
    const fn verdict(&self) -> (Exit, &'static str, &'static str) {
        match self {
            Self::BlobDigest { .. } => {
                (Exit::BadInput, "blob_digest", "the folder is damaged: publish the tree again")
            }
            Self::FileTooLarge { .. } => {
                (Exit::BadInput, "file_too_large", "take the file away: it is not ours")
            }
            Self::KeepsChanging => (Exit::Io, "folder_changing", "try again when publishing is done"),
            Self::Read(_) => (Exit::Io, "folder_unreadable", "check that the folder exists and may be read"),
            Self::TooLarge { .. } => (Exit::BadInput, "tree_too_large", "prune, or raise --memory-mebibytes"),
            Self::TooManyFiles => (Exit::BadInput, "too_many_files", "prune the published tree"),
        }
    }
}

impl TlsFault {
    /// The fault, of this file.
    pub(super) fn of(self, path: &Path) -> TlsError {
        TlsError { path: path.to_owned(), fault: self }
    }

    const fn verdict(&self) -> (Exit, &'static str, &'static str) {
        match self {
            Self::NoCertificate => {
                (Exit::Usage, "no_certificate", "--cert wants the chain, --key the private key")
            }
            Self::KeyExposed { .. } => {
                (Exit::Usage, "key_exposed", "chmod 600 the file, or 640 with a group of its own")
            }
            Self::NoKey(_) => {
                (Exit::Usage, "no_key", "--key wants an unencrypted private key, PKCS#8 for example")
            }
            Self::Pem(_) => (Exit::Usage, "not_pem", "convert it: openssl x509 -inform der -outform pem"),
            Self::Read(_) => (Exit::Io, "file_unreadable", "check the path, and who may read the file"),
            Self::Unusable(_) => {
                (Exit::Usage, "certificate_key_mismatch", "give the key that the certificate was made for")
            }
        }
    }
}

impl From<TreeError> for Error {
    fn from(error: TreeError) -> Self {
        let (exit, code, hint) = error.fault.verdict();
        Self::new(exit, code, error.fault.to_string()).file(error.path).hint(hint)
    }
}

impl From<TlsError> for Error {
    fn from(error: TlsError) -> Self {
        let (exit, code, hint) = error.fault.verdict();
        Self::new(exit, code, error.fault.to_string()).file(error.path).hint(hint)
    }
}

impl From<ServeError> for Error {
    fn from(error: ServeError) -> Self {
        match error {
            ServeError::Fleet(error) => error.into(),
            ServeError::Listen { address, source } => Self::new(Exit::Io, "listen", "cannot be listened on")
                .place(address)
                .because(source)
                .hint("another process has the port, or the address is not one of this machine"),
            ServeError::Options(message) => Self::usage("options", message),
            ServeError::SetUp(source) => {
                Self::new(Exit::Io, "set_up", "the server cannot be set up").because(source)
            }
            ServeError::Tls(error) => error.into(),
            ServeError::Tree(error) => error.into(),
        }
    }
}
