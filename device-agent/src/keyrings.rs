//! Catching up with keyrings: packs, single generations, recoveries; each accepted or refused on its own.

use core::cell::Cell;

use bundle::{Keyring, VerifyError, limits::PACK_GENERATIONS_MAX};
use store::{Restated, Storage};

use crate::{
    Agent, FetchFailure, Now, Reason, Resource,
    agent::{Deferred, State},
    content::in_force,
    limits,
    start::{replace_keyring, restated},
};

/// What became of the generations that have arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Generations {
    /// Every whole one is in force.
    Accepted,
    /// The next one waits for one more signature to be checked.
    Deferred,
    /// The next one is refused.
    Refused,
}

impl<S: Storage> Agent<'_, S> {
    /// Asks for the generations up to `version`, as many as one pack holds.
    pub(crate) fn catch_up(&mut self, now: Now, version: u32) {
        let Some(from) = self.keyring_version() else {
            return self.finish(now, Reason::KeyringUnavailable, None);
        };
        let to = version.min(from.saturating_add(PACK_GENERATIONS_MAX));
        let asked = self.cycle.generations.saturating_add(to.saturating_sub(from));
        if to <= from || asked > limits::GENERATIONS_PER_CHECK_MAX {
            return self.finish(now, Reason::KeyringUnavailable, None);
        }
        self.cycle.generations = asked;
        self.ask(State::Keyrings(match to.saturating_sub(from) {
            1 => Resource::Keyring(to),
            _ => Resource::KeyringPack { from, to },
        }));
    }

    /// Asks for the next generation, then for the next recovery: once a day, and when a head does not verify.
    pub(crate) fn ask_next_keyrings(&mut self, now: Now) {
        self.cycle.keyrings_asked = true;
        match self.keyring_version().and_then(|version| version.checked_add(1)) {
            Some(next) => self.ask(State::Keyrings(Resource::Keyring(next))),
            // A thief has run the counter out: only a recovery leads on.
            None => self.ask_recovery(now),
        }
    }

    /// Asks for the recovery that opens the next epoch.
    pub(crate) fn ask_recovery(&mut self, now: Now) {
        let epoch = self.keyring().map(|keyring| keyring.order().epoch);
        match epoch.and_then(|epoch| epoch.checked_add(1)) {
            Some(next) => self.ask(State::Keyrings(Resource::Recovery(next))),
            None => self.keyrings_over(now),
        }
    }

    /// Accepts every generation of a pack that has arrived as a whole, and makes room for the next ones.
    ///
    /// Where the next one is refused more bytes do not help, and trying again at each of them would let whoever
    /// serves the pack buy a table of signature verifications with every byte.
    pub(crate) fn accept_whole_generations(&mut self) -> Generations {
        loop {
            match self.accept_next() {
                Ok(consumed) => {
                    let gathered = self.memory.incoming.get_mut(..self.gathered).unwrap_or_default();
                    let cells = Cell::from_mut(gathered).as_slice_of_cells();
                    cells.iter().zip(cells.iter().skip(consumed)).for_each(|(to, from)| to.set(from.get()));
                    self.gathered = self.gathered.saturating_sub(consumed);
                }
                Err(VerifyError::Deferred) => return Generations::Deferred,
                Err(VerifyError::Parse(error)) if error.is_truncated() => return Generations::Accepted,
                Err(_) => return Generations::Refused,
            }
        }
    }

    /// The answer is complete: what is left in it must be keyrings.
    pub(crate) fn judge_keyrings(&mut self, now: Now, resource: Resource) {
        let before = self.keyring_version();
        if self.accept_whole_generations() == Generations::Deferred {
            self.deferred = Some(Deferred::Complete);
            return;
        }
        let refused = self.gathered > 0;
        self.write_keyring();
        if refused {
            return self.keyrings_failed(now, resource, FetchFailure::Server, Reason::KeyringRefused);
        }
        self.after_keyrings(now, resource, before != self.keyring_version());
    }

    /// No such file, or not a good one.
    pub(crate) fn keyrings_failed(
        &mut self,
        now: Now,
        resource: Resource,
        failure: FetchFailure,
        reason: Reason,
    ) {
        self.write_keyring();
        self.cycle.keyring_refused |= reason == Reason::KeyringRefused;
        match (resource, failure) {
            // The pack was never published for this generation: one by one, then.
            (Resource::KeyringPack { from, .. }, FetchFailure::NotFound) => {
                self.cycle.keyrings_asked = true;
                self.ask(State::Keyrings(Resource::Keyring(from.saturating_add(1))));
            }
            (_, FetchFailure::NotFound) => self.after_keyrings(now, resource, false),
            // A broken or forged file must not keep the device from the recovery, nor from a good head.
            _ if reason == Reason::KeyringRefused && !matches!(resource, Resource::Recovery(_)) => {
                self.cycle.head_fault = self.cycle.head_unusable.or(Some(reason));
                self.ask_recovery(now);
            }
            _ if self.cycle.head_accepted && !self.cycle.keyring_changed => self.decide(now),
            // Where the head was of no use, that is what was found; that no keyring was either adds nothing.
            _ => self.finish(now, self.cycle.head_unusable.unwrap_or(reason), None),
        }
    }

    fn after_keyrings(&mut self, now: Now, resource: Resource, accepted: bool) {
        match resource {
            // One generation was there: perhaps the next one is, too.
            Resource::Keyring(_) if accepted && self.cycle.keyrings_asked => {
                let asked = self.cycle.generations.saturating_add(1);
                self.cycle.generations = asked;
                if asked > limits::GENERATIONS_PER_CHECK_MAX {
                    self.ask_recovery(now)
                } else {
                    self.ask_next_keyrings(now)
                }
            }
            Resource::Keyring(_) if self.cycle.keyrings_asked => self.ask_recovery(now),
            Resource::Recovery(_) => {
                self.cycle.daily_done = true;
                self.keyrings_over(now);
            }
            _ => self.keyrings_over(now),
        }
    }

    /// The questions about keyrings are answered: with a new keyring the head is judged anew.
    fn keyrings_over(&mut self, now: Now) {
        if self.cycle.keyring_changed {
            self.cycle.keyring_changed = false;
            if self.cycle.heads < limits::HEADS_PER_CHECK_MAX {
                return self.ask_head();
            }
        }
        if self.cycle.head_accepted {
            return self.decide(now);
        }
        let reason = self.cycle.head_fault.unwrap_or(Reason::KeyringUnavailable);
        self.finish(now, reason, None);
    }

    /// Judges the keyring file at the front of what has arrived; its length where it is accepted.
    fn accept_next(&mut self) -> Result<usize, VerifyError> {
        let channel = self.channel;
        let bytes = self.memory.incoming.get(..self.gathered).unwrap_or_default();
        let keyring = Keyring::restored(in_force(self.newer_keyring.as_ref(), &self.store))?;
        let accepted = keyring.accept_in_steps(bytes, &mut self.signatures)?;
        let replaced = restated(&accepted.keyring, channel);
        let consumed = bytes.len().saturating_sub(accepted.rest.len());
        replace_keyring(&mut self.newer_keyring, accepted.document).ok_or(VerifyError::BodyLength)?;
        self.note_restated(replaced);
        self.signatures.forget();
        Ok(consumed)
    }

    /// A keyring is in force: a head judged by an older one is forgotten, and with it what the older keys said.
    pub(crate) fn note_restated(&mut self, restated: Restated) {
        self.cycle.keyring_changed = true;
        self.cycle.keyring_refused = false;
        self.cycle.head_accepted = false;
        self.head = None;
        if restated.release.is_some() {
            self.memo.denials_order = None;
        }
        self.restating = Restated {
            release: restated.release.or(self.restating.release),
            head: restated.head.or(self.restating.head),
            time: restated.time.or(self.restating.time),
        };
    }

    /// Writes the newest keyring down, once per answer; a failure leaves it in force until the restart.
    pub(crate) fn write_keyring(&mut self) {
        if self.keyring().is_some_and(|keyring| keyring.order() > self.store.record().floors.keyring) {
            let was_on_trial = self.store.record().phase.is_trial();
            let _written = self.change(|_| Ok(()));
            // A floor restated below the release on trial ends the trial.
            if was_on_trial && !self.store.record().phase.is_trial() {
                self.trial_ended();
            }
        }
    }

    fn keyring_version(&self) -> Option<u32> {
        self.keyring().map(|keyring| keyring.version())
    }
}
