//! `keyring`: the next generation of who may sign what, and the way back when keys are lost or stolen.

mod draft;
mod drill;
mod floor;
mod roles;

use clap::Subcommand;

use crate::{Context, Error, Exit};

/// Commands about keyrings.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum KeyringCommand {
    /// Draft the next generation out of fleet.toml and keys/, for its signers
    Draft(draft::DraftArgs),
    /// Draft the keyring that opens the next epoch, signed by the recovery keys; all roles get other keys
    Recover(draft::RecoverArgs),
    /// Rehearse the loss and the theft of every role's keys in a scratch copy, and prove that devices follow
    Drill(drill::DrillArgs),
}

pub(super) fn run(command: KeyringCommand, context: &Context) -> Result<Exit, Error> {
    match command {
        KeyringCommand::Draft(args) => draft::run(&args, context),
        KeyringCommand::Recover(args) => draft::recover(&args, context),
        KeyringCommand::Drill(args) => drill::run(&args, context),
    }
}
