//! `cargo xtask test`: every test of the workspace, with one closing line for all of them.

use std::process::Command;

use crate::{
    cli::TestArgs,
    failure::Failure,
    node, output, process,
    setup::{self, Consent},
    tally::Tally,
    workspace,
};

/// Says to the test kit where the programs are, so that no test builds them again.
pub(crate) const PROGRAMS_VARIABLE: &str = "SYSTEM_TESTS_PROGRAMS";

/// Runs the tests.
///
/// # Errors
/// A missing tool, a build that fails, a test that fails, or no test at all.
pub(crate) fn run(args: &TestArgs, consent: Consent) -> Result<(), Failure> {
    setup::require(&setup::FOR_TESTS, consent)?;
    setup::require(&setup::FOR_ADAPTERS, consent)?;
    let newer = node::newer(consent)?;
    output::say("build: programs and tests");
    if !process::run(&mut build())? {
        return Err(Failure::Check("the build failed".to_owned()));
    }
    output::say("test: every test of the workspace");
    let mut tally = Tally::default();
    let mut test = test(args);
    test.envs(newer.map(|program| (node::VARIABLE, program)));
    let passed = process::run_by_line(&mut test, |line| {
        output::line(line);
        tally.count(line);
    })?;
    output::line(tally);
    judge(passed, tally)
}

/// Programs and tests in one build: tests start the programs, and one selection of features builds both.
pub(crate) fn build() -> Command {
    let mut command = workspace::cargo();
    command.args(["build", "--workspace", "--bins", "--tests", "--locked"]);
    command
}

fn test(args: &TestArgs) -> Command {
    let mut command = workspace::cargo();
    command.args(["test", "--workspace", "--locked", "--no-fail-fast"]).args(&args.arguments);
    command.env(PROGRAMS_VARIABLE, workspace::programs());
    command
}

fn judge(passed: bool, tally: Tally) -> Result<(), Failure> {
    if tally.is_empty() {
        return Err(Failure::Check("no test ran".to_owned()));
    }
    if !passed || tally.has_failures() {
        return Err(Failure::Check("tests failed, or a test program could not be built or run".to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(passed: bool, lines: &[&str], expect: bool) {
        let mut tally = Tally::default();
        lines.iter().for_each(|line| tally.count(line));
        assert_eq!(judge(passed, tally).is_ok(), expect, "{lines:?}");
    }

    #[test]
    fn a_run_passes_only_with_tests_that_all_passed() {
        check(true, &["test result: ok. 3 passed; 0 failed;"], true);
        check(true, &[], false);
        check(true, &["test result: ok. 0 passed; 0 failed; 0 ignored; 9 filtered out"], false);
        check(true, &["test result: FAILED. 3 passed; 1 failed;"], false);
        check(false, &["test result: ok. 3 passed; 0 failed;"], false);
    }
}
