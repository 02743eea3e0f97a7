//! The seed: what an image brings along, read before the first check and wherever the store has less.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use bundle::{Envelope, Seed, VerifyError};

use crate::installed::Content;
use crate::{RefreshError, SeedError};

/// Most bytes of a seed: every blob of the largest manifest, and room for the documents around them.
const SEED_BYTES_MAX: u64 = 16 * 1_048_576;

/// Reads and verifies the seed at `path`.
///
/// Its keyring is believed because the file came with the image; its release must be signed by that keyring.
pub(crate) fn read(path: &Path) -> Result<Content, RefreshError> {
    let read = || -> Result<Content, SeedError> {
        let mut bytes = Vec::new();
        File::open(path)?.take(SEED_BYTES_MAX).read_to_end(&mut bytes)?;
        let seed = Seed::parse(&bytes)?;
        let channel =
            Envelope::parse_whole(seed.manifest_document).map_err(VerifyError::Parse)?.header().channel;
        let (_, manifest) = seed.open(channel)?;
        let (header, digest) = (*manifest.header(), manifest.digest());
        let document_bytes = seed.manifest_document.len();
        let content = [seed.manifest_document, seed.blobs].concat();
        Ok(Content {
            bytes: content,
            document_bytes,
            digest,
            order: header.order,
            issued_at: header.issued_at,
        })
    };
    read().map_err(|source| RefreshError::Seed { path: PathBuf::from(path), source })
}
