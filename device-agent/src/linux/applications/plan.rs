//! What is done about one application: nothing, a hook, or a note that none is needed, or none is there.

use serde::Serialize;

use super::{Change, Entry, Outcome};
use crate::linux::configuration::{Application, Follows, Hook};

/// What is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Plan<'a> {
    /// Nothing: it is well, or waits.
    Nothing,
    /// Its hook is run.
    Run(Telling<'a>),
    /// Without a hook it stands like this.
    Settle(Outcome),
}

/// A hook, and what it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Telling<'a> {
    pub(super) hook: &'a Hook,
    pub(super) change: String,
    pub(super) reconnect: bool,
}

/// A hook that would be run, for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rehearsal {
    /// For whom.
    pub application: String,
    /// The hook in words.
    pub hook: String,
    /// `DEVICE_AGENT_CHANGE`.
    pub change: String,
    /// `DEVICE_AGENT_RECONNECT`.
    pub reconnect: bool,
}

/// The moment at which plans are made.
#[derive(Clone, Copy, Debug)]
pub(super) struct At<'a> {
    /// The generation that is installed.
    pub(super) generation: u64,
    /// The machine's start.
    pub(super) boot: &'a str,
    /// Whether the application has waited long enough since it failed.
    pub(super) is_due: bool,
}

impl<'a> Plan<'a> {
    /// The plan for an application of which `entry` is known.
    pub(super) fn of(
        application: &'a Application,
        entry: Option<&Entry>,
        change: &Change,
        at: At<'_>,
    ) -> Self {
        if entry.is_some_and(|entry| entry.is_well(change)) {
            return Self::Nothing;
        }
        match Telling::of(application, change) {
            Some(_) if !at.is_due => Self::Nothing,
            Some(telling) => Self::Run(telling),
            None => Self::without_hook(application, entry, change, at),
        }
    }

    /// The plan for an application that a person names: its hook is run, whatever it was told before.
    pub(super) fn by_hand(application: &'a Application, change: &Change, removal: bool) -> Self {
        let rehearsed = || {
            let hook = if removal { on_removal(application) } else { application.reload.as_ref() };
            let change = if removal { "removed" } else { "added" };
            hook.map(|hook| Telling { hook, change: change.to_owned(), reconnect: removal })
        };
        let is_real = !change.is_none() && !removal;
        let telling = if is_real { Telling::of(application, change) } else { rehearsed() };
        telling.map_or(Self::Nothing, Self::Run)
    }

    fn without_hook(application: &Application, entry: Option<&Entry>, change: &Change, at: At<'_>) -> Self {
        let is_addition = !change.wants_reconnect();
        match (application.follows, entry) {
            (Follows::Everything, _) => Self::Settle(Outcome::Follows),
            (Follows::Additions, _) if is_addition => Self::Settle(Outcome::Follows),
            _ if change.is_unknown => Self::Settle(Outcome::Assumed),
            (_, Some(entry)) if entry.outcome == Outcome::NoHook && entry.generation == at.generation => {
                // The exports showed this before the machine was started anew: whatever runs has read it since.
                let is_new_start = !at.boot.is_empty() && entry.boot != at.boot;
                if is_new_start { Self::Settle(Outcome::Restarted) } else { Self::Nothing }
            }
            _ => Self::Settle(Outcome::NoHook),
        }
    }
}

impl<'a> Telling<'a> {
    fn of(application: &'a Application, change: &Change) -> Option<Self> {
        let reconnect = change.wants_reconnect();
        let hook = if reconnect { on_removal(application) } else { application.reload.as_ref() };
        hook.map(|hook| Self { hook, change: change.to_string(), reconnect })
    }
}

impl Rehearsal {
    pub(super) fn of(application: &Application, plan: &Plan<'_>) -> Option<Self> {
        let Plan::Run(Telling { hook, change, reconnect }) = plan else { return None };
        let (application, hook) = (application.name.clone(), hook.to_string());
        Some(Self { application, hook, change: change.clone(), reconnect: *reconnect })
    }
}

/// The hook for removals: the one for all changes where there is no other.
fn on_removal(application: &Application) -> Option<&Hook> {
    application.on_removal.as_ref().or(application.reload.as_ref())
}
