//! How telling an application ended.

use serde::{Deserialize, Serialize};

/// How it ended. Names are in files and answers, numbers in reports: never renumber.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Nobody knows what it read: it was running before the agent first looked, and has no hook.
    Assumed,
    /// The program ended with another status than 0.
    ExitStatus,
    /// It notices every change by itself.
    Follows,
    /// The agent ended while the hook ran, or the power failed.
    Interrupted,
    /// Something changed, and nothing is declared by which it could be told.
    NoHook,
    /// The agent may not run the program, or not signal the process.
    NotPermitted,
    /// It does not run, and reads what is installed when it starts.
    NotRunning,
    /// The process with the number in the file is another program's.
    OtherProcess,
    /// The file holds no number of a process that could be meant.
    PidFileInvalid,
    /// The file of the process's number cannot be read.
    PidFileMissing,
    /// There is no process with the number in the file.
    ProcessGone,
    /// There is no such program.
    ProgramMissing,
    /// The machine was started anew, and the application with it.
    Restarted,
    /// The process ignores the signal.
    SignalIgnored,
    /// The process does not handle the signal, which would end it.
    SignalNotHandled,
    /// A signal ended the program.
    Signalled,
    /// The system did not start the program.
    StartFailed,
    /// systemd refused.
    SystemctlFailed,
    /// There is no `systemctl`.
    SystemctlMissing,
    /// The hook did not end in time, and was killed with its process group.
    TimedOut,
    /// The hook ended well.
    Told,
    /// systemd knows no such unit.
    UnitMissing,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 22] = [
        Self::Assumed,
        Self::ExitStatus,
        Self::Follows,
        Self::Interrupted,
        Self::NoHook,
        Self::NotPermitted,
        Self::NotRunning,
        Self::OtherProcess,
        Self::PidFileInvalid,
        Self::PidFileMissing,
        Self::ProcessGone,
        Self::ProgramMissing,
        Self::Restarted,
        Self::SignalIgnored,
        Self::SignalNotHandled,
        Self::Signalled,
        Self::StartFailed,
        Self::SystemctlFailed,
        Self::SystemctlMissing,
        Self::TimedOut,
        Self::Told,
        Self::UnitMissing,
    ];

    /// True where the application is taken to use what is installed.
    #[must_use]
    pub const fn is_well(self) -> bool {
        self.number() < 16
    }

    /// True where another try may end otherwise.
    #[must_use]
    pub const fn is_retried(self) -> bool {
        !self.is_well() && !matches!(self, Self::NoHook)
    }

    /// The number in reports; below 16 all is well.
    #[must_use]
    pub const fn number(self) -> u16 {
        match self {
            Self::Told => 1,
            Self::NotRunning => 2,
            Self::Follows => 3,
            Self::Assumed => 4,
            Self::Restarted => 5,
            Self::Interrupted => 16,
            Self::NoHook => 17,
            Self::ExitStatus => 18,
            Self::Signalled => 19,
            Self::TimedOut => 20,
            Self::ProgramMissing => 21,
            Self::NotPermitted => 22,
            Self::StartFailed => 23,
            Self::PidFileMissing => 24,
            Self::PidFileInvalid => 25,
            Self::ProcessGone => 26,
            Self::OtherProcess => 27,
            Self::SignalIgnored => 28,
            Self::SignalNotHandled => 29,
            Self::SystemctlMissing => 30,
            Self::UnitMissing => 31,
            Self::SystemctlFailed => 32,
        }
    }

    /// The outcome with a number out of a report.
    #[must_use]
    pub fn of_number(number: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.number() == number)
    }

    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Assumed => "assumed",
            Self::ExitStatus => "exit_status",
            Self::Follows => "follows",
            Self::Interrupted => "interrupted",
            Self::NoHook => "no_hook",
            Self::NotPermitted => "not_permitted",
            Self::NotRunning => "not_running",
            Self::OtherProcess => "other_process",
            Self::PidFileInvalid => "pid_file_invalid",
            Self::PidFileMissing => "pid_file_missing",
            Self::ProcessGone => "process_gone",
            Self::ProgramMissing => "program_missing",
            Self::Restarted => "restarted",
            Self::SignalIgnored => "signal_ignored",
            Self::SignalNotHandled => "signal_not_handled",
            Self::Signalled => "signalled",
            Self::StartFailed => "start_failed",
            Self::SystemctlFailed => "systemctl_failed",
            Self::SystemctlMissing => "systemctl_missing",
            Self::TimedOut => "timed_out",
            Self::Told => "told",
            Self::UnitMissing => "unit_missing",
        }
    }

    /// The sentence for people.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Assumed => "no hook; taken to have read what is installed",
            Self::ExitStatus => "its hook failed",
            Self::Follows => "notices every change by itself",
            Self::Interrupted => "its hook was cut short by the end of the agent",
            Self::NoHook => "no hook is declared by which it could be told",
            Self::NotPermitted => "the agent may not do what its hook asks for",
            Self::NotRunning => "does not run; it reads what is installed when it starts",
            Self::OtherProcess => "its pid file names a process of another program",
            Self::PidFileInvalid => "its pid file names no process",
            Self::PidFileMissing => "its pid file cannot be read",
            Self::ProcessGone => "its pid file names a process that is gone",
            Self::ProgramMissing => "there is no such program as its hook names",
            Self::Restarted => "started anew with the machine",
            Self::SignalIgnored => "it ignores the signal of its hook",
            Self::SignalNotHandled => {
                "it does not handle the signal of its hook, which would end it: none was sent"
            }
            Self::Signalled => "a signal ended its hook",
            Self::StartFailed => "its hook could not be started",
            Self::SystemctlFailed => "systemd did not do what its hook asks for",
            Self::SystemctlMissing => "its hook needs systemctl, which is not here",
            Self::TimedOut => "its hook did not end in time and was killed",
            Self::Told => "was told",
            Self::UnitMissing => "systemd knows no such unit as its hook names",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_outcome_has_a_number_and_a_name_of_its_own() {
        let numbers: BTreeSet<u16> = Outcome::ALL.into_iter().map(Outcome::number).collect();
        assert_eq!(numbers.len(), Outcome::ALL.len());
        for outcome in Outcome::ALL {
            assert_eq!(Outcome::of_number(outcome.number()), Some(outcome));
            assert_eq!(serde_json::to_value(outcome).unwrap(), outcome.name());
        }
        assert_eq!(Outcome::of_number(0), None);
    }

    #[test]
    fn the_documented_table_is_this_one() {
        let design = include_str!("../../../DESIGN.md");
        for outcome in Outcome::ALL {
            let row = format!("\n| `{}` | {} | ", outcome.name(), outcome.number());
            assert!(design.contains(&row), "{row}");
        }
    }
}
