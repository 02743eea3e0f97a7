//! Chance: drawn from the seed, the device and what the draw is for, so that no draw moves another one.

use bundle::Sha256;

/// A stream of luck for one purpose of one device.
#[derive(Clone, Debug)]
pub(crate) struct Luck(fastrand::Rng);

impl Luck {
    /// The luck of `device` with what `purpose` names.
    pub(crate) fn of(seed: u64, device: u64, purpose: &str) -> Self {
        let mixed = Sha256::of(&[&seed.to_le_bytes(), &device.to_le_bytes(), purpose.as_bytes()]);
        Self(fastrand::Rng::with_seed(u64::from_le_bytes(mixed.prefix())))
    }

    /// A number below `end`; 0 where that is 0.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        if end == 0 { 0 } else { self.0.u64(..end) }
    }

    /// A number from `0.0` to below `1.0`.
    pub(crate) fn part(&mut self) -> f64 {
        self.0.f64()
    }

    /// True in `percent` of a hundred cases.
    pub(crate) fn happens(&mut self, percent: f64) -> bool {
        self.part() * 100.0 < percent
    }

    /// Whatever 64 bits come.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0.u64(..)
    }

    /// The wait until the next of events that come `per_day` times a day on average, in milliseconds (an exponential
    /// distribution); `None` where they never come.
    pub(crate) fn until_next(&mut self, per_day: f64) -> Option<u64> {
        if per_day <= 0.0 {
            return None;
        }
        let days = -(1.0 - self.part()).ln() / per_day;
        Some(crate::scenario::milliseconds(days * 24.0))
    }
}
