//! What is compared: the releases that devices hold, and the one that is to come.

use bundle::Order;

use super::JudgedBundle;
use crate::diff::Names;
use crate::document::{Draft, DraftFile, content};
use crate::publish::Archive;
use crate::repository::{Repository, Rollout, Share};
use crate::{Context, Error};

/// The bundles of one comparison.
#[derive(Clone, Debug)]
pub struct Sides {
    /// The channel.
    pub channel: String,
    /// What devices hold: the release that is rolled out, and the one before it while that is not everywhere.
    pub held: Vec<JudgedBundle>,
    /// What is to come.
    pub candidate: JudgedBundle,
    /// Names of whatever else the repository knows, what is distrusted included.
    pub names: Names,
}

impl Sides {
    /// The releases that `rollout` leaves on devices.
    ///
    /// # Errors
    /// Exit code 2 where the rollout names a release that is not there.
    pub fn held(archive: &Archive, channel: &str, rollout: &Rollout) -> Result<Vec<JudgedBundle>, Error> {
        let is_everywhere = rollout.share == Share::ALL && !rollout.paused;
        let before = rollout.previous.filter(|_| !is_everywhere);
        let numbers = [rollout.release, before].into_iter().flatten();
        numbers
            .map(|number| JudgedBundle::of_release(archive, channel, archive.release(channel, number)?))
            .collect()
    }

    /// What devices of `channel` hold, and what `word` means: a release's number, a draft file, `now` for what the
    /// repository holds; where nothing is said, the first draft that waits, else `now`.
    ///
    /// # Errors
    /// Exit code 2 or 3 where one of them cannot be read.
    pub fn of_word(
        repository: &Repository,
        archive: &Archive,
        channel: &str,
        word: Option<&str>,
        context: &Context,
    ) -> Result<Self, Error> {
        let rollout = repository.rollout(channel)?;
        let waiting = repository.layout().drafts(Some(channel));
        let drafts = crate::repository::files_with(&waiting, "draft")?;
        let candidate = match (word, drafts.first()) {
            (None, Some(path)) => JudgedBundle::of_draft(&DraftFile::read(path)?)?,
            (None | Some("now"), _) => of_repository(repository, archive, channel, context)?,
            (Some(word), _) => match word.parse::<u32>() {
                Ok(number) => JudgedBundle::of_release(archive, channel, archive.release(channel, number)?)?,
                Err(_) => JudgedBundle::of_draft(&DraftFile::read(std::path::Path::new(word))?)?,
            },
        };
        Self::new(repository, archive, channel, &rollout, candidate)
    }

    /// What `rollout` leaves on devices, against `candidate`.
    ///
    /// # Errors
    /// As [`Sides::held`].
    pub fn new(
        repository: &Repository,
        archive: &Archive,
        channel: &str,
        rollout: &Rollout,
        candidate: JudgedBundle,
    ) -> Result<Self, Error> {
        let held = Self::held(archive, channel, rollout)?;
        let entries = repository.anchors()?;
        let names = Names::of_certificates(entries.iter().map(|entry| entry.certificate.der()));
        Ok(Self { channel: channel.to_owned(), held, candidate, names })
    }
}

/// What the next release would be if it were drafted now.
fn of_repository(
    repository: &Repository,
    archive: &Archive,
    channel: &str,
    context: &Context,
) -> Result<JudgedBundle, Error> {
    let now = content::of_repository(repository, channel)?;
    let keyring = archive.keyrings().newest_order().unwrap_or(Order::new(0, 1));
    let newest = archive.releases(channel).next_back();
    let number = newest.map_or(1, |release| release.order.number.saturating_add(1));
    let draft = Draft::of_content(channel, &now.manifest, now.blobs);
    let manifest = draft.number(Order::new(keyring.epoch, number), keyring.number, context.now())?;
    JudgedBundle::of_unsigned(&format!("{channel} as the repository has it"), &manifest)
}
