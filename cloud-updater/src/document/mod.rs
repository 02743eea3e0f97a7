//! Signed documents on the author's side: what they say, who has to sign them, and the files in which they travel.

pub mod content;
mod draft_file;
mod keyring_chain;
mod release;
mod review;
mod signature_file;
mod signers;

pub use draft_file::DraftFile;
pub(crate) use draft_file::FILE_BYTES_MAX as DRAFT_BYTES_MAX;
pub(crate) use keyring_chain::numbered_files;
pub use keyring_chain::{Generation, KeyringChain};
pub use release::{Blobs, Draft, Manifest, Release, SignedManifest};
pub use review::{ReviewedManifest, keyring_content, review_manifest};
pub use signature_file::{Seen, SignatureFile};
pub use signers::{Requirement, Signers};
