//! A machine of its own to install packages on: this one's files under an overlay that is thrown away, in a mount
//! namespace of its own. Nothing of this machine is written, and it runs no systemd.

use std::{ffi::OsStr, fs::File, io, process::Command, time::Duration};

use system_tests::{
    gateway::place,
    process::{Background, Ended, run},
};
use tempfile::TempDir;

/// How long the machine may take to be there.
const PATIENCE: Duration = Duration::from_secs(30);
/// Makes the machine and stays until it is killed: the mounts end with the namespace.
const START: &str = "
    mount -t tmpfs none \"$1\"
    mkdir \"$1/upper\" \"$1/work\" \"$1/root\"
    mount -t overlay overlay -o \"lowerdir=/,upperdir=$1/upper,workdir=$1/work\" \"$1/root\"
    mount --bind /dev \"$1/root/dev\"
    mount -t proc proc \"$1/root/proc\"
    mount -t tmpfs -o mode=0755 none \"$1/root/run\"
    rm -rf \"$1/root/var/lib/device-agent\" \"$1/root/etc/device-agent\"
    echo ready
    exec tail -f /dev/null
";

/// The machine.
pub(crate) struct Root {
    folder: TempDir,
    namespace: Background,
}

impl Root {
    /// Starts it.
    ///
    /// # Errors
    /// This process may not mount: it is not root, or in a container without that right.
    pub(crate) fn start() -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "private", "sh", "-ec", START, "start"]).arg(folder.path());
        let namespace = Background::start(&mut command)?;
        let ready = |lines: &[String]| lines.iter().any(|line| line == "ready").then_some(());
        namespace.wait_for(PATIENCE, ready)?;
        Ok(Self { folder, namespace })
    }

    /// A command on the machine.
    pub(crate) fn command<W: AsRef<OsStr>>(&self, words: &[W]) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.namespace.id().to_string(), "--mount", "chroot"]);
        command.arg(self.folder.path().join("root")).args(words);
        command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        command
    }

    /// Runs a command to its end, whatever that is.
    pub(crate) fn run<W: AsRef<OsStr>>(&self, words: &[W]) -> io::Result<Ended> {
        run(&mut self.command(words), "")
    }

    /// Runs a line of the shell that must succeed; its standard output.
    pub(crate) fn shell(&self, line: &str) -> io::Result<String> {
        self.run(&["sh", "-ec", line])?.success()
    }

    /// Runs a line of the shell as another user and group.
    pub(crate) fn shell_as(&self, user: u32, group: &str, line: &str) -> io::Result<Ended> {
        let (user, group) = (user.to_string(), group.to_owned());
        self.run(&["setpriv", "--reuid", &user, "--regid", &group, "--clear-groups", "sh", "-ec", line])
    }

    /// Puts a file on the machine.
    pub(crate) fn put(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        let file = tempfile::NamedTempFile::new()?;
        place(file.path(), bytes)?;
        let mut command = self.command(&["sh", "-ec", "cat >\"$1\"", "put", path]);
        let input = File::open(file.path())?;
        let status = command.stdin(input).status()?;
        if status.success() { Ok(()) } else { Err(io::Error::other(format!("{path} cannot be written"))) }
    }

    /// Nothing but memory can be written from now on: the root folder is read-only.
    pub(crate) fn freeze(&self) -> io::Result<()> {
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.namespace.id().to_string(), "--mount"]);
        command.args(["mount", "-o", "remount,ro"]).arg(self.folder.path().join("root"));
        run(&mut command, "")?.success().map(drop)
    }
}

/// Whether this process may make such a machine at all; else why not.
pub(crate) fn obstacle() -> Option<String> {
    Root::start().err().map(|error| error.to_string())
}
