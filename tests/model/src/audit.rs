//! The audit of a step: device before and after are compared by what the invariants say, not by the rules.

use bundle::Order;
use store::SlotIndex;

use crate::{
    device::{Device, Engine},
    documents::Release,
    journal::{Journal, Stand},
    rules::Rules,
    scenario::Scenario,
    world::Action,
};

/// A safety property that a step broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Breach {
    OrderGrows,
    OneNumberOneContent,
    RejectionChangesNothing,
    ExpiryDeletesNothing,
    NoServiceLost,
    SilenceRevertsNothing,
    DenialsHold,
    TimeFloorGrows,
    ReplacedKeysEndTrials,
}

/// The first property that the step from `before` to the engine's device broke.
pub(crate) fn breach(
    scenario: &Scenario,
    before: &Device,
    engine: &Engine<'_>,
    action: Action,
) -> Option<Breach> {
    let audit = Audit { scenario, before, engine, after: &engine.device };
    let checks = [
        (Breach::ExpiryDeletesNothing, action != Action::Expiry || audit.nothing_changed()),
        (Breach::RejectionChangesNothing, !engine.found.refused || audit.nothing_changed()),
        (Breach::OrderGrows, audit.order_grows()),
        (Breach::OneNumberOneContent, audit.one_number_has_one_content()),
        (Breach::NoServiceLost, audit.no_service_is_lost()),
        (Breach::SilenceRevertsNothing, audit.reverts_are_founded()),
        (Breach::DenialsHold, audit.denials_hold()),
        (Breach::TimeFloorGrows, audit.time_grows()),
        (Breach::ReplacedKeysEndTrials, audit.replaced_keys_end_trials()),
    ];
    checks.into_iter().find_map(|(breach, holds)| (!holds).then_some(breach))
}

struct Audit<'a> {
    scenario: &'a Scenario,
    before: &'a Device,
    engine: &'a Engine<'a>,
    after: &'a Device,
}

impl Audit<'_> {
    /// Journal and readable slots are what they were, notes of refusals excepted.
    fn nothing_changed(&self) -> bool {
        let (before, after) = (self.before.journal, self.after.journal);
        let after = Journal { refused: before.refused, ..after };
        let is_daily_note = Journal { head: after.head, head_floor: after.head_floor, ..before } == after;
        // The daily note of an accepted head may end the very cycle whose last document was refused.
        (before == after || (is_daily_note && after.head_floor >= before.head_floor))
            && self.before.readable() == self.after.readable()
    }

    fn order_grows(&self) -> bool {
        let (before, after) = (&self.before.journal, &self.after.journal);
        let entitled = self.engine.found.restated;
        let rises = after.release_floor > before.release_floor;
        let of_confirmed = match after.phase {
            Stand::Confirmed(active) => after.entry(active),
            Stand::Empty | Stand::Trial { .. } => None,
        };
        let is_confirmed = of_confirmed
            .is_some_and(|id| self.scenario.release(id).order == after.release_floor)
            && self.engine.found.confirmed;
        let order = |head: Option<u8>| head.map(|head| self.scenario.head(head).order);
        after.keyring_floor >= before.keyring_floor
            && (after.release_floor >= before.release_floor || entitled.release)
            && (after.head_floor >= before.head_floor || entitled.head)
            && (!rises || is_confirmed || entitled.release)
            && (after.keyring != before.keyring
                || self.after.memory.head.is_none()
                || order(self.after.memory.head) >= order(self.before.memory.head))
            && self.no_release_goes_back()
    }

    /// What is committed is never below the floor.
    fn no_release_goes_back(&self) -> bool {
        let floor = self.before.release_floor(self.scenario);
        self.engine.found.committed.is_none_or(|id| self.scenario.release(id).order >= floor)
    }

    fn one_number_has_one_content(&self) -> bool {
        let heads = match (self.before.memory.head, self.after.memory.head) {
            (Some(before), Some(after)) if self.before.journal.keyring == self.after.journal.keyring => {
                before == after || self.scenario.head(before).order != self.scenario.head(after).order
            }
            _ => true,
        };
        let Some(id) = self.engine.found.committed else { return heads };
        let order = self.scenario.release(id).order;
        let floor = self.before.release_floor(self.scenario);
        let held = self.before.installed(self.scenario);
        let is_twin = held != id && self.scenario.release(held).order == order && order <= floor;
        heads && !is_twin
    }

    fn no_service_is_lost(&self) -> bool {
        let found = &self.engine.found;
        !(found.lost && (found.committed.is_some() || found.confirmed))
    }

    /// A trial ends badly by conclusive failures, by a newer release, or by a keyring that replaces its keys.
    fn reverts_are_founded(&self) -> bool {
        let (before, after) = (&self.before.journal, &self.after.journal);
        let reverted = before.is_trial() && !after.is_trial() && !self.engine.found.confirmed;
        !reverted
            || self.engine.found.gave_way
            || self.engine.found.restated.release
            || (self.engine.found.lost && before.failures == 2)
    }

    fn denials_hold(&self) -> bool {
        let (before, after) = (&self.before.journal, &self.after.journal);
        let found = &self.engine.found;
        let held = self.denials_order();
        let newest =
            |id: Option<u8>| id.map(|id| self.scenario.release(id)).filter(|release| release.order >= held);
        let is_newer = [newest(found.admitted), newest(found.committed)];
        let is_told = is_newer.iter().flatten().any(|release| release.denies == after.denials);
        let holds_at_once = newest(found.admitted).is_none_or(|release| release.denies == after.denials);
        (after.denials == before.denials || is_told) && holds_at_once
    }

    /// The release whose deny list is the newest that keys in force have signed.
    fn denials_order(&self) -> Order {
        let before = &self.before.journal;
        let written = if self.engine.found.restated.release {
            before.denials_order.min(self.after.journal.release_floor)
        } else {
            before.denials_order
        };
        // A list that denies the same as the one in force is not written down.
        let keyring = self.after.keyring(self.scenario);
        let unwritten = self.before.memory.denials_order.filter(|order| {
            let is_vouched = |release: &&Release| {
                release.order == *order && keyring.judge_release(release, Rules::default()).is_ok()
            };
            self.scenario.releases.iter().any(|release| is_vouched(&release))
        });
        unwritten.map_or(written, |unwritten| unwritten.max(written))
    }

    fn time_grows(&self) -> bool {
        self.after.journal.time_floor >= self.before.journal.time_floor || self.engine.found.restated.time
    }

    /// A release on trial whose keys a keyring has replaced, above the floor that it restates, is read no longer.
    fn replaced_keys_end_trials(&self) -> bool {
        let on_trial = match self.before.journal.phase {
            Stand::Trial { active, .. } => self.before.journal.entry(active),
            Stand::Empty | Stand::Confirmed(_) => None,
        };
        let Some(on_trial) = on_trial.filter(|_| self.engine.found.restated.release) else { return true };
        let (order, floor) = (self.scenario.release(on_trial).order, self.after.journal.release_floor);
        let is_left_behind = order > floor || order.epoch < floor.epoch;
        !is_left_behind || self.after.installed(self.scenario) != on_trial
    }
}

/// True where what the journal says applications read is whole.
pub(crate) fn is_readable(device: &Device) -> bool {
    let torn = |slot: SlotIndex| match slot {
        SlotIndex::First => device.torn[0],
        SlotIndex::Second => device.torn[1],
    };
    device.journal.active().is_none_or(|active| device.journal.entry(active).is_some() && !torn(active))
}
