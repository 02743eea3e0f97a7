//! Where a task speaks: what a run yields on standard output, all else on standard error.

use std::{error::Error, fmt, io::Write as _};

use crate::failure::Failure;

/// One line of what the run yields.
#[expect(clippy::print_stdout, reason = "the one place that writes to standard output")]
pub(crate) fn line(text: impl fmt::Display) {
    println!("{text}");
}

/// One line about what is going on.
#[expect(clippy::print_stderr, reason = "the one place that writes to standard error")]
pub(crate) fn say(text: impl fmt::Display) {
    eprintln!("{text}");
}

/// A question, without a line end.
pub(crate) fn ask(text: &str) {
    let mut terminal = std::io::stderr().lock();
    // A closed standard error leaves nobody to ask, and reading the answer then ends the question.
    drop(write!(terminal, "{text}").and_then(|()| terminal.flush()));
}

/// A failure with its causes.
pub(crate) fn failure(failure: &Failure) {
    let mut text = format!("error: {failure}");
    let mut source = failure.source();
    while let Some(cause) = source {
        text.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    say(text);
}
