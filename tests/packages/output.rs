//! Where the program speaks: the result on standard output, everything else on standard error.

#![expect(clippy::print_stderr, reason = "the output module of a program")]

use std::{
    fmt::Display,
    io::{self, Write as _},
};

use crate::part::Report;

/// What is going on.
pub(crate) fn say(text: impl Display) {
    eprintln!("{text}");
}

/// Why the program cannot go on.
pub(crate) fn complain(error: &impl Display) {
    eprintln!("packages: {error}");
}

/// The result as one JSON object.
pub(crate) fn object(report: &Report) -> io::Result<()> {
    let mut output = io::stdout().lock();
    writeln!(output, "{}", serde_json::to_string(report).map_err(io::Error::other)?)?;
    output.flush()
}
