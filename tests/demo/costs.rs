//! What verifying one update costs: heap, and instructions under callgrind.

use std::{error::Error, path::Path, process::Command};

use indicatif::ProgressBar;
use serde::Deserialize;
use system_tests::process::{program, run};

use crate::{
    Arguments,
    figures::Figures,
    step::{Observation, require},
};

/// What `verify_cost verify` says.
#[derive(Debug, Deserialize)]
struct Verified {
    accepted: bool,
    heap_bytes: u64,
}

/// Measures the example of `crates/bundle`, built for release where instructions count.
pub(crate) fn show(arguments: &Arguments, figures: &mut Figures, bar: &ProgressBar) -> Observation {
    let example = example(arguments.instructions)?;
    let folder = tempfile::tempdir()?;
    bar.set_message("making the sample");
    run(Command::new(&example).arg("prepare").arg(folder.path()), "")?.success()?;
    bar.set_message("verifying it");
    let text = run(Command::new(&example).arg("verify").arg(folder.path()), "")?.success()?;
    let verified: Verified = serde_json::from_str(&text)?;
    require(verified.accepted, || "the sample was refused".to_owned())?;
    figures.verify_heap_bytes = Some(verified.heap_bytes);
    let mut detail = format!("head, manifest and blobs verified with {} bytes of heap", verified.heap_bytes);
    if arguments.instructions {
        bar.set_message("counting instructions under callgrind");
        let with = instructions(&example, "verify", folder.path())?;
        let without = instructions(&example, "noop", folder.path())?;
        figures.verify_instructions = Some(with.saturating_sub(without));
        detail = format!("{detail} and {} instructions", with.saturating_sub(without));
    }
    let exceeded = figures.exceeded();
    require(exceeded.is_empty(), || exceeded.join("\n"))?;
    Ok(detail)
}

/// The example lies beside the programs; instructions are counted in the optimised build.
fn example(optimised: bool) -> Result<std::path::PathBuf, Box<dyn Error>> {
    let programs = program("demo")?;
    let folder = programs.parent().ok_or("the programs have no folder")?;
    let profile = if optimised { folder.with_file_name("release") } else { folder.to_path_buf() };
    Ok(profile.join("examples/verify_cost"))
}

/// Instructions of one run, from callgrind's summary on standard error.
fn instructions(example: &Path, command: &str, folder: &Path) -> Result<u64, Box<dyn Error>> {
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
    let ended = run(valgrind.arg(example).arg(command).arg(folder), "")?;
    let collected = ended.errors.lines().find_map(|line| line.split_once("Collected : "));
    let count = collected.and_then(|(_, count)| count.trim().parse().ok());
    ended.success()?;
    count.ok_or_else(|| "callgrind counted nothing".into())
}
