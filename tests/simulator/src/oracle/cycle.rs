//! One check, from its begin to the wait behind it: what was asked and answered, and what must not come of it.

use device_agent::Transport;

use super::{DAY, Oracle, Seen};
use crate::{
    invariant::{Checks, Invariant},
    network::Reply,
};

/// A running check.
#[derive(Clone, Debug, Default)]
pub(super) struct Cycle {
    pub(super) is_running: bool,
    /// The worst transport of an answer.
    pub(super) transport: Option<Transport>,
    /// A head was answered, whatever it was worth.
    pub(super) has_head: bool,
    /// A release is being fetched.
    pub(super) is_staging: bool,
    /// A probe of it said that the candidate loses an endpoint which the present bundle reaches.
    pub(super) has_evidence: bool,
    /// Every answer so far was one that no device may act on, or none.
    is_refused: bool,
    refusals: u32,
    /// A trial was open when it began: it may end without any answer.
    was_trial: bool,
    before: Seen,
}

impl Cycle {
    pub(super) fn new(before: Seen, was_trial: bool) -> Self {
        Self { is_running: true, is_refused: true, was_trial, before, ..Self::default() }
    }

    pub(super) fn answered(&mut self, reply: &Reply) {
        if reply.result.is_err() {
            return;
        }
        self.refusals += u32::from(reply.is_refused);
        self.is_refused &= reply.is_refused;
        if self.transport != Some(Transport::Unauthenticated) {
            self.transport = Some(reply.transport);
        }
    }
}

impl Oracle<'_> {
    /// A check in which nothing but refusable answers came leaves everything that counts as it was.
    pub(super) fn look_at_rejection(&self, at: u64, checks: &mut Checks) {
        let cycle = &self.cycle;
        // Under a keyring of a thief's own, everything that thieves sign may be followed.
        let may_follow = cycle.was_trial || !cycle.before.is_known || self.device.met_a_thief(at);
        if cycle.refusals == 0 || !cycle.is_refused || may_follow {
            return;
        }
        let (before, after) = (&cycle.before, &self.seen);
        let same = before.generation == after.generation
            && before.installed == after.installed
            && before.floors.release == after.floors.release
            && before.floors.head == after.floors.head
            && before.keyring == after.keyring
            && before.denials == after.denials;
        checks.look(Invariant::RejectionChangesNothing, same, || {
            let words = format!(
                "from {:?}, keyring {} to {:?}, keyring {}",
                before.installed, before.keyring, after.installed, after.keyring
            );
            (Some(self.device.number), at, words)
        });
    }

    /// A check that changed nothing that counts wrote at most the note of the day.
    pub(super) fn look_at_writes(&mut self, at: u64, checks: &mut Checks) {
        let (before, after) = (&self.cycle.before, &self.seen);
        let is_news = before.generation != after.generation
            || before.keyring != after.keyring
            || before.denials != after.denials
            || before.refusals != after.refusals
            || before.failures != after.failures
            || before.is_trial != after.is_trial;
        if is_news || !before.is_known || self.device.class.failed_writes_a_day > 0.0 {
            return;
        }
        let written = after.sequence.saturating_sub(before.sequence);
        // A little less than a day: a clock that is known counts from the note, not from the write.
        let is_early = written > 0 && self.idle_write.is_some_and(|last| at - last < DAY * 9 / 10);
        checks.look(Invariant::WritesBounded, written <= 1 && !is_early, || {
            (Some(self.device.number), at, format!("{written} journal records were written for nothing"))
        });
        if written > 0 {
            self.idle_write = Some(at);
        }
    }
}
