//! What was made, as `made.json` and the command's answer have it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde::Serialize;

use super::{expect, target::Target};
use crate::{failure::Failure, files};

/// Everything that was made, with paths from its folder.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Made {
    /// One entry for each program.
    pub(super) programs: Vec<Program>,
    /// One entry for each Debian package.
    pub(super) packages: Vec<Package>,
}

/// A static program.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Program {
    /// Its name.
    pub(super) name: &'static str,
    /// The machine that it is for.
    pub(super) target: &'static str,
    /// Where it is.
    pub(super) file: PathBuf,
    /// What runs it here; none where this machine does.
    pub(super) emulator: Option<&'static str>,
    /// What it weighs.
    pub(super) bytes: u64,
}

/// A Debian package.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Package {
    /// Its name.
    pub(super) name: &'static str,
    /// The machine that it is for.
    pub(super) target: &'static str,
    /// Where it is.
    pub(super) file: PathBuf,
    /// What it weighs.
    pub(super) bytes: u64,
}

impl Made {
    /// Puts a program that was built into `folder`.
    ///
    /// # Errors
    /// It cannot be copied.
    pub(super) fn place_program(
        &mut self,
        built: &Path,
        name: &'static str,
        target: Target,
        folder: &Path,
    ) -> Result<(), Failure> {
        let file = Path::new("bin").join(target.word()).join(name);
        let path = folder.join(&file);
        files::create_folder(&folder.join("bin").join(target.word()))?;
        let failed = |source| Failure::File { action: "copy the program", path: path.clone(), source };
        let bytes = fs::copy(built, &path).map_err(failed)?;
        let emulator = target.emulator();
        self.programs.push(Program { name, target: target.word(), file, emulator, bytes });
        Ok(())
    }

    /// Adds a package that was made in `folder`.
    ///
    /// # Errors
    /// It is not there.
    pub(super) fn add_package(
        &mut self,
        folder: &Path,
        file: String,
        name: &'static str,
        target: Target,
    ) -> Result<(), Failure> {
        let path = folder.join(&file);
        let failed = |source| Failure::File { action: "look at the package", path: path.clone(), source };
        let bytes = fs::metadata(&path).map_err(failed)?.len();
        self.packages.push(Package { name, target: target.word(), file: file.into(), bytes });
        Ok(())
    }

    /// Writes `made.json` and `SHA256SUMS`.
    ///
    /// # Errors
    /// A file cannot be written.
    pub(super) fn write(&self, folder: &Path) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(self).map_err(|error| Failure::Unreadable {
            what: "what was made".to_owned(),
            message: error.to_string(),
        })?;
        files::write(&folder.join("made.json"), text.as_bytes())?;
        let mut sums = Command::new("sha256sum");
        sums.current_dir(folder);
        sums.args(self.programs.iter().map(|program| &program.file));
        sums.args(self.packages.iter().map(|package| &package.file));
        files::write(&folder.join("SHA256SUMS"), (expect(&mut sums)?.join("\n") + "\n").as_bytes())
    }

    /// A table of what everything weighs.
    pub(super) fn table(&self) -> String {
        let row = |name: &str, target: &str, bytes: u64| format!("{name:<24} {target:<9} {bytes:>11} bytes");
        let programs = self.programs.iter().map(|program| row(program.name, program.target, program.bytes));
        let packages = self.packages.iter();
        let packages =
            packages.map(|package| row(&format!("{}, package", package.name), package.target, package.bytes));
        programs.chain(packages).collect::<Vec<_>>().join("\n")
    }
}
