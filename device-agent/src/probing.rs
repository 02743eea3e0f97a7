//! Rounds of probes: one endpoint after the other, and what the round as a whole says.

use bundle::Order;
use store::{Denials, Storage};

use crate::{
    Agent, Mode, Now, ProbeCounts, ProbeOutcome, Reason, Verdict,
    agent::State,
    content::{Content, Place},
    cycle::{AfterRound, Then, known},
    staging::store_reason,
};

impl<S: Storage> Agent<'_, S> {
    /// Starts a round: the candidate against the present bundle, or the release on trial against its fallback.
    pub(crate) fn begin_probes(&mut self, now: Now, then: Then) {
        self.probes = ProbeCounts::default();
        if matches!(then, Then::Round(_)) {
            self.load_present();
            self.load_trial();
        }
        self.probe_or_end(now, 0, then);
    }

    /// One handshake ended.
    pub(crate) fn probed(
        &mut self,
        now: Now,
        (index, is_dropped): (u16, bool),
        then: Then,
        outcome: ProbeOutcome,
    ) {
        let excused = outcome.excused || self.is_present_outlived();
        self.probes.add(ProbeOutcome { excused, ..outcome }, is_dropped);
        self.probe_or_end(now, index.saturating_add(1), then);
    }

    /// True where a keyring has replaced the keys of the present bundle and restated the floor: then whoever had these
    /// keys, and is on the path, must not keep the next release away with a chain to an anchor of his own.
    fn is_present_outlived(&self) -> bool {
        let floor = self.store.record().floors.release;
        let Some(present) = self.present.filter(|present| present.place != Place::Seed) else { return false };
        // No floor at all is that of a channel just entered: the bundle of the one before is believed.
        floor != Order::default() && present.order.is_left_behind_by(floor)
    }

    fn probe_or_end(&mut self, now: Now, index: u16, then: Then) {
        if let Some(endpoint) = self.endpoint(index) {
            self.state = State::Probe { index, is_dropped: !endpoint.under_candidate, then };
            return;
        }
        match then {
            Then::Round(after) => self.round_over(now, index, after),
            Then::Prove | Then::Check | Then::Finish => self.proven(now),
        }
    }

    /// The candidate was held against every endpoint: only what is lost for certain stands in its way.
    fn proven(&mut self, now: Now) {
        let subject = self.candidate.map(|content| content.order);
        if self.probes.lost > 0 {
            let dropped = self.probes.dropped > 0;
            return self.refuse(now, if dropped { Reason::ServiceDropped } else { Reason::ProbeRegression });
        }
        if self.configuration.mode == Mode::Observe {
            self.memo.observed = self.candidate.map(|content| content.digest);
            self.drop_candidate();
            return self.finish(now, Reason::Observed, subject);
        }
        match self.commit(now) {
            Ok(()) => self.export_then(now, Then::Round(AfterRound::Finish)),
            Err(reason) => self.staging_failed(now, reason),
        }
    }

    /// Makes the staged candidate what applications read, on trial.
    fn commit(&mut self, now: Now) -> Result<(), Reason> {
        if !Denials::has_room() {
            return Err(Reason::StoreFailed);
        }
        let content: Content = self.candidate.ok_or(Reason::StoreFailed)?;
        let filling = self.filling.take().ok_or(Reason::StoreFailed)?;
        let sealed = filling.sealed.ok_or(Reason::StoreFailed)?;
        let release = store::Release {
            order: content.order,
            digest: content.digest,
            document_bytes: content.document_bytes,
            issued_at: content.issued_at,
        };
        let head = self.head.map(|head| head.note());
        // Filled in place: a list that is handed from one to the next stands on the stack twice.
        let mut denials = Denials::default();
        // A newer list that denied the same as the one before it is not written down, and is the newer one all the same.
        let newest = self.memo.denials_order.max(Some(self.denials().order));
        let is_newest = self.candidate_manifest().is_some_and(|manifest| {
            denials.fill(manifest.order(), manifest.denials().iter()).is_some()
                && Some(manifest.order()) >= newest
        });
        self.change(|change| {
            change.commit_trial(&sealed, release, known(now.clock))?;
            if is_newest {
                change.replace_denials(&denials)?;
            }
            change.forget_refusals_below(release.order);
            if let Some(head) = head {
                change.note_head(head);
            }
            Ok(())
        })
        .map_err(|error| store_reason(&error))?;
        self.rounds = 0;
        self.memo.staging_failures = 0;
        self.load_trial();
        Ok(())
    }
}

impl ProbeCounts {
    fn add(&mut self, outcome: ProbeOutcome, dropped: bool) {
        let verified_before = outcome.present == Some(Verdict::Verified) && !outcome.excused;
        let count = match outcome.candidate {
            Some(Verdict::Verified) => &mut self.verified,
            Some(Verdict::Refused(_)) => &mut self.refused,
            Some(Verdict::Inconclusive(_)) => &mut self.inconclusive,
            // A dropped service: gone, as far as the candidate is concerned.
            None if dropped => &mut self.refused,
            None => &mut self.inconclusive,
        };
        *count = count.saturating_add(1);
        let lost = verified_before && (dropped || matches!(outcome.candidate, Some(Verdict::Refused(_))));
        if lost {
            self.lost = self.lost.saturating_add(1);
            self.dropped = self.dropped.saturating_add(u16::from(dropped));
        }
    }
}
