//! Where the tests speak: the result on standard output, everything else on standard error.

#![expect(clippy::print_stderr, reason = "the output module of a program")]

use std::io::{self, Write as _};

use indicatif::{ProgressBar, ProgressStyle};

use crate::{
    run::Results,
    test::{Outcome, Report},
};

/// A bar for all tests.
pub(crate) fn bar(count: usize) -> ProgressBar {
    let bar = ProgressBar::new(u64::try_from(count).unwrap_or(u64::MAX));
    if let Ok(style) = ProgressStyle::with_template("{bar:24} {pos}/{len} {elapsed} {wide_msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(std::time::Duration::from_millis(120));
    bar
}

/// How one test ended.
pub(crate) fn report(report: &Report) {
    eprintln!("{}: {} in {:.1} s", report.name, word(report.outcome), report.seconds);
    for line in report.detail.lines() {
        eprintln!("      {line}");
    }
}

/// Why the program cannot go on.
pub(crate) fn complain(error: &impl std::fmt::Display) {
    eprintln!("devkit: {error}");
}

/// One figure, for whoever started this program.
pub(crate) fn figure(name: &str, value: u64) -> io::Result<()> {
    writeln!(io::stdout().lock(), "figure {name}={value}")
}

/// The result: one JSON object, or a table.
pub(crate) fn results(results: &Results, json: bool) -> io::Result<()> {
    let text =
        if json { serde_json::to_string_pretty(results).map_err(io::Error::other)? } else { table(results) };
    let mut output = io::stdout().lock();
    writeln!(output, "{text}")?;
    output.flush()
}

fn table(results: &Results) -> String {
    let mut lines = vec![String::new(), format!("{:<58} {:<7} {:<8} SECONDS", "TEST", "TIER", "OUTCOME")];
    for report in &results.tests {
        let tier = format!("{:?}", report.tier).to_lowercase();
        lines.push(format!(
            "{:<58} {tier:<7} {:<8} {:>7.1}",
            report.name,
            word(report.outcome),
            report.seconds
        ));
    }
    lines.push(String::new());
    lines.push(format!("{:<28} {:>12}", "FIGURE", "MEASURED"));
    for (name, value) in results.figures.rows() {
        let value = value.map_or_else(|| "not measured".to_owned(), |value| value.to_string());
        lines.push(format!("{name:<28} {value:>12}"));
    }
    lines.push(String::new());
    let board = if results.is_hardware { "on hardware" } else { "on no hardware" };
    let word = if results.passed { "passed" } else { "FAILED" };
    lines.push(format!("{word}: kit {}, {board}", results.kit));
    lines.join("\n")
}

const fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "ok",
        Outcome::Failed => "FAILED",
        Outcome::Skipped => "skipped",
    }
}
