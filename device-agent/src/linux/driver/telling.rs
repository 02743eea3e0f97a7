//! When applications are told: as soon as the exports stand, and again when those that failed have waited.

use std::time::Duration;

use store::Storage;

use super::machine::Machine;
use crate::Mode;
use crate::linux::applications::{Groups, Subject, Which};

impl<S: Storage> Machine<'_, S> {
    /// Tells every application for which something changed. The exports stand.
    pub(super) async fn tell(&mut self) {
        // In observe mode nothing is installed, so nobody has anything to read.
        if self.settings.mode == Mode::Observe || self.agent.installed().is_none() {
            return;
        }
        if let Ok(installed) = self.clients.trust().installed() {
            self.teller.tell(&installed, &Which::Due).await;
        }
    }

    /// Tells those again that have waited long enough.
    pub(super) async fn tell_whoever_waited(&mut self) {
        let is_due = self.next_telling().is_some_and(|wait| wait.is_zero());
        if is_due && !self.agent.status(self.clock.now()).export_pending {
            self.tell().await;
        }
    }

    /// How long until somebody is to be told again.
    pub(super) fn next_telling(&self) -> Option<Duration> {
        self.teller.next()
    }

    /// The hooks that may be running.
    pub(super) fn hooks(&self) -> Groups {
        self.teller.groups()
    }

    /// Where the applications stand.
    pub(super) fn subjects(&self) -> &[Subject] {
        self.teller.subjects()
    }
}
