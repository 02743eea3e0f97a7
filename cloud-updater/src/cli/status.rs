//! `status`: where the fleet stands, what waits for whom, and what needs attention.

use clap::Args;
use serde::Serialize;

use super::draft::SignersAnswer;
use super::pending;
use super::rollout::in_words;
use super::target::TargetFlag;
use crate::date::{self, DAY_SECONDS};
use crate::head::Published;
use crate::publish::Archive;
use crate::repository::{AnchorStanding, Repository};
use crate::{Context, Error, Exit};

/// Days before an anchor's end from which status speaks of it: time for a release and a slow rollout.
const EXPIRY_NOTICE_DAYS: u64 = 90;

/// Options of `status`.
#[derive(Clone, Debug, Args)]
pub(super) struct StatusArgs {
    #[command(flatten)]
    target: TargetFlag,
}

#[derive(Serialize)]
struct Answer {
    fleet: String,
    keyring: Option<u32>,
    epoch: Option<u16>,
    anchors: usize,
    intermediates: usize,
    channels: Vec<ChannelAnswer>,
    drafts: Vec<DraftAnswer>,
    attention: Vec<String>,
}

#[derive(Serialize)]
struct ChannelAnswer {
    name: String,
    newest_release: Option<u32>,
    rollout: String,
    head: Option<u32>,
    head_expires_at: Option<String>,
}

#[derive(Serialize)]
struct DraftAnswer {
    file: String,
    number: u32,
    signers: Vec<SignersAnswer>,
}

pub(super) fn run(args: &StatusArgs, context: &Context) -> Result<Exit, Error> {
    let repository = Repository::open(context)?;
    let archive = Archive::read(&repository)?;
    let mut answer = Answer {
        fleet: repository.fleet().fleet.clone(),
        keyring: archive.keyrings().newest_order().map(|order| order.number),
        epoch: archive.keyrings().newest_order().map(|order| order.epoch),
        anchors: repository.anchors()?.len(),
        intermediates: repository.intermediates()?.len(),
        channels: Vec::new(),
        drafts: Vec::new(),
        attention: Vec::new(),
    };
    if answer.keyring.is_none() {
        answer.attention.push("there is no keyring yet: cloud-updater keyring draft".to_owned());
    }
    look_at_anchors(&repository, context, &mut answer)?;
    let folder = args.target.folder(&repository).ok();
    for channel in repository.fleet().channels.keys() {
        let rollout = repository.rollout(channel)?;
        let head = match &folder {
            Some(folder) => Published::read(folder, channel, archive.keyrings())?,
            None => Published::Missing,
        };
        if let Published::Bad { error, .. } = &head {
            answer.attention.push(format!("the published head is unreadable: {error}"));
        }
        if let Some(head) = head.good() {
            look_at_head(channel, head, rollout.release, context, &mut answer);
        }
        answer.channels.push(ChannelAnswer {
            name: channel.clone(),
            newest_release: archive.releases(channel).next_back().map(|release| release.order.number),
            rollout: in_words(&rollout),
            head: head.good().map(|head| head.order.number),
            head_expires_at: head.good().map(|head| date::instant(head.expires_at)),
        });
    }
    look_at_drafts(&repository, &mut answer)?;
    let text = answer_text(&answer);
    context.output().data("cloud-updater.status.1", &answer, text)?;
    Ok(Exit::Done)
}

fn look_at_head(
    channel: &str,
    head: &crate::head::PublishedHead,
    release: Option<u32>,
    context: &Context,
    answer: &mut Answer,
) {
    let now = context.now();
    if now >= head.expires_at {
        answer
            .attention
            .push(format!("the head of {channel} is stale since {}", date::instant(head.expires_at)));
    } else if head.expires_at.since(now) < 3 * DAY_SECONDS {
        answer
            .attention
            .push(format!("the head of {channel} is stale in {}", date::span(head.expires_at.since(now))));
    }
    if !head.under_newest {
        answer
            .attention
            .push(format!("the head of {channel} is not signed under the newest keyring: head sign"));
    }
    if release.is_some_and(|release| release != head.release.number) {
        answer
            .attention
            .push(format!("the head of {channel} names another release than the repository: head sign"));
    }
}

fn look_at_anchors(repository: &Repository, context: &Context, answer: &mut Answer) -> Result<(), Error> {
    let now = context.now();
    for entry in repository.anchors()? {
        if entry.record.state == AnchorStanding::Distrusted {
            continue;
        }
        let end = entry.certificate.not_after;
        if now > end {
            answer.attention.push(format!("{} expired on {}", entry.name, date::day(end)));
        } else if end.since(now) < EXPIRY_NOTICE_DAYS * DAY_SECONDS {
            answer.attention.push(format!("{} expires in {}", entry.name, date::span(end.since(now))));
        }
    }
    for path in crate::repository::files_with(&repository.folder().join("anchors"), "pem")? {
        if !path.with_extension("toml").exists() {
            let label = repository.layout().label(&path);
            answer
                .attention
                .push(format!("{label} has no record beside it and is part of nothing: anchor add {label}"));
        }
    }
    Ok(())
}

fn look_at_drafts(repository: &Repository, answer: &mut Answer) -> Result<(), Error> {
    let channels = repository.fleet().channels.keys().map(|name| Some(name.as_str()));
    for channel in std::iter::once(None).chain(channels) {
        for draft in pending::drafts(repository, channel)? {
            let requirements = draft.signers.requirements().iter();
            answer.drafts.push(DraftAnswer {
                file: repository.layout().label(&draft.path),
                number: draft.number,
                signers: requirements.map(|role| SignersAnswer::of(role, &draft.signatures)).collect(),
            });
        }
    }
    Ok(())
}

fn answer_text(answer: &Answer) -> String {
    let mut text = format!("fleet {:?}", answer.fleet);
    match (answer.keyring, answer.epoch) {
        (Some(number), Some(0)) => text.push_str(&format!(", keyring {number}\n")),
        (Some(number), Some(epoch)) => {
            text.push_str(&format!(", keyring {number} of recovery epoch {epoch}\n"))
        }
        _ => text.push('\n'),
    }
    text.push_str(&format!("{} anchors, {} intermediates\n", answer.anchors, answer.intermediates));
    for channel in &answer.channels {
        text.push_str(&format!("channel {}: {}", channel.name, channel.rollout));
        if let (Some(head), Some(end)) = (channel.head, &channel.head_expires_at) {
            text.push_str(&format!("; head {head}, fresh until {end}"));
        }
        text.push('\n');
    }
    for draft in &answer.drafts {
        text.push_str(&format!("{}\n", draft.file));
        for signers in &draft.signers {
            text.push_str(&format!("  {signers}\n"));
        }
    }
    for line in &answer.attention {
        text.push_str(&format!("! {line}\n"));
    }
    text
}
