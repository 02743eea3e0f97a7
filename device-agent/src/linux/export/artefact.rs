//! One exported file.

use bundle::Sha256;

/// One exported file: where it stands below the generation's folder, and its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artefact {
    /// Relative path, of at most one folder and a name.
    pub path: String,
    /// The content.
    pub bytes: Vec<u8>,
}

impl Artefact {
    /// An artefact.
    #[must_use]
    pub fn new(path: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self { path: path.into(), bytes: bytes.into() }
    }

    /// SHA-256 of the content.
    #[must_use]
    pub fn sha256(&self) -> Sha256 {
        Sha256::of(&[&self.bytes])
    }
}
