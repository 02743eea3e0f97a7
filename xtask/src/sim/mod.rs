//! `cargo xtask sim`: builds the fleet simulator and the publisher that it drives, and runs it.

mod mutants;
mod patch;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    cli::SimArgs,
    failure::Failure,
    output, process,
    setup::{self, Consent},
    workspace,
};

/// Where the scenarios are.
const SCENARIOS: &str = "tests/simulator/scenarios";
/// The scenario that is run where none is named.
const SCENARIO: &str = "three-waves.toml";

/// Runs the simulator.
///
/// # Errors
/// A missing tool, a build that fails, an invariant that was broken, or a mutant that lives.
pub(crate) fn run(args: &SimArgs, consent: Consent) -> Result<(), Failure> {
    setup::require(&[setup::COMPILER, setup::GIT], consent)?;
    build_publisher()?;
    if args.mutants {
        return mutants::run(args.json);
    }
    build(&workspace::root(), &workspace::target())?;
    let mut sim = command(&workspace::target().join("release/sim"));
    for file in scenarios(args)? {
        sim.arg("--scenario").arg(file);
    }
    sim.args(["--devices", &args.devices.to_string(), "--seed", &args.seed.to_string()]);
    if args.json {
        sim.arg("--json");
    }
    if let Some(path) = &args.report {
        sim.arg("--report").arg(path);
    }
    if let Some(device) = args.trace {
        sim.args(["--trace", &device.to_string()]);
    }
    if let Some(seeds) = args.swarm {
        sim.args(["--swarm", &seeds.to_string()]);
    }
    if args.nightly {
        sim.arg("--nightly");
    }
    if process::run(&mut sim)? {
        return Ok(());
    }
    Err(Failure::Check("the simulation did not pass".to_owned()))
}

/// The files to run: those that are named; else every one for a swarm, and the first one for a fleet.
fn scenarios(args: &SimArgs) -> Result<Vec<PathBuf>, Failure> {
    if !args.scenarios.is_empty() {
        return Ok(args.scenarios.clone());
    }
    if args.swarm.is_none() && !args.nightly {
        return Ok(vec![Path::new(SCENARIOS).join(SCENARIO)]);
    }
    let folder = workspace::root().join(SCENARIOS);
    let failed = |source| Failure::File { action: "list it", path: folder.clone(), source };
    let entries = fs::read_dir(&folder).map_err(failed)?;
    let names = entries.map(|entry| entry.map(|entry| entry.file_name()));
    let mut names = names.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    // The order decides which seed takes which scenario.
    names.sort();
    Ok(names.into_iter().map(|name| Path::new(SCENARIOS).join(name)).collect())
}

/// The publisher is driven as a program, in the profile in which the tests have built it already.
fn build_publisher() -> Result<(), Failure> {
    output::say("build: the publisher");
    let mut cargo = workspace::cargo();
    cargo.args(["build", "--locked", "--quiet", "--package", "cloud-updater", "--bin", "cloud-updater"]);
    built(&mut cargo)
}

/// Builds the simulator of a workspace, optimised.
fn build(root: &Path, target: &Path) -> Result<(), Failure> {
    output::say("build: the simulator, optimised");
    let mut cargo = workspace::cargo();
    cargo.current_dir(root).env("CARGO_TARGET_DIR", target);
    cargo.args(["build", "--release", "--locked", "--quiet", "--package", "simulator"]);
    built(&mut cargo)
}

fn built(cargo: &mut Command) -> Result<(), Failure> {
    if process::run(cargo)? {
        return Ok(());
    }
    Err(Failure::Check(format!("the build failed: {}", process::text(cargo))))
}

/// The simulator, with the publisher and the histories that it made before.
fn command(program: &Path) -> Command {
    let mut sim = Command::new(program);
    sim.current_dir(workspace::root());
    sim.arg("--publisher").arg(workspace::programs().join("cloud-updater"));
    sim.arg("--histories").arg(workspace::target().join("sim/histories"));
    sim
}
