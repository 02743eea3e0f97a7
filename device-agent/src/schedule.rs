//! When to do something next: intervals, back-off and jitter, as pure functions.

use crate::limits::{
    JITTER_PERCENT, REFUSAL_SECONDS_MAX, REFUSAL_SECONDS_MIN, RETRY_SECONDS_MIN, TRIAL_SECONDS_MIN,
};

/// A small deterministic generator (xorshift64*), seeded by the driver's entropy. It spreads waits and decides
/// nothing else.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Jitter {
    state: u64,
}

impl Jitter {
    pub(crate) const fn new(entropy: u64) -> Self {
        // Zero would stay zero for ever.
        Self { state: entropy | 1 }
    }

    /// The wait, moved by up to [`JITTER_PERCENT`] to either side.
    pub(crate) fn spread(&mut self, seconds: u64) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        let reach = seconds.saturating_mul(JITTER_PERCENT) / 100;
        let width = reach.saturating_mul(2).saturating_add(1);
        let moved = self.state.checked_rem(width).unwrap_or(0);
        seconds.saturating_sub(reach).saturating_add(moved)
    }
}

/// Seconds until a failed check is tried again, after so many failures in a row.
pub(crate) fn retry_seconds(failures: u32, refresh_seconds: u64) -> u64 {
    doubled(RETRY_SECONDS_MIN, failures.saturating_sub(1)).min(refresh_seconds)
}

/// Seconds until the next round of a trial, after so many rounds.
pub(crate) fn round_seconds(rounds: u32, refresh_seconds: u64) -> u64 {
    doubled(TRIAL_SECONDS_MIN, rounds.saturating_sub(1)).min(refresh_seconds)
}

/// Seconds until a release that was refused so often is tried again.
pub(crate) fn refusal_seconds(attempts: u16) -> u64 {
    doubled(REFUSAL_SECONDS_MIN, u32::from(attempts).saturating_sub(1)).min(REFUSAL_SECONDS_MAX)
}

fn doubled(seconds: u64, times: u32) -> u64 {
    seconds.saturating_mul(1_u64.checked_shl(times).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_wait_from_an_hour_to_a_day() {
        let waits: Vec<u64> = (1..8).map(refusal_seconds).collect();
        assert_eq!(waits, [3_600, 7_200, 14_400, 28_800, 57_600, 86_400, 86_400]);
        assert_eq!(refusal_seconds(u16::MAX), 86_400);
    }

    #[test]
    fn failed_checks_wait_at_most_as_long_as_good_ones() {
        assert_eq!(retry_seconds(1, 21_600), 60);
        assert_eq!(retry_seconds(4, 21_600), 480);
        assert_eq!(retry_seconds(40, 21_600), 21_600);
        assert_eq!(retry_seconds(400, 90), 90);
    }

    #[test]
    fn jitter_stays_within_its_tenth_and_moves() {
        let mut jitter = Jitter::new(0);
        let waits: Vec<u64> = (0..100).map(|_| jitter.spread(1_000)).collect();
        assert!(waits.iter().all(|wait| (900..=1_100).contains(wait)));
        assert!(waits.iter().any(|wait| *wait < 950) && waits.iter().any(|wait| *wait > 1_050));
        assert_eq!(jitter.spread(0), 0);
    }
}
