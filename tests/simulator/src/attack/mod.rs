//! Who else answers, and with what: every attacker of a scenario, ready to answer any device.

mod forgery;

use std::sync::Arc;

use crate::{
    history::History,
    luck::Luck,
    operator::{CHANNEL, STAGING},
    scenario::{Attacker, Forged, Place, Trick, milliseconds},
};
pub use forgery::Forgery;

/// Bytes of an answer that never ends, beyond which the driver has long hung up.
const ENDLESS_BYTES: usize = 4 * 1024 * 1024;

/// An attacker.
#[derive(Debug)]
pub struct Attack {
    /// Its name.
    pub name: String,
    /// When it begins, in milliseconds since the start.
    pub from: u64,
    /// When it ends.
    pub until: u64,
    /// Where it sits.
    pub place: Place,
    /// The part of the fleet that it controls the answers of, in percent.
    pub percent: f64,
    trick: Means,
}

/// What an attacker needs for its trick.
#[derive(Debug)]
enum Means {
    Corrupt,
    Endless,
    Forge(Forgery),
    Impersonate,
    OtherChannel,
    Replay(u64),
    Spoil(Vec<String>),
    Swap,
    Truncate,
    Withhold(Vec<String>),
}

/// What an attacker answers.
#[derive(Clone, Debug)]
pub enum Answer {
    /// These bytes, and the end.
    Whole(Arc<[u8]>),
    /// These bytes, and then the connection breaks.
    Broken(Arc<[u8]>),
    /// That there is no such file.
    NotFound,
    /// What the tree has.
    Honest,
}

impl Attack {
    /// The attacker; `forge` makes what it needs for a forgery that begins at a moment.
    pub(crate) fn new(attacker: &Attacker, forge: impl Fn(&Forged, u64) -> Forgery) -> Self {
        let from = milliseconds(attacker.from_hours);
        let trick = match &attacker.trick {
            Trick::Corrupt => Means::Corrupt,
            Trick::Endless => Means::Endless,
            Trick::Forge(forged) => Means::Forge(forge(forged, from)),
            Trick::Impersonate => Means::Impersonate,
            Trick::OtherChannel => Means::OtherChannel,
            Trick::Replay { as_of_hours } => Means::Replay(milliseconds(*as_of_hours)),
            Trick::Spoil { paths } => Means::Spoil(paths.clone()),
            Trick::Swap => Means::Swap,
            Trick::Truncate => Means::Truncate,
            Trick::Withhold { paths } => Means::Withhold(paths.clone()),
        };
        Self {
            name: attacker.name.clone(),
            from,
            until: milliseconds(attacker.until_hours),
            place: attacker.place,
            percent: attacker.percent,
            trick,
        }
    }

    /// True while it is at work.
    #[must_use]
    pub const fn is_on(&self, at: u64) -> bool {
        self.from <= at && at < self.until
    }

    /// True where it stands before the services' endpoints, and not before the tree.
    #[must_use]
    pub const fn is_at_endpoints(&self) -> bool {
        matches!(self.trick, Means::Impersonate)
    }

    /// True where nothing that it answers to a question for `path` is anything that a device may act on.
    #[must_use]
    pub fn is_refused(&self, path: &str) -> bool {
        match &self.trick {
            Means::OtherChannel => true,
            // The header of a recovery set is signed by nobody, and only its body counts.
            Means::Corrupt => !path.starts_with("keyring/") && !path.starts_with("recovery/"),
            Means::Forge(forgery) => forgery.is_refused(),
            _ => false,
        }
    }

    /// True where it holds a key that devices follow: what they then do is the thief's will.
    #[must_use]
    pub fn is_thief(&self) -> bool {
        matches!(&self.trick, Means::Forge(forgery) if !forgery.is_refused())
    }

    /// True where a release of its own can be accepted.
    #[must_use]
    pub fn owns(&self, digest: bundle::Sha256) -> bool {
        matches!(&self.trick, Means::Forge(forgery) if forgery.release == Some(digest))
    }

    /// What it answers to a question for `path`.
    pub(crate) fn answer(&self, history: &History, at: u64, path: &str, luck: &mut Luck) -> Answer {
        let honest = |at| history.file(path, at);
        match &self.trick {
            Means::Impersonate => Answer::Honest,
            Means::Corrupt => {
                honest(at).map_or(Answer::NotFound, |bytes| Answer::Whole(flipped(bytes, luck)))
            }
            Means::Spoil(paths) if begins(path, paths) => {
                honest(at).map_or(Answer::NotFound, |bytes| Answer::Whole(flipped(bytes, luck)))
            }
            Means::Truncate => honest(at).map_or(Answer::NotFound, |bytes| {
                let length = usize::try_from(luck.below(bytes.len() as u64)).unwrap_or(0);
                Answer::Broken(bytes.get(..length).unwrap_or_default().into())
            }),
            Means::Endless => {
                let mut bytes = honest(at).map(|bytes| bytes.to_vec()).unwrap_or_default();
                bytes.resize(ENDLESS_BYTES, 0x5a);
                Answer::Whole(bytes.into())
            }
            Means::Replay(as_of) => honest((*as_of).min(at)).cloned().map_or(Answer::NotFound, Answer::Whole),
            Means::Withhold(paths) if begins(path, paths) => Answer::NotFound,
            Means::Spoil(_) | Means::Withhold(_) => Answer::Honest,
            // Keyrings belong to every channel.
            Means::OtherChannel => path.strip_prefix(CHANNEL).map_or(Answer::Honest, |rest| {
                let file = history.file(&format!("{STAGING}{rest}"), at);
                file.cloned().map_or(Answer::NotFound, Answer::Whole)
            }),
            Means::Swap => swapped(history, at, path, luck).map_or(Answer::NotFound, Answer::Whole),
            Means::Forge(forgery) => match forgery.files.get(path) {
                Some(bytes) => Answer::Whole(Arc::clone(bytes)),
                None if forgery.hides(path) => Answer::NotFound,
                None => Answer::Honest,
            },
        }
    }
}

fn begins(path: &str, beginnings: &[String]) -> bool {
    beginnings.iter().any(|beginning| path.starts_with(beginning.as_str()))
}

/// The same with one bit flipped.
fn flipped(bytes: &[u8], luck: &mut Luck) -> Arc<[u8]> {
    let mut bytes = bytes.to_vec();
    let at = usize::try_from(luck.below(bytes.len() as u64)).unwrap_or(0);
    let bit = luck.below(8);
    if let Some(byte) = bytes.get_mut(at) {
        *byte ^= 1 << bit;
    }
    bytes.into()
}

/// Another file of the same kind as the one that was asked for; now and then the right one.
fn swapped(history: &History, at: u64, path: &str, luck: &mut Luck) -> Option<Arc<[u8]>> {
    let folder = path.rsplit_once('/').map_or(path, |(folder, _)| folder);
    let there = history.files.iter().filter(|(name, versions)| {
        name.starts_with(folder) && versions.first().is_some_and(|version| version.from <= at)
    });
    let names: Vec<&String> = there.map(|(name, _)| name).collect();
    let chosen = usize::try_from(luck.below(names.len() as u64)).unwrap_or(0);
    history.file(names.get(chosen)?, at).cloned()
}
