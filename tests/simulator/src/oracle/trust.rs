//! What a device trusts: looked at whenever its journal has changed, and at every start.

use bundle::{Denial, Sha256};
use device_agent::{Agent, Now};
use store::{Phase, Reader, Region};

use super::{Oracle, Seen};
use crate::{
    flash::Lent,
    invariant::{Checks, Invariant},
};

/// A trial that loses a service ends within three rounds of at most six hours, and the jitter of each.
const TRIAL_WITHIN: u64 = 20 * 3_600_000;
/// A recovery is heard of at the questions of the day, and what it brings is installed by the check after it.
const RECOVERY_WITHIN: u64 = 36 * 3_600_000;

impl Oracle<'_> {
    /// Looks at everything that the journal says; what is new, in words.
    pub(super) fn look_at_trust(
        &mut self,
        agent: &mut Agent<'_, Lent<'_>>,
        now: Now,
        at: u64,
        checks: &mut Checks,
    ) -> Option<String> {
        let next = observed(agent, now);
        // What applications read changes with the generation, and a start finds whatever the power left.
        if !self.seen.is_known || self.is_starting || next.generation != self.seen.generation {
            self.look_at_content(agent, &next, at, checks);
        }
        if !self.seen.is_known || self.is_starting || next.keyring != self.seen.keyring {
            self.look_at_keyring(agent, at, checks);
        }
        self.note_theft(self.theirs != [false; 2], at);
        let words = if self.seen.is_known {
            self.look_at_order(&next, at, checks);
            self.look_at_denials(&next, at, checks);
            self.look_at_transition(&next, at, checks)
        } else {
            None
        };
        let (is_trial, confirmed) = (next.is_trial, next.installed.map(|(_, digest)| digest));
        let earlier = self.seen.confirmed;
        self.seen = next;
        self.seen.confirmed = if is_trial { earlier } else { confirmed };
        if self.is_on_goal() && self.reached_goal.is_none() {
            self.reached_goal = Some(at);
        }
        words
    }

    /// What applications read is whole, and the operator's.
    fn look_at_content(
        &mut self,
        agent: &mut Agent<'_, Lent<'_>>,
        next: &Seen,
        at: u64,
        checks: &mut Checks,
    ) {
        let number = self.device.number;
        let read = self.as_an_application(agent, next);
        self.facts.was_without_bundle |= read.is_none();
        checks.look(Invariant::BundleReadable, read.is_some(), || {
            (Some(number), at, format!("an application cannot read {:?}", next.installed))
        });
        let (Some(read), Some((order, digest))) = (read, next.installed) else { return };
        let is_honest = self.world.release(digest).is_some_and(|release| release.contents.contains(&read));
        let is_stolen = self.world.attacks.iter().any(|attack| attack.owns(digest));
        self.theirs[0] = is_stolen;
        let is_stated = is_stolen && self.is_stated_damage(at);
        checks.look(Invariant::OnlyAuthentic, is_honest || is_stated, || {
            (Some(number), at, format!("applications read release {order}, which the operator did not sign"))
        });
    }

    /// True where the scenario says that a thief gets this far, or somebody keeps the device from hearing of the recovery.
    fn is_stated_damage(&self, at: u64) -> bool {
        let hours = |hours: f64| crate::scenario::milliseconds(hours);
        let is_kept = !self.device.is_undisturbed(at.saturating_sub(RECOVERY_WITHIN), at);
        self.world
            .scenario
            .goal
            .thief
            .is_some_and(|thief| hours(thief.from_hours) <= at && (at < hours(thief.until_hours) || is_kept))
    }

    /// SHA-256 of what an application reads, which knows nothing of the engine: the store's own reader, or the image.
    fn as_an_application(&mut self, agent: &mut Agent<'_, Lent<'_>>, next: &Seen) -> Option<Sha256> {
        let (_, digest) = next.installed?;
        let region = Region::new(0, self.device.class.region_bytes).ok()?;
        let mut reader = Reader::new(Lent(agent.store_mut().storage_mut().0), region);
        let content = &mut self.content;
        content.resize(usize::try_from(reader.slot_bytes()).ok()?, 0);
        let snapshot = reader.read(content);
        let stored = snapshot.ok().and_then(|snapshot| snapshot.content);
        match stored {
            Some((_, entry)) if entry.release.digest == digest => {
                let length = usize::try_from(entry.total_bytes).ok()?;
                Some(Sha256::of(&[content.get(..length)?]))
            }
            // The image's seed is release 1, whole from the first day on.
            _ => self
                .world
                .releases
                .first()
                .filter(|release| release.digest == digest)?
                .contents
                .first()
                .copied(),
        }
    }

    fn look_at_keyring(&mut self, agent: &Agent<'_, Lent<'_>>, at: u64, checks: &mut Checks) {
        let record = agent.record();
        let bytes = record.keyring.as_bytes();
        if bytes.is_empty() {
            return;
        }
        let is_honest = self.world.is_keyring(bytes);
        self.theirs[1] = !is_honest;
        let holds = is_honest || self.is_stated_damage(at);
        checks.look(Invariant::OnlyAuthentic, holds, || {
            let words =
                format!("keyring {} is in force, which the operator did not sign", record.floors.keyring);
            (Some(self.device.number), at, words)
        });
    }

    fn look_at_order(&self, next: &Seen, at: u64, checks: &mut Checks) {
        let (seen, number) = (&self.seen, self.device.number);
        let is_restated = next.keyring > seen.keyring;
        let floors = next.floors.keyring >= seen.floors.keyring
            && (is_restated
                || (next.floors.release >= seen.floors.release && next.floors.head >= seen.floors.head));
        checks.look(Invariant::OrderGrows, floors && next.keyring >= seen.keyring, || {
            (Some(number), at, format!("floors went from {:?} to {:?}", seen.floors, next.floors))
        });
        checks.look(Invariant::TimeFloorGrows, is_restated || next.floors.time >= seen.floors.time, || {
            (
                Some(number),
                at,
                format!("the floor of time went from {:?} to {:?}", seen.floors.time, next.floors.time),
            )
        });
        // A recovery's floor is of its own epoch, and the device waits for that epoch's first release.
        let is_waiting = |order: bundle::Order| order.epoch < next.keyring.epoch;
        let above = next.is_trial
            || is_restated
            || next.installed.is_some_and(|(order, _)| order >= next.floors.release || is_waiting(order));
        checks.look(Invariant::OrderGrows, above, || {
            (
                Some(number),
                at,
                format!("{:?} is confirmed below its floor {}", next.installed, next.floors.release),
            )
        });
        if let (Some((before, earlier)), Some((after, digest))) = (seen.installed, next.installed) {
            let is_twin = after == before && digest != earlier;
            checks.look(Invariant::OrderGrows, !is_twin || is_restated, || {
                (Some(number), at, format!("went from release {before} to another one of that number"))
            });
            // A trial that is undone goes back to what was there before it, and nothing else does.
            let is_undone = seen.is_trial && !next.is_trial && seen.fallback == Some(digest);
            let is_second = next.is_trial && seen.is_trial && seen.fallback == next.fallback;
            checks.look(
                Invariant::OrderGrows,
                after >= before || is_undone || is_second || is_restated,
                || (Some(number), at, format!("went from release {before} back to {after}")),
            );
        }
    }

    fn look_at_denials(&self, next: &Seen, at: u64, checks: &mut Checks) {
        if next.keyring.epoch > self.seen.keyring.epoch || self.device.met_a_thief(at) {
            return;
        }
        if let Some(release) = next.installed.and_then(|(_, digest)| self.world.release(digest)) {
            let holds = release.denials.iter().all(|denial| next.denials.contains(denial));
            checks.look(Invariant::DenialsHold, holds, || {
                (
                    Some(self.device.number),
                    at,
                    format!("release {} is installed and not what it denies", release.order),
                )
            });
        }
        let gone: Vec<&Denial> =
            self.seen.denials.iter().filter(|denial| !next.denials.contains(denial)).collect();
        checks.look(Invariant::DenialsHold, gone.is_empty(), || {
            (Some(self.device.number), at, format!("{} denials are gone", gone.len()))
        });
    }

    /// Installs, confirmations and reverts.
    fn look_at_transition(&mut self, next: &Seen, at: u64, checks: &mut Checks) -> Option<String> {
        let (order, digest) = next.installed?;
        let before = self.seen.installed.map(|(_, digest)| digest);
        let number = self.device.number;
        if next.is_trial && before != Some(digest) {
            self.facts.installs += 1;
            checks.look(Invariant::NoServiceLost, !self.cycle.has_evidence, || {
                (Some(number), at, format!("installs release {order}, under which a probe lost a service"))
            });
            (self.proofs, self.evidence) = (0, 0);
            self.trial_since = at;
            self.look_at_share(digest, at, checks);
            return Some(format!("installs release {order}, on trial"));
        }
        if self.seen.is_trial && !next.is_trial && before == Some(digest) {
            let holds = self.proofs > 0 || !self.world.services.iter().any(|service| service.probe);
            checks.look(Invariant::TrialEndsByEvidence, holds, || {
                (
                    Some(number),
                    at,
                    format!("release {order} was confirmed and no probe had verified under it"),
                )
            });
            self.look_at_services(digest, at, checks);
            return Some(format!("confirms release {order}"));
        }
        if self.seen.is_trial && before != Some(digest) {
            self.facts.reverts += 1;
            // A newer release takes the trial's place: the journal points back before its slot is written.
            let is_overtaken = self.cycle.is_staging;
            // A keyring that restates the floor ends a trial above it, whose keys are replaced.
            let is_outlived = next.keyring > self.seen.keyring && order <= next.floors.release;
            let is_denied = next.denials != self.seen.denials;
            let holds = self.evidence > 0 || is_denied || is_overtaken || is_outlived;
            checks.look(Invariant::TrialEndsByEvidence, holds, || {
                (
                    Some(number),
                    at,
                    format!("a trial was undone in favour of release {order} without evidence"),
                )
            });
            return Some(format!("goes back to release {order}"));
        }
        (!next.is_trial && before != Some(digest)).then(|| format!("reads release {order}"))
    }

    fn look_at_share(&self, digest: Sha256, at: u64, checks: &mut Checks) {
        let Some(release) = self.world.release_index(digest) else { return };
        if self.device.met_a_thief(at) {
            return;
        }
        let share = self.world.share(release, at);
        let place = place(digest, &self.device.id);
        checks.look(Invariant::ShareRespected, place < share, || {
            (
                Some(self.device.number),
                at,
                format!("installs at a share of {share} %, its place is {place} %"),
            )
        });
    }

    fn look_at_services(&self, digest: Sha256, at: u64, checks: &mut Checks) {
        let releases = (self.seen.confirmed, self.world.release_index(digest));
        let (Some(before), Some(after)) = releases else { return };
        let Some(before) = self.world.release_index(before) else { return };
        for (index, service) in self.world.services.iter().enumerate().filter(|(_, service)| service.probe) {
            let is_lost = self.world.loses(before, after, index, at);
            checks.look(Invariant::NoServiceLost, !is_lost, || {
                (Some(self.device.number), at, format!("confirms a release that loses {}", service.name))
            });
        }
    }
}

impl Oracle<'_> {
    /// A trial that loses a service ends soon, where nobody keeps the device from seeing that.
    pub(super) fn look_at_trial(&self, at: u64, checks: &mut Checks) {
        let Some((order, digest)) = self.seen.installed.filter(|_| self.seen.is_trial) else { return };
        let since = at.saturating_sub(TRIAL_WITHIN);
        if self.trial_since > since || !self.device.class.expected || !self.device.is_undisturbed(since, at) {
            return;
        }
        let confirmed = self.seen.confirmed.and_then(|digest| self.world.release_index(digest));
        let (Some(before), Some(after)) = (confirmed, self.world.release_index(digest)) else { return };
        for (index, service) in self.world.services.iter().enumerate().filter(|(_, service)| service.probe) {
            let lost = |at| self.world.loses(before, after, index, at);
            checks.look(Invariant::NoServiceLost, !(lost(since) && lost(at)), || {
                (
                    Some(self.device.number),
                    at,
                    format!("release {order} stays on trial and loses {}", service.name),
                )
            });
        }
    }
}

/// The device as it is.
fn observed(agent: &Agent<'_, Lent<'_>>, now: Now) -> Seen {
    let (record, status) = (agent.record(), agent.status(now));
    let fallback = match record.phase {
        Phase::Trial { .. } => agent.present().map(|content| content.digest),
        Phase::Empty | Phase::Confirmed { .. } => None,
    };
    Seen {
        is_known: true,
        sequence: record.sequence,
        generation: record.generation,
        installed: agent.installed().map(|content| (content.order, content.digest)),
        confirmed: None,
        is_trial: record.phase.is_trial(),
        fallback,
        floors: status.floors,
        keyring: status.keyring,
        denials: record.denials.iter().collect(),
        refusals: record.refusals.iter().map(|refusal| u32::from(refusal.attempts)).sum(),
        failures: record.conclusive_failures,
    }
}

/// A device's place in a rollout, in percent: SHA-256 of the release's digest and the device's id, as the format says
/// (`crates/bundle/SPEC.md`), counted here once more.
fn place(digest: Sha256, id: &str) -> f64 {
    let prefix = Sha256::of(&[&digest.0, id.as_bytes()]).prefix();
    let parts = u32::try_from(u64::from_be_bytes(prefix) % 10_000).unwrap_or(0);
    f64::from(parts) / 100.0
}
