//! The decryption that looks at what it decrypted before `embedded-tls` does.

use aes_gcm::aead::consts::U0;
use aes_gcm::aead::generic_array::GenericArray;
use aes_gcm::aead::generic_array::typenum::Unsigned as _;
use aes_gcm::aead::{AeadCore, AeadInPlace, Buffer, Error, KeyInit, KeySizeUser};

use crate::inner::{self, Admission};
use crate::mark;

/// An AEAD whose decrypted records hold nothing that `embedded-tls` cannot bear (`DESIGN.md`).
///
/// `embedded-tls` lets a suite name its own cipher, and decrypts in one place. So this is where a record can be
/// judged when it is authentic and not yet parsed.
pub struct Guarded<C>(C);

impl<C: KeySizeUser> KeySizeUser for Guarded<C> {
    type KeySize = C::KeySize;
}

impl<C: KeyInit> KeyInit for Guarded<C> {
    fn new(key: &GenericArray<u8, Self::KeySize>) -> Self {
        Self(C::new(key))
    }
}

impl<C: AeadCore> AeadCore for Guarded<C> {
    type NonceSize = C::NonceSize;
    type TagSize = C::TagSize;
    type CiphertextOverhead = U0;
}

impl<C: AeadInPlace + KeySizeUser> AeadInPlace for Guarded<C> {
    fn encrypt_in_place_detached(
        &self,
        nonce: &GenericArray<u8, Self::NonceSize>,
        associated_data: &[u8],
        buffer: &mut [u8],
    ) -> Result<GenericArray<u8, Self::TagSize>, Error> {
        self.0.encrypt_in_place_detached(nonce, associated_data, buffer)
    }

    fn decrypt_in_place(
        &self,
        nonce: &GenericArray<u8, Self::NonceSize>,
        associated_data: &[u8],
        buffer: &mut dyn Buffer,
    ) -> Result<(), Error> {
        let (phase, header) = mark::read(associated_data).ok_or(Error)?;
        self.0.decrypt_in_place(nonce, &header, buffer)?;
        // The hash of a suite is twice as long as its key, up to that of SHA-384.
        let hash_bytes = if C::KeySize::USIZE <= 16 { 32 } else { 48 };
        match inner::admit(phase, buffer.as_ref(), hash_bytes) {
            Admission::Whole => Ok(()),
            Admission::Instead(token) => {
                buffer.truncate(0);
                buffer.extend_from_slice(token)
            }
        }
    }

    fn decrypt_in_place_detached(
        &self,
        _: &GenericArray<u8, Self::NonceSize>,
        _: &[u8],
        _: &mut [u8],
        _: &GenericArray<u8, Self::TagSize>,
    ) -> Result<(), Error> {
        // Not called by `embedded-tls`; were it, it would go around the guard.
        Err(Error)
    }
}
