//! The command tree: global flags, one module for each noun, and how a run ends.

mod anchor;
mod audit;
mod completions;
mod coverage;
mod diff;
mod draft;
mod explain;
mod export;
mod forecast;
mod head;
mod init;
mod key;
mod keyring;
mod keyring_standing;
mod later;
mod lint;
mod notice;
mod pending;
mod publish;
mod rollout;
mod shown;
mod side;
mod sign;
mod signers_answer;
mod signing_key;
mod source;
mod status;
mod target;
mod text;
mod watch;

use std::path::PathBuf;
use std::process::ExitCode;

use bundle::UnixSeconds;
use clap::{Args, CommandFactory as _, Parser, Subcommand};

use crate::{Context, Error, Exit, Output, acceptance, date, fleet, server};

/// Printed under `--help`; the numbers are [`Exit`]'s.
const EXIT_CODES: &str = "Exit codes:
  0   done, or nothing to do
  1   done, with a finding: a difference (diff --exit-code), a lint, a stale head, an error that needs attention
  2   the command line, the environment or the configuration cannot be used
  3   bad input, nothing changed
  4   signatures missing or wrong, nothing changed
  5   a file or the network failed; a retry is safe
  6   lost the compare-and-swap of a head: somebody else published first
  70  a bug of ours

Data goes to standard output, progress and errors to standard error. Passphrases come from a prompt,
--passphrase-file or a systemd credential, never from the command line.";

/// Publishes trust bundles: drafts, signatures, releases, heads, the published tree and its server.
#[derive(Debug, Parser)]
#[command(name = "cloud-updater", version, after_help = EXIT_CODES, max_term_width = 110)]
struct Cli {
    #[command(flatten)]
    global: GlobalFlags,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
struct GlobalFlags {
    /// The operator's repository [default: the nearest parent folder with fleet.toml]
    #[arg(long, global = true, value_name = "FOLDER", env = "CLOUD_UPDATER_REPO")]
    repo: Option<PathBuf>,

    /// The channel [default: the only one of fleet.toml]
    #[arg(long, global = true, value_name = "NAME", env = "CLOUD_UPDATER_CHANNEL")]
    channel: Option<String>,

    /// Answer with one JSON object on standard output, and report errors as JSON on standard error
    #[arg(long, global = true)]
    json: bool,

    /// Print what would be done, and do nothing
    #[arg(long, global = true)]
    dry_run: bool,

    /// Answer every question with yes
    #[arg(long, global = true)]
    yes: bool,

    /// Judge dates and issue documents as of this date: for drills and replays of history
    #[arg(long, global = true, value_name = "DATE", env = "CLOUD_UPDATER_AS_OF", value_parser = date::parse)]
    as_of: Option<UnixSeconds>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make an operator's repository
    Init(init::InitArgs),
    /// Keys of this user
    #[command(subcommand)]
    Key(key::KeyCommand),
    /// Who may sign what, and the way back when keys are lost or stolen
    #[command(subcommand)]
    Keyring(keyring::KeyringCommand),
    /// Which CA certificates devices may trust
    #[command(subcommand)]
    Anchor(anchor::AnchorCommand),
    /// Draft the next release of a channel, for its signers
    Draft(draft::DraftArgs),
    /// Show what changes between two bundles
    Diff(diff::DiffArgs),
    /// Which service is verified by what devices have, by what is to come, and by both
    Coverage(coverage::CoverageArgs),
    /// Ask every endpoint of every service what it serves, and say what that means for the bundles
    Watch(watch::WatchArgs),
    /// The days on which anchors will be lost, as far as they are known
    Forecast(forecast::ForecastArgs),
    /// Hold certificates to the rules, all problems at once; or show the rules
    Lint(lint::LintArgs),
    /// Show what a draft changes, and sign it
    Sign(sign::SignArgs),
    /// Make releases of signed drafts, and bring the published tree in line with the repository
    Publish(publish::PublishArgs),
    /// Say what is current: sign heads, show them
    #[command(subcommand)]
    Head(head::HeadCommand),
    /// Which share of the devices gets the release
    #[command(subcommand)]
    Rollout(rollout::RolloutCommand),
    /// A release in one file, or the whole repository
    #[command(subcommand)]
    Export(export::ExportCommand),
    /// The log of who did what: shown, handed out, checked
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Where the fleet stands, what waits for whom, and what needs attention: exit code 1 where an error is among it
    Status(status::StatusArgs),
    /// Print what a shell needs to complete commands
    Completions(completions::CompletionsArgs),
    /// What root programmes, vendors, machines and files say about CA certificates
    #[command(subcommand)]
    Source(source::SourceCommand),
    /// Why a certificate is trusted here or is not: since when, who said so, who signed
    Explain(explain::ExplainArgs),
    /// Who must do what by when, for what is to come, in Markdown
    Notice(notice::NoticeArgs),
    /// Run the service: the published tree, and devices' reports
    Serve(server::ServeArgs),
    /// Devices: enrol them, and see what they report
    #[command(subcommand)]
    Fleet(fleet::FleetCommand),
    /// Act as a device on a file, a folder or a URL, and say whether it would be accepted
    Verify(acceptance::VerifyArgs),
}

impl Command {
    fn run(self, context: &Context) -> Result<Exit, Error> {
        match self {
            Self::Anchor(command) => anchor::run(command, context),
            Self::Audit(command) => audit::run(command, context),
            Self::Completions(args) => completions::run(&args, Cli::command(), context),
            Self::Coverage(args) => coverage::run(&args, context),
            Self::Diff(args) => diff::run(&args, context),
            Self::Draft(args) => draft::run(&args, context),
            Self::Export(command) => export::run(command, context),
            Self::Head(command) => head::run(command, context),
            Self::Init(args) => init::run(&args, context),
            Self::Key(command) => key::run(command, context),
            Self::Keyring(command) => keyring::run(command, context),
            Self::Forecast(args) => forecast::run(&args, context),
            Self::Lint(args) => lint::run(&args, context),
            Self::Notice(args) => notice::run(&args, context),
            Self::Publish(args) => publish::run(&args, context),
            Self::Rollout(command) => rollout::run(command, context),
            Self::Sign(args) => sign::run(&args, context),
            Self::Source(command) => source::run(&command, context),
            Self::Explain(args) => explain::run(&args, context),
            Self::Status(args) => status::run(&args, context),
            Self::Serve(args) => server::run(args, context),
            Self::Fleet(command) => fleet::run(command, context),
            Self::Watch(args) => watch::run(&args, context),
            Self::Verify(args) => acceptance::run(args, context),
        }
    }
}

impl GlobalFlags {
    fn into_context(self) -> Context {
        Context {
            output: Output::new(self.json),
            repository_folder: self.repo,
            channel: self.channel,
            dry_run: self.dry_run,
            yes: self.yes,
            as_of: self.as_of,
        }
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
    let exit = std::panic::catch_unwind(run).unwrap_or(Exit::Bug);
    ExitCode::from(exit.number())
}

fn run() -> Exit {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refuse_arguments(&error),
    };
    let context = cli.global.into_context();
    match cli.command.run(&context) {
        Ok(exit) => exit,
        Err(error) => {
            context.output().failure(&error);
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
    let text = text.trim();
    let message = text.strip_prefix("error: ").unwrap_or(text).to_owned();
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
        for exit in [
            Exit::Done,
            Exit::Finding,
            Exit::Usage,
            Exit::BadInput,
            Exit::Signatures,
            Exit::Io,
            Exit::Lost,
            Exit::Bug,
        ] {
            assert!(help.contains(&format!("\n  {:<4}", exit.number())), "{exit:?} is missing");
        }
    }
}
