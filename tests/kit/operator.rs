//! An operator at work: a repository, and the people's keys, driven by the real `cloud-updater`.

use std::{
    fs, io,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use rustls_pki_types::CertificateDer;

use crate::{
    pki,
    process::{Ended, program, run},
};

/// Names of the people's keys, by role: `alice`, `bob` and `carol` sign keyrings and releases.
pub const PEOPLE: [&str; 3] = ["alice", "bob", "carol"];
/// Names of the keys that sign heads.
pub const HEADS: [&str; 2] = ["head", "head-spare"];
/// Names of the keys that open the next epoch.
pub const RECOVERIES: [&str; 3] = ["recovery-1", "recovery-2", "recovery-3"];

/// The passphrase of every key of a test.
const PASSPHRASE: &str = "correct horse battery staple\n";

/// An operator's repository and keys.
#[derive(Clone, Debug)]
pub struct Operator {
    folder: PathBuf,
    as_of: Option<String>,
}

impl Operator {
    /// An operator whose repository and keys are below `folder`; nothing is made yet.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn new(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let operator = Self { folder: folder.into(), as_of: None };
        write_private(&operator.passphrase_file(), PASSPHRASE)?;
        Ok(operator)
    }

    /// The same operator on another day.
    #[must_use]
    pub fn on(&self, date: &str) -> Self {
        Self { as_of: Some(date.into()), ..self.clone() }
    }

    /// The repository.
    #[must_use]
    pub fn repository(&self) -> PathBuf {
        self.folder.join("fleet")
    }

    /// The published tree.
    #[must_use]
    pub fn tree(&self) -> PathBuf {
        self.repository().join("public")
    }

    /// A person's key file.
    #[must_use]
    pub fn key(&self, name: &str) -> PathBuf {
        self.folder.join("keys").join(format!("{name}.key"))
    }

    /// A command of `cloud-updater` in the repository.
    ///
    /// # Errors
    /// It is not built.
    pub fn command(&self, words: &[&str]) -> io::Result<Command> {
        let mut command = Command::new(program("cloud-updater")?);
        self.prepare(&mut command);
        if let Some(date) = &self.as_of {
            command.args(["--as-of", date]);
        }
        if self.repository().is_dir() {
            command.current_dir(self.repository());
        }
        command.args(words);
        Ok(command)
    }

    /// Gives a command the environment in which this operator's programs run.
    pub fn prepare(&self, command: &mut Command) {
        command.env("CLOUD_UPDATER_PASSPHRASE_FILE", self.passphrase_file());
        command.env("XDG_CONFIG_HOME", self.folder.join("configuration"));
        // What is kept says who did it: not whoever runs the tests.
        command.env("CLOUD_UPDATER_AUTHOR", "operator");
    }

    /// Runs a command to its end, whatever that is.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn run(&self, words: &[&str]) -> io::Result<Ended> {
        run(&mut self.command(words)?, "")
    }

    /// Runs a command that must succeed; its standard output.
    ///
    /// # Errors
    /// It fails.
    pub fn done(&self, words: &[&str]) -> io::Result<String> {
        self.run(words)?.success()
    }

    /// Makes the repository, with these channels.
    ///
    /// # Errors
    /// The command fails.
    pub fn init(&self, fleet: &str, channels: &[&str]) -> io::Result<()> {
        let folder = self.repository();
        let folder = folder.to_string_lossy();
        let mut words = vec!["init", &folder, "--fleet", fleet];
        channels.iter().for_each(|channel| words.extend(["--with-channel", channel]));
        self.done(&words).map(drop)
    }

    /// Makes a key, as its holder does on a machine of their own, and hands its public half over.
    ///
    /// # Errors
    /// The command fails.
    pub fn make_key(&self, name: &str) -> io::Result<()> {
        let file = self.key(name);
        fs::create_dir_all(self.folder.join("keys"))?;
        self.done(&["key", "new", name, "--out", &file.to_string_lossy()]).map(drop)
    }

    /// Writes `services.toml`.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn describe_services(&self, text: &str) -> io::Result<()> {
        write(&self.repository().join("services.toml"), text)
    }

    /// Adds a certificate under a name, to these services.
    ///
    /// # Errors
    /// The command fails.
    pub fn add_anchor(&self, name: &str, certificate: &CertificateDer<'_>, more: &[&str]) -> io::Result<()> {
        let file = self.folder.join(format!("{name}.pem"));
        write(&file, &pki::pem(certificate))?;
        let file = file.to_string_lossy();
        let mut words = vec!["anchor", "add", &file, "--name", name, "--reason", "for a test"];
        words.extend(more);
        self.done(&words).map(drop)
    }

    fn passphrase_file(&self) -> PathBuf {
        self.folder.join("passphrase")
    }
}

#[expect(clippy::disallowed_methods, reason = "a file of a test that nobody needs after a crash")]
fn write(path: &Path, text: &str) -> io::Result<()> {
    fs::write(path, text)
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    write(path, text)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))
}
