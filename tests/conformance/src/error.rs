//! Why nothing could be compared.

use std::{io, path::PathBuf};

use thiserror::Error;

/// What went wrong, with the file.
#[derive(Debug, Error)]
pub(crate) enum Error {
    /// The collection cannot be read.
    #[error("{} cannot be read", file.display())]
    File {
        /// The collection.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The collection is not what it should be.
    #[error("{} is no collection of x509-limbo", file.display())]
    Format {
        /// The collection.
        file: PathBuf,
        /// Where and why.
        source: serde_json::Error,
    },
    /// A certificate of a case is no PEM.
    #[error("{case}: a certificate is no PEM")]
    Pem {
        /// The case.
        case: String,
        /// Why.
        source: rustls_pki_types::pem::Error,
    },
    /// The kept exceptions cannot be read.
    #[error("exceptions.toml")]
    Exceptions(#[source] toml::de::Error),
    /// What came of it cannot be written.
    #[error("standard output")]
    Output(#[source] io::Error),
}
