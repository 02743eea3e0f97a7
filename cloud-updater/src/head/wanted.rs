//! What the next head of a channel says: the rollout in the repository, in the words of the format.

use bundle::Previous;
use bundle::write::{GroupContent, HeadContent};

use crate::Error;
use crate::publish::Archive;
use crate::repository::fleet_file::HeadSettings;
use crate::repository::{Rollout, Share};

/// The content of the next head.
///
/// # Errors
/// Exit code 2 where nothing was published yet, or where the rollout names a release that the repository lacks.
pub fn wanted(
    settings: &HeadSettings,
    archive: &Archive,
    channel: &str,
    rollout: &Rollout,
) -> Result<HeadContent, Error> {
    let keyring = archive.keyrings().newest()?.order;
    let number = rollout.release.ok_or_else(|| {
        let error =
            Error::usage("nothing_published", format!("channel {channel} has no release to name in a head"));
        error.hint("publish one first: cloud-updater draft, sign, publish")
    })?;
    let release = archive.release(channel, number)?;
    let share = if rollout.paused { Share::NONE } else { rollout.share };
    let groups = rollout.groups.iter().filter(|_| !rollout.paused && share < Share::ALL);
    let groups = groups.map(|(name, share)| GroupContent { name: name.clone(), share: share.parts() });
    let previous = match rollout.previous.filter(|previous| share < Share::ALL && *previous < number) {
        Some(previous) => Some(archive.release(channel, previous)?),
        None => None,
    };
    Ok(HeadContent {
        keyring_version: keyring.number,
        release: release.order,
        release_digest: release.digest,
        lifetime_seconds: settings.lifetime_seconds(),
        refresh_seconds: settings.refresh_seconds(),
        share: share.parts(),
        previous: previous.map(|release| Previous {
            epoch: release.order.epoch,
            number: release.order.number,
            digest: release.digest,
        }),
        groups: groups.collect(),
    })
}
