//! The device: its journal and slots, what it keeps in memory, and where its cycle stands.

use bundle::Order;
use store::SlotIndex;

use crate::{
    documents::Keyring,
    journal::{Journal, Stand},
    rules::Rules,
    scenario::Scenario,
};

/// Everything that a device is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Device {
    pub(crate) journal: Journal,
    /// True once the application was replaced by one with a newer image.
    pub(crate) has_new_image: bool,
    /// Slots whose content is not whole.
    pub(crate) torn: [bool; 2],
    /// Refused releases whose wait is not over, as bits.
    pub(crate) waiting: u16,
    pub(crate) memory: Memory,
    pub(crate) stage: Stage,
    pub(crate) cycle: Cycle,
}

/// What a power cut takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Memory {
    /// The newest accepted head.
    pub(crate) head: Option<u8>,
    /// The newest release whose deny list was verified.
    pub(crate) denials_order: Option<Order>,
    /// True where the next keyring must be asked for.
    pub(crate) is_day_due: bool,
    /// True where every head that is known has expired.
    pub(crate) is_stale: bool,
}

/// What the device waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Stage {
    Idle,
    Head,
    Generation(u32),
    Pack {
        from: u32,
        to: u32,
    },
    Recovery(u16),
    Manifest(u8),
    Filling(u8),
    Proving(u8),
    /// A round of the trial; `opens` where it begins a cycle.
    Round {
        opens: bool,
    },
}

/// What is known of the running cycle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Cycle {
    pub(crate) keyrings_asked: bool,
    pub(crate) keyring_changed: bool,
    pub(crate) head_accepted: bool,
    pub(crate) daily_done: bool,
}

/// What is worth seeing once: a model in which it never happens is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Event {
    Confirmed,
    EquivocationRefused,
    FloorRestated,
    ImageTaken,
    LossRefused,
    OlderIgnored,
    Recovered,
    Reverted,
    TrialGaveWay,
    VetoOverruled,
}

/// What one step found, for the properties to judge; no part of the state.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Findings {
    pub(crate) event: Option<Event>,
    /// A document was judged and refused, and nothing was accepted.
    pub(crate) refused: bool,
    /// The release that was verified.
    pub(crate) admitted: Option<u8>,
    /// The release that was committed.
    pub(crate) committed: Option<u8>,
    pub(crate) confirmed: bool,
    /// A service that a believed bundle verifies is lost, as the probe said.
    pub(crate) lost: bool,
    /// Floors that a keyring was entitled to restate.
    pub(crate) restated: Entitled,
    /// Staging ended a trial.
    pub(crate) gave_way: bool,
}

/// The floors that may move back in this step.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Entitled {
    pub(crate) release: bool,
    pub(crate) head: bool,
    pub(crate) time: bool,
}

/// One device in the middle of a step.
pub(crate) struct Engine<'s> {
    pub(crate) scenario: &'s Scenario,
    pub(crate) rules: Rules,
    pub(crate) device: Device,
    pub(crate) found: Findings,
}

impl Device {
    /// A device as its image makes it.
    pub(crate) fn new(scenario: &Scenario) -> Self {
        Self {
            journal: Journal::blank(scenario),
            has_new_image: false,
            torn: [false; 2],
            waiting: 0,
            memory: Memory::new(),
            stage: Stage::Idle,
            cycle: Cycle::default(),
        }
    }

    /// The power fails and comes back.
    pub(crate) const fn power_cut(&mut self) {
        self.memory = Memory::new();
        self.stage = Stage::Idle;
        self.cycle =
            Cycle { keyrings_asked: false, keyring_changed: false, head_accepted: false, daily_done: false };
    }

    /// The slot that applications read: the active one while it is whole, else the other one where that is.
    pub(crate) fn readable(&self) -> Option<(SlotIndex, u8)> {
        let active = self.journal.active()?;
        let whole = |slot: SlotIndex| {
            let is_torn = match slot {
                SlotIndex::First => self.torn[0],
                SlotIndex::Second => self.torn[1],
            };
            self.journal.entry(slot).filter(|_| !is_torn).map(|release| (slot, release))
        };
        whole(active).or_else(|| whole(active.other()))
    }

    /// The release that applications read, the image's seed included.
    pub(crate) fn installed(&self, scenario: &Scenario) -> u8 {
        self.newer(scenario, self.readable().map(|(_, release)| release))
    }

    /// The release that a candidate is measured against: in a trial, the one to go back to.
    pub(crate) fn base(&self, scenario: &Scenario) -> u8 {
        match self.journal.phase {
            Stand::Trial { fallback, .. } => {
                self.newer(scenario, fallback.and_then(|slot| self.journal.entry(slot)))
            }
            Stand::Empty | Stand::Confirmed(_) => self.installed(scenario),
        }
    }

    /// The release floor, of journal and image.
    pub(crate) fn release_floor(&self, scenario: &Scenario) -> Order {
        self.journal.release_floor.max(scenario.release(self.seed(scenario)).order)
    }

    /// The release in the image.
    pub(crate) fn seed(&self, scenario: &Scenario) -> u8 {
        scenario.new_image.filter(|_| self.has_new_image).map_or(0, |image| image.seed)
    }

    /// The newer one of a stored release and the seed.
    fn newer(&self, scenario: &Scenario, stored: Option<u8>) -> u8 {
        let seed = self.seed(scenario);
        let is_newer = |stored: &u8| scenario.release(*stored).order >= scenario.release(seed).order;
        stored.filter(is_newer).unwrap_or(seed)
    }

    /// The keyring in force.
    pub(crate) fn keyring<'s>(&self, scenario: &'s Scenario) -> &'s Keyring {
        scenario.keyring(self.journal.keyring)
    }

    /// Marks a slot as whole or not.
    pub(crate) const fn tear(&mut self, slot: SlotIndex, torn: bool) {
        match slot {
            SlotIndex::First => self.torn[0] = torn,
            SlotIndex::Second => self.torn[1] = torn,
        }
    }
}

impl Memory {
    const fn new() -> Self {
        Self { head: None, denials_order: None, is_day_due: true, is_stale: false }
    }
}
