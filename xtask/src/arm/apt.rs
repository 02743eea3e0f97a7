//! apt with lists and a cache of its own: packages are fetched into the target folder and never installed, this machine
//! needs no foreign architecture, and nothing outside the folder is written.

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
pub(crate) const ARCHITECTURE: &str = "armhf";

/// apt, and where it writes.
#[derive(Debug)]
pub(crate) struct Apt {
    folder: PathBuf,
    options: Vec<String>,
}

impl Apt {
    /// Packages of the device's architecture, with apt's files below `arm`.
    pub(crate) fn of_device(arm: &Path) -> Self {
        let options = ["Architecture", "Architectures"].map(|name| format!("APT::{name}={ARCHITECTURE}"));
        Self { folder: arm.join("apt").join(ARCHITECTURE), options: options.to_vec() }
    }

    /// Source packages of the main component of this machine's own sources, with apt's files below `arm`.
    ///
    /// # Errors
    /// The sources cannot be listed, or the list not be written.
    pub(crate) fn of_sources(arm: &Path) -> Result<Self, Failure> {
        let folder = arm.join("apt/sources");
        files::create_folder(&folder)?;
        let list = folder.join("sources.list");
        files::write(&list, source_lines()?.as_bytes())?;
        let sources = format!("Dir::Etc::SourceList={}", list.display());
        Ok(Self { folder, options: vec![sources, "Dir::Etc::SourceParts=/dev/null".to_owned()] })
    }

    /// Reads the lists of packages.
    ///
    /// # Errors
    /// A folder that cannot be made, or no apt.
    pub(crate) fn update(&self) -> Result<(), Failure> {
        for name in ["lists/partial", "cache/archives/partial"] {
            files::create_folder(&self.folder.join(name))?;
        }
        // A list that cannot be had makes an update fail in part; what counts is that the packages are found.
        process::run_quiet(self.program("apt-get").args(["-q", "update"]), |_| {})?;
        Ok(())
    }

    /// The package that this one depends on first.
    ///
    /// # Errors
    /// There is no such package, or it depends on none.
    pub(crate) fn first_dependency(&self, package: &str) -> Result<String, Failure> {
        let asked = process::run_quiet(self.program("apt-cache").args(["depends", package]), |_| {})?;
        dependency(&asked.lines).ok_or_else(|| Failure::Unreadable {
            what: format!("apt's answer about {package}"),
            message: asked.lines.join("\n"),
        })
    }

    /// Fetches packages into an empty folder, and returns the files: apt compares them with the hashes of the signed
    /// lists.
    ///
    /// # Errors
    /// A package that cannot be had.
    pub(crate) fn download(&self, packages: &[&str], into: &Path) -> Result<Vec<PathBuf>, Failure> {
        self.fetch(&["download"], packages, into)
    }

    /// Fetches the files of a source package into an empty folder, and returns them.
    ///
    /// # Errors
    /// As [`Apt::download`].
    pub(crate) fn download_source(&self, package: &str, into: &Path) -> Result<Vec<PathBuf>, Failure> {
        self.fetch(&["--download-only", "source"], &[package], into)
    }

    fn fetch(&self, words: &[&str], packages: &[&str], into: &Path) -> Result<Vec<PathBuf>, Failure> {
        // What a run that was cut short has left is not what was asked for now.
        drop(fs::remove_dir_all(into));
        files::create_folder(into)?;
        expect(self.program("apt-get").current_dir(into).arg("-q").args(words).args(packages))?;
        Ok(entries(into))
    }

    /// An apt program that writes only here.
    fn program(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        let folder = self.folder.display();
        for option in [
            format!("Dir::State={folder}"),
            format!("Dir::State::lists={folder}/lists"),
            "Dir::State::status=/dev/null".to_owned(),
            format!("Dir::Cache={folder}/cache"),
            // The user that downloads otherwise may not be able to enter this folder.
            "APT::Sandbox::User=root".to_owned(),
        ]
        .iter()
        .chain(&self.options)
        {
            command.arg("-o").arg(option);
        }
        command
    }
}

/// Asks whether something may be fetched.
///
/// # Errors
/// [`Failure::Missing`] where it may not, or there is no apt.
pub(crate) fn require_consent(missing: &str, deed: &str, consent: Consent) -> Result<(), Failure> {
    if setup::find("apt-get").is_none() || !setup::agreed_to(deed, consent) {
        let remedy = format!("to {deed}, run the command with --yes");
        return Err(Failure::Missing { what: format!("missing: {missing}"), remedy });
    }
    output::say(format_args!("set-up: {deed}"));
    Ok(())
}

/// Runs a command that must succeed.
///
/// # Errors
/// It does not.
pub(crate) fn expect(command: &mut Command) -> Result<(), Failure> {
    let result = process::run_quiet(command, |_| {})?;
    if result.passed {
        return Ok(());
    }
    Err(Failure::Check(format!("{}\nfailed: {}", result.lines.join("\n"), process::text(command))))
}

/// Unpacks Debian packages, and gives the folder its name when it is whole: a run that was cut short is done again.
///
/// # Errors
/// A package that cannot be unpacked, or a folder that cannot be named.
pub(crate) fn unpack(archives: &[PathBuf], folder: &Path) -> Result<(), Failure> {
    let new = folder.with_extension("new");
    for archive in archives {
        expect(Command::new("dpkg-deb").arg("--extract").arg(archive).arg(&new))?;
    }
    put_in_place(&new, folder)
}

/// Gives a folder that is whole its name.
///
/// # Errors
/// The file system refuses.
pub(crate) fn put_in_place(new: &Path, folder: &Path) -> Result<(), Failure> {
    drop(fs::remove_dir_all(folder));
    let failed = |source| Failure::File { action: "name the folder", path: folder.to_owned(), source };
    fs::rename(new, folder).map_err(failed)
}

/// What a folder holds, in order; nothing where there is none.
pub(crate) fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    entries.sort();
    entries
}

/// This machine's own sources of the main component, as lines that name their source packages.
fn source_lines() -> Result<String, Failure> {
    let mut apt = Command::new("apt-get");
    apt.args(["indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)", "Created-By: Packages"]);
    let told = process::run_quiet(&mut apt, |_| {})?;
    let lines = told.lines.iter().filter(|line| line.ends_with(" main"));
    Ok(lines.map(|line| format!("deb-src {line}\n")).collect())
}

/// The package that the lines of `apt-cache depends` name first.
fn dependency(lines: &[String]) -> Option<String> {
    lines.iter().find_map(|line| line.trim().strip_prefix("Depends: ")).map(str::to_owned)
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
