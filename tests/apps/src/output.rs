//! Where the program speaks: the result on standard output, everything else on standard error.

#![expect(clippy::print_stderr, reason = "the output module of a program")]

use std::{
    fmt::Display,
    io::{self, Write as _},
};

use crate::results::{Measured, Results};

/// What is going on.
pub(crate) fn say(text: impl Display) {
    eprintln!("{text}");
}

/// Why the program cannot go on.
pub(crate) fn complain(error: &impl Display) {
    eprintln!("apps: {error}");
}

/// The results as one JSON object, or as a table.
pub(crate) fn results(results: &Results, json: bool) -> io::Result<()> {
    if json {
        return line(&serde_json::to_string_pretty(results).map_err(io::Error::other)?);
    }
    let mut lines = vec![format!(
        "{:<33} {:<10} {:<16} {:<16} {}",
        "STACK", "VARIANT", "ACCEPTS ADDED", "REFUSES REMOVED", "RESULT"
    )];
    lines.extend(results.stacks.iter().map(row));
    lines.push(if results.passed { "passed" } else { "FAILED" }.to_owned());
    line(&lines.join("\n"))
}

fn row(measured: &Measured) -> String {
    let result = match (measured.installed, measured.passed, &measured.reason) {
        (false, _, reason) => format!("not installed: {}", reason.as_deref().unwrap_or_default()),
        (true, true, _) => format!("ok: {}", measured.version.as_deref().unwrap_or_default()),
        (true, false, reason) => format!("FAILED: {}", reason.as_deref().unwrap_or_default()),
    };
    format!(
        "{:<33} {:<10} {:<16} {:<16} {result}",
        measured.name,
        measured.variant.word(),
        Measured::words(measured.added_by, measured.accepts_added_after_seconds),
        Measured::words(measured.removed_by, measured.refuses_removed_after_seconds),
    )
}

fn line(text: &str) -> io::Result<()> {
    let mut output = io::stdout().lock();
    writeln!(output, "{text}")?;
    output.flush()
}
