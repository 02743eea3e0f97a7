//! A thread that refreshes a trust store and tells of every change.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use crate::changes::Changes;
use crate::current::Stop;
use crate::{Installed, TrustStore};

/// Keeps a [`TrustStore`] fresh until it is dropped.
#[derive(Debug)]
#[must_use = "the thread ends when this is dropped"]
pub struct Follower {
    thread: Option<JoinHandle<()>>,
    // Dropped after the thread was waited for; by then it is set already.
    end: End,
}

/// Ends a following thread when it is dropped, and does not wait for it.
#[derive(Debug)]
pub(crate) struct End {
    store: TrustStore,
    stop: Arc<Stop>,
}

impl Follower {
    pub(crate) fn start(
        store: &TrustStore,
        interval: Duration,
        mut on_change: impl FnMut(&Installed) + Send + 'static,
    ) -> Self {
        let (thread, end) = spawn(store, interval, move |installed| on_change(&installed));
        Self { thread: Some(thread), end }
    }
}

/// Starts a thread that calls `on_change` with each new state, first with the present one.
pub(crate) fn spawn(
    store: &TrustStore,
    interval: Duration,
    mut on_change: impl FnMut(Arc<Installed>) + Send + 'static,
) -> (JoinHandle<()>, End) {
    let stop = Arc::new(Stop::new());
    let mut changes = Changes::new(store.clone(), interval, Arc::clone(&stop));
    let thread = std::thread::spawn(move || {
        while let Some(installed) = changes.wait(Duration::MAX) {
            on_change(installed);
        }
    });
    (thread, End { store: store.clone(), stop })
}

impl End {
    fn announce(&self) {
        self.store.stop(&self.stop);
    }
}

impl Drop for End {
    fn drop(&mut self) {
        self.announce();
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.end.announce();
        // Dropped by its own callback, it cannot wait for itself.
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != std::thread::current().id()
        {
            // A callback that panicked has ended the thread, and said so itself.
            let _ = thread.join();
        }
    }
}
