//! The keyring in force, as the bytes that were signed, without their signatures.

use core::fmt;

use crate::limits::KEYRING_BYTES_MAX;

/// Header and body of an accepted keyring; empty before the first one.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyringBytes {
    bytes: [u8; KEYRING_BYTES_MAX],
    length: usize,
}

impl KeyringBytes {
    /// Keeps `bytes`; `None` where they are longer than [`KEYRING_BYTES_MAX`].
    #[must_use]
    pub fn new(bytes: &[u8]) -> Option<Self> {
        Self::joined(&[bytes])
    }

    /// Keeps the parts, one after the other; `None` above [`KEYRING_BYTES_MAX`].
    #[must_use]
    pub fn joined(parts: &[&[u8]]) -> Option<Self> {
        let mut kept = Self::default();
        for part in parts {
            let end = kept.length.checked_add(part.len())?;
            kept.bytes.get_mut(kept.length..end)?.copy_from_slice(part);
            kept.length = end;
        }
        Some(kept)
    }

    /// Header and body.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    /// All bytes of the field, with the zeros behind the keyring.
    pub(crate) const fn field(&self) -> &[u8; KEYRING_BYTES_MAX] {
        &self.bytes
    }
}

impl Default for KeyringBytes {
    fn default() -> Self {
        Self { bytes: [0; KEYRING_BYTES_MAX], length: 0 }
    }
}

impl fmt::Debug for KeyringBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyringBytes({} bytes)", self.length)
    }
}
