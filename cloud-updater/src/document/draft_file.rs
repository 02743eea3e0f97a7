//! `<n>.draft`: one document before its signatures, with all that a signer far from the repository needs to see.
//!
//! Magic `TBDR`, format 1, then sections in ascending order of their tag: tag (1 byte), length (4 bytes,
//! little-endian), bytes. Nothing in it is signed but the document; a signer's tool reads it as input from a
//! machine that it does not trust.

use std::path::Path;

use bundle::write::Unsigned;
use bundle::{ChannelId, Envelope, Kind};

use crate::repository::fleet_file::is_channel_name;
use crate::{Error, input};

/// First bytes of a draft.
const MAGIC: [u8; 4] = *b"TBDR";
/// Version of the layout.
const FORMAT: u8 = 1;
/// Bytes of a draft: two releases of 512 certificates of 8,192 bytes, and documents.
pub(crate) const FILE_BYTES_MAX: u64 = 10 * 1_024 * 1_024;

/// Tags of the sections: never renumber.
mod tag {
    pub(super) const CHANNEL: u8 = 1;
    pub(super) const REASON: u8 = 2;
    pub(super) const PREPARED_ROLLBACK: u8 = 3;
    pub(super) const DOCUMENT: u8 = 4;
    pub(super) const KEYRING: u8 = 5;
    pub(super) const RECOVERY: u8 = 6;
    pub(super) const PREVIOUS: u8 = 7;
    pub(super) const BLOBS: u8 = 8;
    pub(super) const PREVIOUS_BLOBS: u8 = 9;
    pub(super) const NEW_RECOVERY: u8 = 10;
    pub(super) const ALLOWED: u8 = 11;
}

/// A draft, as it travels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DraftFile {
    /// The channel's name; `None` for a keyring.
    pub channel: Option<String>,
    /// Why it was drafted.
    pub reason: String,
    /// Rules that it breaks on purpose, by name, for the reason given: shown to signers, and no reason to refuse publishing.
    pub allowed: Vec<String>,
    /// True where it is to lie ready: publishing does not roll it out.
    pub prepared_rollback: bool,
    /// The document: header, empty signature table, body.
    pub document: Vec<u8>,
    /// The keyring document in force; empty before the first one.
    pub keyring: Vec<u8>,
    /// The recovery set that is shown, where one is.
    pub recovery: Vec<u8>,
    /// The recovery set that a new keyring commits to, where it has one.
    pub new_recovery: Vec<u8>,
    /// The release that the new one is compared with, if there is one.
    pub previous: Vec<u8>,
    /// The new release's certificates, in its order.
    pub blobs: Vec<u8>,
    /// The previous release's certificates, in its order.
    pub previous_blobs: Vec<u8>,
}

impl DraftFile {
    /// The file's bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let channel = self.channel.as_deref().unwrap_or_default();
        let prepared: &[u8] = if self.prepared_rollback { &[1] } else { &[] };
        let allowed = self.allowed.join(" ");
        let sections: [(u8, &[u8]); 11] = [
            (tag::CHANNEL, channel.as_bytes()),
            (tag::REASON, self.reason.as_bytes()),
            (tag::PREPARED_ROLLBACK, prepared),
            (tag::DOCUMENT, &self.document),
            (tag::KEYRING, &self.keyring),
            (tag::RECOVERY, &self.recovery),
            (tag::PREVIOUS, &self.previous),
            (tag::BLOBS, &self.blobs),
            (tag::PREVIOUS_BLOBS, &self.previous_blobs),
            (tag::NEW_RECOVERY, &self.new_recovery),
            (tag::ALLOWED, allowed.as_bytes()),
        ];
        let mut out = [&MAGIC[..], &[FORMAT]].concat();
        for (tag, bytes) in sections.into_iter().filter(|(_, bytes)| !bytes.is_empty()) {
            out.push(tag);
            // `parse` refuses files above ten mebibytes, so no section comes near the limit of its length.
            out.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes());
            out.extend_from_slice(bytes);
        }
        out
    }

    /// Reads the file's bytes.
    ///
    /// # Errors
    /// Exit code 3 with the field at fault.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let mut rest =
            bytes.strip_prefix(&MAGIC).ok_or_else(|| wrong("magic", "is not a draft of cloud-updater"))?;
        match rest.split_first() {
            Some((&FORMAT, after)) => rest = after,
            _ => return Err(wrong("format", "is a draft of another version of cloud-updater")),
        }
        let mut draft = Self::default();
        let mut last = 0;
        while let Some((&tag, after)) = rest.split_first() {
            if tag <= last {
                return Err(wrong("sections", "stand in another order than they are written in"));
            }
            let cut = || wrong("sections", "is cut off");
            let (length, after) = after.split_first_chunk::<4>().ok_or_else(cut)?;
            let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| cut())?;
            let (content, after) = after.split_at_checked(length).ok_or_else(cut)?;
            draft.take(tag, content)?;
            (last, rest) = (tag, after);
        }
        draft.check()?;
        Ok(draft)
    }

    /// Reads a `.draft` file.
    ///
    /// # Errors
    /// Exit code 3 with file and field, 5 where it cannot be read.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let bytes = input::read(path, FILE_BYTES_MAX, "a draft")?;
        Self::parse(&bytes).map_err(|error| error.file(path))
    }

    /// The document, ready for signatures.
    ///
    /// # Errors
    /// Exit code 3 where it is none.
    pub fn unsigned(&self) -> Result<Unsigned, Error> {
        let envelope = Envelope::parse_whole(&self.document)
            .map_err(|error| wrong("document", "is not a document").because(error))?;
        Ok(Unsigned::of(&envelope))
    }

    fn take(&mut self, tag: u8, content: &[u8]) -> Result<(), Error> {
        let text = |field| String::from_utf8(content.to_vec()).map_err(|_| wrong(field, "is not UTF-8 text"));
        match tag {
            tag::CHANNEL => self.channel = Some(text("channel")?),
            tag::REASON => self.reason = text("reason")?,
            tag::PREPARED_ROLLBACK => self.prepared_rollback = true,
            tag::DOCUMENT => self.document = content.to_vec(),
            tag::KEYRING => self.keyring = content.to_vec(),
            tag::RECOVERY => self.recovery = content.to_vec(),
            tag::PREVIOUS => self.previous = content.to_vec(),
            tag::BLOBS => self.blobs = content.to_vec(),
            tag::PREVIOUS_BLOBS => self.previous_blobs = content.to_vec(),
            tag::NEW_RECOVERY => self.new_recovery = content.to_vec(),
            tag::ALLOWED => self.allowed = text("allowed")?.split(' ').map(str::to_owned).collect(),
            _ => return Err(wrong("sections", "is a draft of a newer version of cloud-updater")),
        }
        Ok(())
    }

    /// The channel's name and the document's kind belong together: a signer reads the one and signs the other.
    fn check(&self) -> Result<(), Error> {
        let unsigned = self.unsigned()?;
        let header = unsigned.header();
        let envelope = Envelope::parse_whole(&self.document)
            .map_err(|error| wrong("document", "is not a document").because(error))?;
        if envelope.signatures().iter().next().is_some() {
            return Err(wrong("document", "carries signatures: a draft has none"));
        }
        match (&self.channel, header.kind) {
            (None, Kind::Keyring) if header.channel == ChannelId::FLEET => {}
            (Some(name), Kind::Manifest | Kind::RevokeAll) => {
                if !is_channel_name(name) {
                    return Err(wrong("channel", "is not the name of a channel"));
                }
                if header.channel != ChannelId::of(name) {
                    return Err(wrong("channel", "is not the channel that the document is for"));
                }
            }
            (_, kind) => {
                return Err(wrong("document", &format!("is a {kind}, which is never drafted this way")));
            }
        }
        if self.reason.chars().any(char::is_control) {
            return Err(wrong("reason", "holds control characters"));
        }
        let is_rule = |name: &String| {
            !name.is_empty()
                && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        };
        if !self.allowed.iter().all(is_rule) {
            return Err(wrong("allowed", "holds something else than names of rules"));
        }
        Ok(())
    }
}

fn wrong(field: &str, message: &str) -> Error {
    Error::input("draft_file", message).field(field)
}

#[cfg(test)]
mod tests {
    use bundle::write::ManifestContent;
    use bundle::{Order, UnixSeconds};

    use super::*;

    fn sample() -> DraftFile {
        let body = ManifestContent::default().encode();
        let channel = ChannelId::of("prod");
        let unsigned =
            Unsigned::new(Kind::RevokeAll, channel, Order::new(0, 1), 1, UnixSeconds(9), body).unwrap();
        DraftFile {
            channel: Some("prod".to_owned()),
            reason: "a drill".to_owned(),
            document: unsigned.assemble(&[]).unwrap(),
            keyring: b"keyring".to_vec(),
            blobs: b"blobs".to_vec(),
            ..DraftFile::default()
        }
    }

    #[test]
    fn a_draft_reads_back_as_itself() {
        let draft = sample();
        assert_eq!(DraftFile::parse(&draft.encode()).unwrap(), draft);
        let prepared = DraftFile { prepared_rollback: true, ..draft };
        assert_eq!(DraftFile::parse(&prepared.encode()).unwrap(), prepared);
        let allowed = vec!["replaced-in-one-step".to_owned(), "over-budget".to_owned()];
        let overriding = DraftFile { allowed, ..sample() };
        assert_eq!(DraftFile::parse(&overriding.encode()).unwrap(), overriding);
        let forged = DraftFile { allowed: vec!["over\nbudget".to_owned()], ..sample() };
        let error = DraftFile::parse(&forged.encode()).unwrap_err();
        assert!(error.to_string().starts_with("allowed: "), "{error}");
    }

    #[test]
    fn a_draft_cut_anywhere_between_sections_or_inside_is_refused_or_a_shorter_draft() {
        let bytes = sample().encode();
        for length in 0..bytes.len() {
            if let Ok(draft) = DraftFile::parse(&bytes[..length]) {
                assert!(draft.blobs.is_empty(), "only whole sections are read");
            }
        }
    }

    #[test]
    fn the_channel_shown_is_the_channel_signed() {
        let other = DraftFile { channel: Some("staging".to_owned()), ..sample() };
        let error = DraftFile::parse(&other.encode()).unwrap_err();
        assert!(error.to_string().starts_with("channel: is not the channel"), "{error}");
        let none = DraftFile { channel: None, ..sample() };
        assert!(DraftFile::parse(&none.encode()).is_err());
    }
}
