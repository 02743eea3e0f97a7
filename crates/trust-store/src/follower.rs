//! A thread that refreshes a trust store and tells of every change.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::{Installed, TrustStore};

/// Keeps a [`TrustStore`] fresh until it is dropped.
#[derive(Debug)]
#[must_use = "the thread ends when this is dropped"]
pub struct Follower {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Follower {
    pub(crate) fn start(
        store: TrustStore,
        interval: Duration,
        mut on_change: impl FnMut(&Installed) + Send + 'static,
    ) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let is_stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            // Another clone of the store may have refreshed it, so states are compared, not refreshes.
            let mut told: Weak<Installed> = Weak::new();
            while !is_stopped.load(Ordering::Acquire) {
                // A store that cannot be read now keeps what it had, and is asked again.
                let _ = store.refresh();
                let installed = store.installed();
                if !Weak::ptr_eq(&told, &Arc::downgrade(&installed)) {
                    told = Arc::downgrade(&installed);
                    on_change(&installed);
                }
                std::thread::park_timeout(interval);
            }
        });
        Self { stop, thread: Some(thread) }
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // Dropped by its own callback, it cannot wait for itself.
            if thread.thread().id() != std::thread::current().id() {
                // A callback that panicked has ended the thread, and said so itself.
                let _ = thread.join();
            }
        }
    }
}
