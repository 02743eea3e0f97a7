//! A slot in the making: a stream that is counted and hashed as it is written, and the proof that it is whole.

use bundle::Sha256;
use sha2::Digest as _;

use crate::SlotIndex;

/// A bundle being written into the idle slot. Dropping it leaves scratch that nobody reads.
#[derive(Clone, Debug)]
pub struct Staging {
    pub(crate) slot: SlotIndex,
    pub(crate) staging: u32,
    pub(crate) written: u32,
    pub(crate) hasher: sha2::Sha256,
}

/// A bundle that was written, made durable, read back and found whole: what a trial can be committed from.
#[derive(Debug)]
#[must_use]
pub struct Sealed {
    pub(crate) slot: SlotIndex,
    pub(crate) staging: u32,
    pub(crate) total_bytes: u32,
    pub(crate) content_sha256: Sha256,
}

impl Staging {
    /// Bytes written so far.
    #[must_use]
    pub const fn written_bytes(&self) -> u32 {
        self.written
    }

    /// The digest of everything written so far.
    pub(crate) fn digest(&self) -> Sha256 {
        Sha256(self.hasher.clone().finalize().into())
    }
}

impl Sealed {
    /// Bytes of manifest and certificates together.
    #[must_use]
    pub const fn total_bytes(&self) -> u32 {
        self.total_bytes
    }
}
