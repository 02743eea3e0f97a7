//! What the image brings along and the configuration says, in the form in which the engine borrows it.

use std::fs;
use std::path::Path;

use bundle::limits::KEYRING_BODY_BYTES_MAX;

use crate::linux::clock::Clock;
use crate::linux::configuration::Settings;
use crate::linux::entropy;
use crate::linux::error::Error;
use crate::{Configuration, LocalHost, limits};

/// Most bytes of a keyring document: header, largest signature table, largest body.
const KEYRING_DOCUMENT_BYTES_MAX: u64 = 68 + 16_384 + KEYRING_BODY_BYTES_MAX as u64;

/// Seed, keyring and names; the engine keeps references into it.
#[derive(Debug)]
pub struct Image<'s> {
    settings: &'s Settings,
    seed: Option<Vec<u8>>,
    keyring: Option<Vec<u8>>,
    groups: Vec<&'s str>,
    hosts: Vec<LocalHost<'s>>,
    entropy: u64,
}

impl<'s> Image<'s> {
    /// Reads the files that the settings name.
    ///
    /// # Errors
    /// A file that is named and cannot be read.
    pub fn read(settings: &'s Settings) -> Result<Self, Error> {
        let file = |path: &Path, bytes_max| read(path, bytes_max);
        let seed = settings.seed_path.as_deref().map(|path| file(path, u64::from(limits::FILE_BYTES_MAX)));
        let keyring = settings.keyring_path.as_deref().map(|path| file(path, KEYRING_DOCUMENT_BYTES_MAX));
        let hosts = settings.services.iter();
        Ok(Self {
            settings,
            seed: seed.transpose()?,
            keyring: keyring.transpose()?,
            groups: settings.groups.iter().map(String::as_str).collect(),
            hosts: hosts.map(|local| LocalHost { service: &local.service, host: &local.host }).collect(),
            entropy: u64::from_le_bytes(entropy::random()?),
        })
    }

    /// The engine's configuration.
    #[must_use]
    pub fn configuration(&self, clock: &Clock) -> Configuration<'_> {
        Configuration {
            device: &self.settings.device,
            channel: &self.settings.channel,
            groups: &self.groups,
            mode: self.settings.mode,
            seed: self.seed.as_deref(),
            keyring: self.keyring.as_deref(),
            build_time: clock.build_time(),
            local_hosts: &self.hosts,
            entropy: self.entropy,
        }
    }
}

/// Reads a whole file of at most `bytes_max` bytes.
///
/// # Errors
/// It cannot be read, or is larger.
pub fn read(path: &Path, bytes_max: u64) -> Result<Vec<u8>, Error> {
    let length = fs::metadata(path).map_err(|error| Error::io("read", path, error))?.len();
    if length > bytes_max {
        let message = format!("has {length} bytes, more than the {bytes_max} that such a file can have");
        return Err(Error::input("too_large", message).file(path));
    }
    fs::read(path).map_err(|error| Error::io("read", path, error))
}
