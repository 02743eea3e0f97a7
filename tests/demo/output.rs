//! Where the demonstration speaks: the result on standard output, everything else on standard error.

#![expect(clippy::print_stderr, reason = "the output module of a program")]

use std::{
    error::Error,
    io::{self, Write as _},
};

use indicatif::{ProgressBar, ProgressStyle};

use crate::{
    run::Demonstration,
    scenario::{self, Report},
};

/// A bar for one step of several.
pub(crate) fn bar(index: usize, count: usize, name: &str) -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix} {elapsed} {wide_msg}") {
        bar.set_style(style);
    }
    bar.set_prefix(format!("[{index}/{count}] {name}"));
    if bar.is_hidden() {
        eprintln!("[{index}/{count}] {name}");
    }
    bar.enable_steady_tick(std::time::Duration::from_millis(120));
    bar
}

/// A line of explanation.
pub(crate) fn say(text: &str) {
    eprintln!("{text}");
}

/// Why the program cannot go on.
pub(crate) fn complain(error: &impl std::fmt::Display) {
    eprintln!("demo: {error}");
}

/// The result: one JSON object, or a table.
pub(crate) fn result(result: &Demonstration, json: bool) -> Result<(), Box<dyn Error>> {
    let text = if json { serde_json::to_string_pretty(result)? } else { table(result) };
    let mut output = io::stdout().lock();
    writeln!(output, "{text}")?;
    output.flush()?;
    Ok(())
}

/// What a scenario came to: one JSON object, or a timeline and a table.
pub(crate) fn report(report: &Report, json: bool) -> Result<(), Box<dyn Error>> {
    let text = if json { serde_json::to_string_pretty(report)? } else { scenario::text(report) };
    let mut output = io::stdout().lock();
    writeln!(output, "{text}")?;
    output.flush()?;
    Ok(())
}

fn table(result: &Demonstration) -> String {
    let mut lines =
        vec![String::new(), "STEP                                  RESULT  SECONDS  OBSERVED".to_owned()];
    for step in &result.steps {
        let word = if step.passed { "ok" } else { "FAILED" };
        let first = step.detail.lines().next().unwrap_or_default();
        lines.push(format!("{:<37} {word:<7} {:>7.1}  {first}", step.name, step.seconds));
    }
    lines.push(String::new());
    lines.push("FIGURE                      MEASURED  PROMISED".to_owned());
    for (name, measured, limit) in result.figures.limits() {
        let measured = measured.map_or_else(|| "not measured".to_owned(), |value| value.to_string());
        lines.push(format!("{name:<23} {measured:>12}  at most {limit}"));
    }
    lines.push(String::new());
    lines.push(if result.passed { "passed: every step was observed" } else { "FAILED" }.to_owned());
    lines.join("\n")
}
