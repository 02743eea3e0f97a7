//! A store's history replayed: for every change, what the forecast could have known beforehand, and what the linter said.

mod page;
mod record;

use std::collections::BTreeMap;
use std::path::Path;

use bundle::{Sha256, UnixSeconds};

pub use page::page;

use super::{Announcement, Event, Knowledge, of_anchor};
use crate::Error;
use crate::certificate::Certificate;
use crate::date::DAY_SECONDS;
use crate::finding::Severity;
use crate::lint::{Role, examine};

/// Days by which a root may leave ahead of a known day and still be said to leave because of it: programmes take roots out
/// with the release before.
const EARLY_DAYS: u64 = 183;

/// Everything that is replayed.
#[derive(Clone, Debug, Default)]
pub struct Replay {
    /// The changes in their order; the first one is the whole store.
    pub changes: Vec<Change>,
}

/// One state of the store, by what differs from the one before.
#[derive(Clone, Debug)]
pub struct Change {
    /// The day of the state.
    pub day: UnixSeconds,
    /// How many roots the store holds from then on.
    pub roots: usize,
    /// What left.
    pub gone: Vec<Gone>,
    /// The errors and warnings about what came, by rule.
    pub came_with: BTreeMap<&'static str, usize>,
    /// How many came.
    pub came: usize,
}

/// A root that left.
#[derive(Clone, Debug)]
pub struct Gone {
    /// What it is called.
    pub name: String,
    /// The event that was known first among those that tell of it, if there is one.
    pub foreseen: Option<Event>,
    /// The errors and warnings about it on the day of the state before.
    pub rules: Vec<&'static str>,
}

/// Replays `history.json`, `certs.pem` and `announcements.csv` of a folder.
///
/// # Errors
/// Exit code 2, 3 or 5 with the file at fault.
pub fn replay(folder: &Path) -> Result<Replay, Error> {
    let record = record::Record::read(folder)?;
    let mut replay = Replay::default();
    let mut roots = 0_usize;
    let mut before = None;
    for state in &record.states {
        let known = before.unwrap_or(state.day);
        let gone = state.removed.iter().filter_map(|sha256| record.certificates.get(sha256));
        let gone =
            gone.map(|certificate| leave(certificate, &record.announcements, known, state.day)).collect();
        let came: Vec<&Certificate> =
            state.added.iter().filter_map(|sha256| record.certificates.get(sha256)).collect();
        let mut came_with = BTreeMap::new();
        for rule in came.iter().flat_map(|certificate| serious(certificate, state.day)) {
            *came_with.entry(rule).or_insert(0_usize) += 1;
        }
        roots = roots.saturating_add(came.len()).saturating_sub(state.removed.len());
        replay.changes.push(Change { day: state.day, roots, gone, came_with, came: came.len() });
        before = Some(state.day);
    }
    Ok(replay)
}

/// What was known about a root on the day of the last state that held it.
fn leave(
    certificate: &Certificate,
    announced: &[Announcement],
    known: UnixSeconds,
    day: UnixSeconds,
) -> Gone {
    let knowledge = Knowledge { is_in_mozillas_program: true, announced, ..Knowledge::default() };
    let telling = |event: &Event| event.day.0 <= day.0.saturating_add(EARLY_DAYS * DAY_SECONDS);
    let events = of_anchor(certificate, &knowledge, known).into_iter().filter(telling);
    Gone {
        name: certificate.short_name.clone(),
        foreseen: events.min_by_key(|event| event.known_since),
        rules: serious(certificate, known),
    }
}

/// The rules with errors and warnings about a root on a day.
fn serious(certificate: &Certificate, day: UnixSeconds) -> Vec<&'static str> {
    let problems = examine(certificate.der(), Some(Role::Anchor), day).into_iter();
    problems
        .map(|problem| problem.rule)
        .filter(|rule| rule.severity < Severity::Notice)
        .map(|rule| rule.id)
        .collect()
}

impl Gone {
    /// Days between the first day on which the event was known and the day on which the root was gone.
    #[must_use]
    pub fn notice_days(&self, gone: UnixSeconds) -> Option<u64> {
        self.foreseen.as_ref().map(|event| gone.since(event.known_since) / DAY_SECONDS)
    }
}

/// The certificates of the record by their SHA-256.
type Certificates = BTreeMap<Sha256, Certificate>;
