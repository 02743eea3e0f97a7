//! One bundle, made ready for judging as devices judge.

use std::collections::BTreeSet;

use bundle::write::ManifestContent;
use bundle::{Denial, DenialKind, Manifest, Sha256};
use chain::AnchorSet;

use crate::Error;
use crate::diff::Names;
use crate::document::{self, DraftFile, review_manifest};
use crate::publish::{Archive, StoredRelease};

/// A bundle, its judges and its words.
#[derive(Clone, Debug)]
pub struct JudgedBundle {
    /// What it is, in words.
    pub label: String,
    /// What it says.
    pub content: ManifestContent,
    /// What its certificates are called.
    pub names: Names,
    /// True where it takes all trust away on purpose.
    pub is_revoke_all: bool,
    set: AnchorSet,
}

impl JudgedBundle {
    /// A release of the repository.
    ///
    /// # Errors
    /// Never for a release of this archive.
    pub fn of_release(archive: &Archive, channel: &str, release: &StoredRelease) -> Result<Self, Error> {
        let blobs = archive.blobs_of(release)?;
        let label = format!("release {} of {channel}", release.order);
        archive.with_manifest(channel, release, |manifest| Self::of_manifest(label, manifest, &blobs))?
    }

    /// The new release of a draft.
    ///
    /// # Errors
    /// Exit code 3: what a device would refuse.
    pub fn of_draft(draft: &DraftFile) -> Result<Self, Error> {
        let channel = draft.channel.clone().unwrap_or_default();
        Self::of_document(&draft.document, &draft.blobs, |order| format!("draft {order} of {channel}"))
    }

    /// A numbered manifest that nobody has signed.
    ///
    /// # Errors
    /// Exit code 3: what a device would refuse.
    pub fn of_unsigned(label: &str, manifest: &document::Manifest) -> Result<Self, Error> {
        let unsigned = manifest.unsigned().assemble(&[]);
        let unsigned = unsigned.map_err(|error| Error::bug("an empty table does not fit").because(error))?;
        Self::of_document(&unsigned, manifest.blobs(), |_| label.to_owned())
    }

    pub(super) fn of_document(
        document: &[u8],
        blobs: &[u8],
        label: impl FnOnce(bundle::Order) -> String,
    ) -> Result<Self, Error> {
        // The review reads it as devices will; what it found good is decoded once more, for the judge.
        let reviewed = review_manifest(document)?;
        reviewed.certificates(blobs)?;
        let manifest = Manifest::restored(document, reviewed.digest)
            .map_err(|error| Error::bug("a reviewed manifest is unreadable").because(error))?;
        Self::of_manifest(label(reviewed.header.order), &manifest, blobs)
    }

    fn of_manifest(label: String, manifest: &Manifest<'_>, blobs: &[u8]) -> Result<Self, Error> {
        let set = AnchorSet::from_manifest(manifest, blobs).map_err(|error| {
            Error::input("blobs", "the certificates are not those of the manifest").because(error)
        })?;
        let names = Names::of_certificates(manifest.certificates(blobs).map(|(_, der)| der));
        let is_revoke_all = manifest.is_revoke_all();
        Ok(Self { label, content: ManifestContent::of(manifest), names, is_revoke_all, set })
    }

    /// The anchors and services, made ready.
    #[must_use]
    pub const fn set(&self) -> &AnchorSet {
        &self.set
    }

    /// What its distrust orders name, and nothing else of its deny list: what alone excuses the loss of a service.
    #[must_use]
    pub fn ordered_denials(&self, known: &[&Names]) -> Vec<Denial> {
        let ordered: BTreeSet<Sha256> =
            self.content.distrust_orders.iter().map(|(sha256, _)| *sha256).collect();
        let keys: BTreeSet<Sha256> = ordered
            .iter()
            .filter_map(|sha256| known.iter().find_map(|names| names.key_of(*sha256)))
            .collect();
        let is_ordered = |denial: &&Denial| match denial.kind {
            DenialKind::Certificate => ordered.contains(&denial.sha256),
            DenialKind::Spki => keys.contains(&denial.sha256),
        };
        self.content.denials.iter().filter(is_ordered).copied().collect()
    }

    /// The reasons of its distrust orders.
    #[must_use]
    pub fn order_reasons(&self) -> Vec<&str> {
        self.content.distrust_orders.iter().map(|(_, reason)| reason.as_str()).collect()
    }

    /// True where it has a service of that name.
    #[must_use]
    pub fn has_service(&self, name: &str) -> bool {
        self.content.services.iter().any(|service| service.name == name)
    }
}
