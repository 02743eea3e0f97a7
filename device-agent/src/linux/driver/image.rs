//! What the image brings along and the configuration says, in the form in which the engine borrows it.

use std::fs;
use std::path::Path;

use bundle::limits::KEYRING_BODY_BYTES_MAX;
use bundle::{ParseError, ParseErrorKind, VerifyError};
use store::{KeyringBytes, Record};
use trust_store::{Installed, Origin};

use crate::linux::clock::Clock;
use crate::linux::configuration::Settings;
use crate::linux::entropy;
use crate::linux::error::{Error, Exit};
use crate::linux::journal_file;
use crate::{Configuration, LocalHost, StartError, check_start, limits};

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
        let file = |path: &Path, bytes_max, field: &str| {
            let hint = || format!("{} names it as {field}", settings.path.display());
            read(path, bytes_max).map_err(|error| error.hint(hint()))
        };
        let seed_max = u64::from(limits::FILE_BYTES_MAX);
        let seed = settings.seed_path.as_deref().map(|path| file(path, seed_max, "image.seed"));
        let keyring = settings.keyring_path.as_deref();
        let keyring = keyring.map(|path| file(path, KEYRING_DOCUMENT_BYTES_MAX, "image.keyring"));
        Ok(Self {
            settings,
            seed: seed.transpose()?,
            keyring: keyring.transpose()?,
            groups: settings.groups.iter().map(String::as_str).collect(),
            hosts: settings.local_hosts().collect(),
            entropy: u64::from_le_bytes(entropy::random()?),
        })
    }

    /// The hosts of this device's services.
    #[must_use]
    pub fn hosts(&self) -> &[LocalHost<'s>] {
        &self.hosts
    }

    /// Checks that an agent could start on this image and a store with this journal, which keeps whoever asks from
    /// making or trusting anything of an image that no agent would take. Returns the keyring that would be in force.
    ///
    /// # Errors
    /// As at the start of the agent.
    pub fn check(&self, clock: &Clock, record: &Record) -> Result<KeyringBytes, Error> {
        check_start(&self.configuration(clock), record).map_err(|error| start_error(self.settings, error))
    }

    /// As [`Image::check`], where what is in force comes from the image: applications are not shown a seed that no
    /// agent would take, and a whole release in the store needs no seed.
    ///
    /// # Errors
    /// As at the start of the agent.
    pub fn check_in_use(settings: &'s Settings, clock: &Clock, installed: &Installed) -> Result<(), Error> {
        if installed.origin() == Origin::Seed {
            let (_, record) = journal_file::read(settings)?;
            Self::read(settings)?.check(clock, &record)?;
        }
        Ok(())
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
            floors: store::Floors::default(),
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

/// Why the agent cannot start, with the file at fault.
pub(super) fn start_error(settings: &Settings, error: StartError) -> Error {
    let (exit, field, path) = match error {
        StartError::Identity => (Exit::Usage, Some("device.id"), Some(&settings.path)),
        StartError::KeyringMissing => (Exit::Usage, Some("image.seed"), Some(&settings.path)),
        StartError::Keyring(_) => (Exit::BadInput, None, settings.keyring_path.as_ref()),
        StartError::Seed(_) => (Exit::BadInput, None, settings.seed_path.as_ref()),
        StartError::StoreOfOtherChannel => (Exit::Usage, None, Some(&settings.store.path)),
        StartError::Memory { .. } => (Exit::Bug, None, None),
    };
    let mut shown = Error::new(exit, error.code(), error.to_string());
    if let Some(path) = path {
        shown = shown.file(path);
    }
    if let Some(field) = field {
        shown = shown.field(field);
    }
    match error {
        StartError::Seed(cause) if is_other_file(&cause) => shown.because("is not a seed of this product"),
        StartError::Keyring(cause) if is_other_file(&cause) => {
            shown.because("is not a keyring of this product")
        }
        StartError::Seed(VerifyError::Channel) => {
            let message = format!("the seed is of another channel than {:?}", settings.channel);
            shown.because(message).hint("look at channel.name and image.seed")
        }
        StartError::Seed(cause) | StartError::Keyring(cause) => shown.because(cause),
        _ => shown,
    }
}

/// True where the file is not even of the kind that was asked for.
fn is_other_file(error: &VerifyError) -> bool {
    matches!(error, VerifyError::Parse(ParseError { kind: ParseErrorKind::Magic, .. }))
}
