//! Constraints on an anchor: AND inside a set, OR between sets, as in Chrome's root store.

use serde::{Deserialize, Serialize};

use crate::{DecodeError, DecodeErrorKind, Item, Section, UnixSeconds, host, limits};

/// Conditions that must all hold for a chain to end at the anchor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConstraintSet<'a> {
    /// The end-entity certificate's notBefore is at this time or later.
    pub issued_from: Option<UnixSeconds>,
    /// The end-entity certificate's notBefore is at this time or earlier (NSS: `CKA_NSS_SERVER_DISTRUST_AFTER`).
    pub distrust_after: Option<UnixSeconds>,
    /// The present time is before this one.
    pub expires_at: Option<UnixSeconds>,
    /// The name that the client asked for lies in one of these; none means any name.
    #[serde(borrow)]
    pub subtrees: Section<'a, Subtree<'a>>,
}

/// A DNS name and everything below it (RFC 5280 §4.2.1.10).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Subtree<'a>(pub &'a str);

impl ConstraintSet<'_> {
    /// True where the set holds. `now` is `None` where nobody knows the time; `expires_at` is then not judged.
    #[must_use]
    pub fn holds(&self, host: &str, not_before: UnixSeconds, now: Option<UnixSeconds>) -> bool {
        self.issued_from.is_none_or(|earliest| not_before >= earliest)
            && self.distrust_after.is_none_or(|latest| not_before <= latest)
            && self.expires_at.zip(now).is_none_or(|(end, now)| now < end)
            && (self.subtrees.is_empty() || self.subtrees.iter().any(|subtree| subtree.contains(host)))
    }
}

impl Subtree<'_> {
    /// True for the name itself and names below it; letters compare without regard to case.
    #[must_use]
    pub fn contains(&self, host: &str) -> bool {
        let host = host.strip_suffix('.').unwrap_or(host);
        let Some(front) = host.len().checked_sub(self.0.len()) else { return false };
        let tail_matches = host.get(front..).is_some_and(|tail| tail.eq_ignore_ascii_case(self.0));
        tail_matches && (front == 0 || host.get(..front).is_some_and(|rest| rest.ends_with('.')))
    }
}

impl<'a> Item<'a> for ConstraintSet<'a> {
    const FIELD: &'static str = "anchor.constraints";
    const ITEMS_MAX: usize = limits::CONSTRAINT_SETS_MAX;

    fn check(&self, offset: usize) -> Result<(), DecodeError> {
        self.subtrees.check(offset).map(drop)
    }

    /// Sets keep the order in which their author wrote them.
    fn precedes(&self, _next: &Self) -> bool {
        true
    }
}

impl<'a> Item<'a> for Subtree<'a> {
    const FIELD: &'static str = "anchor.constraints.subtrees";
    const ITEMS_MAX: usize = limits::SUBTREES_MAX;

    fn check(&self, offset: usize) -> Result<(), DecodeError> {
        if host::is_dns_name(self.0) {
            Ok(())
        } else {
            Err(DecodeError::new(Self::FIELD, offset, DecodeErrorKind::Value))
        }
    }

    fn precedes(&self, next: &Self) -> bool {
        self < next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set() -> ConstraintSet<'static> {
        ConstraintSet {
            issued_from: None,
            distrust_after: None,
            expires_at: None,
            subtrees: Section::empty(),
        }
    }

    #[test]
    fn a_subtree_holds_whole_labels() {
        let tree = Subtree("example.org");
        assert!(tree.contains("example.org") && tree.contains("a.EXAMPLE.org."));
        assert!(!tree.contains("badexample.org") && !tree.contains("org") && !tree.contains(""));
    }

    #[test]
    fn every_condition_of_a_set_must_hold() {
        let time = UnixSeconds(100);
        assert!(set().holds("a", time, None));
        assert!(!ConstraintSet { issued_from: Some(UnixSeconds(101)), ..set() }.holds("a", time, None));
        assert!(!ConstraintSet { distrust_after: Some(UnixSeconds(99)), ..set() }.holds("a", time, None));
        assert!(
            ConstraintSet { distrust_after: Some(time), issued_from: Some(time), ..set() }
                .holds("a", time, None)
        );
        let expiring = ConstraintSet { expires_at: Some(UnixSeconds(200)), ..set() };
        assert!(expiring.holds("a", time, Some(UnixSeconds(199))) && expiring.holds("a", time, None));
        assert!(!expiring.holds("a", time, Some(UnixSeconds(200))));
    }
}
