//! The way of a release, as types: a draft gets a number, the number a signature, the signatures a threshold, and
//! only what met its threshold can be published.
//!
//! [`Draft`] → [`Manifest`] → [`SignedManifest`] → [`Release`].
//!
//! ```no_run
//! fn publish(release: &cloud_updater::document::Release, layout: &cloud_updater::repository::Layout) {
//!     release.publish(layout, &mut cloud_updater::publish::Plan::default());
//! }
//! ```
//!
//! A manifest that nobody has signed, or only some, has no `publish`. Neither of these compiles:
//!
//! ```compile_fail,E0599
//! fn publish(manifest: &cloud_updater::document::Manifest, layout: &cloud_updater::repository::Layout) {
//!     manifest.publish(layout, &mut cloud_updater::publish::Plan::default());
//! }
//! ```
//! ```compile_fail,E0599
//! fn publish(manifest: &cloud_updater::document::SignedManifest, layout: &cloud_updater::repository::Layout) {
//!     manifest.publish(layout, &mut cloud_updater::publish::Plan::default());
//! }
//! ```

use std::collections::BTreeMap;

use bundle::write::{ManifestContent, Signature, Unsigned};
use bundle::{ChannelId, Document as _, Envelope, Keyring, Kind, Order, Sha256, UnixSeconds};

use super::review::ReviewedManifest;
use super::{DraftFile, Signers, review_manifest};
use crate::Error;
use crate::publish::{Plan, Step};
use crate::repository::Layout;

/// Certificates in DER by their SHA-256.
pub type Blobs = BTreeMap<Sha256, Vec<u8>>;

/// What a release is to hold; not numbered yet.
#[derive(Clone, Debug)]
#[must_use]
pub struct Draft {
    channel: String,
    kind: Kind,
    body: Vec<u8>,
    blobs: Blobs,
}

/// A numbered manifest that nobody has signed.
#[derive(Clone, Debug)]
#[must_use]
pub struct Manifest {
    channel: String,
    unsigned: Unsigned,
    reviewed: ReviewedManifest,
    blobs: Vec<u8>,
}

/// A manifest with signatures; whether they suffice is not said.
#[derive(Clone, Debug)]
#[must_use]
pub struct SignedManifest {
    manifest: Manifest,
    signatures: Vec<Signature>,
}

/// A manifest that met its threshold, and its certificates: what can be published.
#[derive(Clone, Debug)]
#[must_use]
pub struct Release {
    channel: String,
    order: Order,
    digest: Sha256,
    document: Vec<u8>,
    blobs: Blobs,
}

impl Draft {
    /// A draft of `content`.
    pub fn of_content(channel: &str, content: &ManifestContent, blobs: Blobs) -> Self {
        Self { channel: channel.to_owned(), kind: Kind::Manifest, body: content.encode(), blobs }
    }

    /// A draft whose body is, byte for byte, that of a release of another channel.
    pub fn promoted(channel: &str, body: Vec<u8>, blobs: Blobs) -> Self {
        Self { channel: channel.to_owned(), kind: Kind::Manifest, body, blobs }
    }

    /// A draft that takes all trust away and keeps the denials.
    pub fn revoke_all(channel: &str, content: &ManifestContent) -> Self {
        let kept = ManifestContent {
            denials: content.denials.clone(),
            urls: content.urls.clone(),
            ..ManifestContent::default()
        };
        Self { channel: channel.to_owned(), kind: Kind::RevokeAll, body: kept.encode(), blobs: Blobs::new() }
    }

    /// Gives the draft its place in the channel's sequence.
    ///
    /// # Errors
    /// Exit code 3: the body is too large, or something that devices would refuse.
    pub fn number(
        self,
        order: Order,
        keyring_version: u32,
        issued_at: UnixSeconds,
    ) -> Result<Manifest, Error> {
        let channel_id = ChannelId::of(&self.channel);
        let unsigned = Unsigned::new(self.kind, channel_id, order, keyring_version, issued_at, self.body)
            .map_err(|error| {
                Error::input("body_too_large", "the manifest is too large for the format").because(error)
            })?;
        let document = unsigned
            .assemble(&[])
            .map_err(|error| Error::bug("an empty table does not fit").because(error))?;
        let reviewed = review_manifest(&document)?;
        let mut blobs = Vec::new();
        for (sha256, _) in &reviewed.blobs {
            let blob = self.blobs.get(sha256);
            blobs.extend_from_slice(blob.ok_or_else(|| {
                Error::input("blob_missing", format!("no file holds the certificate {sha256}"))
            })?);
        }
        reviewed.certificates(&blobs)?;
        Ok(Manifest { channel: self.channel, unsigned, reviewed, blobs })
    }
}

impl Manifest {
    /// The manifest that a draft file carries.
    ///
    /// # Errors
    /// Exit code 3: malformed, or its certificates are not those it names.
    pub fn of_file(file: &DraftFile) -> Result<Self, Error> {
        let channel = file
            .channel
            .clone()
            .ok_or_else(|| Error::input("document_kind", "is not the draft of a release"))?;
        let reviewed = review_manifest(&file.document)?;
        reviewed.certificates(&file.blobs)?;
        Ok(Self { channel, unsigned: file.unsigned()?, reviewed, blobs: file.blobs.clone() })
    }

    /// The document, ready for signatures.
    #[must_use]
    pub const fn unsigned(&self) -> &Unsigned {
        &self.unsigned
    }

    /// What it says.
    #[must_use]
    pub const fn reviewed(&self) -> &ReviewedManifest {
        &self.reviewed
    }

    /// Its certificates, in its order.
    #[must_use]
    pub fn blobs(&self) -> &[u8] {
        &self.blobs
    }

    /// Bytes that a device's slot must hold: the document with `signature_count` signatures, and the certificates.
    #[must_use]
    pub fn slot_bytes(&self, signature_count: usize) -> u64 {
        // One table entry of Ed25519 is 11 bytes of header and 64 of signature (SPEC.md, signature table).
        let table = signature_count.saturating_mul(75).saturating_add(1);
        let document = self
            .unsigned
            .header()
            .wire_bytes()
            .saturating_add(table)
            .saturating_add(self.unsigned.body().len());
        u64::try_from(document.saturating_add(self.blobs.len())).unwrap_or(u64::MAX)
    }

    /// Adds signatures.
    pub fn sign(self, signatures: Vec<Signature>) -> SignedManifest {
        SignedManifest { manifest: self, signatures }
    }
}

impl SignedManifest {
    /// The release, if the signatures meet the threshold under `keyring`.
    ///
    /// # Errors
    /// Exit code 4 naming who is missing.
    pub fn complete(self, keyring: &Keyring<'_>) -> Result<Release, Error> {
        let Self { manifest, signatures } = self;
        let header = *manifest.unsigned.header();
        let what = format!("release {} of {}", header.order, manifest.channel);
        let chosen = Signers::of_release(header.kind, keyring).choose(&signatures, &what)?;
        let document = manifest.unsigned.assemble(&chosen).map_err(|error| {
            Error::input("signatures", "the signatures do not fit one document").because(error)
        })?;
        // The one threshold function of the product has the last word.
        let envelope = Envelope::parse_whole(&document)
            .map_err(|error| Error::bug("an assembled release cannot be read").because(error))?;
        let authentic = envelope.verify(keyring, ChannelId::of(&manifest.channel));
        let authentic = authentic.map_err(|error| {
            Error::signatures("threshold", format!("{what} does not verify")).because(error)
        })?;
        bundle::Manifest::decode(authentic)
            .map_err(|error| Error::input("malformed_document", what).because(error))?;
        let certificates = manifest.reviewed.certificates(&manifest.blobs)?;
        let blobs = certificates.into_iter().map(|(sha256, der)| (sha256, der.to_vec())).collect();
        let digest = manifest.reviewed.digest;
        Ok(Release { channel: manifest.channel, order: header.order, digest, document, blobs })
    }
}

impl Release {
    /// The channel's name.
    #[must_use]
    pub fn channel(&self) -> &str {
        &self.channel
    }

    /// Recovery epoch and number.
    #[must_use]
    pub const fn order(&self) -> Order {
        self.order
    }

    /// The digest by which heads name it.
    #[must_use]
    pub const fn digest(&self) -> Sha256 {
        self.digest
    }

    /// The signed document.
    #[must_use]
    pub fn document(&self) -> &[u8] {
        &self.document
    }

    /// Its certificates.
    #[must_use]
    pub const fn blobs(&self) -> &Blobs {
        &self.blobs
    }

    /// Bytes that a device's slot must hold: the document and the certificates.
    #[must_use]
    pub fn slot_bytes(&self) -> u64 {
        let blobs: usize = self.blobs.values().map(Vec::len).sum();
        u64::try_from(self.document.len().saturating_add(blobs)).unwrap_or(u64::MAX)
    }

    /// Adds to `plan` what makes the release a part of the repository, certificates first.
    pub fn publish(&self, layout: &Layout, plan: &mut Plan) {
        for (sha256, der) in &self.blobs {
            plan.add(Step::record(layout, layout.blob(*sha256), der.clone()));
        }
        plan.add(Step::record(
            layout,
            layout.release(&self.channel, self.order.number),
            self.document.clone(),
        ));
    }
}
