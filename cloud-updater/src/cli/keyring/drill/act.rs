//! What is rehearsed: commands of this program, run in the scratch copy, with the stand-ins as signers.

use bundle::write::{Signature, Unsigned};
use bundle::{ChannelId, Document as _, Envelope, KeyId, Manifest};

use super::scratch::Scratch;
use crate::cli::head::sign_channel;
use crate::cli::keyring::draft;
use crate::cli::pending;
use crate::cli::publish::{self, PublishArgs};
use crate::document::{Draft, Seen, SignatureFile};
use crate::durable::{self, PUBLIC_MODE};
use crate::key::SigningKey;
use crate::publish::{Archive, Plan};
use crate::repository::{Repository, Share, signature_name};
use crate::{Context, Error};

/// Which keys of a role are replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Replaced {
    /// One, whose holder cannot sign any more.
    LostOne,
    /// All, one after the other's signature.
    All,
}

/// Names of the roles that this fleet has.
pub(super) fn roles(scratch: &Scratch) -> Result<Vec<&'static str>, Error> {
    Ok(scratch.repository()?.fleet().roles.named().map(|(role, _)| role).collect())
}

/// Replaces keys of a role, has the next generation signed and publishes it, with heads.
///
/// # Errors
/// Exit code 4 where those who are left cannot sign it; then nothing has changed.
pub(super) fn rotate(scratch: &mut Scratch, role: &'static str, replaced: Replaced) -> Result<(), Error> {
    let before = scratch.fleet_text()?;
    let leaving = rename(scratch, role, replaced)?;
    let lost: &[KeyId] = if replaced == Replaced::LostOne { &leaving } else { &[] };
    let context = scratch.context();
    let repository = scratch.repository()?;
    let floors = match (role, replaced) {
        ("head", Replaced::All) => head_floors(&repository)?,
        _ => Vec::new(),
    };
    let reason = format!("drill: other keys for the {role} role");
    let mut done = draft::run(&draft::DraftArgs::rehearsed(floors, &reason), &context).map(drop);
    done = done.and_then(|()| sign_drafts(scratch, &repository, lost));
    done = done.and_then(|()| sign_releases(scratch, &repository, lost));
    done = done.and_then(|()| publish(scratch, &context));
    if let Err(error) = done {
        scratch.write_fleet_text(&before)?;
        remove_drafts(&repository)?;
        return Err(error);
    }
    sign_heads(scratch, lost)
}

/// Replaces every key of every role through the recovery set, and publishes a release of the new epoch in each channel.
pub(super) fn recover(scratch: &mut Scratch) -> Result<(), Error> {
    for role in roles(scratch)? {
        rename(scratch, role, Replaced::All)?;
    }
    let context = scratch.context();
    let repository = scratch.repository()?;
    draft::recover(&draft::RecoverArgs::rehearsed("drill: the threshold was stolen"), &context).map(drop)?;
    sign_drafts(scratch, &repository, &[])?;
    publish(scratch, &context)?;
    release_again(scratch, &repository, &context)?;
    publish(scratch, &context)?;
    sign_heads(scratch, &[])
}

/// The tree and its first heads: what devices of the scratch fleet have before anything is rehearsed.
pub(super) fn begin(scratch: &Scratch) -> Result<(), Error> {
    publish(scratch, &scratch.context())?;
    sign_heads(scratch, &[])
}

/// The channels that have a head.
pub(super) fn channels(scratch: &Scratch) -> Result<Vec<String>, Error> {
    let repository = scratch.repository()?;
    let mut found = Vec::new();
    for channel in repository.fleet().channels.keys() {
        if repository.rollout(channel)?.release.is_some() {
            found.push(channel.clone());
        }
    }
    Ok(found)
}

/// The keys of the head role that sign, as many as its threshold asks for, lost ones excepted.
pub(super) fn head_keys(scratch: &Scratch, lost: &[KeyId]) -> Result<Vec<SigningKey>, Error> {
    let archive = Archive::read(&scratch.repository()?)?;
    let generation = archive.keyrings().newest()?;
    let role = crate::document::keyring_content(&generation.document)?.head;
    let ids = role.keys.iter().map(|key| key.as_key().id()).filter(|id| !lost.contains(id));
    let keys = ids.filter_map(|id| scratch.keys.key(id)).take(usize::from(role.threshold));
    Ok(keys.cloned().collect())
}

/// Gives keys of a role other names in fleet.toml; says whose place is taken.
fn rename(scratch: &mut Scratch, role: &'static str, replaced: Replaced) -> Result<Vec<KeyId>, Error> {
    let repository = scratch.repository()?;
    let holders = repository.fleet().roles.named().find(|(name, _)| *name == role);
    let mut names: Vec<String> = holders.map(|(_, holders)| holders.keys.clone()).unwrap_or_default();
    let kept = if replaced == Replaced::LostOne { names.len().saturating_sub(1) } else { 0 };
    let present = repository.keys()?;
    let mut leaving = Vec::new();
    for (index, name) in names.iter_mut().enumerate().skip(kept) {
        leaving.extend(present.named(name).map(crate::key::PublicKey::id));
        let next = format!("drill-{}-{role}-{index}", repository_generation(&repository)?);
        let public = scratch.keys.make(&next)?.public().to_string();
        let path = repository.layout().keys().join(format!("{next}.pub"));
        durable::write_file(&path, format!("{public}\n").as_bytes(), PUBLIC_MODE)?;
        *name = next;
    }
    let mut text = scratch.fleet_text()?;
    text["roles"][role]["keys"] = toml_edit::value(names.iter().collect::<toml_edit::Array>());
    scratch.write_fleet_text(&text)?;
    Ok(leaving)
}

fn repository_generation(repository: &Repository) -> Result<u32, Error> {
    let chain = crate::document::KeyringChain::read(repository.layout())?;
    Ok(chain.newest_order().map_or(0, |order| order.number))
}

/// Heads go on where they are, whatever a thief of the replaced keys had signed.
fn head_floors(repository: &Repository) -> Result<Vec<super::super::floor::FloorFlag>, Error> {
    let mut floors = Vec::new();
    for channel in repository.fleet().channels.keys() {
        let Some(mark) = repository.rollout(channel)?.head else { continue };
        let text = format!("{channel}:head={}", mark.number);
        floors.push(text.parse().map_err(|message: String| Error::bug(message))?);
    }
    floors.truncate(bundle::limits::FLOORS_MAX);
    Ok(floors)
}

/// Everybody who may sign the keyring draft does, but those whose keys are lost.
fn sign_drafts(scratch: &Scratch, repository: &Repository, lost: &[KeyId]) -> Result<(), Error> {
    for draft in pending::drafts(repository, None)? {
        let unsigned = draft.file.unsigned()?;
        let folder = repository.layout().drafts(None);
        for requirement in draft.signers.requirements() {
            let ids = requirement.keys.iter().map(|key| key.as_key().id()).filter(|id| !lost.contains(id));
            for key in ids.filter_map(|id| scratch.keys.key(id)) {
                sign(key, &unsigned, &folder)?;
            }
        }
    }
    Ok(())
}

/// What is rolled out is signed again by those who may under the next generation.
fn sign_releases(scratch: &Scratch, repository: &Repository, lost: &[KeyId]) -> Result<(), Error> {
    let archive = Archive::read(repository)?;
    let Some(draft) = pending::drafts(repository, None)?.pop() else { return Ok(()) };
    for channel in archive.channels() {
        let rollout = repository.rollout(channel)?;
        for number in [rollout.release, rollout.previous].into_iter().flatten() {
            let stored = archive.release(channel, number)?;
            let envelope = Envelope::parse_whole(&stored.document)
                .map_err(|error| Error::bug("a checked release is unreadable").because(error))?;
            let signers = crate::document::Signers::of_next_release(envelope.header().kind, &draft.file)?;
            let unsigned = Unsigned::of(&envelope);
            let folder = repository.layout().drafts(Some(channel));
            let keys = signers.requirements().iter().flat_map(|requirement| &requirement.keys);
            let ids = keys.map(|key| key.as_key().id()).filter(|id| !lost.contains(id));
            for key in ids.filter_map(|id| scratch.keys.key(id)) {
                sign(key, &unsigned, &folder)?;
            }
        }
    }
    Ok(())
}

fn sign(key: &SigningKey, unsigned: &Unsigned, folder: &std::path::Path) -> Result<(), Error> {
    let signature = key.sign(&unsigned.message());
    let file = SignatureFile { signature, digest: unsigned.digest(), seen: Seen::default() };
    let path = folder.join(signature_name(unsigned.header().order.number, key.id()));
    durable::write_file(&path, format!("{file}\n").as_bytes(), PUBLIC_MODE)
}

fn publish(scratch: &Scratch, context: &Context) -> Result<(), Error> {
    publish::run(&PublishArgs::of_keyrings(scratch.tree()), context).map(drop)?;
    remove_drafts(&scratch.repository()?)
}

/// Drafts that were not published, and signatures that nobody needed.
fn remove_drafts(repository: &Repository) -> Result<(), Error> {
    let channels = repository.fleet().channels.keys().map(|channel| Some(channel.as_str()));
    for folder in channels.chain([None]).map(|channel| repository.layout().drafts(channel)) {
        for ending in ["sig", "draft"] {
            crate::repository::files_with(&folder, ending)?
                .iter()
                .try_for_each(|path| durable::remove_file(path))?;
        }
    }
    Ok(())
}

fn sign_heads(scratch: &Scratch, lost: &[KeyId]) -> Result<(), Error> {
    let repository = scratch.repository()?;
    let archive = Archive::read(&repository)?;
    let keys = head_keys(scratch, lost)?;
    for channel in channels(scratch)? {
        let mark = repository.rollout(&channel)?.head;
        let number = mark.map_or(1, |mark| mark.number.saturating_add(1));
        sign_channel(
            &repository,
            &archive,
            &scratch.tree(),
            &channel,
            &keys,
            Some(number),
            &scratch.context(),
        )?;
    }
    Ok(())
}

/// Each channel's content again, as a release of the epoch in force, rolled out to everybody.
fn release_again(scratch: &Scratch, repository: &Repository, context: &Context) -> Result<(), Error> {
    let archive = Archive::read(repository)?;
    let generation = archive.keyrings().newest()?;
    let keyring = generation.keyring()?;
    for channel in archive.channels() {
        let rollout = repository.rollout(channel)?;
        let Some(current) = rollout.release else { continue };
        let stored = archive.release(channel, current)?;
        let newest = archive.releases(channel).next_back().map_or(current, |release| release.order.number);
        let number = newest.saturating_add(1);
        let order = bundle::Order::new(generation.order.epoch, number);
        let body = Envelope::parse_whole(&stored.document)
            .map_err(|error| Error::bug("a checked release is unreadable").because(error))?
            .body()
            .to_vec();
        let blobs =
            stored.blobs.iter().filter_map(|(sha256, _)| Some((*sha256, archive.blob(*sha256)?.to_vec())));
        let manifest = Draft::promoted(channel, body, blobs.collect()).number(
            order,
            generation.order.number,
            context.now(),
        )?;
        let message = manifest.unsigned().message();
        let role = crate::document::keyring_content(&generation.document)?.release;
        let ids = role.keys.iter().map(|key| key.as_key().id());
        let signatures: Vec<Signature> =
            ids.filter_map(|id| scratch.keys.key(id)).map(|key| key.sign(&message)).collect();
        let release = manifest.sign(signatures).complete(&keyring)?;
        let mut plan = Plan::default();
        release.publish(repository.layout(), &mut plan);
        plan.execute()?;
        rollout.after_publishing(number, Share::ALL).write(&repository.layout().rollout(channel))?;
        accept(&release, &keyring, channel)?;
    }
    Ok(())
}

/// A release that devices would not take is no proof of anything.
fn accept(
    release: &crate::document::Release,
    keyring: &bundle::Keyring<'_>,
    channel: &str,
) -> Result<(), Error> {
    let wrong = || Error::bug("the drill made a release that devices refuse");
    let envelope = Envelope::parse_whole(release.document()).map_err(|error| wrong().because(error))?;
    let authentic =
        envelope.verify(keyring, ChannelId::of(channel)).map_err(|error| wrong().because(error))?;
    Manifest::decode(authentic).map(drop).map_err(|error| wrong().because(error))
}
