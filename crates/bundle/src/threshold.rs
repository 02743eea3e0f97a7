//! The one threshold function of the product.
//!
//! It walks keys, not signatures: however many signatures claim a key, the key counts once, and a forged twin
//! in front of a good signature cannot hide it. Keys come from the keyring in force and so does the algorithm: an
//! entry that claims another one is not looked at.

use crate::{Key, Role, SignatureTable, VerifyError, join, memo::Pace};

/// What is signed: the domain string, the header, and the body of the kinds that sign it directly.
pub(crate) struct SignedMessage {
    bytes: [u8; Self::BYTES_MAX],
    length: usize,
}

/// First bytes of every signed message: no signature made for another protocol fits this one.
pub(crate) const DOMAIN: &[u8] = b"trust-bundle v1\0";

impl SignedMessage {
    /// Domain, the longest header, the longest directly signed body.
    const BYTES_MAX: usize = 16 + 68 + 96;

    /// Joins the parts; `None` where they are longer than any document's.
    pub(crate) fn new(parts: &[&[u8]]) -> Option<Self> {
        let mut bytes = [0; Self::BYTES_MAX];
        let domain = join(&mut bytes, &[DOMAIN])?;
        let rest = join(bytes.get_mut(domain..)?, parts)?;
        Some(Self { bytes, length: domain.saturating_add(rest) })
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

/// Succeeds where at least `needed` different keys have a valid signature over the message.
///
/// `keys` must hold no key twice, which decoding a keyring guarantees. Work is bounded: each signature of the
/// table (at most sixteen) is tried under the keys of its id only, and the walk ends when the threshold is met, or
/// with [`VerifyError::Deferred`] at the first signature that is one more than `pace` allows.
pub(crate) fn require<'k>(
    message: &SignedMessage,
    signatures: SignatureTable<'_>,
    keys: impl Iterator<Item = Key<'k>>,
    role: Option<Role>,
    needed: u8,
    pace: &mut Pace<'_>,
) -> Result<(), VerifyError> {
    let mut valid = 0_u8;
    for key in keys {
        let id = key.id();
        let mut claims = signatures
            .iter()
            .filter(|signature| signature.key_id == id && signature.algorithm == key.algorithm);
        let mut signed = false;
        while let (false, Some(claim)) = (signed, claims.next()) {
            signed = pace.verifies(&key, message.as_bytes(), claim.bytes)?;
        }
        valid = valid.saturating_add(u8::from(signed));
        if needed > 0 && valid >= needed {
            return Ok(());
        }
    }
    Err(VerifyError::Threshold { role, valid, needed })
}
