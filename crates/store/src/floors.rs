//! What must never go back: the lowest acceptable keyring, release, head and time.

use bundle::{Order, UnixSeconds};

/// The floors, in a layout frozen for ever: even a store of a later format tells them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Floors {
    /// The newest keyring that was accepted.
    pub keyring: Order,
    /// The newest release that was confirmed.
    pub release: Order,
    /// The newest head that was accepted and written down.
    pub head: Order,
    /// A time that has passed for certain; zero before the first document.
    pub time: UnixSeconds,
}

/// Floors that a new keyring sets anew: the one way in which a floor moves back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Restated {
    /// The release floor, where it is restated.
    pub release: Option<Order>,
    /// The head floor, where it is restated.
    pub head: Option<Order>,
    /// The time floor, where it is set anew.
    pub time: Option<UnixSeconds>,
}

impl Floors {
    /// For each floor the higher one of the two.
    #[must_use]
    pub fn or_higher(self, other: Self) -> Self {
        Self {
            keyring: self.keyring.max(other.keyring),
            release: self.release.max(other.release),
            head: self.head.max(other.head),
            time: self.time.max(other.time),
        }
    }

    /// True where no floor is below the one in `earlier`.
    #[must_use]
    pub fn holds(&self, earlier: &Self) -> bool {
        self.or_higher(*earlier) == *self
    }

    pub(crate) fn restate(&mut self, restated: Restated) {
        self.release = restated.release.unwrap_or(self.release);
        self.head = restated.head.unwrap_or(self.head);
        self.time = restated.time.unwrap_or(self.time);
    }
}
