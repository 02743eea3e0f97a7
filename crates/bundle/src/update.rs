//! The update file: what a device at one release lacks of another, in one request.
//!
//! Magic, format, the release it starts from, the patch's length, then the new manifest's own header and
//! signature table, the patch that turns the old body into the new one, and the blobs that the old release did
//! not have, in the new manifest's order. Nothing but the manifest inside is signed, and nothing else needs to be.

use crate::{
    AuthenticHeader, ChannelId, Envelope, Keyring, ParseError, Patch, SignatureMemo, VerifyError, limits,
    wire::Reader,
};

/// First bytes of an update file.
pub(crate) const MAGIC: [u8; 4] = *b"TBUP";

/// Everything of an update file but its blobs.
#[derive(Clone, Copy, Debug)]
pub struct UpdatePrefix<'a> {
    from: u32,
    manifest: Envelope<'a>,
    patch: Patch<'a>,
    length: usize,
}

impl<'a> UpdatePrefix<'a> {
    /// Reads the prefix out of the bytes that came so far.
    ///
    /// # Errors
    /// The field at fault; [`ParseError::is_truncated`] where more bytes are needed.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ParseError> {
        let mut reader = Reader::new(bytes);
        reader.magic(MAGIC)?;
        let from = reader.u32("from")?;
        let patch_length = reader.length("patch_length", limits::PATCH_BYTES_MAX)?;
        let manifest = Envelope::read_detached(&mut reader)?;
        let patch = Patch::from_bytes(reader.take(patch_length, "patch")?);
        Ok(Self { from, manifest, patch, length: reader.offset() })
    }

    /// Number of the release that the patch applies to; zero where it starts from nothing.
    #[must_use]
    pub const fn from(&self) -> u32 {
        self.from
    }

    /// The new manifest's header and signatures, not believed.
    #[must_use]
    pub const fn manifest(&self) -> &Envelope<'a> {
        &self.manifest
    }

    /// The patch; its output is believed only by [`AuthenticHeader::attach`].
    #[must_use]
    pub const fn patch(&self) -> Patch<'a> {
        self.patch
    }

    /// Bytes of the prefix: the blobs start here.
    #[must_use]
    pub const fn wire_bytes(&self) -> usize {
        self.length
    }

    /// Checks the signatures of the new manifest's header.
    ///
    /// # Errors
    /// As [`Envelope::verify_header`].
    pub fn verify_header(
        &self,
        keyring: &Keyring<'_>,
        channel: ChannelId,
    ) -> Result<AuthenticHeader<'a>, VerifyError> {
        self.manifest.verify_header(keyring, channel)
    }

    /// As [`UpdatePrefix::verify_header`], with no more signatures than `memo` allows in this call.
    ///
    /// # Errors
    /// As [`Envelope::verify_header_in_steps`].
    pub fn verify_header_in_steps(
        &self,
        keyring: &Keyring<'_>,
        channel: ChannelId,
        memo: &mut SignatureMemo,
    ) -> Result<AuthenticHeader<'a>, VerifyError> {
        self.manifest.verify_header_in_steps(keyring, channel, memo)
    }
}
