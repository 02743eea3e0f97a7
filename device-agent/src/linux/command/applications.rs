//! `device-agent applications`: who is told of changes, and a hook tried by hand.

use std::fmt;

use clap::Args;
use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};
use trust_store::Installed;

use super::run::block_on;
use crate::Mode;
use crate::linux::applications::{Rehearsal, Subject, Teller, Which};
use crate::linux::cli::Context;
use crate::linux::configuration::Settings;
use crate::linux::driver::Image;
use crate::linux::error::{Error, Exit};
use crate::linux::status::{Applications, Exports};
use crate::linux::trust::Trust;

/// Whose hooks to run.
#[derive(Debug, Args)]
pub(in crate::linux) struct ApplicationsArgs {
    /// Run the hook of this application now, whatever it was told before; may be given more than once
    #[arg(long, value_name = "NAME")]
    run: Vec<String>,

    /// Run the hook of every application now
    #[arg(long, conflicts_with = "run")]
    run_all: bool,

    /// Run what is run where an anchor left, with DEVICE_AGENT_RECONNECT=1
    #[arg(long)]
    removal: bool,

    /// Show what would be run, and run nothing
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Serialize)]
struct Answer {
    release: String,
    /// Why what they were told is not known.
    fault: Option<String>,
    /// What was run, or would be.
    ran: Vec<Rehearsal>,
    is_dry_run: bool,
    applications: Vec<Subject>,
}

pub(in crate::linux) fn run(args: &ApplicationsArgs, context: &Context) -> Result<Exit, Error> {
    let settings = context.settings()?;
    let which = which(args, &settings)?;
    let trust = Trust::new(settings.location(), settings.seed_path.clone());
    let installed = trust.lasting()?;
    Image::check_in_use(&settings, &context.clock(), &installed)?;
    let mut teller = Teller::new(&settings, context.clock(), context.output);
    let ran = which.as_ref().map(|which| teller.rehearse(&installed, which)).unwrap_or_default();
    if let Some(which) = which.filter(|_| !args.dry_run) {
        check(&settings, &installed)?;
        block_on(tell(&mut teller, &installed, &which))?;
    }
    let Applications { fault, subjects } = Applications::of(&settings, Some(&installed));
    let is_well = subjects.iter().all(|subject| subject.is_well);
    let release = installed.order().to_string();
    let answer = Answer { release, fault, ran, is_dry_run: args.dry_run, applications: subjects };
    context.output.data("device-agent.applications.1", &answer, &answer)?;
    Ok(if is_well { Exit::Done } else { Exit::Finding })
}

/// Who is meant; nobody where nothing is to be run.
fn which(args: &ApplicationsArgs, settings: &Settings) -> Result<Option<Which>, Error> {
    let declared = || settings.applications.iter().map(|application| application.name.clone());
    if let Some(unknown) = args.run.iter().find(|name| !declared().any(|declared| &declared == *name)) {
        let names: Vec<String> = declared().collect();
        let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        let message = format!("has no application {unknown:?}; it has: {known}");
        return Err(Error::usage("unknown_application", message).file(&settings.path).field("applications"));
    }
    let names = if args.run_all { declared().collect() } else { args.run.clone() };
    match (names.is_empty(), args.removal || args.dry_run) {
        (true, true) => Err(Error::usage("usage", "--removal and --dry-run need --run NAME or --run-all")),
        (true, false) => Ok(None),
        (false, _) => Ok(Some(Which::Named { names, removal: args.removal })),
    }
}

/// Whoever is told reads at once: so what is installed must be there to be read.
fn check(settings: &Settings, installed: &Installed) -> Result<(), Error> {
    if settings.mode == Mode::Observe {
        let message = "channel.mode is \"observe\": nobody is told of anything";
        return Err(Error::usage("observe", message).file(&settings.path));
    }
    let Some(export) = &settings.export else { return Ok(()) };
    if Exports::of(export, Some(installed), settings).is_current {
        return Ok(());
    }
    let error =
        Error::new(Exit::Io, "export_outdated", "does not show what is installed").file(&export.folder);
    Err(error.hint("make it anew first: device-agent export"))
}

/// Runs the hooks; none of them outlives this process.
async fn tell(teller: &mut Teller<'_>, installed: &Installed, which: &Which) -> Result<(), Error> {
    let fail = |error: std::io::Error| {
        Error::new(Exit::Io, "signals", "the system's signals cannot be heard").because(error)
    };
    let mut terminate = signal(SignalKind::terminate()).map_err(fail)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(fail)?;
    let hooks = teller.groups();
    let told = tokio::select! {
        told = teller.tell(installed, which) => Some(told),
        _ = terminate.recv() => None,
        _ = interrupt.recv() => None,
    };
    hooks.end().await;
    match told {
        Some(true) => Ok(()),
        Some(false) => Err(Error::new(Exit::Io, "busy", "applications are being told by another process")),
        None => {
            Err(Error::new(Exit::Io, "interrupted", "a signal ended the command before every hook had ended"))
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.applications.is_empty() {
            return f.write_str("no application is declared, or nobody is told in observe mode");
        }
        let word = if self.is_dry_run { "would run" } else { "ran" };
        for Rehearsal { application, hook, change, reconnect } in &self.ran {
            let reconnect = u8::from(*reconnect);
            writeln!(f, "{application}: {word} {hook}, change {change}, reconnect {reconnect}")?;
        }
        if self.is_dry_run {
            return Ok(());
        }
        for subject in &self.applications {
            let release = subject.release.as_ref().map_or_else(String::new, |it| format!(", release {it}"));
            writeln!(f, "{subject}{release}")?;
            for words in subject.trust_words().into_iter().chain(subject.lack_words()) {
                writeln!(f, "  {words}")?;
            }
        }
        Ok(())
    }
}
