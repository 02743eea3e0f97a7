//! A thief with some of a role's keys: what they could publish, and whether a device takes it.

use std::path::PathBuf;

use bundle::write::{KeyringContent, RecoveryContent, RoleContent, Unsigned, keyring_file};
use bundle::{ChannelId, Envelope, Floor, Kind, Order, Role, Sha256};

use super::act;
use super::scratch::Scratch;
use crate::Error;
use crate::acceptance::device::{Followed, Site};
use crate::document::keyring_content;
use crate::key::SigningKey;
use crate::publish::Archive;

/// What a thief put into the tree, and how a device that was up to date took it.
pub(super) struct Theft {
    /// True where the device obeyed the thief.
    pub(super) is_followed: bool,
    /// What it refused, in words.
    pub(super) refused: String,
    /// The keyring document that the thief made, where it was a keyring.
    pub(super) keyring: Option<Vec<u8>>,
}

/// Files of a thief, by their place in the tree.
struct Loot {
    files: Vec<(PathBuf, Vec<u8>)>,
    keyring: Option<(Order, Vec<u8>)>,
}

/// Lets a thief with `stolen` keys of a role try.
///
/// # Errors
/// Exit code 5 where a file fails.
pub(super) fn try_theft(
    scratch: &Scratch,
    site: &Site<'_>,
    role: &'static str,
    stolen: usize,
) -> Result<Option<Theft>, Error> {
    let archive = Archive::read(&scratch.repository()?)?;
    let generation = archive.keyrings().newest()?;
    let thief = SigningKey::throw_away("thief")?;
    let loot = match role {
        "keyring" => keyring(scratch, &archive, &thief, stolen, None)?,
        "recovery" => recovery(scratch, &archive, &thief, stolen)?,
        "release" => release(scratch, &archive, site, stolen)?,
        "head" => head(scratch, &archive, site, &thief, stolen)?,
        _ => None,
    };
    let Some(loot) = loot else { return Ok(None) };
    let saved: Vec<(PathBuf, Option<Vec<u8>>)> = loot
        .files
        .iter()
        .map(|(path, _)| (scratch.tree().join(path), std::fs::read(scratch.tree().join(path)).ok()))
        .collect();
    for (path, bytes) in &loot.files {
        crate::durable::write_file(&scratch.tree().join(path), bytes, crate::durable::PUBLIC_MODE)?;
    }
    let followed = site.follow(&generation.document);
    for (path, bytes) in saved {
        match bytes {
            Some(bytes) => crate::durable::write_file(&path, &bytes, crate::durable::PUBLIC_MODE)?,
            None => crate::durable::remove_file(&path)?,
        }
    }
    Ok(Some(judged(&followed, loot)))
}

fn judged(followed: &Followed, loot: Loot) -> Theft {
    let is_followed = match &loot.keyring {
        Some((order, _)) => followed.keyring == Some(*order),
        None => followed.refused_documents.is_empty(),
    };
    let refused =
        if loot.keyring.is_some() { &followed.refused_keyrings } else { &followed.refused_documents };
    Theft {
        is_followed,
        refused: refused.first().cloned().unwrap_or_default(),
        keyring: loot.keyring.map(|(_, document)| document),
    }
}

/// The next generation with the thief's key in every role.
fn keyring(
    scratch: &Scratch,
    archive: &Archive,
    thief: &SigningKey,
    stolen: usize,
    recovery: Option<(&RecoveryContent, u16)>,
) -> Result<Option<Loot>, Error> {
    let generation = archive.keyrings().newest()?;
    let present = keyring_content(&generation.document)?;
    let role = RoleContent { threshold: 1, keys: vec![thief.public().content()] };
    let epoch = recovery.map_or(generation.order.epoch, |(_, epoch)| epoch);
    let order = Order::new(epoch, generation.order.number.saturating_add(1));
    let other =
        RecoveryContent { keys: vec![SigningKey::throw_away("thief-2")?.public().content()], threshold: 1 };
    let floors = if recovery.is_some() { floors(archive, epoch) } else { Vec::new() };
    let content = KeyringContent {
        fleet: present.fleet.clone(),
        keyring: role.clone(),
        release: role.clone(),
        head: role,
        echo: None,
        recovery_commitment: recovery.map_or(present.recovery_commitment, |_| other.commitment()),
        floors,
        time_floor: None,
    };
    let issued_at = scratch.context().now();
    let base = generation.order.number;
    let unsigned = Unsigned::new(Kind::Keyring, ChannelId::FLEET, order, base, issued_at, content.encode());
    let unsigned = unsigned.map_err(unfit)?;
    let owners = recovery.map_or(present.keyring.keys.as_slice(), |(set, _)| set.keys.as_slice());
    let ids = owners.iter().map(|key| key.as_key().id()).take(stolen);
    let message = unsigned.message();
    let signers = ids.filter_map(|id| scratch.keys.key(id)).chain([thief]);
    let signatures: Vec<_> = signers.map(|key| key.sign(&message)).collect();
    let document = unsigned.assemble(&signatures).map_err(unfit)?;
    let name = PathBuf::from(format!("keyring/{}", order.number));
    Ok(Some(Loot { files: vec![(name, document.clone())], keyring: Some((order, document)) }))
}

/// The keyring that opens the next epoch, with the thief's key in every role.
fn recovery(
    scratch: &Scratch,
    archive: &Archive,
    thief: &SigningKey,
    stolen: usize,
) -> Result<Option<Loot>, Error> {
    let generation = archive.keyrings().newest()?;
    let Some(set) = scratch.recovery_set(generation.keyring()?.recovery_commitment())? else {
        return Ok(None);
    };
    let epoch = generation.order.epoch.saturating_add(1);
    let Some(loot) = keyring(scratch, archive, thief, stolen, Some((&set, epoch)))? else { return Ok(None) };
    let shown = Unsigned::new(
        Kind::Recovery,
        ChannelId::FLEET,
        generation.order,
        0,
        scratch.context().now(),
        set.encode(),
    );
    let shown = shown.and_then(|unsigned| unsigned.assemble(&[])).map_err(unfit)?;
    let Some((order, document)) = loot.keyring else { return Ok(None) };
    let file = keyring_file(Some(&shown), &document);
    let names = [format!("keyring/{}", order.number), format!("recovery/{epoch}")];
    let files = names.into_iter().map(|name| (PathBuf::from(name), file.clone())).collect();
    Ok(Some(Loot { files, keyring: Some((order, document)) }))
}

/// A release with the present one's content, named by a head that the head keys did sign.
fn release(
    scratch: &Scratch,
    archive: &Archive,
    site: &Site<'_>,
    stolen: usize,
) -> Result<Option<Loot>, Error> {
    let Some(channel) = site.channels.first() else { return Ok(None) };
    let generation = archive.keyrings().newest()?;
    let repository = scratch.repository()?;
    let number = archive.releases(channel).next_back().map_or(0, |release| release.order.number);
    let Some(current) = repository.rollout(channel)?.release else { return Ok(None) };
    let stored = archive.release(channel, current)?;
    let envelope = Envelope::parse_whole(&stored.document).map_err(unfit)?;
    let order = Order::new(generation.order.epoch, number.saturating_add(1));
    let unsigned = Unsigned::new(
        envelope.header().kind,
        ChannelId::of(channel),
        order,
        generation.order.number,
        scratch.context().now(),
        envelope.body().to_vec(),
    )
    .map_err(unfit)?;
    let present = keyring_content(&generation.document)?;
    let message = unsigned.message();
    let ids = present.release.keys.iter().map(|key| key.as_key().id()).take(stolen);
    let signatures: Vec<_> =
        ids.filter_map(|id| scratch.keys.key(id)).map(|key| key.sign(&message)).collect();
    let document = unsigned.assemble(&signatures).map_err(unfit)?;
    let digest = unsigned.digest();
    let keys = act::head_keys(scratch, &[])?;
    let head = head_document(scratch, archive, channel, (order, digest), &keys)?;
    let files = vec![
        (PathBuf::from(format!("{channel}/release/{}", order.number)), document),
        (PathBuf::from(format!("{channel}/head")), head),
        // The content is the present one's, so that the thief needs no other certificates.
    ];
    Ok(Some(Loot { files, keyring: None }))
}

/// A head that freezes everybody, far ahead of all others.
fn head(
    scratch: &Scratch,
    archive: &Archive,
    site: &Site<'_>,
    thief: &SigningKey,
    stolen: usize,
) -> Result<Option<Loot>, Error> {
    let Some(channel) = site.channels.first() else { return Ok(None) };
    let repository = scratch.repository()?;
    let Some(current) = repository.rollout(channel)?.release else { return Ok(None) };
    let stored = archive.release(channel, current)?;
    let present = keyring_content(&archive.keyrings().newest()?.document)?;
    let ids = present.head.keys.iter().map(|key| key.as_key().id()).take(stolen);
    let keys: Vec<SigningKey> = ids.filter_map(|id| scratch.keys.key(id)).chain([thief]).cloned().collect();
    let document = head_document(scratch, archive, channel, (stored.order, stored.digest), &keys)?;
    Ok(Some(Loot { files: vec![(PathBuf::from(format!("{channel}/head")), document)], keyring: None }))
}

fn head_document(
    scratch: &Scratch,
    archive: &Archive,
    channel: &str,
    release: (Order, Sha256),
    keys: &[SigningKey],
) -> Result<Vec<u8>, Error> {
    let repository = scratch.repository()?;
    let rollout = repository.rollout(channel)?;
    let generation = archive.keyrings().newest()?;
    let mut content = crate::head::wanted(&repository.fleet().head, archive, channel, &rollout)?;
    (content.release, content.release_digest) = release;
    let number = rollout.head.map_or(1, |mark| mark.number).saturating_add(1_000);
    let unsigned = Unsigned::new(
        Kind::Head,
        ChannelId::of(channel),
        Order::new(generation.order.epoch, number),
        generation.order.number,
        scratch.context().now(),
        content.encode(),
    )
    .map_err(unfit)?;
    let message = unsigned.message();
    let signatures: Vec<_> = keys.iter().map(|key| key.sign(&message)).collect();
    unsigned.assemble(&signatures).map_err(unfit)
}

/// A recovery restates every floor.
fn floors(archive: &Archive, epoch: u16) -> Vec<Floor> {
    let ids = archive.channels().map(ChannelId::of);
    ids.flat_map(|channel| [Role::Release, Role::Head].map(|role| Floor { channel, role, epoch, number: 0 }))
        .collect()
}

fn unfit(error: bundle::ParseError) -> Error {
    Error::bug("a thief's document does not fit").because(error)
}
