//! Files of the published tree and of images: generations, updates, seeds, USB files.

use alloc::vec::Vec;

use crate::{
    Envelope, Manifest, ParseError, ParseErrorKind, Sha256,
    container::{SEED_MAGIC, USB_MAGIC},
    header::FORMAT,
    update::MAGIC,
    write::patch,
};

/// The file `keyring/<n>`: the recovery set where it is shown, then the keyring.
#[must_use]
pub fn keyring_file(recovery_document: Option<&[u8]>, keyring_document: &[u8]) -> Vec<u8> {
    [recovery_document.unwrap_or_default(), keyring_document].concat()
}

/// The file `update/<from>-<to>`: what a device at `from` lacks of the release `to`.
///
/// `from` is `None` for a device that has nothing; `blob` yields a certificate of `to` by its SHA-256.
///
/// # Errors
/// Where `to` is not a document, or `blob` does not know a certificate of it (the field is then `blob`).
pub fn update<'b>(
    from: Option<&Manifest<'_>>,
    to_document: &[u8],
    to: &Manifest<'_>,
    blob: impl Fn(Sha256) -> Option<&'b [u8]>,
) -> Result<Vec<u8>, ParseError> {
    let envelope = Envelope::parse_whole(to_document)?;
    let base = from.map(Manifest::body_bytes).unwrap_or_default();
    let patch = patch(base, envelope.body());
    let number = from.map_or(0, |from| from.order().number);
    let patch_length = u32::try_from(patch.len())
        .map_err(|_| ParseError::new("patch_length", 0, ParseErrorKind::TooLarge))?;
    let mut out = [
        &MAGIC[..],
        &[FORMAT],
        &number.to_le_bytes(),
        &patch_length.to_le_bytes(),
        envelope.header_bytes(),
        envelope.signatures().as_bytes(),
        &patch,
    ]
    .concat();
    for (sha256, _) in to.blobs() {
        let present = from.is_some_and(|from| from.blobs().any(|(mine, _)| mine == sha256));
        if !present {
            let missing = ParseError::new("blob", out.len(), ParseErrorKind::Truncated);
            out.extend_from_slice(blob(sha256).ok_or(missing)?);
        }
    }
    Ok(out)
}

/// A seed file.
#[must_use]
pub fn seed(keyring_document: &[u8], manifest_document: &[u8], blobs: &[u8]) -> Vec<u8> {
    [&SEED_MAGIC[..], &[FORMAT], keyring_document, manifest_document, blobs].concat()
}

/// A USB file.
///
/// # Errors
/// Where the keyring generations are too many to carry.
pub fn usb(
    keyring_files: &[u8],
    head_document: Option<&[u8]>,
    manifest_document: &[u8],
    blobs: &[u8],
) -> Result<Vec<u8>, ParseError> {
    let too_large = ParseError::new("keyrings_length", 5, ParseErrorKind::TooLarge);
    let length = u32::try_from(keyring_files.len())
        .ok()
        .filter(|length| *length <= crate::container::USB_KEYRING_BYTES_MAX)
        .ok_or(too_large)?;
    let flag = [u8::from(head_document.is_some())];
    let head = head_document.unwrap_or_default();
    Ok([
        &USB_MAGIC[..],
        &[FORMAT],
        &length.to_le_bytes(),
        keyring_files,
        &flag,
        head,
        manifest_document,
        blobs,
    ]
    .concat())
}
