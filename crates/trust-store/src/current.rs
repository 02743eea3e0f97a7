//! The state in force: read by everybody, replaced by whoever refreshes, waited for by whoever follows.
//!
//! All that threads share in this crate is in this file, over [`crate::sync`] alone, so that `tests/interleavings`
//! compiles the very same file with loom's types and runs it through every order of steps.

use core::time::Duration;
use std::time::Instant;

use crate::sync::{Arc, AtomicBool, Condvar, Mutex, MutexGuard, Ordering, PoisonError};

/// A value that is replaced whole, and the source that it is read from.
///
/// Locks are taken in one order, `source` before `state`, and `state` is held for a few instructions at a time:
/// whoever asks for the value never waits for a medium.
#[derive(Debug)]
pub(crate) struct Current<T, S> {
    source: Mutex<S>,
    state: Mutex<State<T>>,
    changed: Condvar,
}

#[derive(Debug)]
struct State<T> {
    value: Arc<T>,
    /// Counts the values, from 1: what a follower has seen is a number, and 0 has seen nothing.
    version: u64,
}

/// Ends waits for good; set by [`Current::stop`].
#[derive(Debug)]
pub(crate) struct Stop(AtomicBool);

/// What a wait came to.
#[derive(Debug)]
pub(crate) enum Waited<T> {
    /// There is a value that was not seen yet: the newest one, and its version.
    Changed(Arc<T>, u64),
    /// [`Current::stop`] was called.
    Stopped,
    /// Nothing changed in time.
    TimedOut,
}

impl<T, S> Current<T, S> {
    pub(crate) fn new(value: T, source: S) -> Self {
        let state = State { value: Arc::new(value), version: 1 };
        Self { source: Mutex::new(source), state: Mutex::new(state), changed: Condvar::new() }
    }

    /// The value in force.
    pub(crate) fn value(&self) -> Arc<T> {
        Arc::clone(&lock(&self.state).value)
    }

    /// Lets `read` look for a newer value than the one it is given, and puts what it finds in force. True where there was one.
    ///
    /// The source stays locked until the value is in force: of two refreshers, the one that read later publishes later.
    pub(crate) fn refresh<E>(
        &self,
        read: impl FnOnce(&mut S, &Arc<T>) -> Result<Option<T>, E>,
    ) -> Result<bool, E> {
        let mut source = lock(&self.source);
        let present = self.value();
        let Some(next) = read(&mut source, &present)? else { return Ok(false) };
        self.publish(Arc::new(next));
        Ok(true)
    }

    /// Waits until the version is another than `seen`, but no longer than `at_most`, and not at all once stopped.
    pub(crate) fn wait(&self, seen: u64, stop: &Stop, at_most: Duration) -> Waited<T> {
        let deadline = Instant::now().checked_add(at_most);
        let mut state = lock(&self.state);
        loop {
            if stop.is_set() {
                return Waited::Stopped;
            }
            if state.version != seen {
                return Waited::Changed(Arc::clone(&state.value), state.version);
            }
            state = match deadline {
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return Waited::TimedOut;
                    }
                    self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    /// Ends the waits that were given this `stop`, the present one and all later ones.
    pub(crate) fn stop(&self, stop: &Stop) {
        // Under the lock: a waiting thread has either not looked yet, or is asleep and is woken.
        let state = lock(&self.state);
        stop.0.store(true, Ordering::Release);
        drop(state);
        self.changed.notify_all();
    }

    fn publish(&self, value: Arc<T>) {
        let mut state = lock(&self.state);
        let replaced = core::mem::replace(&mut state.value, value);
        state.version = state.version.wrapping_add(1);
        drop(state);
        self.changed.notify_all();
        // Where nobody else holds it, a whole bundle is freed here, and nobody waits for that.
        drop(replaced);
    }
}

impl<T, S> Current<T, S> {
    /// Looks at the source; waits for a refresh that is under way.
    pub(crate) fn with_source<R>(&self, look: impl FnOnce(&S) -> R) -> R {
        look(&lock(&self.source))
    }
}

impl Stop {
    pub(crate) fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Nothing panics while one of the locks is held, and what is behind them is valid at every moment.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
