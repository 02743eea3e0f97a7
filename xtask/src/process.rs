//! Running other programs.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
};

use crate::failure::Failure;

/// Lines of a quiet program that are kept to be shown if it fails.
const KEPT_LINES_MAX: usize = 400;

/// A command as one would type it.
pub(crate) fn text(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// Starts a command.
pub(crate) fn spawn(command: &mut Command) -> Result<Child, Failure> {
    let text = text(command);
    command.spawn().map_err(|source| Failure::Spawn { command: text, source })
}

/// Runs a command whose output the person sees as it comes; true where it succeeded.
pub(crate) fn run(command: &mut Command) -> Result<bool, Failure> {
    let text = text(command);
    let status = command.stdin(Stdio::null()).status();
    status.map(|status| status.success()).map_err(|source| Failure::Spawn { command: text, source })
}

/// Runs a command and hands every line of its standard output to `line` as it comes; true where it succeeded.
pub(crate) fn run_by_line(command: &mut Command, mut line: impl FnMut(&str)) -> Result<bool, Failure> {
    let text = text(command);
    let failed = |source| Failure::Spawn { command: text.clone(), source };
    let mut child = spawn(command.stdin(Stdio::null()).stdout(Stdio::piped()))?;
    if let Some(stdout) = child.stdout.take() {
        each_line(stdout, &mut line);
    }
    child.wait().map(|status| status.success()).map_err(failed)
}

/// What a quiet program left behind.
pub(crate) struct Quiet {
    /// True where it succeeded.
    pub(crate) passed: bool,
    /// The last lines it wrote, both streams as they came.
    pub(crate) lines: Vec<String>,
}

/// Runs a command without showing its output; `watch` sees each line, to move a progress bar.
pub(crate) fn run_quiet(command: &mut Command, mut watch: impl FnMut(&str)) -> Result<Quiet, Failure> {
    let text = text(command);
    let mut child = spawn(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()))?;
    let (sender, receiver) = mpsc::channel::<String>();
    let streams: [Option<Box<dyn Read + Send>>; 2] = [
        child.stdout.take().map(|stream| Box::new(stream) as Box<dyn Read + Send>),
        child.stderr.take().map(|stream| Box::new(stream) as Box<dyn Read + Send>),
    ];
    for stream in streams.into_iter().flatten() {
        let sender = sender.clone();
        // The receiver lives until both streams end; a failed send only means that nobody looks any more.
        thread::spawn(move || each_line(stream, &mut |line| drop(sender.send(line.to_owned()))));
    }
    drop(sender);
    let mut lines = Vec::new();
    for line in receiver {
        watch(&line);
        if lines.len() == KEPT_LINES_MAX {
            lines.remove(0);
        }
        lines.push(line);
    }
    let status = child.wait().map_err(|source| Failure::Spawn { command: text, source })?;
    Ok(Quiet { passed: status.success(), lines })
}

fn each_line(stream: impl Read, line: &mut impl FnMut(&str)) {
    let mut reader = BufReader::new(stream);
    let mut bytes = Vec::new();
    // A stream that breaks ends like one that closes: the exit code tells the rest.
    while reader.read_until(b'\n', &mut bytes).is_ok_and(|count| count > 0) {
        line(String::from_utf8_lossy(&bytes).trim_end_matches(['\n', '\r']));
        bytes.clear();
    }
}
