//! The process that a signal is for: named by a file that may be empty, noise, or about somebody who is gone.

use std::fs;
use std::io::{self, Read as _};
use std::path::Path;

use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::param::clock_ticks_per_second;
use rustix::process::{Pid, PidfdFlags, Signal, getpid, kill_process, pidfd_open, pidfd_send_signal};

use super::Outcome;
use super::ledger::plain_file;

/// Bytes that are read of a pid file: a number and what some programs write below it.
const PID_FILE_BYTES_MAX: u64 = 4_096;
/// Characters of a process's name that the system keeps.
const NAME_BYTES: usize = 15;
/// Seconds that a process may be younger than the file that names it: clocks are set.
const YOUNGER_SECONDS_MAX: u64 = 10;

/// Why no signal was sent.
pub(super) type Refusal = (Outcome, String);

/// A process that was looked at. It is held on to where the system can do that: the signal reaches this one or nobody.
#[derive(Debug)]
pub(super) struct Recipient {
    pid: Pid,
    held: Option<OwnedFd>,
}

/// What the system says of a process.
#[derive(Debug, Default)]
struct Facts {
    name: String,
    is_dead: bool,
    /// Ticks from the machine's start to the process's.
    started_ticks: u64,
    caught: u64,
    ignored: u64,
    blocked: u64,
}

impl Recipient {
    /// The process that the file names. It must have the name `process`, or be at least as old as the file.
    ///
    /// # Errors
    /// Why nobody is signalled.
    pub(super) fn of_file(path: &Path, process: Option<&str>) -> Result<Self, Refusal> {
        let (text, written_at) = read(path)?;
        let recipient = Self::hold(
            pid(&text).map_err(|fault| (Outcome::PidFileInvalid, format!("{}: {fault}", path.display())))?,
        )?;
        let facts = recipient.facts()?;
        match process {
            Some(expected) if !facts.is_called(expected) => {
                let found = format!("process {} is {:?}, not {expected:?}", recipient.number(), facts.name);
                Err((Outcome::OtherProcess, found))
            }
            None if facts.is_younger_than(written_at) => {
                let message = format!(
                    "process {} ({:?}) started after the file was written; process = \"…\" in agent.toml tells by name",
                    recipient.number(),
                    facts.name
                );
                Err((Outcome::OtherProcess, message))
            }
            _ => Ok(recipient),
        }
    }

    /// The process with a number that systemd gave.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn hold(pid: Pid) -> Result<Self, Refusal> {
        match pidfd_open(pid, PidfdFlags::empty()) {
            Ok(held) => Ok(Self { pid, held: Some(held) }),
            // An old system, or one that forbids it: the number has to do.
            Err(Errno::NOSYS | Errno::PERM) => Ok(Self { pid, held: None }),
            Err(_) => Err((Outcome::ProcessGone, format!("there is no process {}", pid.as_raw_nonzero()))),
        }
    }

    /// Succeeds where the process would do something with the signal, other than end without having been meant to.
    ///
    /// # Errors
    /// It ignores it, or would be ended by it.
    pub(super) fn check(&self, signal: Signal) -> Result<(), Refusal> {
        let facts = self.facts()?;
        let bit = u32::try_from(signal.as_raw()).ok().and_then(|number| number.checked_sub(1));
        let bit = bit.and_then(|bit| 1_u64.checked_shl(bit)).unwrap_or(0);
        let ends = [Signal::INT, Signal::QUIT, Signal::TERM].contains(&signal);
        let detail = || format!("process {} ({:?})", self.number(), facts.name);
        if facts.ignored & bit != 0 {
            return Err((Outcome::SignalIgnored, detail()));
        }
        // A signal that is blocked is fetched by whoever waits for it.
        if (facts.caught | facts.blocked) & bit == 0 && !ends {
            return Err((Outcome::SignalNotHandled, detail()));
        }
        Ok(())
    }

    /// Sends the signal.
    ///
    /// # Errors
    /// The system did not let it pass.
    pub(super) fn send(&self, signal: Signal) -> Result<(), Refusal> {
        let sent = match &self.held {
            Some(held) => pidfd_send_signal(held, signal),
            None => kill_process(self.pid, signal),
        };
        sent.map_err(|error| match error {
            Errno::SRCH => (Outcome::ProcessGone, format!("process {} has just ended", self.number())),
            error => {
                (Outcome::NotPermitted, format!("process {}: {}", self.number(), io::Error::from(error)))
            }
        })
    }

    fn number(&self) -> i32 {
        self.pid.as_raw_nonzero().get()
    }

    fn facts(&self) -> Result<Facts, Refusal> {
        let folder = format!("/proc/{}", self.number());
        let gone = || (Outcome::ProcessGone, format!("there is no process {}", self.number()));
        let text = |name: &str| fs::read_to_string(format!("{folder}/{name}")).map_err(|_| gone());
        let facts = Facts::parse(&text("stat")?, &text("status")?).ok_or_else(gone)?;
        if facts.is_dead { Err(gone()) } else { Ok(facts) }
    }
}

impl Facts {
    /// Out of `/proc/<pid>/stat` and `/proc/<pid>/status` (proc(5)).
    fn parse(stat: &str, status: &str) -> Option<Self> {
        // The name may hold anything, parentheses included.
        let (before, after) = stat.rsplit_once(')')?;
        let name = before.split_once('(')?.1.to_owned();
        let mut fields = after.split_whitespace();
        let is_dead = matches!(fields.next()?, "Z" | "X" | "x");
        // The third field is the state, the twenty-second the start.
        let started_ticks = fields.nth(18)?.parse().ok()?;
        let mask = |key: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
            line.and_then(|value| u64::from_str_radix(value.trim(), 16).ok()).unwrap_or(0)
        };
        let (caught, ignored, blocked) = (mask("SigCgt"), mask("SigIgn"), mask("SigBlk"));
        Some(Self { name, is_dead, started_ticks, caught, ignored, blocked })
    }

    fn is_called(&self, expected: &str) -> bool {
        let kept = expected.as_bytes().get(..NAME_BYTES).unwrap_or(expected.as_bytes());
        self.name.as_bytes() == kept
    }

    /// True where the process started after the file was written: it was not yet there to be meant.
    fn is_younger_than(&self, written_at: u64) -> bool {
        let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
        let boot = stat.lines().find_map(|line| line.strip_prefix("btime ")?.trim().parse::<u64>().ok());
        let Some(boot) = boot else { return false };
        let started_at = boot.saturating_add(self.started_ticks / clock_ticks_per_second().max(1));
        started_at > written_at.saturating_add(YOUNGER_SECONDS_MAX)
    }
}

/// The text of a pid file, and when it was written.
fn read(path: &Path) -> Result<(String, u64), Refusal> {
    let missing = |error: io::Error| (Outcome::PidFileMissing, format!("{}: {error}", path.display()));
    let file = plain_file(path).map_err(missing)?;
    let written_at = file.metadata().and_then(|metadata| metadata.modified()).map_err(missing)?;
    let written_at = written_at.duration_since(std::time::UNIX_EPOCH).map_or(0, |passed| passed.as_secs());
    let mut bytes = Vec::new();
    file.take(PID_FILE_BYTES_MAX).read_to_end(&mut bytes).map_err(missing)?;
    Ok((String::from_utf8_lossy(&bytes).into_owned(), written_at))
}

/// The number in the first line: never a group (0 and below), the first process of the machine, or the agent itself.
fn pid(text: &str) -> Result<Pid, &'static str> {
    let line = text.lines().next().unwrap_or_default().trim();
    if line.is_empty() {
        return Err("is empty");
    }
    if !line.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("holds no number");
    }
    let number: i32 = line.parse().map_err(|_| "holds a number that no process has")?;
    let pid = Pid::from_raw(number).filter(|pid| number > 1 && !pid.is_init());
    let pid = pid.ok_or("holds a number that is not an application's")?;
    if pid == getpid() { Err("holds the number of the agent itself") } else { Ok(pid) }
}

#[cfg(test)]
mod tests;
