//! How a server tells the test that it will say no more, so that the test may move the board's clock.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// How much of a wait may pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pass {
    /// All of it: nothing will come.
    All,
    /// All but a second of it: a byte comes just in time.
    Nearly,
}

/// The announcements of all servers of a scene; each allows one wait.
#[derive(Clone, Debug, Default)]
pub(crate) struct Quiet {
    shared: Arc<(Mutex<Vec<Pass>>, Condvar)>,
}

impl Quiet {
    /// The server has said what it will say for now.
    pub(crate) fn announce(&self, pass: Pass) {
        self.shared.0.lock().unwrap().push(pass);
    }

    /// Waits until the test has moved the clock; false where it never did.
    pub(crate) fn is_taken(&self) -> bool {
        let (lock, moved) = &*self.shared;
        let (left, _) = moved
            .wait_timeout_while(lock.lock().unwrap(), Duration::from_secs(20), |left| !left.is_empty())
            .unwrap();
        left.is_empty()
    }

    /// True where a server is quiet.
    pub(crate) fn is_announced(&self) -> bool {
        !self.shared.0.lock().unwrap().is_empty()
    }

    /// Takes an announcement.
    pub(crate) fn take(&self) -> Option<Pass> {
        let taken = self.shared.0.lock().unwrap().pop();
        self.shared.1.notify_all();
        taken
    }
}
