//! `cargo xtask vectors`: writes the format's test vectors, or checks them bit for bit.

use std::process::Command;

use crate::{cli::VectorsArgs, failure::Failure, process, workspace};

/// Writes or checks the vectors.
///
/// # Errors
/// A generator that does not build or run, or a file that differs.
pub(crate) fn run(args: VectorsArgs) -> Result<(), Failure> {
    if process::run(&mut command(args.check))? {
        return Ok(());
    }
    Err(Failure::Check("the vectors were not made, or differ from what is checked in".to_owned()))
}

/// The generator's command line.
pub(crate) fn command(check: bool) -> Command {
    let mut command = workspace::cargo();
    command.args(["run", "--quiet", "--locked", "--package", "bundle", "--features", "alloc"]);
    command.args(["--example", "vectors", "--"]);
    if check {
        command.arg("--check");
    }
    command.arg("tests/vectors");
    command
}
