//! What changed for one application since it was last told.

use std::collections::BTreeSet;
use std::fmt;

use super::Holdings;
use super::holdings::NamedAnchor;
use super::ledger::Entry;

/// What an application should hear of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Anchors that it does not know yet.
    pub added: BTreeSet<NamedAnchor>,
    /// Anchors that it may still trust, and must not.
    pub removed: BTreeSet<NamedAnchor>,
    /// True where an anchor is limited otherwise than before, or a certificate below one is denied.
    pub is_limited: bool,
    /// True where nobody knows what it was told before.
    pub is_unknown: bool,
}

impl Change {
    /// What lies between what is known of an application and what it should hold now.
    #[must_use]
    pub fn between(entry: Option<&Entry>, now: &Holdings) -> Self {
        let Some((entry, told)) = entry.and_then(|entry| Some((entry, entry.told.as_ref()?))) else {
            return Self { is_unknown: true, ..Self::default() };
        };
        // What it heard half of, it may have taken up.
        let mut possible = told.clone();
        possible.join(&entry.also);
        let change = Self {
            added: now.without(told),
            removed: possible.without(now),
            is_limited: now.is_limited_otherwise(told),
            is_unknown: false,
        };
        // It was told of something else in between, and what it made of that nobody knows.
        let is_unknown = change.is_none() && !entry.outcome.is_well();
        Self { is_unknown, ..change }
    }

    /// True where there is nothing to tell.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// True where the application must give up what it cached and the connections that it has: something that it may
    /// still trust is not to be trusted any more.
    #[must_use]
    pub fn wants_reconnect(&self) -> bool {
        !self.removed.is_empty() || self.is_limited || self.is_unknown
    }
}

/// As hooks are given it: `added`, `removed`, `limits`, with commas; or `unknown`.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_unknown {
            return f.write_str("unknown");
        }
        let parts = [
            (!self.added.is_empty(), "added"),
            (!self.removed.is_empty(), "removed"),
            (self.is_limited, "limits"),
        ];
        let words: Vec<&str> = parts.into_iter().filter(|(is_so, _)| *is_so).map(|(_, word)| word).collect();
        f.write_str(&words.join(","))
    }
}

#[cfg(test)]
mod tests;
