//! `keyring`: the next generation of who may sign what, and the way back when keys are lost or stolen.

mod draft;
mod floor;
mod roles;

use clap::{Args, Subcommand};

use super::later::not_in_this_version;
use crate::{Context, Error, Exit};

/// Commands about keyrings.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum KeyringCommand {
    /// Draft the next generation out of fleet.toml and keys/, for its signers
    Draft(draft::DraftArgs),
    /// Draft the keyring that opens the next epoch, signed by the recovery keys; all roles get other keys
    Recover(draft::RecoverArgs),
    /// Rehearse a recovery
    #[command(hide = true)]
    Drill(Nothing),
}

/// No options.
#[derive(Clone, Debug, Args)]
pub(super) struct Nothing {}

pub(super) fn run(command: KeyringCommand, context: &Context) -> Result<Exit, Error> {
    match command {
        KeyringCommand::Draft(args) => draft::run(&args, context),
        KeyringCommand::Recover(args) => draft::recover(&args, context),
        KeyringCommand::Drill(_) => Err(not_in_this_version("keyring drill")),
    }
}
