//! `status`: where the fleet stands, what waits for whom, and what needs attention.

mod attention;

use clap::Args;
use serde::Serialize;

use super::pending;
use super::rollout::in_words;
use super::signers_answer::SignersAnswer;
use super::target::TargetFlag;
use super::text::counted;
use crate::date;
use crate::finding::Findings;
use crate::head::{Published, PublishedHead, wanted};
use crate::publish::Archive;
use crate::repository::{AnchorStanding, Repository, Share};
use crate::{Context, Error, Exit};

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
    distrusted: usize,
    intermediates: usize,
    channels: Vec<ChannelAnswer>,
    drafts: Vec<DraftAnswer>,
    /// What somebody should do something about, the most serious first.
    #[serde(serialize_with = "as_list")]
    attention: Findings,
    next: Vec<String>,
}

#[derive(Serialize)]
struct ChannelAnswer {
    name: String,
    newest_release: Option<u32>,
    /// What the repository says, and the next head will say.
    rollout: String,
    /// What the head in force says.
    in_force: Option<String>,
    /// True where the repository says something else than the head in force.
    waits_for_head: bool,
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
    let (distrusted, anchors): (Vec<_>, Vec<_>) =
        repository.anchors()?.into_iter().partition(|entry| entry.record.state == AnchorStanding::Distrusted);
    let mut answer = Answer {
        fleet: repository.fleet().fleet.clone(),
        keyring: archive.keyrings().newest_order().map(|order| order.number),
        epoch: archive.keyrings().newest_order().map(|order| order.epoch),
        anchors: anchors.len(),
        distrusted: distrusted.len(),
        intermediates: repository.intermediates()?.len(),
        channels: Vec::new(),
        drafts: Vec::new(),
        attention: Findings::default(),
        next: Vec::new(),
    };
    let mut attention = attention::of_anchors(&repository, context)?;
    attention.extend(attention::of_probes(&repository, context)?);
    let folder = args.target.folder(&repository).ok();
    let is_asked = |name: &&String| context.channel().is_none_or(|asked| asked == name.as_str());
    for channel in repository.fleet().channels.keys().filter(is_asked) {
        let rollout = repository.rollout(channel)?;
        let head = match &folder {
            Some(folder) => Published::read(folder, channel, archive.keyrings())?,
            None => Published::Missing,
        };
        // Where nothing says where it is published, or nothing is yet, there is none to look for.
        if folder.is_some() && rollout.release.is_some() {
            attention.extend(attention::of_head(channel, &head, &rollout, context));
        }
        let wanted = match rollout.release {
            Some(_) => Some(wanted(&repository.fleet().head, &archive, channel, &rollout)?.encode()),
            None => None,
        };
        answer.channels.push(ChannelAnswer {
            name: channel.clone(),
            newest_release: archive.releases(channel).next_back().map(|release| release.order.number),
            rollout: in_words(&rollout),
            in_force: head.good().map(head_words),
            waits_for_head: wanted.is_some_and(|body| head.good().is_none_or(|head| head.body != body)),
            head: head.good().map(|head| head.order.number),
            head_expires_at: head.good().map(|head| date::instant(head.expires_at)),
        });
    }
    answer.attention = Findings::new(attention);
    look_at_drafts(&repository, &mut answer)?;
    look_ahead(&repository, &mut answer)?;
    let text = answer_text(&answer);
    context.output().data("cloud-updater.status.2", &answer, text)?;
    Ok(answer.attention.exit())
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

fn as_list<S: serde::Serializer>(findings: &Findings, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(findings.iter())
}

/// What a head says. Groups are only tags in it, and a pause is a share of nobody.
fn head_words(head: &PublishedHead) -> String {
    let mut words = format!("release {} to {}", head.release.number, Share::of_parts(head.share));
    if !head.groups.is_empty() {
        words.push_str(&format!(" and {}", counted(head.groups.len(), "group")));
    }
    if let Some(previous) = head.previous {
        words.push_str(&format!(", everybody else {}", previous.number));
    }
    words
}

fn channel_text(channel: &ChannelAnswer) -> String {
    let says = match (&channel.in_force, channel.waits_for_head) {
        (Some(words), true) => words.as_str(),
        (None, true) => "no head says anything yet",
        (_, false) => channel.rollout.as_str(),
    };
    let mut text = format!("channel {}: {says}", channel.name);
    if let (Some(head), Some(end)) = (channel.head, &channel.head_expires_at) {
        text.push_str(&format!("; head {head}, fresh until {end}"));
    }
    if channel.waits_for_head {
        text.push_str(&format!("\n  waits for `cloud-updater head sign`: {}", channel.rollout));
    }
    text.push('\n');
    text
}

/// What to do next, where that is clear.
fn look_ahead(repository: &Repository, answer: &mut Answer) -> Result<(), Error> {
    let is_signed = |draft: &DraftAnswer| draft.signers.iter().all(SignersAnswer::is_met);
    let (signed, waiting): (Vec<&DraftAnswer>, Vec<&DraftAnswer>) =
        answer.drafts.iter().partition(|draft| is_signed(draft));
    let mut next = Vec::new();
    if answer.keyring.is_none() && answer.drafts.is_empty() {
        next.push(if repository.keys()?.iter().next().is_none() {
            "there is no key yet: each signer runs cloud-updater key new NAME".to_owned()
        } else {
            "there is no keyring yet: cloud-updater keyring draft".to_owned()
        });
    }
    if !waiting.is_empty() {
        let files: Vec<&str> = waiting.iter().map(|draft| draft.file.as_str()).collect();
        next.push(format!("cloud-updater sign {}", files.join(" ")));
    }
    if !signed.is_empty() && (waiting.is_empty() || answer.keyring.is_some()) {
        next.push("cloud-updater publish".to_owned());
    }
    answer.next = next;
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
    text.push_str(&counted(answer.anchors, "anchor"));
    if answer.distrusted > 0 {
        text.push_str(&format!(", {} distrusted", answer.distrusted));
    }
    text.push_str(&format!(", {}\n", counted(answer.intermediates, "intermediate")));
    answer.channels.iter().for_each(|channel| text.push_str(&channel_text(channel)));
    for draft in &answer.drafts {
        text.push_str(&format!("{}\n", draft.file));
        for signers in &draft.signers {
            text.push_str(&format!("  {signers}\n"));
        }
    }
    for finding in answer.attention.iter() {
        text.push_str(&format!("! {finding}\n"));
        if let Some(hint) = &finding.hint {
            text.push_str(&format!("  hint: {hint}\n"));
        }
    }
    for line in &answer.next {
        text.push_str(&format!("next: {line}\n"));
    }
    text
}
