//! Whether somebody vouches that nothing newer exists.

use bundle::UnixSeconds;
use serde::Serialize;
use store::HeadNote;

use crate::linux::clock::instant;

/// Whether the newest head still vouches for what is installed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Freshness {
    /// It does.
    Fresh {
        /// Until then.
        until: String,
    },
    /// It has expired; what is installed stays.
    Stale {
        /// Since then.
        since: String,
    },
    /// No head was accepted yet, or nobody knows the time.
    Unknown,
}

impl Freshness {
    /// By the newest head that is known of, at `now`: the journal's, or the one whose end the agent noted.
    pub(super) fn of(
        head: Option<HeadNote>,
        of_agent: Option<UnixSeconds>,
        now: Option<UnixSeconds>,
    ) -> Self {
        let of_journal = head.map(|head| head.valid_from.plus(u64::from(head.lifetime_seconds)));
        let expires_at = of_journal.into_iter().chain(of_agent).max();
        match (expires_at, now) {
            (Some(end), Some(now)) if now <= end => Self::Fresh { until: instant(end) },
            (Some(end), Some(_)) => Self::Stale { since: instant(end) },
            _ => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use bundle::{Order, Sha256};

    use super::*;

    fn check(journal: Option<u64>, agent: Option<u64>, now: Option<u64>, expect: &Freshness) {
        let head = journal.map(|valid_from| HeadNote {
            order: Order::new(0, 1),
            digest: Sha256([0; 32]),
            valid_from: UnixSeconds(valid_from),
            lifetime_seconds: 10,
        });
        let found = Freshness::of(head, agent.map(UnixSeconds), now.map(UnixSeconds));
        assert_eq!(&found, expect);
    }

    #[test]
    fn the_newest_head_counts_wherever_it_was_seen() {
        let fresh = |until| Freshness::Fresh { until: instant(UnixSeconds(until)) };
        let stale = |since| Freshness::Stale { since: instant(UnixSeconds(since)) };
        check(Some(100), None, Some(105), &fresh(110));
        check(Some(100), None, Some(111), &stale(110));
        check(Some(100), Some(120), Some(115), &fresh(120));
        check(None, Some(120), Some(121), &stale(120));
        check(Some(100), None, None, &Freshness::Unknown);
        check(None, None, Some(1), &Freshness::Unknown);
    }
}
