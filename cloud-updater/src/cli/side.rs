//! One side of a comparison: a release, a draft, a file, or what the repository holds now.

use std::path::Path;

use bundle::write::ManifestContent;

use crate::diff::{Names, Side};
use crate::document::{DRAFT_BYTES_MAX, DraftFile, content, review_manifest};
use crate::publish::{Archive, StoredRelease};
use crate::repository::Repository;
use crate::{Error, input};

/// A bundle that can be compared.
#[derive(Clone, Debug, Default)]
pub(super) struct Viewed {
    /// What it is, in words.
    pub(super) label: String,
    pub(super) content: ManifestContent,
    pub(super) names: Names,
}

impl Viewed {
    /// The bundle before the first release.
    pub(super) fn nothing() -> Self {
        Self { label: "nothing".to_owned(), ..Self::default() }
    }

    /// A release of the repository.
    pub(super) fn of_release(
        archive: &Archive,
        channel: &str,
        release: &StoredRelease,
    ) -> Result<Self, Error> {
        let content = archive.with_manifest(channel, release, ManifestContent::of)?;
        let mut names = Names::default();
        names.learn(release.blobs.iter().filter_map(|(sha256, _)| archive.blob(*sha256)));
        Ok(Self { label: format!("{channel} {}", release.order), content, names })
    }

    /// What the repository holds now.
    pub(super) fn of_repository(repository: &Repository, channel: &str) -> Result<Self, Error> {
        let now = content::of_repository(repository, channel)?;
        let mut names = Names::default();
        names.learn(now.blobs.values().map(Vec::as_slice));
        // Distrusted anchors are not in the bundle, and the review names them all the same.
        let entries = repository.anchors()?;
        names.learn(entries.iter().map(|entry| entry.certificate.der()));
        Ok(Self { label: format!("{channel} as the repository has it"), content: now.manifest, names })
    }

    /// The new release of a draft, and the release that it is compared with.
    pub(super) fn of_draft(draft: &DraftFile) -> Result<(Self, Self), Error> {
        let channel = draft.channel.clone().unwrap_or_default();
        let before = if draft.previous.is_empty() {
            Self::nothing()
        } else {
            let wrong = |error: Error| {
                Error::input("draft_file", "is not a release").field("previous").because(error)
            };
            let previous = review_manifest(&draft.previous).map_err(wrong)?;
            let certificates = previous.certificates(&draft.previous_blobs)?;
            let mut names = Names::default();
            names.learn(certificates.into_iter().map(|(_, der)| der));
            Self { label: format!("{channel} {}", previous.header.order), content: previous.content, names }
        };
        let next = review_manifest(&draft.document)?;
        let mut names = Names::default();
        names.learn(next.certificates(&draft.blobs)?.into_iter().map(|(_, der)| der));
        let after = Self { label: format!("{channel} {}", next.header.order), content: next.content, names };
        Ok((before, after))
    }

    /// What `A` or `B` of `diff` means: a release's number, `now`, or a file.
    pub(super) fn of_word(
        word: &str,
        repository: &Repository,
        archive: &Archive,
        channel: &str,
    ) -> Result<Self, Error> {
        if word == "now" {
            return Self::of_repository(repository, channel);
        }
        if let Ok(number) = word.parse::<u32>() {
            return Self::of_release(archive, channel, archive.release(channel, number)?);
        }
        let path = Path::new(word);
        if !path.is_file() {
            let error = Error::usage(
                "no_bundle",
                format!("{word:?} is neither a release's number, \"now\" nor a file"),
            );
            return Err(error.hint("for example: cloud-updater diff 4 now"));
        }
        if path.extension().is_some_and(|ending| ending == "draft") {
            let draft = DraftFile::read(path)?;
            return Ok(Self::of_draft(&draft).map_err(|error| error.file(path))?.1);
        }
        let document = input::read(path, DRAFT_BYTES_MAX, "a manifest")?;
        let reviewed = review_manifest(&document).map_err(|error| error.file(path))?;
        let mut names = Names::default();
        names.learn(reviewed.blobs.iter().filter_map(|(sha256, _)| archive.blob(*sha256)));
        Ok(Self { label: format!("{} (not verified)", path.display()), content: reviewed.content, names })
    }

    pub(super) fn side(&self) -> Side<'_> {
        Side { content: &self.content, names: &self.names }
    }
}
