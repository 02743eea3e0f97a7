//! A handle: one open store, its state as of the last look, and whoever waits for the next one.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::fd::{AsFd as _, AsRawFd as _, OwnedFd};
use trust_store::{Installed, TrustStore};

use crate::follower::Follower;
use crate::log::{Level, Log};
use crate::{Code, reason};

/// The handle. Applications only hold its address.
#[derive(Debug)]
pub struct Handle {
    /// The process that opened it: after fork, a lock may be held by a thread that the child does not have.
    process: u32,
    shared: Arc<Shared>,
    follower: Mutex<Option<Follower>>,
    interval: Duration,
    /// Anchors are handed out that are trusted under constraints: the application asks about every chain.
    pub(crate) judges: bool,
}

/// What the handle and its follower share.
#[derive(Debug)]
pub(crate) struct Shared {
    store: TrustStore,
    seen: Mutex<Seen>,
    moved: Condvar,
    log: Log,
}

/// One state of the handle.
#[derive(Clone, Debug)]
pub(crate) struct State {
    pub(crate) installed: Arc<Installed>,
    /// Counts the states of this handle, from 1.
    pub(crate) changes: u64,
    /// What is to be said of the store.
    pub(crate) reason: u16,
}

#[derive(Debug)]
struct Seen {
    state: State,
    /// Written to when the state changes, for event loops.
    notice: Option<OwnedFd>,
}

impl Handle {
    /// A handle of an open store.
    pub(crate) fn new(store: TrustStore, log: Log, interval: Duration, judges: bool) -> Self {
        let installed = store.installed();
        let reason = reason::of_condition(store.condition(), installed.origin());
        let state = State { installed, changes: 1, reason };
        let seen = Mutex::new(Seen { state, notice: None });
        let shared = Arc::new(Shared { store, seen, moved: Condvar::new(), log });
        Self { process: std::process::id(), shared, follower: Mutex::new(None), interval, judges }
    }

    /// Fails in a process that did not open the handle.
    pub(crate) fn check_process(&self) -> Result<(), Code> {
        if self.process == std::process::id() { Ok(()) } else { Err(Code::Forked) }
    }

    /// The newest state that was read.
    pub(crate) fn state(&self) -> State {
        self.shared.lock().state.clone()
    }

    /// Looks at the store.
    pub(crate) fn refresh(&self) -> Result<(), Code> {
        self.shared.refresh()
    }

    /// Waits until the state is another one than number `changes`.
    pub(crate) fn wait(&self, changes: u64, timeout: Duration) -> Result<(), Code> {
        self.follow()?;
        let is_same = |seen: &mut Seen| seen.state.changes == changes;
        let seen = self.shared.lock();
        let waited = self.shared.moved.wait_timeout_while(seen, timeout, is_same);
        let (seen, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if seen.state.changes == changes { Err(Code::Again) } else { Ok(()) }
    }

    /// The descriptor that can be read once the state has changed.
    pub(crate) fn descriptor(&self) -> Result<i32, Code> {
        let number = self.shared.descriptor()?;
        self.follow()?;
        Ok(number)
    }

    /// Has a thread look at the store from now on.
    fn follow(&self) -> Result<(), Code> {
        let mut follower = self.follower.lock().unwrap_or_else(PoisonError::into_inner);
        if follower.is_none() {
            let shared = Arc::clone(&self.shared);
            // What a look found is told to the log.
            let look = move || {
                let _failed = shared.refresh();
            };
            *follower = Some(Follower::start(self.interval, look).map_err(|_| Code::SystemFailed)?);
        }
        Ok(())
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Seen> {
        // A state is replaced whole, so there is none that a panic could have left half made.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn refresh(&self) -> Result<(), Code> {
        let looked = self.store.refresh();
        let mut seen = self.lock();
        // Another thread may have read the state that this one finds.
        let installed = self.store.installed();
        let reason = match &looked {
            Ok(_) => reason::of_condition(self.store.condition(), installed.origin()),
            Err(_) => reason::STORE_FAILED,
        };
        let was = std::mem::replace(&mut seen.state.reason, reason);
        let is_new = !Arc::ptr_eq(&installed, &seen.state.installed);
        if is_new {
            seen.state.installed = Arc::clone(&installed);
            seen.state.changes = seen.state.changes.saturating_add(1);
            seen.tell();
            self.moved.notify_all();
        }
        drop(seen);
        // The application's function is called without a lock, so that it may call back.
        match &looked {
            Err(error) if was != reason => self.log.error(Level::Warning, error),
            Ok(_) if is_new => self.log.installed(&installed),
            Ok(_) if was != reason => self.log.store_is(reason),
            _ => {}
        }
        looked.map(drop).map_err(|_| Code::StoreFailed)
    }

    fn descriptor(&self) -> Result<i32, Code> {
        use rustix::event::{EventfdFlags, eventfd};
        let mut seen = self.lock();
        if seen.notice.is_none() {
            let flags = EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK;
            seen.notice = Some(eventfd(0, flags).map_err(|_| Code::SystemFailed)?);
        }
        seen.notice.as_ref().map(|notice| notice.as_raw_fd()).ok_or(Code::SystemFailed)
    }
}

impl Seen {
    fn tell(&self) {
        if let Some(notice) = &self.notice {
            // It fails only where nobody has read for 2^64 changes, and can be read then already.
            let _full = rustix::io::write(notice.as_fd(), &1_u64.to_ne_bytes());
        }
    }
}
