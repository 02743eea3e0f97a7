//! Debian packages of the emulated machine, unpacked into the target folder and never installed.
//!
//! apt is given lists, cache and architecture of its own, so that this machine needs no foreign architecture, and
//! nothing outside the target folder is written.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    failure::Failure,
    files, output, process,
    setup::{self, Consent},
};

/// Debian's name of the device's architecture.
const ARCHITECTURE: &str = "armhf";
/// The package that depends on the newest kernel for it.
const KERNEL: &str = "linux-image-armmp";
/// The package with the guest's shell.
const SHELL: &str = "busybox-static";

/// What the emulated machine boots.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    /// The kernel.
    pub(crate) kernel: PathBuf,
    /// The folder of its modules, which ends in its version.
    pub(crate) modules: PathBuf,
    /// The guest's shell, a static program for Arm.
    pub(crate) shell: PathBuf,
}

impl Machine {
    /// Finds kernel and shell below `folder`, and fetches them there where that is allowed.
    ///
    /// # Errors
    /// [`Failure::Missing`] where they cannot be fetched; a file that cannot be read or written.
    pub(crate) fn find(folder: &Path, consent: Consent) -> Result<Self, Failure> {
        let packages = Packages { folder: folder.join("machine") };
        if let Some(machine) = packages.unpacked() {
            return Ok(machine);
        }
        let deed =
            format!("fetch Debian's {KERNEL} and {SHELL} for {ARCHITECTURE} into {}", folder.display());
        let missing = |what: String| Failure::Missing {
            what,
            remedy: format!("to {deed}, run the command with --yes"),
        };
        if setup::find("apt-get").is_none() || !setup::agreed_to(&deed, consent) {
            return Err(missing("missing: the kernel of the emulated machine".to_owned()));
        }
        output::say(format_args!("set-up: {deed}"));
        packages.fetch()?;
        packages.unpacked().ok_or_else(|| missing("the packages hold no kernel or no shell".to_owned()))
    }
}

/// A folder with apt's files and what was unpacked.
#[derive(Debug)]
struct Packages {
    folder: PathBuf,
}

impl Packages {
    /// The machine, if all of it is there.
    fn unpacked(&self) -> Option<Machine> {
        let root = self.folder.join("root");
        let modules = first_entry(&root.join("lib/modules"), "")?;
        let kernel = first_entry(&root.join("boot"), "vmlinuz-")?;
        let shell = root.join("bin/busybox");
        shell.is_file().then_some(Machine { kernel, modules, shell })
    }

    fn fetch(&self) -> Result<(), Failure> {
        for name in ["lists/partial", "cache/archives/partial", "new"] {
            files::create_folder(&self.folder.join(name))?;
        }
        // Sources for other architectures make an update fail in part; what counts is that the packages are found.
        process::run_quiet(self.apt("apt-get").args(["-q", "update"]), |_| {})?;
        let asked = process::run_quiet(self.apt("apt-cache").args(["depends", KERNEL]), |_| {})?;
        let kernel = dependency(&asked.lines).ok_or_else(|| Failure::Unreadable {
            what: format!("apt's answer about {KERNEL}"),
            message: asked.lines.join("\n"),
        })?;
        let archives = self.folder.join("new");
        let mut download = self.apt("apt-get");
        download.current_dir(&archives).args(["-q", "download", SHELL, &kernel]);
        expect(&mut download)?;
        let root = self.folder.join("root.new");
        for archive in entries(&archives) {
            expect(Command::new("dpkg-deb").arg("--extract").arg(archive).arg(&root))?;
        }
        // The folder takes its name when it is whole, so a run that was cut short is done again.
        let to = self.folder.join("root");
        fs::rename(&root, &to).map_err(|source| Failure::File { action: "name the folder", path: to, source })
    }

    /// An apt program that sees only the device's architecture and writes only here.
    fn apt(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        let folder = self.folder.display();
        for option in [
            format!("APT::Architecture={ARCHITECTURE}"),
            format!("APT::Architectures={ARCHITECTURE}"),
            format!("Dir::State={folder}"),
            format!("Dir::State::lists={folder}/lists"),
            "Dir::State::status=/dev/null".to_owned(),
            format!("Dir::Cache={folder}/cache"),
            // The user that downloads otherwise may not be able to enter this folder.
            "APT::Sandbox::User=root".to_owned(),
        ] {
            command.arg("-o").arg(option);
        }
        command
    }
}

fn expect(command: &mut Command) -> Result<(), Failure> {
    let result = process::run_quiet(command, |_| {})?;
    if result.passed {
        return Ok(());
    }
    Err(Failure::Check(format!("{}\nfailed: {}", result.lines.join("\n"), process::text(command))))
}

/// The package that the lines of `apt-cache depends` name first.
fn dependency(lines: &[String]) -> Option<String> {
    lines.iter().find_map(|line| line.trim().strip_prefix("Depends: ")).map(str::to_owned)
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

fn first_entry(folder: &Path, prefix: &str) -> Option<PathBuf> {
    let starts =
        |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(prefix));
    entries(folder).into_iter().filter(starts).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_is_the_package_that_the_newest_depends_on() {
        let lines = ["linux-image-armmp", "  Depends: linux-image-6.1.0-50-armmp", "  Depends: other"];
        assert_eq!(dependency(&lines.map(str::to_owned)).as_deref(), Some("linux-image-6.1.0-50-armmp"));
        assert_eq!(dependency(&[]), None);
    }
}
