//! The head that stands in a published tree.

use std::fs;
use std::path::{Path, PathBuf};

use bundle::{ChannelId, Document as _, Envelope, Head, Order, Previous, Sha256, UnixSeconds};

use crate::Error;
use crate::document::KeyringChain;

/// What stands where a channel's head should.
#[derive(Debug)]
pub enum Published {
    /// A file that is no head of this fleet.
    Bad {
        /// SHA-256 of the file.
        file_sha256: Sha256,
        /// Why it is none.
        error: Error,
    },
    /// A head that some keyring of the fleet verifies.
    Good(PublishedHead),
    /// No file.
    Missing,
}

/// A head, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedHead {
    /// Its whole file.
    pub document: Vec<u8>,
    /// Its body: equal bodies say the same.
    pub body: Vec<u8>,
    /// Recovery epoch and number.
    pub order: Order,
    /// When it was signed.
    pub issued_at: UnixSeconds,
    /// When it is no longer fresh.
    pub expires_at: UnixSeconds,
    /// The release being rolled out.
    pub release: Order,
    /// The digest of that release.
    pub release_digest: Sha256,
    /// The newest keyring.
    pub keyring_version: u32,
    /// Share of all devices, in 1/10,000.
    pub share: u16,
    /// The release that everybody else gets.
    pub previous: Option<Previous>,
    /// Tags and shares of groups.
    pub groups: Vec<(u32, u16)>,
    /// True where the newest keyring verifies it, false where only an older one does.
    pub under_newest: bool,
}

impl Published {
    /// Reads the head of `channel` in the published tree at `folder`.
    ///
    /// # Errors
    /// Exit code 5 where the file cannot be read.
    pub fn read(folder: &Path, channel: &str, keyrings: &KeyringChain) -> Result<Self, Error> {
        let path = Self::path(folder, channel);
        let document = match fs::read(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::Missing),
            Err(error) => return Err(Error::io("read", &path, error)),
            Ok(document) => document,
        };
        Ok(Self::of(document, &path, channel, keyrings))
    }

    /// What a file is that was found where the head of `channel` should be.
    pub fn of(document: Vec<u8>, place: &Path, channel: &str, keyrings: &KeyringChain) -> Self {
        let file_sha256 = Sha256::of(&[&document]);
        match PublishedHead::parse(document, channel, keyrings) {
            Ok(head) => Self::Good(head),
            Err(error) => Self::Bad { file_sha256, error: error.file(place) },
        }
    }

    /// Where the head of `channel` stands.
    #[must_use]
    pub fn path(folder: &Path, channel: &str) -> PathBuf {
        folder.join(channel).join("head")
    }

    /// SHA-256 of the file: what a swap expects to find.
    #[must_use]
    pub fn file_sha256(&self) -> Option<Sha256> {
        match self {
            Self::Bad { file_sha256, .. } => Some(*file_sha256),
            Self::Good(head) => Some(Sha256::of(&[&head.document])),
            Self::Missing => None,
        }
    }

    /// The head, where it is one.
    #[must_use]
    pub const fn good(&self) -> Option<&PublishedHead> {
        match self {
            Self::Good(head) => Some(head),
            Self::Bad { .. } | Self::Missing => None,
        }
    }
}

impl PublishedHead {
    fn parse(document: Vec<u8>, channel: &str, keyrings: &KeyringChain) -> Result<Self, Error> {
        let malformed = || Error::input("head_unreadable", "is not a head of this channel");
        let envelope = Envelope::parse_whole(&document).map_err(|error| malformed().because(error))?;
        let channel = ChannelId::of(channel);
        let newest = keyrings.newest()?.keyring()?;
        let under_newest = envelope.verify(&newest, channel).is_ok();
        let authentic = keyrings.verify(&envelope, channel)?;
        let head = Head::decode(authentic).map_err(|error| malformed().because(error))?;
        let (order, issued_at, expires_at) = (head.order(), head.header().issued_at, head.expires_at());
        let (release, release_digest, keyring_version) =
            (head.release(), head.release_digest(), head.keyring_version());
        let (share, previous) = (head.share(), head.previous());
        let groups = head.groups().iter().map(|group| (group.tag, group.share)).collect();
        let body = envelope.body().to_vec();
        Ok(Self {
            body,
            document,
            order,
            issued_at,
            expires_at,
            release,
            release_digest,
            keyring_version,
            share,
            previous,
            groups,
            under_newest,
        })
    }
}
