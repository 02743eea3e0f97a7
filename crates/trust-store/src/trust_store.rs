//! The trust store of an application: the release in force, read again whenever the agent changes it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use store::Condition;

use crate::current::{Current, Stop, Waited};
use crate::source::Source;
use crate::{Changes, Follower, Installed, Location, OpenError, RefreshError};

/// A read-only view of what the agent installed. Clones share it.
#[derive(Clone, Debug)]
pub struct TrustStore {
    current: Arc<Current<Installed, Source>>,
}

/// What a refresh did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refreshed {
    /// The installed release or its deny list changed, and the new state is in force.
    Changed,
    /// Nothing changed.
    Unchanged,
}

impl TrustStore {
    /// Opens the store at `location`, with the image's seed to fall back on.
    ///
    /// In force is the store's release, or the seed's where that is newer or the store has none: the file may
    /// be missing, empty, lost, or written by a newer version.
    ///
    /// # Errors
    /// Where neither has a usable release, where a given seed cannot be used, and where the store may not be
    /// read.
    pub fn open(location: Location, seed: Option<&Path>) -> Result<Self, OpenError> {
        let mut source = Source::new(location, seed)?;
        let installed = source.first()?;
        Ok(Self { current: Arc::new(Current::new(installed, source)) })
    }

    /// The release in force as of the last refresh: one consistent state, for as long as it is held.
    #[must_use]
    pub fn installed(&self) -> Arc<Installed> {
        self.current.value()
    }

    /// Looks whether anything changed, at the cost of at most 64 bytes read, and if so reads it.
    ///
    /// What is read is hashed, and the journal read again after it, so that the new state was whole at one
    /// moment. Everybody who asks after this call returns sees the new state.
    ///
    /// # Errors
    /// Where the store cannot be read; the state that was read before stays in force.
    pub fn refresh(&self) -> Result<Refreshed, RefreshError> {
        let has_changed = self.current.refresh(|source, held| source.newer(held))?;
        Ok(if has_changed { Refreshed::Changed } else { Refreshed::Unchanged })
    }

    /// What the store was found to be when it was read last. With anything but [`Condition::Ready`] it brings no
    /// news: what was read before stays in force, or the seed where that is newer.
    #[must_use]
    pub fn condition(&self) -> Condition {
        self.current.with_source(Source::condition)
    }

    /// The changes from now on, for a thread that waits for them: first the present state, then each newer one.
    /// While it waits it looks at the store every `interval`.
    #[must_use]
    pub fn changes(&self, interval: Duration) -> Changes {
        Changes::new(self.clone(), interval, Arc::new(Stop::new()))
    }

    /// The changes from now on, for a task that awaits them. A thread looks at the store every `interval`.
    #[cfg(feature = "tokio")]
    #[must_use]
    pub fn change_stream(&self, interval: Duration) -> crate::ChangeStream {
        crate::ChangeStream::new(self, interval)
    }

    /// Refreshes every `interval` on a thread of its own and calls `on_change` with each new state, first with
    /// the present one. The thread ends when the [`Follower`] is dropped.
    pub fn follow(&self, interval: Duration, on_change: impl FnMut(&Installed) + Send + 'static) -> Follower {
        Follower::start(self, interval, on_change)
    }

    pub(crate) fn wait(&self, seen: u64, stop: &Stop, at_most: Duration) -> Waited<Installed> {
        self.current.wait(seen, stop, at_most)
    }

    pub(crate) fn stop(&self, stop: &Stop) {
        self.current.stop(stop);
    }
}
