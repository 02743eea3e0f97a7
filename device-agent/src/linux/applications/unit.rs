//! Units of systemd, asked through `systemctl`: what they are first, since a unit that does not run is left alone.

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use rustix::process::Pid;

use super::Outcome;
use super::errand::{Ended, Errand};
use super::program::{Ran, ending, path_variable};
use super::recipient::Recipient;
use crate::linux::configuration::{SignalName, UnitAction};

/// What is known of a unit before anything is done to it.
struct State {
    systemctl: PathBuf,
    main_process: Option<Pid>,
}

/// Asks for an action.
pub(super) async fn act(errand: &Errand<'_>, unit: &str, action: UnitAction) -> Ended {
    let state = match state(errand, unit).await {
        Ok(state) => state,
        Err(ended) => return ended,
    };
    // What stopped in the meantime is not started: these verbs leave it alone too.
    let verb = match action {
        UnitAction::Reload => "reload",
        UnitAction::ReloadOrRestart => "try-reload-or-restart",
        UnitAction::Restart => "try-restart",
    };
    done(systemctl(errand, &state.systemctl, &["--no-ask-password", verb, "--", unit]).await)
}

/// Sends a signal to the unit's main process.
pub(super) async fn signal(errand: &Errand<'_>, unit: &str, signal: SignalName) -> Ended {
    let state = match state(errand, unit).await {
        Ok(state) => state,
        Err(ended) => return ended,
    };
    let Some(main_process) = state.main_process else {
        return Ended::of(Outcome::ProcessGone).detail(format!("{unit} has no main process"));
    };
    let looked = Recipient::hold(main_process).and_then(|recipient| recipient.check(signal.signal));
    if let Err(refusal) = looked {
        return Ended::from(refusal);
    }
    let signal = format!("--signal={}", signal.name);
    let arguments = ["--no-ask-password", "kill", "--kill-who=main", &signal, "--", unit];
    done(systemctl(errand, &state.systemctl, &arguments).await)
}

/// What systemd says of the unit; how it ends where there is nothing to be done.
async fn state(errand: &Errand<'_>, unit: &str) -> Result<State, Ended> {
    let path = find_systemctl().ok_or_else(|| Ended::of(Outcome::SystemctlMissing))?;
    let properties = "--property=LoadState,ActiveState,MainPID";
    let shown = match systemctl(errand, &path, &["show", properties, "--", unit]).await {
        Ran::Ended { status, output } if status.success() => output,
        ran => return Err(done(ran)),
    };
    let value = |name: &str| {
        let mut fields = shown.split_whitespace().filter_map(|word| word.split_once('='));
        fields.find_map(|(key, value)| (key == name).then_some(value)).unwrap_or_default()
    };
    let load = value("LoadState");
    if load != "loaded" {
        return Err(Ended::of(Outcome::UnitMissing).detail(format!("{unit}: {load:?}")));
    }
    if matches!(value("ActiveState"), "inactive" | "failed" | "deactivating") {
        return Err(Ended::of(Outcome::NotRunning).detail(format!("{unit} is {}", value("ActiveState"))));
    }
    let main_process = value("MainPID").parse().ok().filter(|number: &i32| *number > 1);
    Ok(State { systemctl: path, main_process: main_process.and_then(Pid::from_raw) })
}

async fn systemctl(errand: &Errand<'_>, path: &Path, arguments: &[&str]) -> Ran {
    errand.program(path, arguments.iter().map(OsStr::new).collect()).run().await
}

fn done(ran: Ran) -> Ended {
    match ran {
        ran if ran.is_well() => Ended::of(Outcome::Told),
        Ran::Ended { status, output } => {
            Ended::of(Outcome::SystemctlFailed).detail(ending(status)).output(&output)
        }
        ran => Ended::of_program(ran),
    }
}

/// `systemctl`, where the agent's path leads to one.
fn find_systemctl() -> Option<PathBuf> {
    let is_program = |path: &PathBuf| {
        path.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
    };
    let path = path_variable();
    let mut folders = std::env::split_paths(&path).filter(|folder| folder.is_absolute());
    folders.find_map(|folder| Some(folder.join("systemctl")).filter(is_program))
}
