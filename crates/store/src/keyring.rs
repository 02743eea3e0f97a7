//! The keyring in force, as the bytes that were signed, without their signatures.

use core::fmt;

use crate::{
    bytes::{Bytes, Room},
    limits::KEYRING_BYTES_MAX,
};

/// Header and body of an accepted keyring; empty before the first one.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyringBytes {
    bytes: Bytes<KEYRING_BYTES_MAX>,
    length: usize,
}

impl KeyringBytes {
    /// Keeps `bytes`; `None` where they are longer than [`KEYRING_BYTES_MAX`].
    #[must_use]
    pub fn new(bytes: &[u8]) -> Option<Self> {
        Self::joined(&[bytes])
    }

    /// Keeps the parts in place of what was there; `None`, and nothing changes, above [`KEYRING_BYTES_MAX`].
    pub fn replace(&mut self, parts: &[&[u8]]) -> Option<()> {
        let length = parts.iter().try_fold(0_usize, |length, part| length.checked_add(part.len()))?;
        let (kept, rest) = self.bytes.split_at_mut_checked(length)?;
        let joined = parts.iter().flat_map(|part| part.iter());
        kept.iter_mut().zip(joined).for_each(|(to, from)| *to = *from);
        rest.fill(0);
        self.length = length;
        Some(())
    }

    /// Keeps the parts, one after the other; `None` above [`KEYRING_BYTES_MAX`].
    #[must_use]
    pub fn joined(parts: &[&[u8]]) -> Option<Self> {
        let mut kept = Self::default();
        kept.replace(parts)?;
        Some(kept)
    }

    /// True where there is room for one more keyring, which is kept, and for what is small beside it. Without the
    /// feature `boxed` it needs none.
    #[must_use]
    pub fn has_room() -> bool {
        const SPARE_BYTES: usize = 1_024;
        Bytes::<{ KEYRING_BYTES_MAX + SPARE_BYTES }>::room().is_some()
    }

    pub(crate) fn room() -> Option<Room> {
        Bytes::<KEYRING_BYTES_MAX>::room()
    }

    /// Forgets the keyring, in place.
    pub(crate) fn clear(&mut self) {
        self.bytes.fill(0);
        self.length = 0;
    }

    /// Header and body.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    /// All bytes of the field, with the zeros behind the keyring.
    pub(crate) fn field(&self) -> &[u8] {
        &self.bytes
    }

    /// Lets `fill` put the bytes of the field in place; `None` where it fails, where there are more than
    /// [`KEYRING_BYTES_MAX`], or where something stands behind them.
    pub(crate) fn read(&mut self, length: usize, fill: impl FnOnce(&mut [u8]) -> Option<()>) -> Option<()> {
        fill(&mut self.bytes)?;
        let unused = self.bytes.get(length..)?;
        self.length = length;
        unused.iter().all(|byte| *byte == 0).then_some(())
    }
}

impl Default for KeyringBytes {
    fn default() -> Self {
        Self { bytes: Bytes::new(), length: 0 }
    }
}

impl fmt::Debug for KeyringBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyringBytes({} bytes)", self.length)
    }
}
