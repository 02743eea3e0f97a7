//! `head run`: the head signer as a process of its own.
//!
//! It holds the head key and nothing else, reads the repository, and writes nothing but heads. Each look is
//! independent: a look that fails is reported and tried again at the next one, because a stopped signer is what
//! makes a fleet stale.

use std::path::Path;
use std::time::Duration;

use clap::Args;

use super::HeadKeyFlags;
use super::sign::sign_if_due;
use crate::cli::target::TargetFlag;
use crate::key::SigningKey;
use crate::publish::Archive;
use crate::repository::Repository;
use crate::{Context, Error, Exit};

/// Seconds between two looks where nothing else is asked for.
const LOOK_SECONDS_DEFAULT: u64 = 60;

/// Options of `head run`.
#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct RunArgs {
    #[command(flatten)]
    target: TargetFlag,

    #[command(flatten)]
    keys: HeadKeyFlags,

    /// Seconds between two looks at the repository and the published heads
    #[arg(long, value_name = "SECONDS", default_value_t = LOOK_SECONDS_DEFAULT,
          value_parser = clap::value_parser!(u64).range(1..=86_400))]
    look_seconds: u64,

    /// Look so many times, then end [default: for ever]
    #[arg(long, value_name = "COUNT")]
    looks: Option<u64>,
}

pub(super) fn run(args: &RunArgs, context: &Context) -> Result<Exit, Error> {
    if context.dry_run() {
        return Err(
            Error::usage("dry_run", "has no meaning for a process that runs for ever").field("--dry-run")
        );
    }
    // A wrong folder or passphrase is the operator's to see at once; only looks are tried again.
    let folder = args.target.folder(&Repository::open(context)?)?;
    let keys = args.keys.unlock_some(context)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().enable_io().build();
    let runtime = runtime.map_err(|error| Error::io("start", Path::new("the timer"), error))?;
    runtime.block_on(look_on(args, context, &folder, &keys))
}

async fn look_on(
    args: &RunArgs,
    context: &Context,
    folder: &Path,
    keys: &[SigningKey],
) -> Result<Exit, Error> {
    let failed = |error| Error::io("listen for", Path::new("signals"), error);
    let mut terminated =
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).map_err(failed)?;
    let mut looks = 0_u64;
    loop {
        let outcome = look(context, folder, keys);
        looks = looks.saturating_add(1);
        if args.looks.is_some_and(|most| looks >= most) {
            return outcome.map(|()| Exit::Done);
        }
        if let Err(error) = outcome {
            context.output().failure(&error);
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(args.look_seconds)) => {}
            _ = terminated.recv() => return Ok(Exit::Done),
            _ = tokio::signal::ctrl_c() => return Ok(Exit::Done),
        }
    }
}

/// One look at every channel; a channel that fails does not keep the others from being signed.
fn look(context: &Context, folder: &Path, keys: &[SigningKey]) -> Result<(), Error> {
    let repository = Repository::open(context)?;
    let archive = Archive::read(&repository)?;
    let mut outcome = Ok(());
    for channel in repository.fleet().channels.keys() {
        let is_asked = context.channel().is_none_or(|asked| asked == channel);
        if !is_asked || repository.rollout(channel)?.release.is_none() {
            continue;
        }
        match sign_if_due(&repository, &archive, folder, channel, keys, context) {
            Ok(head) if head.changed => context.output().data("cloud-updater.head.1", &head, &head)?,
            Ok(_) => {}
            Err(error) => {
                if let Err(earlier) = std::mem::replace(&mut outcome, Err(error)) {
                    context.output().failure(&earlier);
                }
            }
        }
    }
    outcome
}
