//! Commands whose place is fixed and whose work comes later: they answer so, instead of doing nothing.

use clap::{Args, Subcommand};

use crate::Error;

/// The nouns that are kept free.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum LaterCommand {
    /// What is about to expire
    #[command(hide = true)]
    Notice(Anything),
}

/// Whatever stands behind it.
#[derive(Clone, Debug, Args)]
pub(super) struct Anything {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    rest: Vec<String>,
}

pub(super) fn refuse(command: &LaterCommand) -> Error {
    let name = match command {
        LaterCommand::Notice(_) => "notice",
    };
    not_in_this_version(name)
}

/// The answer of a command that is not there.
pub(super) fn not_in_this_version(name: &str) -> Error {
    let error = Error::usage("not_in_this_version", format!("{name} is not part of this version"));
    error.hint("cloud-updater --help lists what is")
}
