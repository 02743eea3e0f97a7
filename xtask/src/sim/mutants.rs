//! Mutants: a copy of the sources in which every defence can be switched off, one at a time. A mutant that the simulator
//! does not notice is a check that cannot fail.

use std::{fs, path::Path, time::Instant};

use serde::{Deserialize, Serialize};

use super::{SCENARIOS, build, command, patch};
use crate::{failure::Failure, output, process, workspace};

/// The mutants, in the root folder.
const FILE: &str = "tests/simulator/mutants.toml";
/// Devices of a fleet that must notice a mutant, unless it says otherwise.
const DEVICES: u64 = 300;

/// One defence, and how it is switched off.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mutant {
    pub(super) name: String,
    /// What it switches off, for people.
    off: String,
    /// The file that it changes.
    pub(super) file: String,
    /// What stands there, exactly once.
    pub(super) find: String,
    /// What stands there instead.
    pub(super) replace: String,
    /// The scenario in which it must be noticed.
    scenario: String,
    devices: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mutants {
    mutant: Vec<Mutant>,
}

/// How it went with one mutant.
#[derive(Debug, Serialize)]
struct Outcome {
    name: String,
    switched_off: String,
    killed: bool,
    /// The invariants that were broken.
    by: Vec<String>,
    scenario: String,
    seconds: f64,
}

/// How it went with all of them.
#[derive(Debug, Serialize)]
struct Results {
    schema: &'static str,
    passed: bool,
    killed: usize,
    mutants: Vec<Outcome>,
    /// Scenarios that the same program passes with every defence on.
    controls: Vec<String>,
}

/// Builds the copy and lets every mutant live.
///
/// # Errors
/// A mutant that does not fit the sources any more, a build that fails, a control that does not pass, or a mutant that
/// nobody notices.
pub(super) fn run(json: bool) -> Result<(), Failure> {
    let mutants = read()?;
    let folder = workspace::target().join("sim/mutants");
    patch::copy(&folder, &mutants)?;
    build(&folder, &folder.join("target"))?;
    let program = folder.join("target/release/sim");
    let mut controls: Vec<(String, u64)> =
        mutants.iter().map(|mutant| (mutant.scenario.clone(), devices(mutant))).collect();
    controls.sort();
    controls.dedup();
    for (scenario, devices) in &controls {
        let broken = live(&program, None, scenario, *devices)?;
        if !broken.is_empty() {
            let broken = broken.join(", ");
            return Err(Failure::Check(format!("{scenario}: with every defence on, {broken} does not hold")));
        }
    }
    let mut outcomes = Vec::new();
    for mutant in &mutants {
        let began = Instant::now();
        let by = live(&program, Some(&mutant.name), &mutant.scenario, devices(mutant))?;
        let outcome = Outcome {
            name: mutant.name.clone(),
            switched_off: mutant.off.clone(),
            killed: !by.is_empty(),
            by,
            scenario: mutant.scenario.clone(),
            seconds: began.elapsed().as_secs_f64(),
        };
        output::say(line(&outcome));
        outcomes.push(outcome);
    }
    let killed = outcomes.iter().filter(|outcome| outcome.killed).count();
    let results = Results {
        schema: "mutants/1",
        passed: killed == outcomes.len(),
        killed,
        mutants: outcomes,
        controls: controls.into_iter().map(|(scenario, _)| scenario).collect(),
    };
    tell(&results, json)
}

fn tell(results: &Results, json: bool) -> Result<(), Failure> {
    if json {
        output::line(serde_json::to_string_pretty(results).unwrap_or_default());
    } else {
        results.mutants.iter().for_each(|outcome| output::line(line(outcome)));
    }
    let lives: Vec<&str> = results
        .mutants
        .iter()
        .filter(|outcome| !outcome.killed)
        .map(|outcome| outcome.name.as_str())
        .collect();
    if lives.is_empty() {
        return Ok(());
    }
    Err(Failure::Check(format!("nobody noticed: {}", lives.join(", "))))
}

fn line(outcome: &Outcome) -> String {
    let word = if outcome.killed { "killed" } else { "LIVES" };
    format!("{:<24} {word:<7} {:<18} {}", outcome.name, outcome.scenario, outcome.by.join(", "))
}

fn devices(mutant: &Mutant) -> u64 {
    mutant.devices.unwrap_or(DEVICES)
}

pub(super) fn read() -> Result<Vec<Mutant>, Failure> {
    let path = workspace::root().join(FILE);
    let text = fs::read_to_string(&path).map_err(|source| Failure::File {
        action: "read it",
        path: path.clone(),
        source,
    })?;
    let read: Result<Mutants, _> = toml::from_str(&text);
    read.map(|read| read.mutant)
        .map_err(|error| Failure::Unreadable { what: FILE.to_owned(), message: error.to_string() })
}

/// Lives a fleet with a defence off; the names of the invariants that were broken.
fn live(program: &Path, mutant: Option<&str>, scenario: &str, devices: u64) -> Result<Vec<String>, Failure> {
    let mut sim = command(program);
    sim.arg("--scenario").arg(Path::new(SCENARIOS).join(format!("{scenario}.toml")));
    sim.args(["--devices", &devices.to_string(), "--json"]);
    if let Some(name) = mutant {
        sim.env(patch::VARIABLE, name);
    }
    let told = sim.output().map_err(|source| Failure::Spawn { command: process::text(&sim), source })?;
    let read: Result<serde_json::Value, _> = serde_json::from_slice(&told.stdout);
    let results = read.map_err(|error| Failure::Unreadable {
        what: process::text(&sim),
        message: format!("{error}\n{}", String::from_utf8_lossy(&told.stderr)),
    })?;
    let invariants = results["invariants"].as_array().into_iter().flatten();
    let broken = invariants.filter(|invariant| invariant["broken"].as_u64() != Some(0));
    Ok(broken.filter_map(|invariant| invariant["name"].as_str().map(str::to_owned)).collect())
}
