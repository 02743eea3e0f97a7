//! `cargo xtask model`: searches the model of the update protocol, every state of every scenario.

use std::process::Command;

use crate::{cli::ModelArgs, failure::Failure, process, workspace};

/// Searches and prints the table, or one JSON object.
///
/// # Errors
/// A build that fails, or a property that does not hold; the steps that break it are in what was printed.
pub(crate) fn run(args: ModelArgs) -> Result<(), Failure> {
    let mut command = command();
    if args.json {
        command.arg("--json");
    }
    if process::run(&mut command)? {
        return Ok(());
    }
    Err(Failure::Check("the model was not searched, or a property does not hold in it".to_owned()))
}

/// The search's command line: in the development profile, which builds the model optimised.
pub(crate) fn command() -> Command {
    let mut command = workspace::cargo();
    command.args(["run", "--quiet", "--locked", "--package", "update-model", "--"]);
    command
}
