//! Public keys: what may enter a keyring, and how one is named.

use core::fmt;

use ed25519_dalek::{Signature, VerifyingKey};
use serde::{Deserialize, Serialize};

use crate::Sha256;

/// The id of a key: the first eight bytes of a SHA-256 over algorithm and key, computed, never believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub [u8; 8]);

/// A signature algorithm, by its number on the wire. Unknown ones are kept and never count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Algorithm(pub u8);

/// One public key, as it stands in a keyring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key<'a> {
    /// How it signs.
    pub algorithm: Algorithm,
    /// The key: 32 bytes for Ed25519 (RFC 8032 §5.1.5).
    #[serde(borrow)]
    pub bytes: &'a [u8],
    /// Whose it is, for people.
    #[serde(borrow)]
    pub name: &'a str,
}

/// Why a key may not enter a keyring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyDefect {
    /// Not a point of the curve, or of the wrong length.
    Invalid,
    /// The same point in an encoding that is not the canonical one: one key would have two ids.
    NonCanonical,
    /// A point of small order: one signature would fit any message.
    Weak,
}

impl Algorithm {
    /// Ed25519, verified strictly (RFC 8032; cofactorless, small orders refused).
    pub const ED25519: Self = Self(1);

    /// True where this version can verify signatures of the algorithm.
    #[must_use]
    pub const fn is_known(self) -> bool {
        self.0 == Self::ED25519.0
    }
}

impl Key<'_> {
    /// The id by which signatures name this key.
    #[must_use]
    pub fn id(&self) -> KeyId {
        KeyId(Sha256::of(&[b"trust-bundle key\0", &[self.algorithm.0], self.bytes]).prefix())
    }

    /// True where both are the same public key, whatever they are called.
    #[must_use]
    pub fn is_same_key(&self, other: &Self) -> bool {
        self.algorithm == other.algorithm && self.bytes == other.bytes
    }

    /// Refuses keys of a known algorithm that must not enter a keyring.
    ///
    /// # Errors
    /// Names the defect. A key of an unknown algorithm has none that this version could see.
    pub fn check(&self) -> Result<(), KeyDefect> {
        if !self.algorithm.is_known() {
            return Ok(());
        }
        let bytes: &[u8; 32] = self.bytes.try_into().map_err(|_| KeyDefect::Invalid)?;
        if !is_canonical(bytes) {
            return Err(KeyDefect::NonCanonical);
        }
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| KeyDefect::Invalid)?;
        if key.is_weak() { Err(KeyDefect::Weak) } else { Ok(()) }
    }

    /// True where `signature` has the length of one of this key's, and this version knows the algorithm.
    pub(crate) const fn fits(&self, signature: &[u8]) -> bool {
        self.algorithm.is_known() && self.bytes.len() == 32 && signature.len() == Signature::BYTE_SIZE
    }

    /// Strict verification, which refuses weak keys; false for unknown algorithms and malformed keys or signatures.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let Ok(bytes) = <&[u8; 32]>::try_from(self.bytes) else { return false };
        let Ok(signature) = Signature::from_slice(signature) else { return false };
        self.algorithm.is_known()
            && is_canonical(bytes)
            && VerifyingKey::from_bytes(bytes).is_ok_and(|key| key.verify_strict(message, &signature).is_ok())
    }
}

/// True where the y coordinate is below the field's prime 2^255 − 19, so that no second encoding of it exists.
fn is_canonical(bytes: &[u8; 32]) -> bool {
    let [low, middle @ .., high] = bytes;
    *low < 0xed || (high & 0x7f) != 0x7f || middle.iter().any(|byte| *byte != 0xff)
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::ED25519 { f.write_str("ed25519") } else { write!(f, "algorithm {}", self.0) }
    }
}

impl fmt::Display for KeyDefect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Invalid => "is not a valid public key",
            Self::NonCanonical => "is a public key in a non-canonical encoding",
            Self::Weak => "is a weak public key: one signature would fit any message",
        })
    }
}

impl core::error::Error for KeyDefect {}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: [u8; 32], expect: Result<(), KeyDefect>) {
        let key = Key { algorithm: Algorithm::ED25519, bytes: &bytes, name: "test" };
        assert_eq!(key.check(), expect);
    }

    fn y(low: u8) -> [u8; 32] {
        let mut bytes = [0; 32];
        bytes[0] = low;
        bytes
    }

    #[test]
    fn the_identity_is_a_weak_key() {
        check(y(1), Err(KeyDefect::Weak));
    }

    #[test]
    fn a_second_encoding_of_a_point_is_no_key() {
        let mut bytes = [0xff; 32];
        bytes[0] = 0xee; // p + 1
        bytes[31] = 0x7f;
        check(bytes, Err(KeyDefect::NonCanonical));
    }

    #[test]
    fn the_base_point_is_a_key() {
        let mut bytes = [0x66; 32];
        bytes[0] = 0x58;
        check(bytes, Ok(()));
    }

    #[test]
    fn an_unknown_algorithm_is_kept_and_never_verifies() {
        let key = Key { algorithm: Algorithm(9), bytes: &[0; 32], name: "later" };
        assert_eq!(key.check(), Ok(()));
        assert!(!key.verifies(b"", &[0; 64]));
    }

    #[test]
    fn the_legacy_malleable_signatures_are_refused() {
        // s + L in place of s: the same equation, another byte string.
        const L: [u8; 32] = [
            0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
            0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
        ];
        use ed25519_dalek::Signer as _;
        let signing = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
        let public = signing.verifying_key().to_bytes();
        let key = Key { algorithm: Algorithm::ED25519, bytes: &public, name: "test" };
        let mut signature = signing.sign(b"message").to_bytes();
        assert!(key.verifies(b"message", &signature));
        let mut carry = 0_u16;
        for (byte, order) in signature[32..].iter_mut().zip(L) {
            carry += u16::from(*byte) + u16::from(order);
            *byte = carry.to_le_bytes()[0];
            carry >>= 8;
        }
        assert!(!key.verifies(b"message", &signature));
    }
}
