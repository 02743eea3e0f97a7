//! Which release this device should have, by the newest head, the rollout, and what the floors allow.

use bundle::{Order, Sha256, limits::RELEASE_STEP_MAX};
use store::{Phase, Storage};

use crate::{Agent, Now, Reason, agent::State, head::AcceptedHead};

/// A release to be fetched: nothing else under its number will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) order: Order,
    pub(crate) digest: Sha256,
}

impl<S: Storage> Agent<'_, S> {
    /// Compares the release that the head names for this device with what it has.
    pub(crate) fn decide(&mut self, now: Now) {
        let Some(head) = self.head else { return self.finish(now, Reason::KeyringUnavailable, None) };
        let Some(target) = wanted(&head) else {
            return self.finish(now, Reason::NotInShare, Some(head.release));
        };
        match self.judge_target(now, target, &head) {
            Ok(()) => {
                self.target = Some(target);
                self.memo.offered = Some(head.release);
                self.ask_update();
            }
            Err(reason) => {
                self.memo.offered = Some(head.release);
                self.finish(now, reason, Some(target.order));
            }
        }
    }

    /// Succeeds where the release is one to fetch; else why it is not, which may be that it is already there.
    fn judge_target(&self, now: Now, target: Target, head: &AcceptedHead) -> Result<(), Reason> {
        let held = self.held();
        // A share that was lowered stops installs and never undoes one.
        // A release above a floor that was restated since is no install to keep: its keys were replaced.
        let is_kept =
            |held: Target| self.store.record().phase.is_trial() || held.order <= self.floors().release;
        let beyond = held.is_some_and(|held| !head.in_share && held.order >= target.order && is_kept(held));
        if held.is_some_and(|held| held == target) || beyond {
            return Err(self.nothing_to_do(now, head));
        }
        self.judge_order(target)?;
        if self.memo.observed == Some(target.digest) {
            return Err(Reason::Observed);
        }
        if !self.may_retry(now, &target.digest) {
            return Err(self.refusal_reason(&target.digest));
        }
        self.read_only().map_or(Ok(()), Err)
    }

    /// Order and equivocation, for releases named by a head and for those out of a file.
    pub(crate) fn judge_order(&self, target: Target) -> Result<(), Reason> {
        let floor = self.floors().release;
        if self.known_digest(target.order).is_some_and(|digest| digest != target.digest) {
            return Err(Reason::ReleaseEquivocation);
        }
        // A release on trial is newer than the floor; only a still newer one may take its place.
        let on_trial = self.store.record().phase.is_trial().then(|| self.held()).flatten();
        let lowest = on_trial.map_or(floor, |held| held.order);
        if target.order < lowest {
            return Err(if on_trial.is_some() && target.order >= floor {
                Reason::OnTrial
            } else {
                Reason::ReleaseOlder
            });
        }
        if !lowest.steps_to(target.order, RELEASE_STEP_MAX) {
            return Err(Reason::ReleaseFastForward);
        }
        Ok(())
    }

    fn nothing_to_do(&self, now: Now, head: &AcceptedHead) -> Reason {
        let stale = matches!(self.freshness(now.clock), crate::Freshness::Stale { .. });
        match self.store.record().phase {
            Phase::Trial { .. } => Reason::OnTrial,
            _ if stale => Reason::Stale,
            _ if !head.in_share => Reason::NotInShare,
            _ => Reason::UpToDate,
        }
    }

    /// The release that applications read.
    pub(crate) fn held(&self) -> Option<Target> {
        self.installed().map(|content| Target { order: content.order, digest: content.digest })
    }

    /// The digest under which this device knows a release of that order, from wherever it does.
    fn known_digest(&self, order: Order) -> Option<Sha256> {
        let record = self.store.record();
        let of_seed = self.seed.map(|seed| (seed.content.order, seed.content.digest));
        // What stands above the floor and is not on trial was there before a keyring restated the floor: the
        // numbers that replaced keys have signed are free again.
        let (floor, on_trial) = (self.floors().release, record.active().filter(|_| record.phase.is_trial()));
        let is_known = |entry: &&store::SlotEntry| {
            entry.release.order <= floor || on_trial.is_some_and(|(_, trial)| trial == *entry)
        };
        let of_slots = record.slots.iter().flatten().filter(is_known);
        let of_slots = of_slots.map(|entry| (entry.release.order, entry.release.digest));
        let of_refusals = record.refusals.iter().map(|refusal| (refusal.order, refusal.digest));
        let mut known = of_seed.into_iter().chain(of_slots).chain(of_refusals);
        known.find(|(known, _)| *known == order).map(|(_, digest)| digest)
    }

    /// Asks for the update from what is there to the target.
    fn ask_update(&mut self) {
        self.load_present();
        let from = self.present.map_or(0, |content| content.order.number);
        self.ask(State::Update { from });
    }
}

/// The head's release where the rollout has reached this device, else the release before it.
fn wanted(head: &AcceptedHead) -> Option<Target> {
    if head.in_share {
        return Some(Target { order: head.release, digest: head.release_digest });
    }
    head.previous.map(|(order, digest)| Target { order, digest })
}
