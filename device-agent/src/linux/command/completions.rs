//! `device-agent completions SHELL`.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use crate::linux::cli::{Cli, Context};
use crate::linux::error::{Error, Exit};

/// The shell.
#[derive(Debug, Args)]
pub(in crate::linux) struct CompletionsArgs {
    /// Which shell
    shell: Shell,
}

pub(in crate::linux) fn run(args: &CompletionsArgs, context: &Context) -> Result<Exit, Error> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "device-agent", &mut script);
    context.output.line(String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}
