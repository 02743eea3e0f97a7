//! `anchor`: which CA certificates devices may trust, from their import to their end.

mod add;
mod life;
mod list;
mod observation;
mod refusal;

pub(super) use add::propose;

use clap::Subcommand;

use crate::repository::{AnchorEntry, Repository};
use crate::{Context, Error, Exit};

/// Commands about anchors.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum AnchorCommand {
    /// Import certificates: PEM, DER, PKCS#7, source code with PEM in it, or what a live endpoint serves
    Add(add::AddArgs),
    /// Take an anchor that was added ahead of use into use
    Activate(life::ActivateArgs),
    /// Announce that an anchor will leave; devices still trust it
    Retire(life::RetireArgs),
    /// Put an anchor on the deny list
    Distrust(life::DistrustArgs),
    /// Take an anchor out of the repository; old releases keep it
    Remove(life::RemoveArgs),
    /// List anchors and intermediates
    List,
}

pub(super) fn run(command: AnchorCommand, context: &Context) -> Result<Exit, Error> {
    let repository = Repository::open(context)?;
    match command {
        AnchorCommand::Add(args) => add::run(&args, &repository, context),
        AnchorCommand::Activate(args) => life::activate(&args, &repository, context),
        AnchorCommand::Retire(args) => life::retire(&args, &repository, context),
        AnchorCommand::Distrust(args) => life::distrust(&args, &repository, context),
        AnchorCommand::Remove(args) => life::remove(&args, &repository, context),
        AnchorCommand::List => list::run(&repository, context),
    }
}

/// The one entry that `text` means.
fn find(entries: Vec<AnchorEntry>, text: &str) -> Result<AnchorEntry, Error> {
    let mut found: Vec<AnchorEntry> = entries.into_iter().filter(|entry| entry.answers_to(text)).collect();
    match found.len() {
        0 => {
            let error = Error::usage("no_anchor", format!("there is no anchor {text:?} in the repository"));
            Err(error.hint("cloud-updater anchor list shows their names"))
        }
        1 => Ok(found.remove(0)),
        _ => {
            let names: Vec<String> = found.into_iter().map(|entry| entry.name).collect();
            let message = format!("{text:?} could be any of: {}", names.join(", "));
            Err(Error::usage("which_anchor", message).hint("write the whole name"))
        }
    }
}
