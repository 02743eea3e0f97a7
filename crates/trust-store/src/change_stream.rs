//! The changes of a store, awaited by a task.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::follower::{self, End};
use crate::{Installed, TrustStore};

/// Hands out each state of a [`TrustStore`] that was not handed out yet, beginning with the present one; a
/// `tokio::sync::watch` channel that the store's changes are sent into.
///
/// Clones share one thread, which ends when the last of them is dropped. Any runtime may await it. Of changes that
/// follow each other faster than they are asked for only the newest is handed out; the last one always is.
#[derive(Clone, Debug)]
pub struct ChangeStream {
    receiver: watch::Receiver<Arc<Installed>>,
    // The thread is told to end and not waited for: a task that drops this must not block.
    _end: Arc<End>,
}

impl ChangeStream {
    pub(crate) fn new(store: &TrustStore, interval: Duration) -> Self {
        let mut told = store.installed();
        let (sender, mut receiver) = watch::channel(Arc::clone(&told));
        receiver.mark_changed();
        let (_, end) = follower::spawn(store, interval, move |installed| {
            // The first call brings what the channel began with, as a rule.
            if !Arc::ptr_eq(&told, &installed) {
                told = Arc::clone(&installed);
                sender.send_replace(installed);
            }
        });
        Self { receiver, _end: Arc::new(end) }
    }

    /// The newest state that the stream knows of, handed out or not.
    #[must_use]
    pub fn installed(&self) -> Arc<Installed> {
        Arc::clone(&self.receiver.borrow())
    }

    /// The next state; `None` where nobody follows the store any more, which does not happen while this exists.
    ///
    /// Dropped before it is ready, it has handed out nothing: it may stand in a `select!`.
    pub async fn next(&mut self) -> Option<Arc<Installed>> {
        self.receiver.changed().await.ok()?;
        Some(Arc::clone(&self.receiver.borrow_and_update()))
    }
}
