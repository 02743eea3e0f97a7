//! `head sign`: one head for each channel, out of the repository and the published tree.

use std::path::Path;

use bundle::{Sha256, UnixSeconds};
use clap::Args;
use serde::Serialize;

use super::{HeadAnswer, HeadKeyFlags};
use crate::audit::Act;
use crate::cli::target::TargetFlag;
use crate::head::{
    Published, Urgency, check_clock, next_number, refuse_before_its_files, sign, swap, urgency, wanted,
};
use crate::key::SigningKey;
use crate::publish::Archive;
use crate::repository::{HeadMark, Repository, Share};
use crate::{Context, Error, Exit, date};

/// Options of `head sign`.
#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct SignArgs {
    #[command(flatten)]
    target: TargetFlag,

    #[command(flatten)]
    keys: HeadKeyFlags,

    /// Number of the head, where the published one is lost: above any that a device may have seen
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    number: Option<u32>,

    /// Only if the published head is due or says something else
    #[arg(long, conflicts_with = "number")]
    if_due: bool,
}

#[derive(Serialize)]
struct Answer {
    heads: Vec<HeadAnswer>,
}

pub(super) fn run(args: &SignArgs, context: &Context) -> Result<Exit, Error> {
    let repository = Repository::open(context)?;
    let folder = args.target.folder(&repository)?;
    let channels: Vec<&str> = match context.channel() {
        Some(name) => vec![repository.fleet().channel(name).map(|_| name)?],
        None => published_channels(&repository)?,
    };
    if args.number.is_some() && channels.len() != 1 {
        let error =
            Error::usage("which_channel", "a number is for one channel: say which with --channel NAME");
        return Err(error.field("--number"));
    }
    let _lock = repository.lock()?;
    let archive = Archive::read(&repository)?;
    let keys = if context.dry_run() { Vec::new() } else { args.keys.unlock_some(context)? };
    let mut answer = Answer { heads: Vec::new() };
    for channel in channels {
        let head = if args.if_due {
            sign_changed(&repository, &archive, &folder, channel, &keys, context)?
        } else {
            sign_channel(&repository, &archive, &folder, channel, &keys, args.number, context)?
        };
        answer.heads.push(head);
    }
    let text: String = answer.heads.iter().map(|head| format!("{head}\n")).collect();
    context.output().data("cloud-updater.head-sign.1", &answer, text)?;
    Ok(Exit::Done)
}

/// The channels that have something to say.
fn published_channels(repository: &Repository) -> Result<Vec<&str>, Error> {
    let mut found = Vec::new();
    for channel in repository.fleet().channels.keys() {
        if repository.rollout(channel)?.release.is_some() {
            found.push(channel.as_str());
        }
    }
    if found.is_empty() {
        let error = Error::usage("nothing_published", "no channel has a release to name in a head");
        return Err(error.hint("publish one first: cloud-updater draft, sign, publish"));
    }
    Ok(found)
}

/// Signs the next head of a channel and swaps it in; notes its number in the repository.
pub(in crate::cli) fn sign_channel(
    repository: &Repository,
    archive: &Archive,
    folder: &Path,
    channel: &str,
    keys: &[SigningKey],
    number: Option<u32>,
    context: &Context,
) -> Result<HeadAnswer, Error> {
    let head = sign_next(repository, archive, folder, channel, keys, number, context)?;
    note(repository, &head, context)?;
    Ok(head)
}

/// As [`sign_channel`], where the published head is due or says something else.
pub(in crate::cli) fn sign_changed(
    repository: &Repository,
    archive: &Archive,
    folder: &Path,
    channel: &str,
    keys: &[SigningKey],
    context: &Context,
) -> Result<HeadAnswer, Error> {
    let head = sign_if_due(repository, archive, folder, channel, keys, context)?;
    note(repository, &head, context)?;
    Ok(head)
}

/// Notes a head that was signed in the repository: its number, so that a lost head can be numbered above it, and in the
/// log its hash, of the bytes that were signed: what is published may be another's by now.
fn note(repository: &Repository, head: &HeadAnswer, context: &Context) -> Result<(), Error> {
    let Some(sha256) = head.signed_sha256 else { return Ok(()) };
    let mut rollout = repository.rollout(&head.channel)?;
    rollout.head = Some(HeadMark { number: head.number, signed: date::instant(context.now()) });
    rollout.write(&repository.layout().rollout(&head.channel))?;
    let documents = [(format!("{}/head", head.channel), sha256)];
    let subject = format!("{} {}", head.channel, head.number);
    let act = Act { action: "head sign", subject: &subject, reason: "", documents: &documents };
    repository.record_act(context.now(), &act)
}

/// Signs the next head of a channel and swaps it in, and leaves the repository alone.
pub(super) fn sign_next(
    repository: &Repository,
    archive: &Archive,
    folder: &Path,
    channel: &str,
    keys: &[SigningKey],
    number: Option<u32>,
    context: &Context,
) -> Result<HeadAnswer, Error> {
    let now = context.now();
    let settings = repository.fleet().head;
    let rollout = repository.rollout(channel)?;
    let content = wanted(&settings, archive, channel, &rollout)?;
    let generation = archive.keyrings().newest()?;
    let keyring = generation.keyring()?;
    let published = Published::read(folder, channel, archive.keyrings())?;
    let mark = rollout.head.as_ref();
    let number = next_number(&published, mark, &keyring, channel, number, now, settings.resign_seconds())?;
    refuse_old_clock(archive, &published, channel, content.release.number, now)?;
    refuse_before_its_files(folder, channel, &content)?;
    let share = if rollout.paused { Share::NONE } else { rollout.share };
    let mut answer = HeadAnswer {
        channel: channel.to_owned(),
        number,
        epoch: generation.order.epoch,
        release: content.release.number,
        keyring: content.keyring_version,
        share: if rollout.paused { "nobody further (paused)".to_owned() } else { share.to_string() },
        expires_at: date::instant(now.plus(u64::from(content.lifetime_seconds))),
        changed: true,
        signed_sha256: None,
    };
    if !context.dry_run() {
        let head = sign(&content, channel, number, &keyring, keys, now)?;
        swap(folder, channel, published.file_sha256(), &head.document)?;
        answer.expires_at = date::instant(head.expires_at);
        answer.signed_sha256 = Some(Sha256::of(&[&head.document]));
    }
    Ok(answer)
}

/// As [`sign_next`], where the published head is due or says something else.
pub(super) fn sign_if_due(
    repository: &Repository,
    archive: &Archive,
    folder: &Path,
    channel: &str,
    keys: &[SigningKey],
    context: &Context,
) -> Result<HeadAnswer, Error> {
    let settings = repository.fleet().head;
    let rollout = repository.rollout(channel)?;
    let content = wanted(&settings, archive, channel, &rollout)?;
    let published = Published::read(folder, channel, archive.keyrings())?;
    let state = urgency(published.good(), &content, context.now(), settings.resign_seconds());
    match (state, published.good()) {
        (Urgency::Fresh { .. }, Some(head)) => Ok(HeadAnswer {
            channel: channel.to_owned(),
            number: head.order.number,
            epoch: head.order.epoch,
            release: head.release.number,
            keyring: head.keyring_version,
            share: rollout.share.to_string(),
            expires_at: date::instant(head.expires_at),
            changed: false,
            signed_sha256: None,
        }),
        _ => sign_next(repository, archive, folder, channel, keys, None, context),
    }
}

fn refuse_old_clock(
    archive: &Archive,
    published: &Published,
    channel: &str,
    release: u32,
    now: UnixSeconds,
) -> Result<(), Error> {
    let release = archive.release(channel, release)?;
    check_clock(now, release.issued_at, &format!("release {} of {channel}", release.order))?;
    match published.good() {
        Some(head) => check_clock(now, head.issued_at, &format!("the published head of {channel}")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Output;

    #[test]
    fn the_log_has_the_hash_of_what_was_signed_whatever_is_published_by_then() {
        let folder = tempfile::tempdir().unwrap();
        let settings = "fleet = \"test\"\n[publish]\nfolder = \"public\"\n\
                        [device-classes.gateway]\nmax-bundle-bytes = 65536\n[channels.prod]\ndevice-class = \"gateway\"\n";
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            crate::durable::write_file(&path, text.as_bytes(), crate::durable::PUBLIC_MODE).unwrap();
        };
        write("fleet.toml", settings);
        let repository = Repository::at(folder.path().to_owned()).unwrap();
        let context = Context {
            output: Output::silent(),
            repository_folder: Some(folder.path().to_owned()),
            channel: None,
            dry_run: false,
            yes: true,
            as_of: date::parse("2026-02-28T12:00:00Z").ok(),
        };
        let signed = |number, signed_sha256| HeadAnswer {
            channel: "prod".to_owned(),
            number,
            epoch: 0,
            release: 1,
            keyring: 1,
            share: String::new(),
            expires_at: String::new(),
            changed: true,
            signed_sha256,
        };
        // Nothing is published, then another's head.
        let hashes = [Sha256::of(&[b"first"]), Sha256::of(&[b"second"])];
        note(&repository, &signed(1, Some(hashes[0])), &context).unwrap();
        write("public/prod/head", "another's");
        note(&repository, &signed(2, Some(hashes[1])), &context).unwrap();
        note(&repository, &signed(3, None), &context).unwrap();
        let chain = repository.audit().unwrap();
        let logged: Vec<_> = chain.entries().flat_map(|entry| entry.documents.clone()).collect();
        assert_eq!(logged, hashes.map(|hash| ("prod/head".to_owned(), hash)));
        assert_eq!(
            repository.rollout("prod").unwrap().head.unwrap().number,
            2,
            "what was not signed is none"
        );
    }
}
