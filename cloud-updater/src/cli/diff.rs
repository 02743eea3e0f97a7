//! `diff`: what changes between two bundles.

use clap::Args;
use serde::Serialize;

use super::side::Viewed;
use crate::diff::{Change, Difference};
use crate::publish::Archive;
use crate::repository::Repository;
use crate::{Context, Error, Exit};

/// Options of `diff`.
#[derive(Clone, Debug, Args)]
pub(super) struct DiffArgs {
    /// A release's number, a draft or manifest file, or "now" for what the repository holds
    #[arg(value_name = "A")]
    before: String,
    /// The same, for the other side
    #[arg(value_name = "B", default_value = "now")]
    after: String,
    /// End with exit code 1 where they differ
    #[arg(long)]
    exit_code: bool,
}

#[derive(Serialize)]
struct Answer<'a> {
    before: &'a str,
    after: &'a str,
    changes: &'a [Change],
}

pub(super) fn run(args: &DiffArgs, context: &Context) -> Result<Exit, Error> {
    let repository = Repository::open(context)?;
    let channel = repository.fleet().channel_or_only(context.channel())?;
    let archive = Archive::read(&repository)?;
    let before = Viewed::of_word(&args.before, &repository, &archive, channel)?;
    let after = Viewed::of_word(&args.after, &repository, &archive, channel)?;
    let difference = Difference::between(before.side(), after.side());
    let answer = Answer { before: &before.label, after: &after.label, changes: &difference.changes };
    let text = format!("{} -> {}\n{difference}", before.label, after.label);
    context.output().data("cloud-updater.diff.1", &answer, text)?;
    Ok(if args.exit_code && !difference.is_empty() { Exit::Finding } else { Exit::Done })
}
