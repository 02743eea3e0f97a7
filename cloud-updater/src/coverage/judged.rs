//! One bundle, made ready for judging as devices judge.

use std::collections::BTreeSet;

use bundle::write::{AnchorContent, ManifestContent, ServiceAnchors};
use bundle::{AnchorState, Denial, DenialKind, Manifest, Order, Purposes, Sha256, UnixSeconds};
use chain::AnchorSet;

use crate::Error;
use crate::diff::Names;
use crate::document::{self, Blobs, Draft, DraftFile, review_manifest};
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
        label: impl FnOnce(Order) -> String,
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

    /// The same bundle with one more anchor, for a service or for all that every anchor serves.
    ///
    /// # Errors
    /// Exit code 3 where it would be a bundle that devices refuse.
    pub fn with_anchor(&self, der: &[u8], service: &str) -> Result<Self, Error> {
        let mut content = self.content.clone();
        let sha256 = Sha256::of(&[der]);
        content.anchors.push(AnchorContent {
            sha256,
            length: u32::try_from(der.len()).unwrap_or(u32::MAX),
            state: AnchorState::Next,
            purposes: Purposes::SERVER_AUTH,
            added_day: 0,
            retire_day: None,
            note: String::new(),
            constraints: Vec::new(),
            extensions: Vec::new(),
        });
        for known in content.services.iter_mut().filter(|known| known.name == service) {
            if let ServiceAnchors::Listed(list) = &mut known.anchors {
                list.push(sha256);
            }
        }
        let named = content.anchors.iter().map(|it| it.sha256);
        let named = named.chain(content.intermediates.iter().map(|it| it.sha256));
        let mut blobs: Blobs =
            named.filter_map(|sha256| Some((sha256, self.names.der(sha256)?.to_vec()))).collect();
        blobs.insert(sha256, der.to_vec());
        let draft = Draft::of_content("trial", &content, blobs);
        Self::of_unsigned(&self.label, &draft.number(Order::new(0, 1), 1, UnixSeconds(0))?)
    }
}
