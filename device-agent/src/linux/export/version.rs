//! `version.json`, and the line that stands first and last in every PEM file.

use std::collections::BTreeMap;
use std::fmt;

use bundle::{Order, Sha256};
use serde::Serialize;

use super::local::ForApplication;
use super::system::SystemAnchors;
use super::{ExportSet, Loss, Omission};

/// Which bundle an export shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// The channel's name.
    pub channel: String,
    /// The release.
    pub order: Order,
    /// SHA-256 of its manifest's header.
    pub digest: Sha256,
    /// The journal's generation: it also counts changes of the deny list.
    pub generation: u64,
}

/// An application with files of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Application {
    /// Its name.
    pub name: String,
    /// `replace`, or `add` where it trusts the system's anchors too.
    pub trust: &'static str,
    /// How many anchors of the system it trusts too.
    pub system_anchors: usize,
    /// How many of the system's were left out, because the bundle denies them or limits them.
    pub system_anchors_left_out: usize,
    /// Why the system's anchors could not be read.
    pub fault: Option<String>,
}

/// The content of `version.json`.
#[derive(Debug, Serialize)]
pub(super) struct VersionFile<'a> {
    schema: &'static str,
    channel: &'a str,
    release: String,
    release_epoch: u16,
    release_number: u32,
    digest: String,
    generation: u64,
    files: BTreeMap<&'a str, String>,
    omitted: &'a [Omission],
    losses: &'a [Loss],
    applications: &'a [Application],
}

impl<'a> VersionFile<'a> {
    /// Of a set whose other files are complete.
    pub(super) fn of(set: &'a ExportSet) -> Self {
        let version = &set.version;
        Self {
            schema: "device-agent.export.1",
            channel: &version.channel,
            release: version.order.to_string(),
            release_epoch: version.order.epoch,
            release_number: version.order.number,
            digest: version.digest.to_string(),
            generation: version.generation,
            files: set.files.iter().map(|file| (file.path.as_str(), file.sha256().to_string())).collect(),
            omitted: &set.omissions,
            losses: &set.losses,
            applications: &set.applications,
        }
    }

    /// The file's bytes.
    pub(super) fn bytes(&self) -> Vec<u8> {
        // A struct of strings and numbers always has a form in JSON.
        let mut bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }
}

impl Application {
    /// One that trusts what the bundle says and nothing else, so far.
    pub(super) fn new(of: &ForApplication) -> Self {
        let trust = if of.adds_system { "add" } else { "replace" };
        Self { name: of.name.clone(), trust, system_anchors: 0, system_anchors_left_out: 0, fault: None }
    }

    /// Notes what it trusts of the system's.
    pub(super) fn add(&mut self, store: &SystemAnchors, count: usize, left_out: usize) {
        self.system_anchors = count;
        self.system_anchors_left_out = left_out;
        self.fault.clone_from(&store.fault);
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { channel, order, digest, generation } = self;
        write!(
            f,
            "trust bundle of channel {channel}, release {order}, digest {digest}, generation {generation}"
        )
    }
}
