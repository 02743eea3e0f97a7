//! The command tree: global flags, one module for each command, and how a run ends.

use std::path::PathBuf;
use std::process::ExitCode;

use bundle::UnixSeconds;
use clap::{Args, CommandFactory as _, Parser, Subcommand};

use super::clock::{self, Clock};
use super::command::{applications, channel, completions, export, install, key, probe, run, status};
use super::configuration::Settings;
use super::durable;
use super::error::{Error, Exit};
use super::output::Output;

/// Printed under `--help`; the numbers are [`Exit`]'s.
const EXIT_CODES: &str = "Exit codes:
  0   done, or nothing to do
  1   done, with a finding: a refused release, a lost or refused endpoint, a stale head
  2   the command line, the environment or the configuration cannot be used
  3   bad input, nothing changed
  4   signatures missing or wrong, nothing changed
  5   a file or the network failed; a retry is safe
  70  a bug of ours

Data goes to standard output, progress and errors to standard error.
SIGTERM ends a running agent; SIGHUP and SIGUSR1 make it check at once.";

/// Keeps this device's trust store current: checks, verifies, proves, installs, reverts, reports.
#[derive(Debug, Parser)]
#[command(name = "device-agent", version, after_help = EXIT_CODES, max_term_width = 110)]
pub(super) struct Cli {
    #[command(flatten)]
    global: GlobalFlags,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Args)]
struct GlobalFlags {
    /// The configuration
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "DEVICE_AGENT_CONFIG",
        default_value = "/etc/device-agent/agent.toml"
    )]
    config: PathBuf,

    /// The device's id [default: device.id of the configuration]
    #[arg(long, global = true, value_name = "ID", env = "DEVICE_AGENT_DEVICE")]
    device: Option<String>,

    /// Answer with one JSON object on standard output, and report errors as JSON on standard error
    #[arg(long, global = true)]
    json: bool,

    /// Judge dates as of this date: for drills and replays of history
    #[arg(long, global = true, value_name = "DATE", env = "DEVICE_AGENT_AS_OF", value_parser = clock::parse_date)]
    as_of: Option<UnixSeconds>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Follows the channel until SIGTERM
    Run(run::RunArgs),
    /// Says what is trusted, since when, why, and what the last check did
    Status,
    /// Makes one TLS handshake and judges the served chain under the installed bundle
    Probe(probe::ProbeArgs),
    /// Installs a release from a file, as brought on a USB stick
    Install(install::InstallArgs),
    /// Makes the exported files anew from what is installed: before applications start, where their folder is volatile
    Export,
    /// Says who on this device is told of changes and where they stand, and runs their hooks by hand
    Applications(applications::ApplicationsArgs),
    /// The device's own key, which signs its reports
    #[command(subcommand)]
    Key(key::KeyCommand),
    /// The channel that the store follows
    #[command(subcommand)]
    Channel(channel::ChannelCommand),
    /// Prints a completion script for a shell
    Completions(completions::CompletionsArgs),
}

/// What every command knows: how to speak, where the configuration is, what time it is.
#[derive(Clone, Debug)]
pub(super) struct Context {
    /// How to speak.
    pub(super) output: Output,
    config: PathBuf,
    device: Option<String>,
    as_of: Option<UnixSeconds>,
}

impl Context {
    /// Reads the configuration.
    ///
    /// # Errors
    /// Exit code 2 with file and field.
    pub(super) fn settings(&self) -> Result<Settings, Error> {
        Settings::read(&self.config, self.device.clone())
    }

    /// The clock, from now on.
    pub(super) fn clock(&self) -> Clock {
        Clock::new(self.as_of)
    }
}

impl Command {
    fn run(self, context: &Context) -> Result<Exit, Error> {
        match self {
            Self::Run(args) => run::run(&args, context),
            Self::Status => status::run(context),
            Self::Probe(args) => probe::run(&args, context),
            Self::Install(args) => install::run(&args, context),
            Self::Export => export::run(context),
            Self::Applications(args) => applications::run(&args, context),
            Self::Key(command) => key::run(&command, context),
            Self::Channel(command) => channel::run(&command, context),
            Self::Completions(args) => completions::run(&args, context),
        }
    }
}

impl GlobalFlags {
    fn into_context(self) -> Context {
        let Self { config, device, json, as_of } = self;
        Context { output: Output::new(json), config, device, as_of }
    }
}

/// The command tree, for whoever writes about it: man pages, completions.
#[must_use]
pub fn command() -> clap::Command {
    Cli::command()
}

/// Runs the program on this process's arguments.
#[must_use]
pub fn main() -> ExitCode {
    let exit = std::panic::catch_unwind(run_arguments).unwrap_or(Exit::Bug);
    ExitCode::from(exit.number())
}

fn run_arguments() -> Exit {
    durable::set_umask();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refuse_arguments(&error),
    };
    let context = cli.global.into_context();
    match cli.command.run(&context) {
        Ok(exit) => exit,
        Err(error) => {
            context.output.failure(&error);
            error.exit()
        }
    }
}

/// Help and version are answers; anything else is a usage error, in the form that was asked for.
fn refuse_arguments(error: &clap::Error) -> Exit {
    let wants_json = std::env::args_os().any(|argument| argument == "--json");
    if !error.use_stderr() || !wants_json {
        // A closed standard error leaves nobody to tell.
        drop(error.print());
        return if error.use_stderr() { Exit::Usage } else { Exit::Done };
    }
    let text = error.render().to_string();
    let message = text.trim().strip_prefix("error: ").unwrap_or_else(|| text.trim()).to_owned();
    let error = Error::usage("usage", message);
    Output::new(true).failure(&error);
    error.exit()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_tree_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn help_documents_every_exit_code() {
        let help = Cli::command().render_long_help().to_string();
        let exits =
            [Exit::Done, Exit::Finding, Exit::Usage, Exit::BadInput, Exit::Signatures, Exit::Io, Exit::Bug];
        for exit in exits {
            assert!(help.contains(&format!("\n  {:<4}", exit.number())), "{exit:?} is missing");
        }
    }
}
