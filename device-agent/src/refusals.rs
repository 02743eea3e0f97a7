//! Releases that are not taken for now: remembered in the journal, tried again later, forgotten when newer ones
//! are installed.

use bundle::Sha256;
use store::{Refusal, Storage};

use crate::{Agent, Now, Reason, Refused, cycle::known, limits, schedule::refusal_seconds};

impl<S: Storage> Agent<'_, S> {
    /// The candidate is refused: that is written down, and the cycle ends.
    pub(crate) fn refuse(&mut self, now: Now, reason: Reason) {
        let target = self.target.map(|target| (target.order, target.digest));
        if let Some((order, digest)) = target.filter(|_| reason.is_worth_remembering()) {
            let refusal = self.next_refusal(now, order, digest, reason);
            let _written = self.change(|change| {
                change.record_refusal(refusal);
                Ok(())
            });
            self.memo.refused_uptime = Some(now.uptime_seconds);
        }
        self.drop_candidate();
        self.finish(now, reason, target.map(|(order, _)| order));
    }

    /// A verified candidate is not taken. It is refused for what it is; where the medium failed it is not to blame, and
    /// neither it nor its denials wait for longer than the next check.
    pub(crate) fn turn_down(&mut self, now: Now, reason: Reason) {
        match reason {
            Reason::StoreFailed | Reason::StoreMismatch => self.staging_failed(now, reason),
            _ => self.refuse(now, reason),
        }
    }

    /// Filling the slot failed: after three times in a row the release waits like a refused one, and is then tried once
    /// each time. What it was refused for itself, such as a probe, makes no failure of the medium wait for a day.
    pub(crate) fn staging_failed(&mut self, now: Now, reason: Reason) {
        let Some(target) = self.target else { return self.finish(now, reason, None) };
        // Failures count whatever release they befall: heads that name two in turn must not wear the flash.
        let failures = self.memo.staging_failures.saturating_add(1);
        self.memo.staging_failures = failures;
        let waits = failures >= limits::STAGING_FAILURES_MAX
            || self.store.record().refusals.find(&target.digest).is_some_and(is_of_staging);
        if waits {
            self.memo.staging_failures = 0;
            return self.refuse(now, reason);
        }
        self.drop_candidate();
        self.finish(now, reason, Some(target.order));
    }

    /// The note of one more refusal of a release.
    pub(crate) fn next_refusal(
        &self,
        now: Now,
        order: bundle::Order,
        digest: Sha256,
        reason: Reason,
    ) -> Refusal {
        let before = self.store.record().refusals.find(&digest).map_or(0, |refusal| refusal.attempts);
        let attempts = before.saturating_add(1);
        let retry_at = known(now.clock).map(|time| time.plus(refusal_seconds(attempts)));
        Refusal { order, digest, reason: reason.number(), attempts, retry_at }
    }

    /// True where the release was never refused, or its wait is over.
    pub(crate) fn may_retry(&self, now: Now, digest: &Sha256) -> bool {
        self.store
            .record()
            .refusals
            .find(digest)
            .is_none_or(|refusal| self.remaining_seconds(now, refusal) == 0)
    }

    /// Seconds until a refused release may be tried again.
    fn remaining_seconds(&self, now: Now, refusal: &Refusal) -> u64 {
        let wait = refusal_seconds(refusal.attempts);
        match (known(now.clock), refusal.retry_at) {
            // A date further ahead than any wait is from a clock that has moved since.
            (Some(time), Some(retry_at)) if retry_at.since(time) <= wait => retry_at.since(time),
            (Some(_), Some(_)) => 0,
            _ => match self.memo.refused_uptime {
                Some(since) => wait.saturating_sub(now.uptime_seconds.saturating_sub(since)),
                // How long the device was off nobody knows: one that is restarted every few hours must not wait for ever.
                None => wait.min(limits::REFUSAL_SECONDS_MIN).saturating_sub(now.uptime_seconds),
            },
        }
    }

    /// Seconds until the release that the head names may be tried again, where it was refused.
    pub(crate) fn refusal_wait_seconds(&self, now: Now) -> Option<u64> {
        let digest = self.head?.release_digest;
        let refusal = self.store.record().refusals.find(&digest)?;
        // A wait that is over and was not used, as in a rollout that was paused since, hastens nothing.
        Some(self.remaining_seconds(now, refusal)).filter(|seconds| *seconds > 0)
    }

    /// Why a release is waiting.
    pub(crate) fn refusal_reason(&self, digest: &Sha256) -> Reason {
        let refusal = self.store.record().refusals.find(digest);
        refusal.and_then(|refusal| Reason::from_number(refusal.reason)).unwrap_or(Reason::Waiting)
    }

    /// The newest refusal of a release above the installed one.
    pub(crate) fn newest_refusal(&self) -> Option<Refused> {
        let installed = self.installed().map(|content| content.order).unwrap_or_default();
        let refusal = self.store.record().refusals.iter().find(|refusal| refusal.order > installed)?;
        Some(Refused {
            order: refusal.order,
            digest: refusal.digest,
            reason: Reason::from_number(refusal.reason).unwrap_or(Reason::Waiting),
            attempts: refusal.attempts,
            retry_at: refusal.retry_at,
        })
    }

    /// Forgets the candidate, but for a release on trial, which stays what it is.
    pub(crate) fn drop_candidate(&mut self) {
        self.filling = None;
        self.candidate = None;
        if self.store.record().phase.is_trial() {
            self.load_trial();
        }
    }
}

/// True where a release waits because its slot could not be filled.
fn is_of_staging(refusal: &Refusal) -> bool {
    let of_medium = [Reason::StoreFailed, Reason::StoreMismatch];
    Reason::from_number(refusal.reason)
        .is_some_and(|reason| of_medium.contains(&reason) || reason.is_network())
}
