//! The order of documents: recovery epoch first, then number; no clock is asked.

use core::fmt;

/// Which of two documents of one kind and channel is the newer one.
///
/// A recovery opens the next epoch, and everything of a newer epoch beats everything of an older one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Order {
    /// How often the fleet was recovered with its recovery keys.
    pub epoch: u16,
    /// Number within the epoch; only grows.
    pub number: u32,
}

impl Order {
    /// The order of `number` in `epoch`.
    #[must_use]
    pub const fn new(epoch: u16, number: u32) -> Self {
        Self { epoch, number }
    }

    /// True where `next` comes after this one and not by more than `step_max` numbers within the epoch.
    ///
    /// A new epoch starts its numbers anywhere up to `step_max` above this one's.
    #[must_use]
    pub const fn steps_to(self, next: Self, step_max: u32) -> bool {
        next.number.saturating_sub(self.number) <= step_max
    }

    /// True where a release of this order is left behind by a release floor that a keyring restates: it stands above the
    /// floor, or in an epoch that a recovery has closed. Whoever signed it is no longer believed.
    #[must_use]
    pub const fn is_left_behind_by(self, floor: Self) -> bool {
        self.epoch != floor.epoch || self.number > floor.number
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.epoch == 0 {
            write!(f, "{}", self.number)
        } else {
            write!(f, "{}/{}", self.epoch, self.number)
        }
    }
}
