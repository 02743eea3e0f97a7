//! When a hook that failed is run again: soon, then less and less often. The calendar is not asked.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Wait after the first failure, in seconds: an application that is just starting is there in a minute.
const WAIT_SECONDS_MIN: u64 = 60;
/// Longest wait, in seconds: a check without news is as rare.
const WAIT_SECONDS_MAX: u64 = 21_600;

/// The waits of this start of the agent, by application. Whoever is not in it is due: a process that a timer starts tries
/// once each time.
#[derive(Debug, Default)]
pub(super) struct Waits(BTreeMap<String, Wait>);

#[derive(Debug)]
struct Wait {
    /// What it failed to hear of.
    generation: u64,
    failures: u32,
    until: Instant,
}

impl Waits {
    /// True where the application may be told of `generation` now; a newer one than it failed on is told at once.
    pub(super) fn is_due(&self, name: &str, generation: u64, now: Instant) -> bool {
        self.0.get(name).is_none_or(|wait| wait.generation != generation || wait.until <= now)
    }

    /// It failed, and waits.
    pub(super) fn failed(&mut self, name: &str, generation: u64, now: Instant) {
        let before = self.0.get(name).filter(|wait| wait.generation == generation);
        let failures = before.map_or(0, |wait| wait.failures);
        let seconds = WAIT_SECONDS_MIN.saturating_mul(1_u64.checked_shl(failures).unwrap_or(u64::MAX));
        let until = now + Duration::from_secs(seconds.min(WAIT_SECONDS_MAX));
        self.0.insert(name.to_owned(), Wait { generation, failures: failures.saturating_add(1), until });
    }

    /// It waits for nothing.
    pub(super) fn ended(&mut self, name: &str) {
        self.0.remove(name);
    }

    /// How long until the next one is due.
    pub(super) fn next(&self, now: Instant) -> Option<Duration> {
        self.0.values().map(|wait| wait.until.saturating_duration_since(now)).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_to_its_bound_and_news_is_told_at_once() {
        let (start, mut waits) = (Instant::now(), Waits::default());
        assert!(waits.is_due("a", 1, start), "nothing has failed yet");
        let mut seconds = Vec::new();
        for _ in 0..40 {
            waits.failed("a", 1, start);
            seconds.push(waits.next(start).unwrap().as_secs());
        }
        assert_eq!(seconds[..4], [60, 120, 240, 480]);
        assert_eq!(seconds[39], WAIT_SECONDS_MAX);
        assert!(!waits.is_due("a", 1, start) && waits.is_due("b", 1, start));
        assert!(waits.is_due("a", 2, start), "another generation");
        waits.failed("a", 2, start);
        assert_eq!(waits.next(start), Some(Duration::from_secs(60)), "and it is the first failure there");
        assert!(waits.is_due("a", 2, start + Duration::from_secs(60)));
        waits.ended("a");
        assert_eq!(waits.next(start), None);
    }
}
