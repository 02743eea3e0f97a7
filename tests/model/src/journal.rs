//! The device's journal, small enough to be a part of a state; every change of it is made by the store's own code.

use bundle::{Denial, DenialKind, Order, Sha256, UnixSeconds};
use store::{
    Change, Denials, Floors, HeadNote, KeyringBytes, Phase, Record, Refusal, Release, SlotEntry, SlotIndex,
    TransitionError, rehearsal,
};

use crate::{documents::Anchors, scenario::Scenario};

/// What the journal says, with documents by their place in the scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Journal {
    pub(crate) keyring_floor: Order,
    pub(crate) release_floor: Order,
    pub(crate) head_floor: Order,
    pub(crate) time_floor: u64,
    pub(crate) phase: Stand,
    pub(crate) failures: u8,
    pub(crate) head: Option<u8>,
    pub(crate) slots: [Option<u8>; 2],
    /// Refused releases, as bits.
    pub(crate) refused: u16,
    pub(crate) denials_order: Order,
    pub(crate) denials: Anchors,
    pub(crate) keyring: u8,
}

/// The journal's phase, which can be hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Stand {
    Empty,
    Confirmed(SlotIndex),
    Trial { active: SlotIndex, fallback: Option<SlotIndex> },
}

impl Journal {
    /// The journal of a device that has taken nothing but its image's keyring.
    pub(crate) fn blank(scenario: &Scenario) -> Self {
        let keyring = scenario.keyring(0);
        Self {
            keyring_floor: keyring.order,
            release_floor: Order::default(),
            head_floor: Order::default(),
            time_floor: keyring.issued_at,
            phase: Stand::Empty,
            failures: 0,
            head: None,
            slots: [None; 2],
            refused: 0,
            denials_order: Order::default(),
            denials: 0,
            keyring: 0,
        }
    }

    /// Makes one change with the store's own code; a change that it refuses changes nothing.
    pub(crate) fn change(
        &mut self,
        scenario: &Scenario,
        readable: Option<SlotIndex>,
        edit: impl FnOnce(&mut Change<'_>) -> Result<(), TransitionError>,
    ) -> bool {
        let mut record = self.to_record(scenario);
        let done = rehearsal::change(&mut record, readable, edit).is_ok();
        if done {
            *self = Self::of_record(&record);
        }
        done
    }

    pub(crate) const fn is_trial(&self) -> bool {
        matches!(self.phase, Stand::Trial { .. })
    }

    pub(crate) const fn active(&self) -> Option<SlotIndex> {
        match self.phase {
            Stand::Empty => None,
            Stand::Confirmed(active) | Stand::Trial { active, .. } => Some(active),
        }
    }

    /// The release in a slot.
    pub(crate) const fn entry(&self, slot: SlotIndex) -> Option<u8> {
        match slot {
            SlotIndex::First => self.slots[0],
            SlotIndex::Second => self.slots[1],
        }
    }

    pub(crate) const fn is_refused(&self, release: u8) -> bool {
        self.refused >> release & 1 == 1
    }

    fn to_record(self, scenario: &Scenario) -> Record {
        let mut record = Record {
            floors: Floors {
                keyring: self.keyring_floor,
                release: self.release_floor,
                head: self.head_floor,
                time: UnixSeconds(self.time_floor),
            },
            phase: match self.phase {
                Stand::Empty => Phase::Empty,
                Stand::Confirmed(active) => Phase::Confirmed { active },
                Stand::Trial { active, fallback } => Phase::Trial { active, fallback },
            },
            conclusive_failures: self.failures,
            head: self.head.map(|head| head_note(scenario, head)),
            slots: self.slots.map(|slot| slot.map(|release| entry(scenario, release))),
            denials: denials(self.denials_order, self.denials),
            keyring: KeyringBytes::new(&[self.keyring]).unwrap_or_default(),
            ..Record::default()
        };
        for release in (0..16).filter(|release| self.is_refused(*release)) {
            let note = refusal(scenario, release);
            // It cannot fail: a refusal may be noted in every phase.
            let _noted = rehearsal::change(&mut record, None, |change| {
                change.record_refusal(note);
                Ok(())
            });
        }
        record
    }

    fn of_record(record: &Record) -> Self {
        let id = |digest: Sha256| digest.0.first().copied().unwrap_or_default();
        Self {
            keyring_floor: record.floors.keyring,
            release_floor: record.floors.release,
            head_floor: record.floors.head,
            time_floor: record.floors.time.0,
            phase: match record.phase {
                Phase::Empty => Stand::Empty,
                Phase::Confirmed { active } => Stand::Confirmed(active),
                Phase::Trial { active, fallback } => Stand::Trial { active, fallback },
            },
            failures: record.conclusive_failures,
            head: record.head.map(|head| id(head.digest)),
            slots: record.slots.map(|slot| slot.map(|entry| id(entry.release.digest))),
            refused: record.refusals.iter().fold(0, |bits, refusal| bits | 1 << id(refusal.digest)),
            denials_order: record.denials.order,
            denials: record.denials.iter().fold(0, |bits, denial| bits | id(denial.sha256)),
            keyring: record.keyring.as_bytes().first().copied().unwrap_or_default(),
        }
    }
}

/// A digest that says which document it is of.
pub(crate) const fn digest(document: u8) -> Sha256 {
    Sha256([document; 32])
}

/// What the journal keeps of a release.
pub(crate) fn noted(scenario: &Scenario, release: u8) -> Release {
    let content = scenario.release(release);
    Release {
        order: content.order,
        digest: digest(release),
        document_bytes: 1,
        issued_at: UnixSeconds(content.issued_at),
    }
}

fn entry(scenario: &Scenario, release: u8) -> SlotEntry {
    SlotEntry {
        release: noted(scenario, release),
        total_bytes: 1,
        content_sha256: digest(release),
        committed_at: None,
    }
}

/// What the journal keeps of a head.
pub(crate) fn head_note(scenario: &Scenario, head: u8) -> HeadNote {
    HeadNote {
        order: scenario.head(head).order,
        digest: digest(head),
        valid_from: UnixSeconds(0),
        lifetime_seconds: 1,
    }
}

/// The note of a refused release.
pub(crate) fn refusal(scenario: &Scenario, release: u8) -> Refusal {
    let order = scenario.release(release).order;
    Refusal { order, digest: digest(release), reason: 0, attempts: 1, retry_at: None }
}

/// A deny list, one entry for each anchor.
pub(crate) fn denials(order: Order, anchors: Anchors) -> Denials {
    let bits = (0..8).map(|bit| 1 << bit).filter(|bit| anchors & bit != 0);
    let entries = bits.map(|bit| Denial { kind: DenialKind::Certificate, sha256: digest(bit) });
    Denials::new(order, entries).unwrap_or_default()
}
