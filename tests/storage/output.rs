//! Where the program speaks: the result on standard output, everything else on standard error.

#![expect(clippy::print_stderr, reason = "the output module of a program")]

use std::{
    fmt::Display,
    io::{self, Write as _},
};

use crate::figures::Figures;

/// What is going on.
pub(crate) fn say(text: impl Display) {
    eprintln!("{text}");
}

/// Why the program cannot go on.
pub(crate) fn complain(error: &impl Display) {
    eprintln!("storage: {error}");
}

/// The figures as one JSON object.
pub(crate) fn object(figures: &Figures) -> io::Result<()> {
    line(&serde_json::to_string_pretty(figures).map_err(io::Error::other)?)
}

/// The figures as a table.
pub(crate) fn table(figures: &Figures) -> io::Result<()> {
    let mut lines =
        vec![String::new(), "CALL THAT FAILED: HOW THE RUN ENDED                        RUNS".to_owned()];
    lines.extend(figures.endings.iter().map(|(name, count)| format!("{name:<58} {count:>5}")));
    lines.extend([String::new(), format!("{:<33} {:>12}", "FIGURE", "MEASURED")]);
    lines.extend(figures.rows().iter().map(|(name, value)| format!("{name:<33} {value:>12}")));
    lines.extend(figures.not_run.iter().map(|text| format!("not run here: {text}")));
    lines.extend(figures.complaints.iter().map(|text| format!("LOST: {text}")));
    lines.push(if figures.passed() { "passed: nothing was lost" } else { "FAILED" }.to_owned());
    line(&lines.join("\n"))
}

fn line(text: &str) -> io::Result<()> {
    let mut output = io::stdout().lock();
    writeln!(output, "{text}")?;
    output.flush()
}
