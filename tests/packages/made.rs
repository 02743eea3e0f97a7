//! What was made: `made.json` in the folder of `cargo xtask dist`.

use std::{
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
};

use serde::Deserialize;

/// Everything that was made.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Made {
    /// One entry for each program.
    pub(crate) programs: Vec<Program>,
    /// One entry for each Debian package.
    pub(crate) packages: Vec<Package>,
}

/// A Debian package.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Package {
    /// Its name.
    pub(crate) name: String,
    /// The machine that it is for.
    pub(crate) target: String,
    /// Where it is, from the folder.
    pub(crate) file: PathBuf,
}

/// A static program.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Program {
    /// Its name.
    pub(crate) name: String,
    /// The machine that it is for.
    pub(crate) target: String,
    /// Where it is, from the folder.
    pub(crate) file: PathBuf,
    /// What runs it here; none where this machine does.
    pub(crate) emulator: Option<String>,
}

impl Made {
    /// Reads `made.json`; files are then named from here.
    ///
    /// # Errors
    /// It is not there, or says something else.
    pub(crate) fn read(folder: &Path) -> io::Result<Self> {
        let folder = folder.canonicalize()?;
        let path = folder.join("made.json");
        let mut made: Self = serde_json::from_slice(&fs::read(&path)?)
            .map_err(|error| io::Error::other(format!("{}: {error}", path.display())))?;
        made.programs.iter_mut().for_each(|program| program.file = folder.join(&program.file));
        made.packages.iter_mut().for_each(|package| package.file = folder.join(&package.file));
        Ok(made)
    }

    /// The programs of this name.
    pub(crate) fn programs_named(&self, name: &str) -> impl Iterator<Item = &Program> {
        self.programs.iter().filter(move |program| program.name == name)
    }

    /// The package that a program is in.
    pub(crate) fn package_of(&self, program: &Program) -> Option<&Package> {
        self.packages
            .iter()
            .find(|package| (&package.name, &package.target) == (&program.name, &program.target))
    }
}

impl Program {
    /// The words that start it.
    pub(crate) fn words(&self) -> Vec<OsString> {
        self.emulator.iter().map(OsString::from).chain([self.file.clone().into()]).collect()
    }
}
