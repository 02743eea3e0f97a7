//! The operator's repository: the folder, kept in git, from which everything but the heads can be rebuilt.
//!
//! | path | what |
//! |---|---|
//! | `fleet.toml` | channels, device classes, roles, publication |
//! | `services.toml` | the named peers of the fleet |
//! | `anchors/<name>-<sha8>.{pem,toml}` | anchors and what is recorded about them |
//! | `intermediates/<name>-<sha8>.{pem,toml}` | intermediates |
//! | `keys/<name>.pub` | public keys |
//! | `keyring/<n>`, `keyring/recovery-<sha8>`, `keyring/drafts/` | keyring generations, the recovery sets that they commit to, drafts |
//! | `blob/<sha256>` | every certificate that a release ever held |
//! | `channels/<channel>/release/<n>` | signed manifests |
//! | `channels/<channel>/drafts/` | drafts and their signatures |
//! | `channels/<channel>/rollout.toml` | which release goes to which share of the devices |
//! | `observations/<vantage>.json` | what endpoints were seen to serve from there |
//! | `sources/<name>.{toml,json,history}` | where a source is, what it said last, and when that changed |
//! | `sources/certificates/<sha256>.der` | certificates that sources had |
//! | `log/<year>.log` | one line for each change |
//! | `.state/` | locks and caches; never in git |

mod anchor_entry;
mod anchor_record;
mod census_settings;
pub mod fleet_file;
mod key_folder;
mod layout;
mod log;
mod requirement_settings;
mod role_settings;
mod rollout_file;
pub mod service_file;
pub mod settings;

use std::path::{Path, PathBuf};

use bundle::{Sha256, UnixSeconds};

pub(crate) use anchor_entry::files_with;
pub use anchor_entry::{AnchorEntry, AnchorKind, NewAnchor, entry_name, read_entries, write_entry};
pub use anchor_record::{
    AnchorRecord, AnchorStanding, Denied, Distrust, OverriddenRule, check_reason, parse_purposes,
};
pub use census_settings::CensusSettings;
pub use key_folder::KeyFolder;
pub use layout::{Layout, signature_name};
pub use log::LogLine;
pub(crate) use requirement_settings::folded;
pub use requirement_settings::{ExpectationSettings, PinSettings};
pub use role_settings::{RoleHolders, RoleSettings};
pub use rollout_file::{HeadMark, Rollout, Share};

use crate::audit::{Act, Chain};
use crate::document::SignatureFile;
use crate::lock::FolderLock;
use crate::{Context, Error, durable};
use fleet_file::FleetFile;
use service_file::ServiceFile;

/// Folders below one of the repository's own: `channels/<channel>/release`.
const LAYERS: usize = 2;

/// An operator's repository, its settings read and checked.
#[derive(Debug)]
pub struct Repository {
    layout: Layout,
    fleet: FleetFile,
}

impl Repository {
    /// Opens the repository that the global flags name.
    ///
    /// # Errors
    /// Exit code 2 where there is none, where `fleet.toml` cannot be used, or where it has no channel of the name
    /// that the global flags give.
    pub fn open(context: &Context) -> Result<Self, Error> {
        let repository = Self::at(context.repository_folder()?)?;
        if let Some(name) = context.channel() {
            repository.fleet.channel(name)?;
        }
        Ok(repository)
    }

    /// Opens the repository in `folder`.
    ///
    /// # Errors
    /// Exit code 2 where `fleet.toml` cannot be used.
    pub fn at(folder: PathBuf) -> Result<Self, Error> {
        let fleet = FleetFile::read(&folder)?;
        Ok(Self { layout: Layout::new(folder), fleet })
    }

    /// Where its files are.
    #[must_use]
    pub const fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Its folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.layout.folder()
    }

    /// `fleet.toml`.
    #[must_use]
    pub const fn fleet(&self) -> &FleetFile {
        &self.fleet
    }

    /// `services.toml`.
    ///
    /// # Errors
    /// Exit code 2 with the field at fault.
    pub fn services(&self) -> Result<ServiceFile, Error> {
        let file = ServiceFile::read(self.folder())?;
        for (name, service) in &file.services {
            for (index, channel) in service.channels.iter().flatten().enumerate() {
                if !self.fleet.channels.contains_key(channel) {
                    let field = format!("services.{name}.channels[{index}]");
                    return Err(service_file::wrong(
                        field,
                        format!("there is no channel {channel:?} in fleet.toml"),
                    ));
                }
            }
        }
        Ok(file)
    }

    /// The public keys in `keys/`.
    ///
    /// # Errors
    /// Exit code 3 with the file at fault.
    pub fn keys(&self) -> Result<KeyFolder, Error> {
        KeyFolder::read(&self.layout.keys())
    }

    /// The anchors in `anchors/`, distrusted ones included.
    ///
    /// # Errors
    /// Exit code 3 with file and field.
    pub fn anchors(&self) -> Result<Vec<AnchorEntry>, Error> {
        read_entries(&self.layout, AnchorKind::Anchor, &self.fleet)
    }

    /// The intermediates in `intermediates/`.
    ///
    /// # Errors
    /// Exit code 3 with file and field.
    pub fn intermediates(&self) -> Result<Vec<AnchorEntry>, Error> {
        read_entries(&self.layout, AnchorKind::Intermediate, &self.fleet)
    }

    /// The rollout of a channel.
    ///
    /// # Errors
    /// Exit code 2 with the field at fault.
    pub fn rollout(&self, channel: &str) -> Result<Rollout, Error> {
        Rollout::read(&self.layout.rollout(channel))
    }

    /// Keeps other commands from changing the repository until the lock is dropped; what killed ones left behind is
    /// removed.
    ///
    /// # Errors
    /// Exit code 5 where another command holds it.
    pub fn lock(&self) -> Result<FolderLock, Error> {
        let lock = FolderLock::acquire(&self.layout.state())?;
        self.layout
            .written_folders()
            .iter()
            .try_for_each(|folder| durable::remove_leftovers_below(folder, LAYERS))?;
        Ok(lock)
    }

    /// Adds a line to the log: who did what to what, when and why.
    ///
    /// # Errors
    /// The log cannot be written.
    pub fn record(&self, now: UnixSeconds, action: &str, subject: &str, reason: &str) -> Result<(), Error> {
        self.record_act(now, &Act { action, subject, reason, documents: &[] })
    }

    /// As [`Repository::record`], with the documents that it was about.
    ///
    /// # Errors
    /// The log cannot be read or written.
    pub fn record_act(&self, now: UnixSeconds, act: &Act<'_>) -> Result<(), Error> {
        log::append(&self.layout, now, act)
    }
}

impl Repository {
    /// The lines of the log, oldest first.
    ///
    /// # Errors
    /// Exit code 3 or 5 with the file at fault.
    pub fn log_lines(&self) -> Result<Vec<LogLine>, Error> {
        log::read(&self.layout)
    }

    /// Heads of the log that signatures remember: what was in it when somebody signed, by the file that says so.
    ///
    /// # Errors
    /// Exit code 3 or 5 with the file at fault.
    pub fn remembered_heads(&self) -> Result<Vec<(String, Sha256)>, Error> {
        let channels = self.fleet.channels.keys().map(|channel| Some(channel.as_str()));
        let mut found = Vec::new();
        for channel in channels.chain([None]) {
            let published = channel.map_or_else(|| self.layout.keyrings(), |name| self.layout.releases(name));
            // A signature that waits may be of a clone whose log comes later; `publish` looks at it.
            for path in files_with(&published, "signatures")? {
                let label = self.layout.label(&path);
                let files = SignatureFile::read_all(&path).map_err(|error| error.place(&label))?;
                found.extend(files.iter().flat_map(|file| &file.seen.log).map(|hash| (label.clone(), *hash)));
            }
        }
        Ok(found)
    }

    /// The log as a chain of entries.
    ///
    /// # Errors
    /// Exit code 3 or 5 with the file at fault.
    pub fn audit(&self) -> Result<Chain, Error> {
        log::chain(&self.layout)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of DESIGN.md for a file.
    fn example(file: &str) -> &'static str {
        let text = include_str!("../../DESIGN.md");
        let (_, after) = text.split_once(&format!("```toml {file}\n")).unwrap();
        after.split_once("```").unwrap().0
    }

    #[test]
    fn the_examples_of_the_design_are_what_the_program_reads() {
        let fleet = FleetFile::parse(example("fleet.toml")).unwrap();
        assert_eq!(fleet.channel_or_only(None).unwrap(), "prod");
        let services = ServiceFile::parse(example("services.toml")).unwrap();
        assert_eq!(services.services["iot-hub"].pins("iot-hub", |_| None).unwrap().len(), 2);
        let file = "anchors/some-root-0a1b2c3d.toml";
        let record: AnchorRecord = settings::parse(example(file), file).unwrap();
        record.check(file).unwrap();
        assert_eq!(record.constraint_contents().unwrap().len(), 2);
    }
}
