//! A whole published tree: keyring generations, and for each channel head, release, certificates and updates.

use bundle::{ChannelId, Head, Keyring, Order, UnixSeconds, VerifyError};

use super::chain::Chain;
use super::document;
use super::explain;
use super::head;
use super::origin::Origin;
use super::packs;
use super::record::Record;
use super::release::{self, Release};
use super::trust::Ring;
use super::updates::{self, Wanted};
use crate::server::PublishedName;

/// A published tree and how it is to be judged.
pub(super) struct Tree<'a> {
    /// Where it is.
    pub(super) origin: &'a Origin,
    /// Every path in it, where it can be listed.
    pub(super) listed: Option<Vec<String>>,
    /// The channels to judge.
    pub(super) channels: Vec<String>,
    /// The time by which heads are fresh.
    pub(super) now: UnixSeconds,
    /// How many earlier releases to try updates from where paths cannot be listed.
    pub(super) earlier: u32,
    /// Whether to say in words what the documents mean.
    pub(super) explain: bool,
}

impl Tree<'_> {
    /// Judges the tree as a device that holds `first`, and says which keyring it ends with.
    pub(super) fn check(&self, first: Ring, record: &mut Record) -> Result<Order, VerifyError> {
        let chain = Chain::follow(first, self.origin, record)?;
        let listed = self.listed.as_deref();
        packs::check(self.origin, listed, &chain, record);
        if self.explain {
            record.explanation.extend(explain::keyring(&chain.newest().keyring()?));
        }
        for channel in &self.channels {
            self.channel(&chain, channel, record)?;
        }
        self.foreign(record);
        Ok(chain.newest().keyring()?.order())
    }

    /// Shows what the tree claims to be; nothing of it is verified.
    pub(super) fn show(&self, record: &mut Record) {
        for channel in &self.channels {
            let name = PublishedName::Head { channel: channel.clone() };
            if let Some(bytes) = self.read(&name, record) {
                document::show(&bytes, &name.to_string(), record);
            }
        }
        self.foreign(record);
    }

    fn channel(&self, chain: &Chain, channel: &str, record: &mut Record) -> Result<(), VerifyError> {
        let name = PublishedName::Head { channel: channel.to_owned() };
        let subject = name.to_string();
        let Some(bytes) = self.read(&name, record) else { return Ok(()) };
        let keyring = chain.newest().keyring()?;
        let head = head::check(&bytes, &keyring, ChannelId::of(channel), self.now, &subject, record);
        let Some(head) = head else { return Ok(()) };
        keyring_named(&head, &keyring, &subject, record);
        if self.explain {
            record.explanation.extend(explain::head(&head, channel, self.now));
        }
        let (number, digest) = (head.release().number, head.release_digest());
        if let Some(release) = Release::check(self.origin, chain, channel, number, digest, record) {
            let wanted = Wanted { channel, listed: self.listed.as_deref(), earlier: self.earlier };
            updates::check(self.origin, chain, &wanted, &release, record);
            if self.explain
                && let Ok(manifest) = release::verify(&release.document, chain, channel)
            {
                record
                    .explanation
                    .extend(explain::manifest(&manifest, |sha256| release.blobs.get(&sha256).cloned()));
            }
        }
        self.previous(chain, channel, &head, record);
        Ok(())
    }

    /// The release that everybody outside the rollout has or gets.
    fn previous(&self, chain: &Chain, channel: &str, head: &Head<'_>, record: &mut Record) {
        let Some(previous) = head.previous() else { return };
        let name = PublishedName::Release { channel: channel.to_owned(), number: previous.number };
        let subject = name.to_string();
        let Some(bytes) = self.read(&name, record) else { return };
        match release::verify_earlier(&bytes, chain, ChannelId::of(channel)) {
            Ok(manifest) if manifest.digest() == previous.digest => {
                record.good(subject, format!("{}: the previous release", release::describe(&manifest)));
            }
            Ok(_) => record.bad(subject, "release_digest", "is not the previous release that the head names"),
            Err(error) => record.refused(subject, &error),
        }
    }

    fn read(&self, name: &PublishedName, record: &mut Record) -> Option<Vec<u8>> {
        match self.origin.read(name) {
            Ok(Some(bytes)) => return Some(bytes),
            Ok(None) => record.bad(name.to_string(), "missing", "there is no such file"),
            Err(error) => record.unreachable(name.to_string(), error.to_string()),
        }
        None
    }

    /// Files that a plain file server would publish although they are none of ours.
    fn foreign(&self, record: &mut Record) {
        let paths = self.listed.iter().flatten().filter(|path| PublishedName::parse(path).is_none());
        for path in paths {
            record.finding(path.as_str(), "foreign_file", "does not belong into a published tree");
        }
    }
}

fn keyring_named(head: &Head<'_>, keyring: &Keyring<'_>, subject: &str, record: &mut Record) {
    let (named, newest) = (head.keyring_version(), keyring.version());
    if named > newest {
        let detail = format!("names keyring {named}, which does not follow from keyring {newest}");
        record.bad(subject, "keyring_missing", detail);
    } else if named < newest {
        let detail = format!("names keyring {named} although {newest} is published: sign the head again");
        record.finding(subject, "keyring_not_named", detail);
    }
}
