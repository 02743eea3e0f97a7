//! `device-agent run`: the agent itself, once or until SIGTERM.

use clap::{Args, ValueEnum};

use crate::Mode;
use crate::linux::cli::Context;
use crate::linux::driver::{Ended, Session};
use crate::linux::error::{Error, Exit};

/// How to run.
#[derive(Debug, Args)]
pub(in crate::linux) struct RunArgs {
    /// Run one cycle and end
    #[arg(long)]
    once: bool,

    /// Whether to install [default: channel.mode of the configuration]
    #[arg(long, value_enum, env = "DEVICE_AGENT_MODE")]
    mode: Option<ModeArgument>,
}

/// Whether to install.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum ModeArgument {
    /// Verify, stage, probe, install
    Install,
    /// Verify, stage, probe, report; install and export nothing
    Observe,
}

pub(in crate::linux) fn run(args: &RunArgs, context: &Context) -> Result<Exit, Error> {
    let mut settings = context.settings()?;
    match args.mode {
        Some(ModeArgument::Install) => settings.mode = Mode::Install,
        Some(ModeArgument::Observe) => settings.mode = Mode::Observe,
        None => {}
    }
    let session = Session::new(&settings, context.clock(), context.output);
    if args.once {
        let ended = block_on(session.once())?;
        return answer(&ended, context);
    }
    block_on(session.forever())?;
    Ok(Exit::Done)
}

/// Prints how a cycle ended.
pub(super) fn answer(ended: &Ended, context: &Context) -> Result<Exit, Error> {
    let Ended { exit, record, .. } = ended;
    let bug = |error| Error::bug("an answer cannot be written as JSON").because(error);
    let mut document = serde_json::to_value(record).map_err(bug)?;
    if let Some(members) = document.as_object_mut() {
        // The file's schema; this answer has its own.
        members.remove("schema");
    }
    if !context.output.is_json() {
        record.notes.iter().for_each(|note| context.output.warning(note));
    }
    let subject = record.subject.as_ref().map(|subject| format!("release {subject}: ")).unwrap_or_default();
    let words = record.words.as_deref().unwrap_or("nothing was done");
    context.output.data("device-agent.cycle.1", &document, format!("{subject}{words}"))?;
    Ok(*exit)
}

/// Runs a future to its end on this thread.
pub(super) fn block_on<T>(future: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime
        .map_err(|error| Error::new(Exit::Io, "runtime", "the system gives no event queue").because(error))?;
    let ended = runtime.block_on(future);
    // A name resolution that hangs in the system must not hold the process: SIGTERM ends it at once.
    runtime.shutdown_background();
    ended
}
