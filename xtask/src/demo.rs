//! `cargo xtask demo`: builds the programs and shows them at work.

use std::process::Command;

use crate::{
    cli::DemoArgs,
    failure::Failure,
    output, process,
    setup::{self, Consent},
    test::PROGRAMS_VARIABLE,
    workspace,
};

/// The scenarios: the files of `tests/scenarios`.
pub(crate) const SCENARIOS: [&str; 3] = ["azure-2020", "digicert-g1-2026", "iot-hub-2023"];

/// Runs the demo, or plays one scenario.
///
/// # Errors
/// A missing tool, a build that fails, or a step that was not observed.
pub(crate) fn run(args: &DemoArgs, consent: Consent) -> Result<(), Failure> {
    let mut tools = vec![setup::COMPILER, setup::CURL, setup::GIT];
    if args.instructions {
        tools.push(setup::VALGRIND);
    }
    if args.scenario.is_some() {
        tools.push(setup::OPENSSL);
    }
    setup::require(&tools, consent)?;
    if !args.no_build {
        output::say("build: the programs, in the development profile");
        for mut command in builds(args.instructions) {
            if !process::run(&mut command)? {
                return Err(Failure::Check(format!("the build failed: {}", process::text(&command))));
            }
        }
    }
    let mut demo = Command::new(workspace::programs().join("demo"));
    demo.current_dir(workspace::root()).env(PROGRAMS_VARIABLE, workspace::programs());
    if args.json {
        demo.arg("--json");
    }
    if args.instructions {
        demo.arg("--instructions");
    }
    if let Some(date) = &args.as_of {
        demo.args(["--as-of", date]);
    }
    if let Some(name) = &args.scenario {
        demo.args(["--scenario", name]);
    }
    if process::run(&mut demo)? {
        return Ok(());
    }
    Err(Failure::Check(args.scenario.as_ref().map_or_else(
        || "the demo did not see every step that it should".to_owned(),
        |name| format!("{name} did not come as it must: what it says of itself names who and when"),
    )))
}

/// The builds that the demo needs.
fn builds(instructions: bool) -> Vec<Command> {
    let mut programs = workspace::cargo();
    programs.args(["build", "--locked", "--bins"]);
    programs.args(["--package", "cloud-updater", "--package", "device-agent", "--package", "system-tests"]);
    let mut commands = vec![programs];
    let mut cost = workspace::cargo();
    cost.args([
        "build",
        "--locked",
        "--package",
        "bundle",
        "--features",
        "alloc",
        "--example",
        "verify_cost",
    ]);
    if instructions {
        // Instructions are those of the optimised code that a device would run.
        cost.arg("--release");
    }
    commands.push(cost);
    commands
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_can_be_played_by_name() {
        let files = std::fs::read_dir(workspace::root().join("tests/scenarios")).unwrap();
        let mut names: Vec<String> = files
            .filter_map(|file| file.unwrap().file_name().to_str()?.strip_suffix(".toml").map(str::to_owned))
            .collect();
        names.sort();
        assert_eq!(names, SCENARIOS);
    }
}
