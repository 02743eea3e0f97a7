//! A thread that looks at the store from time to time, for those who wait for a change.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::signals::Blocked;

/// The thread's name, as `ps -L` and debuggers show it.
const NAME: &str = "trust-store";

/// A running thread; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Follower {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Follower {
    /// Starts a thread that calls `look` at once and then every `interval`.
    pub(crate) fn start(interval: Duration, look: impl Fn() + Send + 'static) -> io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let is_stopped = Arc::clone(&stop);
        // The application's signals are for its own threads: a thread begins with the mask of the one that starts it.
        let _blocked = Blocked::all();
        let thread = thread::Builder::new().name(NAME.to_owned()).spawn(move || {
            while !is_stopped.load(Ordering::Acquire) {
                look();
                thread::park_timeout(interval);
            }
        })?;
        Ok(Self { stop, thread: Some(thread) })
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // Closed by the application's log function, it cannot wait for itself.
            if thread.thread().id() != thread::current().id() {
                // A thread that panicked has ended too.
                let _ended = thread.join();
            }
        }
    }
}
