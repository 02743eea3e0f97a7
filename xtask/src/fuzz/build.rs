//! The targets as programs: this workspace's crates instrumented, everything below them as every other build has it.
//!
//! cargo-fuzz needs a nightly compiler and builds every dependency anew. What it asks of the compiler is in the stable
//! one too, so a wrapper around it (`tests/fuzz/instrument`) adds that for the crates of this workspace alone: the
//! build is then minutes shorter, and what is fuzzed is ours.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{failure::Failure, files, process, workspace};

/// The package, in the root folder.
const PACKAGE: &str = "tests/fuzz";

/// The built targets, and where they work.
#[derive(Debug)]
pub(crate) struct Programs {
    programs: PathBuf,
    /// Where inputs and findings go.
    pub(crate) work: PathBuf,
}

impl Programs {
    /// Builds these targets.
    ///
    /// # Errors
    /// The build fails.
    pub(crate) fn build(names: &[String]) -> Result<Self, Failure> {
        let mut command = workspace::cargo();
        // All packages choose the features of dependencies together, as they do where tests are built.
        command.args(["build", "--locked", "--workspace"]);
        for name in names {
            command.args(["--bin", name]);
        }
        command.env("RUSTC_WORKSPACE_WRAPPER", folder().join("instrument"));
        // The primitives are optimised already; parsers are to be quick enough to be fed a million times.
        command.env("CARGO_PROFILE_DEV_OPT_LEVEL", "1");
        if !process::run(&mut command)? {
            return Err(Failure::Check("the targets could not be built".to_owned()));
        }
        let work = workspace::target().join("fuzz");
        let built = Self { programs: work.join("programs"), work };
        files::create_folder(&built.programs)?;
        names.iter().try_for_each(|name| built.take(name))?;
        Ok(built)
    }

    /// Takes a program out of the way of other builds, which put a program that does nothing in its place.
    fn take(&self, name: &str) -> Result<(), Failure> {
        let (from, to) = (workspace::programs().join(name), self.program(name));
        // The one of an earlier run, if there was one.
        drop(fs::remove_file(&to));
        fs::hard_link(&from, &to).map_err(|source| Failure::File {
            action: "link the file",
            path: from,
            source,
        })
    }

    /// The program of a target.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.programs.join(name)
    }
}

/// The folder of the package.
pub(crate) fn folder() -> PathBuf {
    workspace::root().join(PACKAGE)
}

/// The folder with the kept inputs of a target.
pub(crate) fn kept(name: &str) -> PathBuf {
    folder().join("corpus").join(name)
}

/// The names of all targets.
///
/// # Errors
/// The folder cannot be read.
pub(crate) fn targets() -> Result<Vec<String>, Failure> {
    let folder = folder().join("fuzz_targets");
    let entries = fs::read_dir(&folder).map_err(|source| Failure::File {
        action: "read the folder",
        path: folder.clone(),
        source,
    })?;
    let name = |path: &Path| path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let mut names: Vec<String> = entries.flatten().filter_map(|entry| name(&entry.path())).collect();
    names.sort();
    Ok(names)
}
