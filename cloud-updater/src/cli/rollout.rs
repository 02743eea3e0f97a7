//! `rollout`: which share of the devices gets the release, as data that the next head carries.

use bundle::Sha256;
use clap::{Args, Subcommand};
use serde::Serialize;

use super::coverage;
use super::head::{HeadAnswer, HeadKeyFlags, sign_channel};
use super::later::{Anything, not_in_this_version};
use super::target::TargetFlag;
use crate::audit::Act;
use crate::coverage::JudgedBundle;
use crate::head::wanted;
use crate::publish::Archive;
use crate::repository::{Repository, Rollout, Share};
use crate::{Context, Error, Exit};

/// What to do where a step would cut devices off.
const GATE_HINT: &str = "look again (cloud-updater watch --once), or publish a release that keeps the service; where it must go \
                         on all the same: --lose SERVICE --reason \"…\"";

/// Commands about rollouts.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum RolloutCommand {
    /// Set the share of the devices, of groups, or another release
    Set(SetArgs),
    /// No further device installs the release; what has it keeps it
    Pause(StepArgs),
    /// Go on after a pause
    Resume(StepArgs),
    /// Steps a release back by itself
    #[command(hide = true)]
    Abort(Anything),
    /// Steps a release forward by itself
    #[command(hide = true)]
    Watch(Anything),
}

/// Options of `rollout set`.
#[derive(Clone, Debug, Args)]
pub(super) struct SetArgs {
    /// Share of all devices
    #[arg(long, value_name = "PERCENT")]
    share: Option<Share>,

    /// Share of a group, as NAME=PERCENT; of a device's shares the largest counts; may be given several times
    #[arg(long, value_name = "NAME=PERCENT")]
    group: Vec<String>,

    /// Roll out this release: a prepared rollback, or one that was published before
    #[arg(long, value_name = "N")]
    release: Option<u32>,

    #[command(flatten)]
    step: StepArgs,
}

/// What every step takes.
#[derive(Clone, Debug, Args)]
pub(super) struct StepArgs {
    /// Why
    #[arg(long, default_value = "")]
    reason: String,

    /// Go on although the release loses this service, or nobody knows whether it does; say why with --reason; may be given
    /// several times
    #[arg(long, value_name = "SERVICE", requires = "reason")]
    lose: Vec<String>,

    #[command(flatten)]
    target: TargetFlag,

    #[command(flatten)]
    keys: HeadKeyFlags,
}

#[derive(Serialize)]
struct Answer {
    channel: String,
    release: Option<u32>,
    share: String,
    paused: bool,
    previous: Option<u32>,
    groups: std::collections::BTreeMap<String, String>,
    head: Option<HeadAnswer>,
}

pub(super) fn run(command: RolloutCommand, context: &Context) -> Result<Exit, Error> {
    match command {
        RolloutCommand::Set(args) => {
            change(&args.step, context, "rollout set", |rollout, archive, channel| {
                set(&args, rollout, archive, channel)
            })
        }
        RolloutCommand::Pause(args) => change(&args, context, "rollout pause", |rollout, _, _| {
            rollout.paused = true;
            Ok(())
        }),
        RolloutCommand::Resume(args) => change(&args, context, "rollout resume", |rollout, _, _| {
            rollout.paused = false;
            Ok(())
        }),
        RolloutCommand::Abort(_) => Err(not_in_this_version("rollout abort")),
        RolloutCommand::Watch(_) => Err(not_in_this_version("rollout watch")),
    }
}

fn set(args: &SetArgs, rollout: &mut Rollout, archive: &Archive, channel: &str) -> Result<(), Error> {
    if args.share.is_none() && args.group.is_empty() && args.release.is_none() {
        let error = Error::usage("nothing_to_set", "nothing says what to set");
        return Err(error.hint("give --share, --group or --release"));
    }
    if let Some(number) = args.release {
        let current = rollout.release.unwrap_or(0);
        archive.release(channel, number)?;
        if number < current {
            let message = format!("{number} is below {current}: devices never go back");
            let error = Error::input("release_below", message).field("--release");
            return Err(
                error.hint(format!("publish a rollback instead: cloud-updater draft --rollback-to {number}"))
            );
        }
        if number > current {
            *rollout = rollout.after_publishing(number, args.share.unwrap_or(Share::ALL));
        }
    }
    if let Some(share) = args.share {
        rollout.share = share;
    }
    for text in &args.group {
        let wrong = |message: String| Error::usage("group", message).field("--group");
        let (name, share) =
            text.split_once('=').ok_or_else(|| wrong(format!("{text:?} is not NAME=PERCENT")))?;
        if name.is_empty() || name.chars().any(|letter| letter.is_control() || letter.is_whitespace()) {
            return Err(wrong(format!("{name:?} is not a group's name")));
        }
        let share: Share = share.parse().map_err(wrong)?;
        rollout.groups.insert(name.to_owned(), share);
    }
    Ok(())
}

fn change(
    args: &StepArgs,
    context: &Context,
    action: &str,
    edit: impl Fn(&mut Rollout, &Archive, &str) -> Result<(), Error>,
) -> Result<Exit, Error> {
    let repository = Repository::open(context)?;
    let channel = repository.fleet().channel_or_only(context.channel())?;
    let _lock = repository.lock()?;
    let archive = Archive::read(&repository)?;
    let mut rollout = repository.rollout(channel)?;
    if rollout.release.is_none() {
        let error = Error::usage("nothing_published", format!("channel {channel} has nothing to roll out"));
        return Err(error.hint("publish a release first: cloud-updater draft, sign, publish"));
    }
    let before = rollout.clone();
    edit(&mut rollout, &archive, channel)?;
    if let Some(number) = rollout.release.filter(|_| reaches_more(&before, &rollout)) {
        let candidate = JudgedBundle::of_release(&archive, channel, archive.release(channel, number)?)?;
        coverage::gate(&repository, &archive, (channel, &before), candidate, (&args.lose, &[]), context)
            .map_err(|error| error.hint(GATE_HINT))?;
    }
    // What no head could say is refused before it is written.
    let content = wanted(&repository.fleet().head, &archive, channel, &rollout)?;
    let body = content.encode();
    if u32::try_from(body.len()).map_or(true, |length| length > bundle::limits::HEAD_BODY_BYTES_MAX) {
        let error = Error::input("head_too_large", "is more than a head can carry").field("--group");
        return Err(error.hint("name fewer groups"));
    }
    let mut head = None;
    if !context.dry_run() {
        let path = repository.layout().rollout(channel);
        let documents = [(repository.layout().label(&path), Sha256::of(&[rollout.to_text()?.as_bytes()]))];
        let lost: String = args.lose.iter().map(|service| format!(" losing {service}")).collect();
        let subject = format!("{channel} {}{lost}", in_words(&rollout));
        let act = Act { action, subject: &subject, reason: &args.reason, documents: &documents };
        repository.record_act(context.now(), &act)?;
        rollout.write(&path)?;
        if let Some(keys) = args.keys.unlock(context)? {
            let folder = args.target.folder(&repository)?;
            head = Some(sign_channel(&repository, &archive, &folder, channel, &keys, None, context)?);
        }
    }
    let mut text = format!("{channel}: {}\n", in_words(&rollout));
    match &head {
        Some(head) => text.push_str(&format!("{head}\n")),
        None => {
            text.push_str("in force with the next head: cloud-updater head sign, or a running head run\n")
        }
    }
    let answer = Answer {
        channel: channel.to_owned(),
        release: rollout.release,
        share: rollout.share.to_string(),
        paused: rollout.paused,
        previous: rollout.previous,
        groups: rollout.groups.iter().map(|(name, share)| (name.clone(), share.to_string())).collect(),
        head,
    };
    context.output().data("cloud-updater.rollout.1", &answer, text)?;
    Ok(Exit::Done)
}

/// True where devices may install what they might not before. Stopping and slowing down are never held up.
fn reaches_more(before: &Rollout, after: &Rollout) -> bool {
    let share = |rollout: &Rollout| if rollout.paused { Share::NONE } else { rollout.share };
    let of_group = |rollout: &Rollout, name: &str| {
        let own = rollout.groups.get(name).copied().filter(|_| !rollout.paused);
        own.unwrap_or(Share::NONE).max(share(rollout))
    };
    before.release != after.release
        || share(after) > share(before)
        || after.groups.keys().any(|name| of_group(after, name) > of_group(before, name))
}

/// The rollout in one line.
pub(super) fn in_words(rollout: &Rollout) -> String {
    let Some(release) = rollout.release else { return "nothing yet".to_owned() };
    let mut words = format!("release {release} to {}", rollout.share);
    for (name, share) in &rollout.groups {
        words.push_str(&format!(", {name} {share}"));
    }
    if let Some(previous) = rollout.previous.filter(|_| rollout.share < Share::ALL) {
        words.push_str(&format!(", everybody else {previous}"));
    }
    if rollout.paused {
        words.push_str(", paused");
    }
    words
}
