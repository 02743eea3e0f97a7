//! The operator's desk: a repository, key files, and the real `cloud-updater` run in it at the scenario's time.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    process::Command,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bundle::UnixSeconds;

use super::{
    CHANNEL, files,
    keys::{Holder, PASSPHRASE, Roles, key_file, secret},
};
use crate::{Error, scenario::milliseconds};

/// A repository and the people's keys, in one folder.
#[derive(Debug)]
pub(super) struct Desk {
    program: PathBuf,
    folder: PathBuf,
    start: UnixSeconds,
    /// The time on the desk's clock, in hours since the scenario's start.
    pub(super) hours: f64,
}

impl Desk {
    /// A desk with nothing on it.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub(super) fn new(program: &Path, folder: &Path, start: UnixSeconds) -> Result<Self, Error> {
        let desk = Self { program: program.into(), folder: folder.into(), start, hours: 0.0 };
        desk.secret("passphrase", PASSPHRASE)?;
        Ok(desk)
    }

    /// Makes the repository, with these channels.
    pub(super) fn open(&self, channels: &[&str]) -> Result<(), Error> {
        let folder = self.repository().to_string_lossy().into_owned();
        let mut words = vec!["init", &folder, "--fleet", "simulated"];
        channels.iter().for_each(|channel| words.extend(["--with-channel", channel]));
        self.run(&words).map(drop)
    }

    /// Gives every role its keys, as `fleet.toml` has them, and each holder a key file.
    pub(super) fn assign(&self, roles: &Roles) -> Result<(), Error> {
        for Holder(name) in roles.holders() {
            let text = key_file(name).map_err(|error| Error::File {
                path: self.folder.join(name),
                source: std::io::Error::other(error),
            })?;
            self.secret(&format!("{name}.key"), &text)?;
            self.write(&format!("keys/{name}.pub"), &public_key(name))?;
        }
        let path = self.repository().join("fleet.toml");
        let text = fs::read_to_string(&path).map_err(Error::file(&path))?;
        let kept = text.split("\n[roles.").next().unwrap_or_default().trim_end();
        let of = |threshold: u8, holders: &[Holder]| {
            let names: Vec<&str> = holders.iter().map(|Holder(name)| name.as_str()).collect();
            format!("threshold = {threshold}\nkeys = {names:?}\n")
        };
        let roles = [
            ("keyring", of(2, &roles.people)),
            ("release", of(2, &roles.people)),
            ("head", of(1, &roles.heads)),
            ("recovery", of(2, &roles.recoveries)),
        ];
        let roles: String = roles.iter().map(|(name, keys)| format!("\n[roles.{name}]\n{keys}")).collect();
        self.write("fleet.toml", &format!("{kept}\n{roles}"))
    }

    /// Has holders sign a file of the repository.
    pub(super) fn sign(&self, file: &str, holders: &[Holder]) -> Result<(), Error> {
        for holder in holders {
            self.run(&["--yes", "sign", file, "--key", &self.key(holder)])?;
        }
        Ok(())
    }

    /// The path of a holder's key file.
    pub(super) fn key(&self, Holder(name): &Holder) -> String {
        self.folder.join(format!("{name}.key")).to_string_lossy().into_owned()
    }

    /// Runs one command of the publisher; what it said.
    pub(super) fn run(&self, words: &[&str]) -> Result<String, Error> {
        let at = UnixSeconds(self.start.0.saturating_add(milliseconds(self.hours) / 1_000));
        let seconds = i64::try_from(at.0).unwrap_or(i64::MAX);
        let date = jiff::Timestamp::from_second(seconds).map(|date| date.to_string()).unwrap_or_default();
        let mut command = Command::new(&self.program);
        command.args(["--as-of", &date]).args(words);
        command.env("CLOUD_UPDATER_PASSPHRASE_FILE", self.folder.join("passphrase"));
        command.env("XDG_CONFIG_HOME", self.folder.join("configuration"));
        let repository = self.repository();
        command.current_dir(if repository.is_dir() { &repository } else { &self.folder });
        let ended = command.output().map_err(Error::file(&self.program))?;
        let said = [ended.stdout, ended.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        if ended.status.success() {
            return Ok(said);
        }
        let command = format!("cloud-updater --as-of {date} {}", words.join(" "));
        Err(Error::Publisher { hours: self.hours, command, status: ended.status.to_string(), said })
    }

    /// The published tree as it is now.
    pub(super) fn tree(&self) -> Result<BTreeMap<String, Vec<u8>>, Error> {
        let (mut found, root) = (BTreeMap::new(), self.repository().join("public"));
        files(&root, &root, &mut found)?;
        Ok(found)
    }

    /// The seed of the channel's newest release, for images.
    pub(super) fn seed(&self) -> Result<Vec<u8>, Error> {
        let path = self.folder.join("seed");
        self.run(&["--channel", CHANNEL, "export", "seed", "--out", &path.to_string_lossy()])?;
        fs::read(&path).map_err(Error::file(&path))
    }

    /// Writes a file of the repository.
    pub(super) fn write(&self, name: &str, text: &str) -> Result<(), Error> {
        let path = self.repository().join(name);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(Error::file(folder))?;
        }
        write(&path, text.as_bytes())
    }

    /// Puts a file beside the repository; its path.
    pub(super) fn place(&self, name: &str, bytes: &[u8]) -> Result<String, Error> {
        let path = self.folder.join(name);
        write(&path, bytes)?;
        Ok(path.to_string_lossy().into_owned())
    }

    fn repository(&self) -> PathBuf {
        self.folder.join("fleet")
    }

    fn secret(&self, name: &str, text: &str) -> Result<(), Error> {
        let path = self.folder.join(name);
        let mut options = fs::OpenOptions::new();
        let file = options.write(true).create(true).truncate(true).mode(0o600).open(&path);
        let mut file = file.map_err(Error::file(&path))?;
        std::io::Write::write_all(&mut file, text.as_bytes()).map_err(Error::file(&path))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).map_err(Error::file(&path))
    }
}

/// A holder's public key, as it travels.
fn public_key(name: &str) -> String {
    let key = secret(name).verifying_key().to_bytes();
    format!("trust-bundle-key ed25519 {} {name}\n", STANDARD.encode(key))
}

#[expect(clippy::disallowed_methods, reason = "a file of a simulation that nobody needs after a crash")]
fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    fs::write(path, bytes).map_err(Error::file(path))
}
