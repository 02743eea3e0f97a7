//! An ext4 file system in a file: mounted, cut off from its medium in the middle of anything, and mounted again.
//!
//! The cut is the kernel's own (`EXT4_IOC_SHUTDOWN` without a flush of the journal, as its developers test crashes):
//! from then on nothing reaches the medium, and the next mount replays the journal as after a power cut.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use system_tests::process::run;
use tempfile::TempDir;

/// How it is mounted: as everybody has it, and without the rules by which ext4 is kinder than POSIX to files that are
/// renamed before their content was synced.
const OPTIONS: [&str; 2] = ["loop", "loop,data=writeback,noauto_da_alloc"];
/// Bytes of the file system: enough for a journal.
const BYTES: u64 = 32 << 20;
/// Starts a program, waits, cuts, and says how the program ended before the cut, if it did.
const CUT: &str = "import fcntl, os, struct, subprocess, sys, time\n\
    started = subprocess.Popen(sys.argv[3:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,\n\
    stderr=subprocess.DEVNULL)\n\
    time.sleep(float(sys.argv[2]))\n\
    ended = started.poll()\n\
    fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0x8004587D, struct.pack('I', 2))\n\
    started.kill(); started.wait()\n\
    print('running' if ended is None else ended)";

/// The file system; it is unmounted when this is dropped, and with the mount namespace at the latest.
pub(crate) struct Ext4 {
    folder: TempDir,
    mounts: usize,
}

impl Ext4 {
    /// Makes one and mounts it.
    ///
    /// # Errors
    /// Whoever runs this may not mount, or the kernel has no loop devices.
    pub(crate) fn new() -> io::Result<Self> {
        let ext4 = Self { folder: tempfile::tempdir()?, mounts: 0 };
        fs::create_dir(ext4.path())?;
        fs::File::create(ext4.image())?.set_len(BYTES)?;
        done(Command::new("mke2fs").args(["-q", "-t", "ext4"]).arg(ext4.image()))?;
        ext4.mount()?;
        Ok(ext4)
    }

    /// Where it is mounted.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("mounted")
    }

    fn image(&self) -> PathBuf {
        self.folder.path().join("image")
    }

    fn mount(&self) -> io::Result<()> {
        let options = OPTIONS.get(self.mounts % OPTIONS.len()).copied().unwrap_or("loop");
        done(Command::new("mount").args(["-t", "ext4", "-o", options]).arg(self.image()).arg(self.path()))
    }

    /// Starts a program and cuts the power after so many seconds; the program's exit code where it ended before.
    pub(crate) fn cut(&mut self, program: &Command, seconds: f64) -> io::Result<Option<i32>> {
        let mut command = Command::new("python3");
        command.args(["-c", CUT]).arg(self.path()).arg(seconds.to_string());
        command.arg(program.get_program()).args(program.get_args());
        let told = run(&mut command, "")?.success()?;
        done(Command::new("umount").arg(self.path()))?;
        self.mounts += 1;
        self.mount()?;
        Ok(told.trim().parse().ok())
    }
}

impl Drop for Ext4 {
    fn drop(&mut self) {
        drop(run(Command::new("umount").arg(self.path()), ""));
    }
}

fn done(command: &mut Command) -> io::Result<()> {
    run(command, "")?.success().map(drop)
}

/// The file system that a folder is on, in words.
pub(crate) fn name(folder: &Path) -> io::Result<String> {
    run(Command::new("stat").args(["-f", "-c", "%T"]).arg(folder), "")?
        .success()
        .map(|text| text.trim().to_owned())
}
