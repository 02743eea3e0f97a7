//! A hook: what is done on this device so that an application notices a change. Never out of anything fetched.

use std::fmt;
use std::path::{Path, PathBuf};

use rustix::process::Signal;
use serde::Deserialize;

use super::file::HookSection;
use crate::linux::error::Error;

/// Most words of a command.
const ARGUMENTS_MAX: usize = 64;
/// Bytes of a unit's name, as systemd has it.
const UNIT_NAME_BYTES_MAX: usize = 255;
/// Kinds of units that have processes, or pass a restart on to units that have.
const UNIT_SUFFIXES: [&str; 5] = [".service", ".scope", ".slice", ".target", ".socket"];
/// Signals that ask a program for something. The others end it without a word, or stop it.
const SIGNALS: [(&str, Signal); 7] = [
    ("SIGHUP", Signal::HUP),
    ("SIGINT", Signal::INT),
    ("SIGQUIT", Signal::QUIT),
    ("SIGTERM", Signal::TERM),
    ("SIGUSR1", Signal::USR1),
    ("SIGUSR2", Signal::USR2),
    ("SIGWINCH", Signal::WINCH),
];

/// What is done so that an application notices a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hook {
    /// Run this program with these arguments, without a shell.
    Exec {
        /// An absolute path.
        program: PathBuf,
        /// What follows it.
        arguments: Vec<String>,
    },
    /// Send a signal.
    Signal {
        /// Which.
        signal: SignalName,
        /// To whom.
        target: SignalTarget,
    },
    /// Ask systemd.
    Systemd {
        /// The unit.
        unit: String,
        /// For what.
        action: UnitAction,
    },
}

/// A signal, and its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignalName {
    /// As it is written: `SIGHUP`.
    pub name: &'static str,
    /// As it is sent.
    pub signal: Signal,
}

/// Whom a signal is sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignalTarget {
    /// The process whose number a file holds.
    PidFile {
        /// The file.
        path: PathBuf,
        /// The process must have this name, as the system shows it: a number may be another program's by now.
        process: Option<String>,
    },
    /// The main process of a unit.
    Unit(String),
}

/// What systemd is asked for. A unit that does not run is left alone: it reads what is installed when it starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnitAction {
    /// `ExecReload=` of the unit.
    #[default]
    Reload,
    /// `ExecReload=` where the unit has one, else stop and start.
    ReloadOrRestart,
    /// Stop and start.
    Restart,
}

impl UnitAction {
    /// As it is written.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reload => "reload",
            Self::ReloadOrRestart => "reload-or-restart",
            Self::Restart => "restart",
        }
    }
}

impl fmt::Display for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exec { program, .. } => write!(f, "{}", program.display()),
            Self::Signal { signal, target: SignalTarget::PidFile { path, .. } } => {
                write!(f, "{} by {}", signal.name, path.display())
            }
            Self::Signal { signal, target: SignalTarget::Unit(unit) } => {
                write!(f, "{} to {unit}", signal.name)
            }
            Self::Systemd { unit, action } => write!(f, "{} of {unit}", action.name()),
        }
    }
}

/// The hook that a section means; `field` is where it stands.
pub(super) fn hook(section: HookSection, field: &str) -> Result<Hook, Error> {
    let fail = |message: &str| Err(Error::usage("bad_hook", message).field(field));
    let HookSection { exec, signal, unit, pid_file, process, systemd, action } = section;
    if action.is_some() && systemd.is_none() {
        return fail("action belongs to systemd");
    }
    if signal.is_none() && (unit.is_some() || pid_file.is_some()) {
        return fail("unit and pid-file belong to signal");
    }
    if process.is_some() && pid_file.is_none() {
        return fail("process belongs to pid-file");
    }
    match (exec, signal, systemd) {
        (Some(words), None, None) => command(words, &format!("{field}.exec")),
        (None, Some(name), None) => Ok(Hook::Signal {
            signal: signal_of(&name, &format!("{field}.signal"))?,
            target: target(unit, pid_file, process, field)?,
        }),
        (None, None, Some(unit)) => Ok(Hook::Systemd {
            unit: checked_unit(unit, &format!("{field}.systemd"))?,
            action: action.unwrap_or_default(),
        }),
        _ => fail("needs one of exec, signal and systemd"),
    }
}

fn command(words: Vec<String>, field: &str) -> Result<Hook, Error> {
    let fail = |message: String| Err(Error::usage("bad_command", message).field(field));
    if words.len() > ARGUMENTS_MAX || words.iter().any(|word| word.contains('\0')) {
        return fail(format!("must have at most {ARGUMENTS_MAX} words, none with a NUL in it"));
    }
    let mut words = words.into_iter();
    let program = PathBuf::from(words.next().unwrap_or_default());
    if !program.is_absolute() {
        return fail(format!(
            "{program:?} is not the absolute path of a program: write it as [\"/usr/bin/program\", \"argument\"]"
        ));
    }
    Ok(Hook::Exec { program, arguments: words.collect() })
}

fn signal_of(written: &str, field: &str) -> Result<SignalName, Error> {
    let is_meant =
        |(name, _): &&(&str, Signal)| *name == written || name.strip_prefix("SIG") == Some(written);
    let found = SIGNALS.iter().find(is_meant).map(|(name, signal)| SignalName { name, signal: *signal });
    found.ok_or_else(|| {
        let names = SIGNALS.map(|(name, _)| name).join(", ");
        Error::usage("bad_signal", format!("{written:?} is not one of {names}")).field(field)
    })
}

fn target(
    unit: Option<String>,
    pid_file: Option<PathBuf>,
    process: Option<String>,
    field: &str,
) -> Result<SignalTarget, Error> {
    match (unit, pid_file) {
        (Some(unit), None) => Ok(SignalTarget::Unit(checked_unit(unit, &format!("{field}.unit"))?)),
        (None, Some(path)) if is_plain(&path) => Ok(SignalTarget::PidFile { path, process }),
        (None, Some(path)) => {
            let message = format!("{path:?} is not an absolute path");
            Err(Error::usage("bad_path", message).field(format!("{field}.pid-file")))
        }
        _ => Err(Error::usage("bad_hook", "a signal needs one of unit and pid-file").field(field)),
    }
}

fn is_plain(path: &Path) -> bool {
    path.is_absolute() && path.file_name().is_some()
}

/// A unit's name is an argument of `systemctl`, and must be neither an option nor a pattern.
fn checked_unit(unit: String, field: &str) -> Result<String, Error> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b":-_.\\@".contains(&byte);
    let is_fine = (1..=UNIT_NAME_BYTES_MAX).contains(&unit.len())
        && !unit.starts_with(['-', '.'])
        && unit.bytes().all(plain)
        && UNIT_SUFFIXES.iter().any(|suffix| unit.ends_with(suffix));
    if is_fine {
        return Ok(unit);
    }
    let message = format!("{unit:?} is not the whole name of a unit, such as \"telegraf.service\"");
    Err(Error::usage("bad_unit", message).field(field))
}
