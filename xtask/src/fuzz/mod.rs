//! `cargo xtask fuzz`: runs the fuzz targets of `tests/fuzz` for a bounded time, or makes their kept inputs anew.

mod build;
mod corpus;
mod report;
mod run;

use std::{
    sync::{Mutex, PoisonError},
    thread,
    time::Duration,
};

use build::Programs;
use report::Report;
use run::Run;

use crate::{
    cli::FuzzArgs,
    failure::Failure,
    output,
    setup::{self, Consent},
};

/// Runs the targets.
///
/// # Errors
/// A build fails, a target finds something, or there is no such target.
pub(crate) fn run(args: &FuzzArgs, consent: Consent) -> Result<(), Failure> {
    setup::require(&[setup::COMPILER, setup::CPP_COMPILER], consent)?;
    let names = targets(args.target.as_deref())?;
    output::say("build: the targets, instrumented");
    let programs = Programs::build(&names)?;
    if let Some(input) = &args.input {
        let [name] = names.as_slice() else {
            return Err(Failure::Check("say which target: --target NAME".to_owned()));
        };
        return run::replay(&programs, name, input);
    }
    if args.minimise {
        return corpus::minimise(&programs, &names);
    }
    let runs = run_all(&programs, &names, args.seconds)?;
    let report = Report::new(args.seconds, runs);
    output::line(if args.json { report.json()? } else { report.table() });
    report.verdict()
}

/// The targets that there are, or the one that was asked for.
fn targets(asked: Option<&str>) -> Result<Vec<String>, Failure> {
    let all = build::targets()?;
    let Some(name) = asked else { return Ok(all) };
    if all.iter().any(|known| known == name) {
        return Ok(vec![name.to_owned()]);
    }
    Err(Failure::Check(format!("there is no target {name}; there are: {}", all.join(", "))))
}

/// Runs the targets, as many at a time as this machine has processors, so that all of them take `seconds`.
fn run_all(programs: &Programs, names: &[String], seconds: u64) -> Result<Vec<Run>, Failure> {
    let lanes = thread::available_parallelism().map_or(1, usize::from).min(names.len().max(1));
    let rounds = u64::try_from(names.len().div_ceil(lanes)).unwrap_or(u64::MAX).max(1);
    let each = Duration::from_secs((seconds / rounds).max(1));
    output::say(format_args!("fuzz: {} targets, {} s each, {lanes} at a time", names.len(), each.as_secs()));
    let (left, runs) = (Mutex::new(names.iter()), Mutex::new(Vec::new()));
    let next = || left.lock().unwrap_or_else(PoisonError::into_inner).next();
    thread::scope(|scope| {
        for _ in 0..lanes {
            scope.spawn(|| {
                while let Some(name) = next() {
                    let run = run::run(programs, name, each);
                    runs.lock().unwrap_or_else(PoisonError::into_inner).push(run);
                }
            });
        }
    });
    let mut runs: Vec<Run> =
        runs.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter().collect::<Result<_, _>>()?;
    runs.sort_by(|one, other| one.target.cmp(&other.target));
    Ok(runs)
}
