//! What a signer is shown, in a form that hashes to the same on every machine: how two are told apart who saw different
//! things.

use bundle::Sha256;
use serde::Serialize;

use super::pending::PendingDraft;
use super::side::Viewed;
use crate::diff::{Change, Difference};
use crate::document::{DraftFile, Seen};
use crate::{Error, Output};

/// In front of what is hashed.
const DOMAIN: &[u8] = b"trust-bundle shown to a signer\0";

/// What was shown of one document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    /// The changes: a function of the draft alone.
    pub(super) changes: String,
    /// The verdicts of the coverage matrix; `None` where nothing was at hand to judge by.
    pub(super) coverage: Option<String>,
}

/// The changes of a release as JSON.
#[derive(Serialize)]
struct Changes<'a> {
    document: String,
    compared_with: Option<String>,
    reason: &'a str,
    breaks_on_purpose: &'a [String],
    changes: Vec<Change>,
}

/// A keyring draft as JSON: all of it is shown.
#[derive(Serialize)]
struct Keyring<'a> {
    document: String,
    replaces: Option<String>,
    reason: &'a str,
}

impl Shown {
    /// The changes that a draft shows.
    ///
    /// # Errors
    /// Exit code 3 where it is malformed.
    pub(super) fn of_draft(draft: &DraftFile) -> Result<Self, Error> {
        let digest = |document: &[u8]| (!document.is_empty()).then(|| Sha256::of(&[document]).to_string());
        let document = draft.unsigned()?.digest().to_string();
        let json = if draft.channel.is_some() {
            let (before, after) = Viewed::of_draft(draft)?;
            let changes = Difference::between(before.side(), after.side()).changes;
            let compared_with = digest(&draft.previous);
            serde_json::to_string(&Changes {
                document,
                compared_with,
                reason: &draft.reason,
                breaks_on_purpose: &draft.allowed,
                changes,
            })
        } else {
            serde_json::to_string(&Keyring {
                document,
                replaces: digest(&draft.keyring),
                reason: &draft.reason,
            })
        };
        let changes = json.map_err(|error| Error::bug("changes are no JSON").because(error))?;
        Ok(Self { changes, coverage: None })
    }

    /// The record of it.
    pub(super) fn record(&self, log: Vec<Sha256>) -> Seen {
        let hash = |text: &String| Sha256::of(&[DOMAIN, text.as_bytes()]);
        Seen { changes: Some(hash(&self.changes)), coverage: self.coverage.as_ref().map(hash), log }
    }
}

/// Says who of the signers of a draft saw something else than it holds, or something else than the others.
///
/// # Errors
/// Exit code 3 where the draft is malformed.
pub(super) fn compare(draft: &PendingDraft, label: &str, output: Output) -> Result<Vec<String>, Error> {
    let wanted = Shown::of_draft(&draft.file)?.record(Vec::new()).changes;
    let mut told = Vec::new();
    let names = |keep: &dyn Fn(&Seen) -> bool| -> Vec<&str> {
        let kept = draft.seen.iter().filter(|(_, seen)| keep(seen));
        kept.map(|(name, _)| name.as_str()).collect()
    };
    let others = names(&|seen| seen.changes.is_some() && seen.changes != wanted);
    if !others.is_empty() {
        told.push(format!(
            "{label}: {} saw other changes than this draft holds: ask what they were shown, and by whom",
            others.join(", ")
        ));
    }
    let silent = names(&|seen| seen.changes.is_none());
    if !silent.is_empty() {
        told.push(format!("{label}: the signature of {} says nothing of what they saw", silent.join(", ")));
    }
    let coverages: Vec<(&str, Sha256)> =
        draft.seen.iter().filter_map(|(name, seen)| Some((name.as_str(), seen.coverage?))).collect();
    if let Some((first, hash)) = coverages.first()
        && let Some((other, _)) = coverages.iter().find(|(_, other)| other != hash)
    {
        told.push(format!(
            "{label}: {first} and {other} saw different coverage: observations differ between their clones"
        ));
    }
    told.iter().for_each(|words| output.warning(words));
    Ok(told)
}
