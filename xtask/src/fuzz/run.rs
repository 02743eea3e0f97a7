//! One run of one target, and what libFuzzer says of it.

use std::{path::Path, process::Command, time::Duration};

use serde::Serialize;

use super::build::{Programs, kept};
use crate::{failure::Failure, files, output, process};

/// Bytes of the longest input: a journal block's front and a head of HTTP that is too long both fit.
const INPUT_BYTES_MAX: usize = 6_144;
/// Seconds after which one input is taken for one that never ends.
const INPUT_SECONDS_MAX: u64 = 10;
/// Memory of one target, in MiB.
const MEMORY_MIB_MAX: u64 = 1_024;
/// Lines of a finding that are shown.
const FINDING_LINES: usize = 12;

/// What came of one target.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Run {
    /// The target.
    pub(crate) target: String,
    /// True where nothing was found.
    pub(crate) passed: bool,
    /// How often its body ran.
    pub(crate) executions: u64,
    /// Inputs that reach something of their own, kept ones included.
    pub(crate) inputs: u64,
    /// Edges that were reached.
    pub(crate) edges: u64,
    /// Edges of all that was instrumented.
    pub(crate) edges_in_all: u64,
    /// Edges with how often they were passed, as libFuzzer counts them.
    pub(crate) features: u64,
    /// The input that found something.
    pub(crate) reproducer: Option<String>,
    /// What it found.
    pub(crate) finding: Vec<String>,
}

/// Runs a target for so long.
///
/// # Errors
/// It cannot be run.
pub(crate) fn run(programs: &Programs, name: &str, time: Duration) -> Result<Run, Failure> {
    let (work, findings) =
        (programs.work.join("corpus").join(name), programs.work.join("findings").join(name));
    for folder in [&work, &findings, &kept(name)] {
        files::create_folder(folder)?;
    }
    let mut command = fuzzer(programs, name);
    command.arg(format!("-max_total_time={}", time.as_secs()));
    command.arg(format!("-artifact_prefix={}/", findings.display()));
    // What is new goes into the first folder; the kept inputs are read.
    command.arg(&work).arg(kept(name));
    // A long run says more than is kept of it.
    let mut run = Run { target: name.to_owned(), ..Run::default() };
    let told = process::run_quiet(&mut command, |line| run.read(line))?;
    run.finding = finding(&told.lines);
    run.passed = told.passed && run.reproducer.is_none();
    if run.executions == 0 {
        run.passed = false;
        run.finding.push("it ran no input".to_owned());
    }
    if !run.passed && run.reproducer.is_none() {
        run.finding.extend(told.lines.iter().rev().take(FINDING_LINES).rev().cloned());
    }
    output::say(format_args!("{name}: {} executions, {}", run.executions, word(run.passed)));
    Ok(run)
}

/// Runs a target on one input.
///
/// # Errors
/// The input finds something.
pub(crate) fn replay(programs: &Programs, name: &str, input: &Path) -> Result<(), Failure> {
    if process::run(fuzzer(programs, name).arg(input))? {
        output::line(format_args!("{name} holds on {}", input.display()));
        return Ok(());
    }
    Err(Failure::Check(format!("{name} does not hold on {}", input.display())))
}

/// The command line that all runs have in common.
pub(crate) fn fuzzer(programs: &Programs, name: &str) -> Command {
    let mut command = Command::new(programs.program(name));
    command.arg(format!("-max_len={INPUT_BYTES_MAX}"));
    command.arg(format!("-timeout={INPUT_SECONDS_MAX}"));
    command.arg(format!("-rss_limit_mb={MEMORY_MIB_MAX}"));
    command.args(["-print_final_stats=1", "-use_value_profile=0"]);
    command
}

/// The word for how a target came out.
pub(crate) const fn word(passed: bool) -> &'static str {
    if passed { "ok" } else { "FOUND" }
}

impl Run {
    /// Reads a line of libFuzzer's: it writes one for all that it found new, and numbers at the end.
    fn read(&mut self, line: &str) {
        if let Some(counters) = line.strip_prefix("INFO: Loaded 1 modules") {
            self.edges_in_all = number_behind(counters, "(").unwrap_or(0);
        }
        if line.starts_with('#') {
            self.edges = number_behind(line, " cov: ").unwrap_or(self.edges);
            self.features = number_behind(line, " ft: ").unwrap_or(self.features);
            self.inputs = number_behind(line, " corp: ").unwrap_or(self.inputs);
            self.executions = number_behind(line, "#").unwrap_or(self.executions);
        }
        if let Some(count) = line.strip_prefix("stat::number_of_executed_units:") {
            self.executions = count.trim().parse().unwrap_or(self.executions);
        }
        if let Some((_, path)) = line.split_once("Test unit written to ") {
            self.reproducer = Some(path.trim().to_owned());
        }
    }
}

/// What was found, in the words of the body that found it.
fn finding(lines: &[String]) -> Vec<String> {
    let is_start = |line: &&String| line.contains("panicked at") || line.contains("ERROR: libFuzzer");
    lines.iter().skip_while(|line| !is_start(line)).take(FINDING_LINES).cloned().collect()
}

fn number_behind(line: &str, word: &str) -> Option<u64> {
    let (_, behind) = line.split_once(word)?;
    let digits = behind.trim_start();
    let end = digits.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(digits.len());
    digits.get(..end)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Run {
        let mut run = Run::default();
        text.lines().for_each(|line| run.read(line));
        run
    }

    #[test]
    fn what_the_fuzzer_says_at_the_end_is_what_is_told() {
        let run = read(
            "INFO: Loaded 1 modules   (4096 inline 8-bit counters): 4096 [0x1, 0x2),\n\
             #300\tINITED cov: 80 ft: 90 corp: 7/1Kb exec/s: 0 rss: 40Mb\n\
             #12000\tDONE   cov: 120 ft: 345 corp: 31/4Kb lim: 6144 exec/s: 4000 rss: 60Mb\n\
             ###### End of recommended dictionary. ######\n\
             stat::number_of_executed_units: 12001",
        );
        assert_eq!((run.executions, run.inputs, run.edges), (12_001, 31, 120));
        assert_eq!((run.edges_in_all, run.features, run.reproducer), (4_096, 345, None));
    }

    #[test]
    fn a_finding_is_told_with_its_input() {
        let text = "#1 INITED\nthread '<unnamed>' panicked at tests/fuzz/src/head.rs:7:5:\ncut at 3\n\
                    ==9== ERROR: libFuzzer: deadly signal\n\
                    artifact_prefix='f/'; Test unit written to f/crash-00ff";
        assert_eq!(read(text).reproducer.as_deref(), Some("f/crash-00ff"));
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        assert_eq!(finding(&lines).get(1).map(String::as_str), Some("cut at 3"));
    }
}
