//! The echo: a fresh answer to a device's nonce, which proves that an accepted head is still current.

use serde::{Deserialize, Serialize};

use crate::{
    Authentic, DecodeError, DecodeErrorKind, Document, Extensions, Kind, Sha256, canonical, extension,
};

/// 128 random bits that a device asks with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Nonce(pub [u8; 16]);

/// An echo, as signed. It changes nothing but the device's opinion of its head's freshness.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Echo<'a> {
    /// The nonce that it answers.
    pub nonce: Nonce,
    /// Digest of the head that is current ([`crate::Envelope::digest`]).
    pub head_digest: Sha256,
    #[serde(borrow)]
    pub(crate) extensions: Extensions<'a>,
}

impl Echo<'_> {
    /// True where it answers this nonce about this head.
    #[must_use]
    pub fn proves(&self, nonce: Nonce, head_digest: Sha256) -> bool {
        self.nonce == nonce && self.head_digest == head_digest
    }
}

impl<'a> Document<'a> for Echo<'a> {
    fn decode(authentic: Authentic<'a>) -> Result<Self, DecodeError> {
        if authentic.header().kind != Kind::Echo {
            return Err(DecodeError::new("kind", 0, DecodeErrorKind::WrongKind));
        }
        let echo: Self = canonical::whole(authentic.body(), "echo")?;
        extension::check_none_critical(echo.extensions)?;
        Ok(echo)
    }
}
