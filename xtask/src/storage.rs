//! `cargo xtask storage`: builds the agent, and looks at what power cuts, kills and failing calls leave of its files.

use std::process::Command;

use crate::{
    cli::StorageArgs,
    failure::Failure,
    output, process,
    setup::{self, Consent},
    test::PROGRAMS_VARIABLE,
    workspace,
};

/// Runs everything.
///
/// # Errors
/// A missing tool, a build that fails, or anything that was lost.
pub(crate) fn run(args: StorageArgs, consent: Consent) -> Result<(), Failure> {
    setup::require(&setup::FOR_STORAGE, consent)?;
    output::say("build: the agent, and the program that looks at its files");
    let mut build = workspace::cargo();
    build.args(["build", "--locked", "--bins", "--package", "device-agent", "--package", "system-tests"]);
    if !process::run(&mut build)? {
        return Err(Failure::Check(format!("the build failed: {}", process::text(&build))));
    }
    let mut storage = Command::new(workspace::programs().join("storage"));
    storage.current_dir(workspace::root()).env(PROGRAMS_VARIABLE, workspace::programs());
    if args.json {
        storage.arg("--json");
    }
    if process::run(&mut storage)? {
        return Ok(());
    }
    Err(Failure::Check("something was lost, or could not be looked at".to_owned()))
}
