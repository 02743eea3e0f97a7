//! One row of the matrix: an application that runs from before the rotation until after the removal.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use system_tests::gateway::place;

use crate::{
    asked,
    client::Client,
    hub::Pair,
    results::Change,
    stack::{Device, Means, Plan, Variant, View},
};

/// How long an adapted application may take to notice, whatever else this machine does.
const ADAPTED: Duration = Duration::from_secs(60);

/// Mounts `$2` at `$1` in a mount namespace of its own, and becomes the program.
const MOUNT: &str = r#"mount --bind "$2" "$1" && shift 2 && exec "$@""#;

/// An application under way.
#[derive(Debug)]
pub(crate) struct Row<'a> {
    pub(crate) stack: &'static str,
    pub(crate) plan: &'a Plan,
    pair: Pair,
    device: Device,
    /// A folder of this row alone.
    folder: PathBuf,
    /// Where the agent finds whom to signal.
    pid_files: PathBuf,
    patience: Duration,
    client: Option<Client>,
    /// What the client said of itself.
    pub(crate) version: Option<String>,
    pub(crate) added: Option<Change>,
    pub(crate) removed: Option<Change>,
    /// Why the row cannot go on.
    pub(crate) fault: Option<String>,
}

impl<'a> Row<'a> {
    /// A row that has not begun, with a folder of its own and the one of all pid files.
    pub(crate) fn new(
        stack: &'static str,
        plan: &'a Plan,
        pair: Pair,
        device: Device,
        folders: (PathBuf, PathBuf),
        untouched: Duration,
    ) -> Self {
        let patience = if plan.variant == Variant::Untouched { untouched } else { ADAPTED };
        let (folder, pid_files) = folders;
        Self {
            stack,
            plan,
            pair,
            device,
            folder,
            pid_files,
            patience,
            client: None,
            version: None,
            added: None,
            removed: None,
            fault: None,
        }
    }

    /// Starts the application under release 1.
    pub(crate) fn begin(&mut self) {
        self.attempt(|row| {
            let client = row.start()?;
            row.version = Some(client.version.clone());
            row.client = Some(client);
            row.require(true, false, "under release 1")
        });
    }

    /// Release 2 was exported at `since`.
    pub(crate) fn add(&mut self, since: Instant) {
        self.attempt(|row| {
            let peer = row.pair.added.clone();
            let patience = row.patience;
            let after = asked::until(row.client()?, &peer, true, since, patience)?;
            row.added = Some(row.change(after)?);
            row.require(true, true, "under release 2")
        });
    }

    /// Release 3 was exported at `since`.
    pub(crate) fn remove(&mut self, since: Instant) {
        self.attempt(|row| {
            let peer = row.pair.removed.clone();
            let patience = row.patience;
            let after = asked::until(row.client()?, &peer, false, since, patience)?;
            row.removed = Some(row.change(after)?);
            row.require(false, true, "under release 3")
        });
    }

    /// Does the next part of the row, unless an earlier one failed.
    fn attempt(&mut self, part: impl FnOnce(&mut Self) -> io::Result<()>) {
        if self.fault.is_none() {
            self.fault = part(self).err().map(|error| error.to_string());
        }
    }

    /// What a running application noticed after so long; one that noticed nothing is started again.
    fn change(&mut self, after: Option<Duration>) -> io::Result<Change> {
        let Some(after) = after else {
            self.client = None;
            self.client = Some(self.start()?);
            return Ok(Change { by: Means::Restart, seconds: None });
        };
        let by = if self.plan.variant == Variant::Untouched { Means::ReRead } else { self.plan.means };
        Ok(Change { by, seconds: Some(after.as_secs_f64()) })
    }

    /// Both servers, as they must be seen now.
    fn require(&mut self, removed: bool, added: bool, when: &str) -> io::Result<()> {
        let pair = self.pair.clone();
        for (peer, expected, what) in [(pair.removed, removed, "old"), (pair.added, added, "new")] {
            let is = asked::once(self.client()?, &peer)?;
            if is != expected {
                let word = if is { "accepted" } else { "refused" };
                return Err(io::Error::other(format!("{when} the server under the {what} root is {word}")));
            }
        }
        Ok(())
    }

    fn client(&mut self) -> io::Result<&mut Client> {
        self.client.as_mut().ok_or_else(|| io::Error::other("it does not run"))
    }

    fn start(&self) -> io::Result<Client> {
        let seen = self.seen()?;
        let mut command = match self.plan.view {
            View::Folder => Command::new(program(&self.plan.command)?),
            View::MountedFolder => self.mounted(&self.device.folder, &seen)?,
            View::MountedFile => {
                let file = Path::new("services").join(format!("{}.pem", crate::stack::SERVICE));
                self.mounted(&self.device.folder.join(&file), &seen.join(&file))?
            }
        };
        command.args(self.plan.command.iter().skip(1));
        command.envs(self.device.environment(&seen));
        command.envs(self.plan.environment.iter().map(|(name, value)| (name, self.filled(value, &seen))));
        let client = Client::start(&mut command)?;
        if let Some(name) = self.plan.hook_name(self.stack) {
            place(&pid_file(&self.pid_files, &name), format!("{}\n", client.id()).as_bytes())?;
        }
        Ok(client)
    }

    /// The export folder as the application sees it.
    fn seen(&self) -> io::Result<PathBuf> {
        let mount = self.folder.join("mount");
        match self.plan.view {
            View::Folder => return Ok(self.device.folder.clone()),
            View::MountedFolder => fs::create_dir_all(&mount)?,
            View::MountedFile => {
                fs::create_dir_all(mount.join("services"))?;
                place(&mount.join(format!("services/{}.pem", crate::stack::SERVICE)), b"")?;
            }
        }
        Ok(mount)
    }

    fn mounted(&self, source: &Path, target: &Path) -> io::Result<Command> {
        let mut command = Command::new("unshare");
        command.args(["--mount", "--", "sh", "-c", MOUNT, "sh"]).args([target, source]);
        command.arg(program(&self.plan.command)?);
        Ok(command)
    }

    /// `{folder}` and `{file}` in a value of the environment.
    fn filled(&self, value: &str, seen: &Path) -> String {
        let file = seen.join("services").join(format!("{}.pem", crate::stack::SERVICE));
        value.replace("{folder}", &seen.to_string_lossy()).replace("{file}", &file.to_string_lossy())
    }
}

fn program(command: &[String]) -> io::Result<&String> {
    command.first().ok_or_else(|| io::Error::other("the row names no program"))
}

/// Where the agent finds whom to signal.
pub(crate) fn pid_file(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.pid"))
}
