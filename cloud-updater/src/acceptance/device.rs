//! A device that starts somewhere and follows what is published: what a drill asks of each.

use std::path::Path;

use bundle::{Order, Seed, UnixSeconds, VerifyError};

use super::file::{self, Judge};
use super::origin::Origin;
use super::record::{Grade, Record};
use super::tree::Tree;
use super::trust::Ring;

/// Where a device ended, and what it refused on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Followed {
    /// Its newest keyring; `None` where it could not even start.
    pub(crate) keyring: Option<Order>,
    /// Keyrings, recoveries and packs that it refused, in words.
    pub(crate) refused_keyrings: Vec<String>,
    /// Heads, releases, certificates and updates that it refused, in words.
    pub(crate) refused_documents: Vec<String>,
}

/// A published tree in a folder, and when it is looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Site<'a> {
    /// The tree.
    pub(crate) folder: &'a Path,
    /// The channels that have a head.
    pub(crate) channels: &'a [String],
    /// The time by which heads are fresh.
    pub(crate) now: UnixSeconds,
}

impl Site<'_> {
    /// What becomes of a device that holds this keyring document.
    pub(crate) fn follow(&self, keyring: &[u8]) -> Followed {
        let mut record = Record::default();
        let origin = Origin::Folder(self.folder.to_owned());
        let channels = self.channels.to_vec();
        // What leads here from earlier releases is verified by devices that have them; one that starts here has none.
        let tree =
            Tree { origin: &origin, listed: None, channels, now: self.now, earlier: 0, explain: false };
        let reached = Ring::new(keyring, "the device").and_then(|ring| tree.check(ring, &mut record));
        Followed::of(reached, &record)
    }

    /// What becomes of a device that has nothing but an image with this seed.
    pub(crate) fn follow_from_seed(&self, seed: &[u8], channel: &str) -> Followed {
        let opened = Seed::parse(seed).map_err(VerifyError::from).and_then(|parts| {
            parts.open(bundle::ChannelId::of(channel))?;
            Ok(parts.keyring_document)
        });
        match opened {
            Ok(keyring) => self.follow(keyring),
            Err(error) => Followed::of(Err(error), &Record::default()),
        }
    }
}

/// What becomes of a device that holds this keyring document and gets a USB file.
pub(crate) fn follow_stick(stick: &[u8], keyring: &[u8], channel: &str, now: UnixSeconds) -> Followed {
    let mut record = Record::default();
    let judge = Judge { channel: Some(channel), base: None, names: &[], now, explain: false };
    let ring = match Ring::new(keyring, "the device") {
        Ok(ring) => ring,
        Err(error) => return Followed::of(Err(error), &record),
    };
    file::check(stick, Some(ring), &judge, &mut record);
    // A file is taken whole or not at all: where nothing was refused, its last keyring is the device's.
    let last = bundle::Usb::parse(stick).ok().and_then(|usb| newest_of(usb.keyrings));
    let start = bundle::Keyring::provisioned(keyring).map(|keyring| keyring.order());
    let reached = last.map_or(start, Ok);
    Followed::of(reached, &record)
}

fn newest_of(keyrings: &[u8]) -> Option<Order> {
    let (mut rest, mut newest) = (keyrings, None);
    while !rest.is_empty() {
        let (envelope, after) = bundle::Envelope::parse(rest).ok()?;
        if envelope.header().kind == bundle::Kind::Keyring {
            newest = Some(envelope.header().order);
        }
        rest = after;
    }
    newest
}

impl Followed {
    fn of(reached: Result<Order, VerifyError>, record: &Record) -> Self {
        let is_keyring = |subject: &str| subject.starts_with("keyring") || subject.starts_with("recovery/");
        let refused = record.checks.iter().filter(|check| check.grade > Grade::Finding);
        let (keyrings, documents): (Vec<_>, Vec<_>) = refused.partition(|check| is_keyring(&check.subject));
        let words = |checks: Vec<&super::Check>| {
            checks.iter().map(|check| format!("{}: {}", check.subject, check.detail)).collect::<Vec<_>>()
        };
        let mut refused_keyrings = words(keyrings);
        refused_keyrings.extend(reached.as_ref().err().map(ToString::to_string));
        Self { keyring: reached.ok(), refused_keyrings, refused_documents: words(documents) }
    }
}
