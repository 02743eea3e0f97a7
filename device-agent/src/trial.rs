//! The trial: confirmed by proof, reverted by evidence, left open by silence.

use bundle::Order;
use store::Storage;

use crate::{
    Agent, Now, Reason, Verdict,
    content::Place,
    cycle::{AfterRound, Then},
    limits::CONCLUSIVE_FAILURES_MAX,
    staging::store_reason,
};

impl<S: Storage> Agent<'_, S> {
    /// True where the result of an application's own connection says something of a release on trial.
    #[must_use]
    pub fn is_proof(&self, generation: u64, verdict: Verdict) -> bool {
        let record = self.store.record();
        record.phase.is_trial()
            && record.generation == generation
            && !matches!(verdict, Verdict::Inconclusive(_))
    }

    /// An application's own connection ended: a round is made at once, in which a success counts. A failure alone is
    /// no evidence; the round looks for it.
    pub(crate) fn service_result(&mut self, now: Now, generation: u64, verdict: Verdict) {
        if !self.is_proof(generation, verdict) {
            return;
        }
        if verdict == Verdict::Verified {
            self.memo.proven = Some(generation);
        }
        self.begin_cycle(now);
    }

    /// A round of the trial is over; `endpoints` were probed.
    pub(crate) fn round_over(&mut self, now: Now, endpoints: u16, after: AfterRound) {
        self.rounds = self.rounds.saturating_add(1);
        let subject = self.candidate.map(|content| content.order);
        let reason = if self.candidate.is_none() {
            // Without its manifest nothing is known of the trial: it stays open.
            Reason::OnTrial
        } else if self.probes.lost > 0 {
            self.count_failure(now)
        } else if self.probes.verified > 0 || endpoints == 0 || self.is_proven() {
            self.confirm()
        } else {
            Reason::OnTrial
        };
        match after {
            AfterRound::Check => self.export_then(now, Then::Check),
            AfterRound::Finish => self.finish(now, reason, subject),
        }
    }

    fn is_proven(&self) -> bool {
        self.memo.proven == Some(self.store.record().generation)
    }

    /// One more conclusive failure, counted in the journal so that reboots do not restart the trial.
    fn count_failure(&mut self, now: Now) -> Reason {
        let failures = match self.change(|change| change.record_failure()) {
            Ok(failures) => failures,
            Err(error) => return store_reason(&error),
        };
        if failures < CONCLUSIVE_FAILURES_MAX {
            return Reason::OnTrial;
        }
        self.revert(now, Reason::TrialFailed)
    }

    /// Applications read the fallback again, and the release is remembered as refused, in one step.
    fn revert(&mut self, now: Now, reason: Reason) -> Reason {
        let on_trial = self.store.record().active().map(|(_, entry)| entry.release);
        let refusal = on_trial.map(|release| self.next_refusal(now, release.order, release.digest, reason));
        let result = self.change(|change| {
            if let Some(refusal) = refusal {
                change.record_refusal(refusal);
            }
            change.revert()
        });
        self.memo.refused_uptime = Some(now.uptime_seconds);
        self.trial_ended();
        result.map_or_else(|error| store_reason(&error), |()| reason)
    }

    /// The release proved itself: the floor rises to it.
    fn confirm(&mut self) -> Reason {
        let result = self.change(|change| change.confirm());
        self.trial_ended();
        match result {
            Ok(()) if self.memo.offline => Reason::OfflineFreshnessUnknown,
            Ok(()) => Reason::Confirmed,
            Err(error) => store_reason(&error),
        }
    }

    pub(crate) fn trial_ended(&mut self) {
        self.rounds = 0;
        if !self.store.record().phase.is_trial() {
            self.candidate = None;
        }
        self.load_present();
    }

    /// Ends a trial whose slot has rotted, or that a newer image has overtaken: nobody reads it.
    pub(crate) fn revert_a_useless_trial(&mut self, now: Now) {
        let active = self.store.record().phase.active();
        if !self.store.record().phase.is_trial() {
            return;
        }
        let read: Option<(Place, Order)> = self.installed().map(|content| (content.place, content.order));
        match (read, active) {
            (Some((Place::Slot(slot), _)), Some(active)) if slot == active => {}
            (Some((Place::Seed, _)), _) if self.store.readable().map(|(slot, _)| slot) == active => {
                // Overtaken, not refused. A failure leaves the trial open for the next cycle.
                let _reverted = self.change(|change| change.revert());
                self.trial_ended();
            }
            _ => {
                let _reason = self.revert(now, Reason::StoreMismatch);
            }
        }
    }
}
