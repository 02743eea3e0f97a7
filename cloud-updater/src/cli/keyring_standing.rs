//! Whether a signer's own clone knows the keyring that a draft carries.

use crate::Error;
use crate::document::{DraftFile, KeyringChain};
use crate::repository::Repository;

/// What is known about the keyring that a draft carries: it comes from the same machine as the draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyringStanding {
    /// It is a generation of the signer's own clone of the repository.
    Known,
    /// The clone has other keyrings.
    Other,
    /// There is no clone, or it has no keyring yet.
    Unchecked,
}

impl KeyringStanding {
    pub(super) fn of(draft: &DraftFile, repository: Option<&Repository>) -> Result<Self, Error> {
        let chain = repository.map(|repository| KeyringChain::read(repository.layout())).transpose()?;
        Ok(match chain.filter(|chain| !chain.generations().is_empty()) {
            Some(chain) if chain.generations().iter().any(|known| known.document == draft.keyring) => {
                Self::Known
            }
            Some(_) => Self::Other,
            None => Self::Unchecked,
        })
    }
}

impl std::fmt::Display for KeyringStanding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Known => "which your repository has too",
            Self::Other => "WHICH YOUR REPOSITORY DOES NOT HAVE",
            Self::Unchecked => "which nothing here can check: compare its digest with another signer's",
        })
    }
}
