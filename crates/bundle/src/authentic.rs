//! Proof that bytes are what somebody with the right to say so has said.
//!
//! Constructors are private to this crate: only [`crate::Envelope::verify`], the recovery commitment and local
//! provisioning build an [`Authentic`], so that "decoded before it was authenticated" cannot be written down.

use crate::{DecodeError, Header, Order, Role, Sha256, VerifyError};

/// Why a body is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Authority {
    /// Its SHA-256 is the commitment of the keyring in force.
    Commitment,
    /// It came with the image, or from this device's own journal.
    Provisioned,
    /// The threshold of a role under a keyring.
    Threshold {
        /// The role.
        role: Role,
        /// The keyring.
        keyring: Order,
    },
}

/// A header whose signatures met their threshold; the body may still have to arrive.
#[derive(Clone, Copy, Debug)]
pub struct AuthenticHeader<'a> {
    pub(crate) header: Header,
    pub(crate) header_bytes: &'a [u8],
    pub(crate) authority: Authority,
}

/// A header and its body, both authentic.
#[derive(Clone, Copy, Debug)]
pub struct Authentic<'a> {
    header: Header,
    header_digest: Sha256,
    body: &'a [u8],
    authority: Authority,
}

/// A signed document that can be read out of authentic bytes, and out of nothing else.
pub trait Document<'a>: Sized {
    /// Decodes the body.
    ///
    /// # Errors
    /// The field at fault: the signer made a document that this version cannot read.
    fn decode(authentic: Authentic<'a>) -> Result<Self, DecodeError>;
}

impl AuthenticHeader<'_> {
    /// The header.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// SHA-256 of the header: the digest by which heads name a release.
    #[must_use]
    pub fn digest(&self) -> Sha256 {
        Sha256::of(&[self.header_bytes])
    }

    /// Joins the body that arrived separately, if it is the signed one.
    ///
    /// # Errors
    /// [`VerifyError::BodyLength`] or [`VerifyError::BodyDigest`] where it is another body.
    pub fn attach<'b>(&self, body: &'b [u8]) -> Result<Authentic<'b>, VerifyError> {
        if u32::try_from(body.len()) != Ok(self.header.body_length) {
            return Err(VerifyError::BodyLength);
        }
        if self.header.body_sha256.is_some_and(|expected| expected != Sha256::of(&[body])) {
            return Err(VerifyError::BodyDigest);
        }
        Ok(Authentic { header: self.header, header_digest: self.digest(), body, authority: self.authority })
    }
}

impl<'a> Authentic<'a> {
    /// The header.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// SHA-256 of the header.
    #[must_use]
    pub const fn header_digest(&self) -> Sha256 {
        self.header_digest
    }

    /// The exact bytes that were signed as the body.
    #[must_use]
    pub const fn body(&self) -> &'a [u8] {
        self.body
    }

    /// Why it is believed.
    #[must_use]
    pub const fn authority(&self) -> Authority {
        self.authority
    }
}
