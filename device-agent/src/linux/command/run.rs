//! `device-agent run`: the agent itself, once or until SIGTERM.

use std::path::Path;

use clap::{Args, ValueEnum};
use serde_json::Value;

use crate::Mode;
use crate::linux::cli::Context;
use crate::linux::driver::{Ended, Session};
use crate::linux::error::{Error, Exit};

/// The schema of how a cycle ended.
const SCHEMA: &str = "device-agent.cycle.1";

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
        return answer(&ended, context, None);
    }
    block_on(session.forever(|ended| tell(ended, context)))?;
    Ok(Exit::Done)
}

/// In JSON mode, one object a line for each cycle of a running agent; in words, the log says it.
fn tell(ended: &Ended, context: &Context) {
    if context.output.is_json() {
        let line = document(ended, None).and_then(|document| context.output.object_line(SCHEMA, &document));
        if let Err(error) = line {
            // Nobody reads the answers, which is no reason to stop following the channel.
            context.output.warning(error);
        }
    }
}

/// Prints how a cycle ended; `file` is the one that was to be installed.
pub(super) fn answer(ended: &Ended, context: &Context, file: Option<&Path>) -> Result<Exit, Error> {
    let Ended { exit, record, .. } = ended;
    if !context.output.is_json() {
        record.notes.iter().for_each(|note| context.output.warning(note));
    }
    let mut text = file.map_or_else(String::new, |file| format!("{}: ", file.display()));
    text.extend(record.subject.as_ref().map(|subject| format!("release {subject}: ")));
    text.push_str(record.words.as_deref().unwrap_or("nothing was done"));
    for loss in record.lost_endpoints() {
        text.push_str("\n  ");
        text.push_str(&loss);
    }
    context.output.data(SCHEMA, &document(ended, file)?, text)?;
    Ok(*exit)
}

fn document(ended: &Ended, file: Option<&Path>) -> Result<Value, Error> {
    let bug = |error| Error::bug("an answer cannot be written as JSON").because(error);
    let mut document = serde_json::to_value(&ended.record).map_err(bug)?;
    if let Some(members) = document.as_object_mut() {
        // The file's schema; this answer has its own.
        members.remove("schema");
        members.extend(file.map(|file| ("file".to_owned(), file.display().to_string().into())));
        members.insert("lost_endpoints".to_owned(), ended.record.lost_endpoints().collect());
    }
    Ok(document)
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
