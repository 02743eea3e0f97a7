//! The changes of a store, waited for by a thread.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::current::{Stop, Waited};
use crate::{Installed, TrustStore};

/// Shortest interval between two looks at the store: a shorter one would only heat the device.
const INTERVAL_MIN: Duration = Duration::from_millis(1);

/// Hands out each state of a [`TrustStore`] that was not handed out yet, beginning with the present one.
///
/// It refreshes the store itself while it waits, and wakes at once when another clone of the store did. Of changes
/// that follow each other faster than they are asked for only the newest is handed out; the last one always is.
#[derive(Debug)]
pub struct Changes {
    store: TrustStore,
    interval: Duration,
    stop: Arc<Stop>,
    seen: u64,
}

impl Changes {
    pub(crate) fn new(store: TrustStore, interval: Duration, stop: Arc<Stop>) -> Self {
        Self { store, interval: interval.max(INTERVAL_MIN), stop, seen: 0 }
    }

    /// The next state, or `None` where there is none within `at_most`.
    pub fn wait(&mut self, at_most: Duration) -> Option<Arc<Installed>> {
        let deadline = Instant::now().checked_add(at_most);
        loop {
            // A store that cannot be read now keeps what it had, and is asked again.
            let _ = self.store.refresh();
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            let nap = left.map_or(self.interval, |left| left.min(self.interval));
            match self.store.wait(self.seen, &self.stop, nap) {
                Waited::Changed(installed, version) => {
                    self.seen = version;
                    return Some(installed);
                }
                Waited::Stopped => return None,
                Waited::TimedOut if left.is_some_and(|left| left <= self.interval) => return None,
                Waited::TimedOut => {}
            }
        }
    }
}
