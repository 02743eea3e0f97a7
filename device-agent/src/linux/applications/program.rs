//! A child process: an absolute program, no shell, a group and an environment of its own, an end in time.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::Command;
use tokio::time::{Instant, sleep_until, timeout};

use super::groups::{Groups, Process, Running};

/// Bytes that are kept of what a program prints, from its end; the rest is read and forgotten, so that nobody waits for a
/// reader.
const OUTPUT_BYTES: usize = 1_024;
/// Characters of a line that is kept for people.
const LINE_CHARACTERS_MAX: usize = 160;
/// Bytes that are read at a time.
const CHUNK_BYTES: usize = 4_096;
/// How long what an ended program has printed is waited for: a process that it left behind may hold the pipe for ever.
const REST: Duration = Duration::from_millis(100);
/// Most pieces that are read of an ended program: somebody may go on writing.
const REST_CHUNKS: usize = 64;
/// Where programs are looked for unless the agent was started with another path.
pub(super) const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What is run, and what it is told.
#[derive(Debug)]
pub(super) struct Program<'a> {
    /// An absolute path.
    pub(super) path: &'a Path,
    pub(super) arguments: Vec<&'a OsStr>,
    /// Everything in its environment beside the path.
    pub(super) environment: &'a [(&'static str, String)],
    pub(super) until: Instant,
    pub(super) groups: Groups,
}

/// How it ended.
#[derive(Debug)]
pub(super) enum Ran {
    /// By itself, or by somebody's signal; with the end of what it printed.
    Ended { status: ExitStatus, output: String },
    /// It was not started.
    NotStarted(io::Error),
    /// It was ended with its group.
    TimedOut { output: String },
}

/// The end of what a program prints: of its output, and of its errors.
#[derive(Debug, Default)]
struct Printed {
    out: Tail,
    errors: Tail,
}

#[derive(Debug, Default)]
struct Tail(Vec<u8>);

impl Program<'_> {
    /// Runs it.
    pub(super) async fn run(self) -> Ran {
        let mut command = Command::new(self.path);
        command
            .args(&self.arguments)
            .env_clear()
            .env("PATH", path_variable())
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        let child = match command.spawn() {
            Ok(child) => child,
            Err(error) => return Ran::NotStarted(error),
        };
        let mut running = Running::new(child, self.groups);
        let mut printed = Printed::default();
        let Some(process) = running.process() else { return Ran::TimedOut { output: String::new() } };
        match follow(process, &mut printed, self.until).await {
            Ok(Some(status)) => {
                running.ended();
                Ran::Ended { status, output: printed.text() }
            }
            Ok(None) => {
                running.kill().await;
                Ran::TimedOut { output: printed.text() }
            }
            Err(error) => {
                running.kill().await;
                Ran::NotStarted(error)
            }
        }
    }
}

impl Ran {
    /// True where it ended by itself and says that all is well.
    pub(super) fn is_well(&self) -> bool {
        matches!(self, Self::Ended { status, .. } if status.success())
    }
}

/// The path that programs are looked for in: the only thing that hooks take over from the agent's own environment.
pub(super) fn path_variable() -> OsString {
    std::env::var_os("PATH").filter(|path| !path.is_empty()).unwrap_or_else(|| PATH.into())
}

/// `status 3`, `signal 9`.
pub(super) fn ending(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("status {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "unknown status".to_owned(),
    }
}

/// Reads what the program prints until it ends; `None` where the time was over first.
async fn follow(
    process: &mut Process,
    printed: &mut Printed,
    until: Instant,
) -> io::Result<Option<ExitStatus>> {
    let Process { child, out, errors } = process;
    let (mut out_bytes, mut error_bytes) = ([0; CHUNK_BYTES], [0; CHUNK_BYTES]);
    let status = loop {
        tokio::select! {
            status = child.wait() => break status?,
            () = sleep_until(until) => return Ok(None),
            read = next(out, &mut out_bytes) => printed.out.push(out_bytes.get(..read).unwrap_or_default()),
            read = next(errors, &mut error_bytes) => printed.errors.push(error_bytes.get(..read).unwrap_or_default()),
        }
    };
    for _ in 0..REST_CHUNKS {
        let rest = async {
            tokio::select! {
                read = next(out, &mut out_bytes) => printed.out.push(out_bytes.get(..read).unwrap_or_default()),
                read = next(errors, &mut error_bytes) => {
                    printed.errors.push(error_bytes.get(..read).unwrap_or_default());
                }
            }
        };
        if timeout(REST, rest).await.is_err() {
            break;
        }
    }
    Ok(Some(status))
}

/// The next bytes; a pipe that has ended is closed, and never answers again.
async fn next<R: AsyncRead + Unpin>(pipe: &mut Option<R>, into: &mut [u8]) -> usize {
    if let Some(open) = pipe {
        match open.read(into).await {
            Ok(read) if read > 0 => return read,
            _ => *pipe = None,
        }
    }
    std::future::pending().await
}

impl Tail {
    fn push(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
        let beyond = self.0.len().saturating_sub(OUTPUT_BYTES);
        self.0.drain(..beyond);
    }
}

impl Printed {
    /// The output, and the errors last: a program that fails says there why.
    fn text(&self) -> String {
        [&self.out, &self.errors].map(|tail| String::from_utf8_lossy(&tail.0)).join("\n")
    }
}

/// The last line with something on it, without what a terminal would obey.
pub(super) fn last_line(text: &str) -> Option<String> {
    let line = text.lines().map(str::trim).rfind(|line| !line.is_empty())?;
    let plain = |letter: char| if letter.is_control() { ' ' } else { letter };
    Some(line.chars().map(plain).take(LINE_CHARACTERS_MAX).collect())
}

#[cfg(test)]
mod tests;
