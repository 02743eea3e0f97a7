//! `cargo xtask conformance`: runs a collection of certificate chains through the verifier of devices and applications.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{cli::ConformanceArgs, failure::Failure, process, workspace};

/// Names the collection where CI is to run it.
pub(crate) const VARIABLE: &str = "LIMBO_FILE";

/// Runs it and prints the differences, or one JSON object.
///
/// # Errors
/// A build that fails, a file that cannot be read, or a case of which something else comes than is expected or excepted.
pub(crate) fn run(args: &ConformanceArgs) -> Result<(), Failure> {
    let mut command = command(&args.limbo);
    if args.json {
        command.arg("--json");
    }
    if process::run(&mut command)? {
        return Ok(());
    }
    Err(Failure::Check("the collection was not run, or something else came of a case".to_owned()))
}

/// The command line for a collection.
pub(crate) fn command(limbo: &Path) -> Command {
    let mut command = workspace::cargo();
    command.args(["run", "--quiet", "--locked", "--package", "conformance", "--", "--limbo"]).arg(limbo);
    command
}

/// The collection that CI is to run; an error that says so where there is none.
pub(crate) fn of_ci() -> Result<Option<PathBuf>, Failure> {
    match env::var_os(VARIABLE).map(PathBuf::from) {
        None => Ok(None),
        Some(file) if file.is_file() => Ok(Some(file)),
        Some(file) => Err(Failure::Check(format!("{VARIABLE} names {}, which is no file", file.display()))),
    }
}
