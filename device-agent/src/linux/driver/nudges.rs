//! How often a check may be asked for: whoever can send signals must not wear out the tries of a release.

use std::time::{Duration, Instant};

/// Shortest time between two checks that were asked for, in seconds.
const NUDGE_SECONDS_MIN: u64 = 60;

/// The checks that were asked for so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Nudges {
    granted_at: Option<Instant>,
}

impl Nudges {
    /// How long a check that is asked for now must wait.
    pub(super) fn wait(self, now: Instant) -> Duration {
        let Some(granted_at) = self.granted_at else { return Duration::ZERO };
        let passed = now.saturating_duration_since(granted_at);
        Duration::from_secs(NUDGE_SECONDS_MIN).saturating_sub(passed)
    }

    /// A check that was asked for begins.
    pub(super) fn grant(&mut self, now: Instant) {
        self.granted_at = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_nudge_is_heard_at_once_and_the_next_one_a_minute_later() {
        let (start, mut nudges) = (Instant::now(), Nudges::default());
        let after = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(nudges.wait(start), Duration::ZERO);
        nudges.grant(start);
        assert_eq!(nudges.wait(after(1)), Duration::from_secs(59));
        assert_eq!(nudges.wait(after(59)), Duration::from_secs(1));
        assert_eq!(nudges.wait(after(60)), Duration::ZERO);
        nudges.grant(after(60));
        assert_eq!(nudges.wait(after(61)), Duration::from_secs(59));
    }
}
