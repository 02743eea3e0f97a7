//! One errand: a hook that is run for one application, with what it is told and how it ended.

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::time::Duration;

use tokio::time::Instant;

use super::groups::Groups;
use super::program::{Program, Ran, ending, last_line};
use super::recipient::Refusal;
use super::{Outcome, signalling, unit};
use crate::linux::clock::span;
use crate::linux::configuration::Hook;

/// Everything that a hook is given.
#[derive(Debug)]
pub(super) struct Errand<'a> {
    pub(super) hook: &'a Hook,
    /// The variables that it finds in its environment.
    pub(super) environment: Vec<(&'static str, String)>,
    pub(super) limit: Duration,
    pub(super) until: Instant,
    pub(super) groups: Groups,
}

/// How an errand ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ended {
    pub(super) outcome: Outcome,
    pub(super) detail: Option<String>,
    pub(super) output: Option<String>,
}

impl Errand<'_> {
    /// Runs the hook, at most until its time is over.
    pub(super) async fn run(&self) -> Ended {
        let ended = match self.hook {
            Hook::Exec { program, arguments } => {
                let arguments = arguments.iter().map(OsStr::new).collect();
                Ended::of_program(self.program(program, arguments).run().await)
            }
            Hook::Signal { signal, target } => signalling::signal(self, *signal, target).await,
            Hook::Systemd { unit, action } => unit::act(self, unit, *action).await,
        };
        if ended.outcome == Outcome::TimedOut {
            return ended.detail(format!("after {}", span(self.limit.as_secs())));
        }
        ended
    }

    /// A program that is run on this errand.
    pub(super) fn program<'p>(&'p self, path: &'p Path, arguments: Vec<&'p OsStr>) -> Program<'p> {
        let (environment, groups) = (self.environment.as_slice(), self.groups.clone());
        Program { path, arguments, environment, until: self.until, groups }
    }
}

impl Ended {
    pub(super) const fn of(outcome: Outcome) -> Self {
        Self { outcome, detail: None, output: None }
    }

    pub(super) fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Keeps the last line of what was printed.
    pub(super) fn output(mut self, text: &str) -> Self {
        self.output = last_line(text);
        self
    }

    /// How a program ended that is the whole hook.
    pub(super) fn of_program(ran: Ran) -> Self {
        match ran {
            Ran::Ended { status, .. } if status.success() => Self::of(Outcome::Told),
            Ran::Ended { status, output } => {
                let outcome = if status.code().is_some() { Outcome::ExitStatus } else { Outcome::Signalled };
                Self::of(outcome).detail(ending(status)).output(&output)
            }
            Ran::NotStarted(error) => {
                let outcome = match error.kind() {
                    io::ErrorKind::NotFound => Outcome::ProgramMissing,
                    io::ErrorKind::PermissionDenied => Outcome::NotPermitted,
                    _ => Outcome::StartFailed,
                };
                Self::of(outcome).detail(error.to_string())
            }
            Ran::TimedOut { output } => Self::of(Outcome::TimedOut).output(&output),
        }
    }
}

impl From<Refusal> for Ended {
    fn from((outcome, detail): Refusal) -> Self {
        Self::of(outcome).detail(detail)
    }
}
