//! Where one application stands: what the status command, reports and the log say of it.

use std::fmt;

use serde::Serialize;
use trust_store::Installed;

use super::holdings::NamedAnchor;
use super::{Change, Entry, Holdings, Ledger, Outcome};
use crate::linux::clock::Moment;
use crate::linux::configuration::{Application, Follows};

/// Anchors that are named in a sentence; the others are counted.
const NAMED_MAX: usize = 3;

/// Where one application stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Subject {
    /// Its name.
    pub application: String,
    /// True where it is taken to use what is installed.
    pub is_well: bool,
    /// How it was last told, by its stable code; nothing where it never was.
    pub outcome: Option<Outcome>,
    /// The same in words.
    pub words: &'static str,
    /// What there is to say beside that.
    pub detail: Option<String>,
    /// The last line that its hook printed, where it failed.
    pub output: Option<String>,
    /// The hook that was run.
    pub hook: Option<String>,
    /// The release that it was last told of, or should have been.
    pub release: Option<String>,
    /// The number of that release.
    #[serde(skip)]
    pub release_number: u32,
    /// What was new for it then.
    pub change: Option<String>,
    /// When that ended.
    pub at: Option<Moment>,
    /// Tries since it was last told with success.
    pub attempts: u32,
    /// Anchors that it may still trust and must not.
    pub still_trusts: Vec<NamedAnchor>,
    /// Anchors that it may not know yet.
    pub lacks: Vec<NamedAnchor>,
    /// Services that it talks to and the release does not have.
    pub unknown_services: Vec<String>,
}

impl Subject {
    /// Where every application stands that the configuration names.
    #[must_use]
    pub fn all(applications: &[Application], ledger: &Ledger, installed: &Installed) -> Vec<Self> {
        let entry = |application: &Application| ledger.applications.get(&application.name);
        applications.iter().map(|application| Self::of(application, entry(application), installed)).collect()
    }

    pub(super) fn of(application: &Application, entry: Option<&Entry>, installed: &Installed) -> Self {
        let change = Change::between(entry, &Holdings::of(installed, application));
        let outcome = entry.map(|entry| entry.outcome);
        let is_well = application.follows == Follows::Everything && application.reload.is_none()
            || entry.is_some_and(|entry| entry.is_well(&change));
        let (still_trusts, lacks) = match application.follows {
            _ if is_well => Default::default(),
            Follows::Everything => Default::default(),
            Follows::Additions => (change.removed.into_iter().collect(), Vec::new()),
            Follows::Nothing => (change.removed.into_iter().collect(), change.added.into_iter().collect()),
        };
        let is_news = outcome.is_none_or(|outcome| outcome.is_well() && !is_well);
        let words = match outcome {
            Some(outcome) if !is_news => outcome.words(),
            _ if is_well => Outcome::Follows.words(),
            _ => "was not told yet of what is installed",
        };
        let failed = entry.filter(|entry| !entry.outcome.is_well());
        Self {
            application: application.name.clone(),
            is_well,
            outcome,
            words,
            detail: entry.and_then(|entry| entry.detail.clone()),
            output: failed.and_then(|entry| entry.output.clone()),
            hook: entry.and_then(|entry| entry.hook.clone()),
            release: entry.map(|entry| entry.release.clone()),
            release_number: entry.map_or(0, |entry| entry.release_number),
            change: entry.map(|entry| entry.change.clone()),
            at: entry.map(|entry| entry.at),
            attempts: entry.map_or(0, |entry| entry.attempts),
            still_trusts,
            lacks,
            unknown_services: unknown_services(application, installed),
        }
    }

    /// What it may still trust, in words; nothing where that is nothing.
    #[must_use]
    pub fn trust_words(&self) -> Option<String> {
        let names = named(&self.still_trusts)?;
        Some(format!("it may still trust {names} until it is restarted"))
    }

    /// What it may not know, in words; nothing where that is nothing.
    #[must_use]
    pub fn lack_words(&self) -> Option<String> {
        let names = named(&self.lacks)?;
        Some(format!("it may not know {names}"))
    }
}

/// `telegraf: its hook failed (status 3): "no such file"`.
impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.application, self.words)?;
        if let Some(detail) = &self.detail {
            write!(f, " ({detail})")?;
        }
        if let Some(output) = &self.output {
            write!(f, ": {output:?}")?;
        }
        Ok(())
    }
}

fn unknown_services(application: &Application, installed: &Installed) -> Vec<String> {
    let Ok(manifest) = installed.manifest() else { return Vec::new() };
    let names = application.services.iter().flatten();
    names.filter(|name| manifest.service(name).is_none()).cloned().collect()
}

/// `A (sha256 …), B (sha256 …) and 3 more`.
fn named(anchors: &[NamedAnchor]) -> Option<String> {
    let short = |anchor: &NamedAnchor| {
        let sha256: String = anchor.sha256.chars().take(16).collect();
        format!("{} (sha256 {sha256}\u{2026})", anchor.subject)
    };
    let mut words: Vec<String> = anchors.iter().take(NAMED_MAX).map(short).collect();
    if anchors.len() > NAMED_MAX {
        words.push(format!("{} more", anchors.len() - NAMED_MAX));
    }
    let last = words.pop()?;
    Some(if words.is_empty() { last } else { format!("{} and {last}", words.join(", ")) })
}
