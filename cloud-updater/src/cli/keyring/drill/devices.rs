//! The devices of a drill: one for each keyring that the repository ever had, and for each file form that was ever handed out.

use bundle::limits::PACK_GENERATIONS_MAX;
use bundle::{Envelope, Order, UnixSeconds};

use super::answer::{Outcome, Row};
use super::scratch::Scratch;
use crate::Error;
use crate::acceptance::device::{Followed, Site, follow_stick};
use crate::document::Generation;
use crate::publish::Archive;
use crate::repository::Repository;

/// A device that was switched off with this keyring.
#[derive(Clone, Debug)]
pub(super) struct Device {
    pub(super) name: String,
    pub(super) keyring: Vec<u8>,
}

/// One device for each generation, oldest first.
pub(super) fn of_generations(generations: &[Generation]) -> Vec<Device> {
    let present = generations.last().map(|generation| generation.order);
    let device = |generation: &Generation| Device {
        name: match Some(generation.order) == present {
            true => format!("up to date with keyring {}", generation.order),
            false => format!("off since keyring {}", generation.order),
        },
        keyring: generation.document.clone(),
    };
    generations.iter().map(device).collect()
}

/// How each device takes what is published now.
pub(super) fn rows(
    step: &str,
    scratch: &Scratch,
    site: &Site<'_>,
    devices: &[Device],
) -> Result<Vec<Row>, Error> {
    let repository = scratch.repository()?;
    let archive = Archive::read(&repository)?;
    let present = archive.keyrings().newest()?.order;
    let mut rows: Vec<Row> = devices
        .iter()
        .map(|device| row(step, &device.name, &site.follow(&device.keyring), present))
        .collect();
    for channel in site.channels {
        if let Some((name, seed)) = oldest_seed(&archive, channel)? {
            rows.push(row(step, &name, &site.follow_from_seed(&seed, channel), present));
        }
        let (name, stick, keyring) = stick(scratch, &archive, &repository, channel)?;
        rows.push(row(step, &name, &follow_stick(&stick, &keyring, channel, site.now), present));
    }
    Ok(rows)
}

/// How devices with the repository's own keyrings take its own files, without any stand-in.
pub(super) fn rows_of_real_files(
    archive: &Archive,
    tree: &std::path::Path,
    now: UnixSeconds,
) -> Result<Vec<Row>, Error> {
    let site = Site { folder: tree, channels: &[], now };
    let present = archive.keyrings().newest()?.order;
    let devices = of_generations(archive.keyrings().generations());
    let step = "the repository's own files";
    Ok(devices.iter().map(|device| row(step, &device.name, &site.follow(&device.keyring), present)).collect())
}

fn row(step: &str, device: &str, followed: &Followed, present: Order) -> Row {
    let arrived = followed.keyring == Some(present) && followed.refused_documents.is_empty();
    let refused = followed.refused_documents.iter().chain(&followed.refused_keyrings).next();
    let (outcome, detail) = if arrived {
        (Outcome::Follows, format!("has keyring {present}"))
    } else {
        let at = followed.keyring.map_or_else(|| "nothing".to_owned(), |order| format!("keyring {order}"));
        (
            Outcome::LeftBehind,
            format!("stays at {at}: {}", refused.map_or("it refused nothing", String::as_str)),
        )
    };
    Row { step: step.to_owned(), device: device.to_owned(), outcome, detail }
}

/// The seed of the first image that could have been built: the oldest release that its own keyring verifies.
fn oldest_seed(archive: &Archive, channel: &str) -> Result<Option<(String, Vec<u8>)>, Error> {
    let id = bundle::ChannelId::of(channel);
    for release in archive.releases(channel) {
        let envelope = Envelope::parse_whole(&release.document)
            .map_err(|error| Error::bug("a checked release is unreadable").because(error))?;
        for generation in archive.keyrings().generations() {
            if envelope.verify(&generation.keyring()?, id).is_ok() {
                let blobs = archive.blobs_of(release)?;
                let seed = bundle::write::seed(&generation.document, &release.document, &blobs);
                let name = format!(
                    "only the seed of {channel}: keyring {}, release {}",
                    generation.order, release.order
                );
                return Ok(Some((name, seed)));
            }
        }
    }
    Ok(None)
}

/// A USB file with all that the device which was off longest lacks, as far as one file may go.
fn stick(
    scratch: &Scratch,
    archive: &Archive,
    repository: &Repository,
    channel: &str,
) -> Result<(String, Vec<u8>, Vec<u8>), Error> {
    let generations = archive.keyrings().generations();
    let reach = usize::try_from(PACK_GENERATIONS_MAX).unwrap_or(usize::MAX);
    let first = generations.len().saturating_sub(reach.saturating_add(1));
    let start = generations.get(first).ok_or_else(|| Error::bug("a drill without a keyring"))?;
    let later: Vec<&[u8]> = generations
        .iter()
        .skip(first.saturating_add(1))
        .map(|generation| generation.file.as_slice())
        .collect();
    let current = repository.rollout(channel)?.release.unwrap_or_default();
    let release = archive.release(channel, current)?;
    let path = scratch.tree().join(channel).join("head");
    let head = std::fs::read(&path).map_err(|error| Error::io("read", &path, error))?;
    let blobs = archive.blobs_of(release)?;
    let stick = bundle::write::usb(&later.concat(), Some(&head), &release.document, &blobs)
        .map_err(|error| Error::bug("a USB file does not fit").because(error))?;
    let name = format!("off since keyring {}, gets a USB file of {channel}", start.order);
    Ok((name, stick, start.document.clone()))
}
