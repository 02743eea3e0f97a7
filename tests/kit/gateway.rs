//! A device on this machine: the real `device-agent` with a folder of its own.

use std::{
    ffi::OsString,
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

use crate::process::{Background, Ended, program, run};

/// A device and its files; they are removed with it.
#[derive(Debug)]
pub struct Gateway {
    folder: TempDir,
    /// The words that start its agent, where that is not the one of this workspace.
    agent: Option<Vec<OsString>>,
}

/// How a device is set up.
#[derive(Clone, Debug, Default)]
pub struct Setup<'s> {
    /// The device's id.
    pub id: &'s str,
    /// Its channel.
    pub channel: &'s str,
    /// Where the published tree is.
    pub urls: Vec<String>,
    /// The image's seed.
    pub seed: &'s [u8],
    /// `host:port` of endpoints, and where they really are.
    pub resolve: Vec<(String, SocketAddr)>,
    /// Further lines of `agent.toml`.
    pub extra: &'s str,
}

/// Writes a file that nobody needs after a crash.
///
/// # Errors
/// The file cannot be written.
#[expect(clippy::disallowed_methods, reason = "a file of a test that nobody needs after a crash")]
pub fn place(path: &Path, bytes: &[u8]) -> io::Result<()> {
    fs::write(path, bytes)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}

impl Gateway {
    /// Writes the image and its configuration; nothing runs yet.
    ///
    /// # Errors
    /// No temporary folder, or a full one.
    pub fn new(setup: &Setup<'_>) -> io::Result<Self> {
        let gateway = Self { folder: tempfile::tempdir()?, agent: None };
        place(&gateway.path("seed"), setup.seed)?;
        place(&gateway.path("agent.toml"), gateway.configuration(setup).as_bytes())?;
        Ok(gateway)
    }

    /// The same device, whose agent is started with these words: another program, or one under an emulator.
    #[must_use]
    pub fn run_by(self, agent: Vec<OsString>) -> Self {
        Self { agent: Some(agent), ..self }
    }

    fn configuration(&self, setup: &Setup<'_>) -> String {
        let folder = self.folder.path().display();
        let urls: Vec<String> = setup.urls.iter().map(|url| format!("\"{url}\"")).collect();
        let mut text = format!(
            "[device]\nid = \"{}\"\nkey = \"{folder}/device.key\"\nruntime = \"{folder}/run\"\n\n\
             [channel]\nname = \"{}\"\nurls = [{}]\n\n[image]\nseed = \"{folder}/seed\"\n\n\
             [store]\npath = \"{folder}/store\"\n\n[export]\ndirectory = \"{folder}/trust\"\n\n\
             [probe]\ntimeout-seconds = 5\n\n",
            setup.id,
            setup.channel,
            urls.join(", "),
        );
        text.push_str("[resolve]\n");
        for (endpoint, address) in &setup.resolve {
            text.push_str(&format!("\"{endpoint}\" = \"{address}\"\n"));
        }
        text.push('\n');
        text.push_str(setup.extra);
        text
    }

    /// A file of this device.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The store, which applications that link `trust-store` read.
    #[must_use]
    pub fn store(&self) -> PathBuf {
        self.path("store")
    }

    /// The exported PEM files of services, which all other applications read.
    #[must_use]
    pub fn services(&self) -> PathBuf {
        self.path("trust/services")
    }

    fn command(&self, arguments: &[&str]) -> io::Result<Command> {
        let words = match &self.agent {
            Some(words) => words.clone(),
            None => vec![program("device-agent")?.into()],
        };
        let (first, rest) =
            words.split_first().ok_or_else(|| io::Error::other("no words start the agent"))?;
        let mut command = Command::new(first);
        command.args(rest);
        command.arg("--config").arg(self.path("agent.toml")).args(arguments);
        Ok(command)
    }

    /// Runs the agent with these arguments to its end.
    ///
    /// # Errors
    /// It is not built, or cannot be started.
    pub fn agent(&self, arguments: &[&str]) -> io::Result<Ended> {
        run(&mut self.command(arguments)?, "")
    }

    /// Runs one cycle.
    ///
    /// # Errors
    /// As [`Gateway::agent`].
    pub fn check(&self, as_of: Option<&str>) -> io::Result<Ended> {
        let mut arguments = vec!["--json"];
        arguments.extend(as_of.iter().flat_map(|date| ["--as-of", date]));
        arguments.extend(["run", "--once"]);
        self.agent(&arguments)
    }

    /// Starts the agent in the background.
    ///
    /// # Errors
    /// As [`Gateway::agent`].
    pub fn start(&self, as_of: Option<&str>) -> io::Result<Background> {
        let mut arguments = Vec::new();
        arguments.extend(as_of.iter().flat_map(|date| ["--as-of", date]));
        arguments.push("run");
        Background::start(&mut self.command(&arguments)?)
    }

    /// What `status` says, in JSON.
    ///
    /// # Errors
    /// The agent fails, or says something else.
    pub fn status(&self, as_of: Option<&str>) -> io::Result<serde_json::Value> {
        let mut arguments = vec!["--json"];
        arguments.extend(as_of.iter().flat_map(|date| ["--as-of", date]));
        arguments.push("status");
        let ended = self.agent(&arguments)?;
        serde_json::from_str(&ended.output).map_err(|error| io::Error::other(format!("{error}\n{ended}")))
    }
}
