//! Where a command speaks: data on standard output, everything else on standard error.

use std::fmt;
use std::io::{self, IsTerminal as _, Write as _};

use serde::Serialize;

use crate::{Error, Exit};

/// How this process speaks.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    json: bool,
    color: bool,
    silent: bool,
}

#[derive(Serialize)]
struct Document<'a, T> {
    schema: &'a str,
    #[serde(flatten)]
    value: &'a T,
}

impl Output {
    /// Text, or one JSON document per command; colour only on a terminal and where `NO_COLOR` is unset or empty.
    #[must_use]
    pub fn new(json: bool) -> Self {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { json, color: !plain && io::stderr().is_terminal(), silent: false }
    }

    /// Says nothing: for commands that a drill runs in its scratch copy.
    pub(crate) const fn silent() -> Self {
        Self { json: false, color: false, silent: true }
    }

    /// True where the caller asked for JSON.
    #[must_use]
    pub const fn is_json(self) -> bool {
        self.json
    }

    /// Prints a command's answer: `value` as one JSON object with its schema's name, or `text` as it is.
    ///
    /// # Errors
    /// Standard output cannot be written. A closed pipe is no error: the reader has had enough.
    pub fn data<T: Serialize>(self, schema: &str, value: &T, text: impl fmt::Display) -> Result<(), Error> {
        if !self.json {
            return self.line(text);
        }
        let document = serde_json::to_string_pretty(&Document { schema, value })
            .map_err(|error| Error::bug("an answer cannot be written as JSON").because(error))?;
        self.line(document)
    }

    /// Prints one text to standard output, with a line end where it has none; in a stream of JSON documents, one.
    ///
    /// # Errors
    /// As [`Output::data`].
    pub fn line(self, text: impl fmt::Display) -> Result<(), Error> {
        if self.silent {
            return Ok(());
        }
        let text = text.to_string();
        let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        let mut out = io::stdout().lock();
        match write!(out, "{text}{end}").and_then(|()| out.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                let error = Error::new(Exit::Io, "standard_output", "cannot be written").because(error);
                Err(error.place("standard output"))
            }
            _ => Ok(()),
        }
    }

    /// Says what is going on, for a person who watches.
    pub fn progress(self, text: impl fmt::Display) {
        if !self.json && !self.silent {
            say(format_args!("{text}"));
        }
    }

    /// Says what the person should know although the command goes on. In JSON mode, one object a line.
    pub fn warning(self, text: impl fmt::Display) {
        if self.silent {
            return;
        }
        if self.json {
            let object =
                serde_json::json!({ "schema": "cloud-updater.warning.1", "message": text.to_string() });
            return say(format_args!("{object}"));
        }
        let (on, off) = self.paint("\x1b[1;33m");
        say(format_args!("{on}warning{off}: {text}"));
    }

    /// Reports why the command failed, with its causes and what to do. In JSON mode, one object.
    pub fn failure(self, error: &Error) {
        if self.json {
            let report = error.report();
            let document = Document { schema: "cloud-updater.error.1", value: &report };
            return say(format_args!("{}", serde_json::to_string(&document).unwrap_or_default()));
        }
        let (on, off) = self.paint("\x1b[1;31m");
        say(format_args!("{on}error{off}: {error}"));
        for cause in error.causes() {
            say(format_args!("  because: {cause}"));
        }
        if let Some(hint) = error.advice() {
            say(format_args!("  hint: {hint}"));
        }
    }

    const fn paint(self, code: &'static str) -> (&'static str, &'static str) {
        if self.color { (code, "\x1b[0m") } else { ("", "") }
    }
}

/// One line on standard error; where even that is closed, nobody is left to tell.
fn say(text: fmt::Arguments<'_>) {
    drop(writeln!(io::stderr().lock(), "{text}"));
}
