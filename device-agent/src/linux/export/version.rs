//! `version.json`, and the line that stands first and last in every PEM file.

use std::collections::BTreeMap;
use std::fmt;

use bundle::{Order, Sha256};
use serde::Serialize;

use super::{Artefact, Omission};

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

/// The content of `version.json`.
#[derive(Debug, Serialize)]
pub(super) struct VersionFile<'a> {
    pub(super) schema: &'static str,
    pub(super) channel: &'a str,
    pub(super) release: String,
    pub(super) release_epoch: u16,
    pub(super) release_number: u32,
    pub(super) digest: String,
    pub(super) generation: u64,
    pub(super) files: BTreeMap<&'a str, String>,
    /// Anchors that the bundle has and some file lacks.
    pub(super) omitted: &'a [Omission],
    /// Services whose pins and expected names no exported file can carry.
    pub(super) pins_not_carried: Vec<&'a str>,
    /// Entries of the deny list that name no anchor of the bundle: no exported file can carry them.
    pub(super) denials_not_carried: usize,
}

impl Version {
    pub(super) fn file<'a>(
        &'a self,
        files: &'a [Artefact],
        omitted: &'a [Omission],
        pins_not_carried: Vec<&'a str>,
        denials_not_carried: usize,
    ) -> VersionFile<'a> {
        VersionFile {
            schema: "device-agent.export.1",
            channel: &self.channel,
            release: self.order.to_string(),
            release_epoch: self.order.epoch,
            release_number: self.order.number,
            digest: self.digest.to_string(),
            generation: self.generation,
            files: files.iter().map(|file| (file.path.as_str(), file.sha256().to_string())).collect(),
            omitted,
            pins_not_carried,
            denials_not_carried,
        }
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
