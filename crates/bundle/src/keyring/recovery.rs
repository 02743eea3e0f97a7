//! The recovery set: keys and threshold that a keyring commits to by hash, shown only when they are needed.

use serde::{Deserialize, Serialize};

use crate::{
    Authority, DecodeError, DecodeErrorKind, Envelope, Extensions, Key, Kind, Section, Sha256, VerifyError,
    canonical, extension,
};

/// The keys that can open the next recovery epoch, and change the commitment.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct RecoverySet<'a> {
    #[serde(borrow)]
    pub(crate) keys: Section<'a, Key<'a>>,
    pub(crate) threshold: u8,
    #[serde(borrow)]
    pub(crate) extensions: Extensions<'a>,
}

impl<'a> RecoverySet<'a> {
    /// The commitment to a recovery set with this body.
    #[must_use]
    pub fn commitment(body: &[u8]) -> Sha256 {
        Sha256::of(&[b"trust-bundle recovery\0", body])
    }

    /// Reads the set, if it is the one committed to.
    ///
    /// # Errors
    /// [`VerifyError::RecoveryCommitment`] where it is another one.
    pub fn reveal(envelope: &Envelope<'a>, commitment: Sha256) -> Result<Self, VerifyError> {
        if envelope.header().kind != Kind::Recovery {
            return Err(VerifyError::Kind(envelope.header().kind));
        }
        if Self::commitment(envelope.body()) != commitment {
            return Err(VerifyError::RecoveryCommitment);
        }
        let authentic = envelope.believe(Authority::Commitment).attach(envelope.body())?;
        let set: Self = canonical::whole(authentic.body(), "recovery")?;
        set.check()?;
        Ok(set)
    }

    /// The keys.
    pub fn keys(&self) -> impl Iterator<Item = Key<'a>> + use<'a> {
        self.keys.iter()
    }

    /// How many of them must sign.
    #[must_use]
    pub const fn threshold(&self) -> u8 {
        self.threshold
    }

    fn check(&self) -> Result<(), DecodeError> {
        let count = self.keys.check(0)?;
        if self.threshold == 0 || usize::from(self.threshold) > count {
            return Err(DecodeError::new("recovery.threshold", 0, DecodeErrorKind::Threshold));
        }
        extension::check_none_critical(self.extensions)
    }
}
