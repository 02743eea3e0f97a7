//! The end of an attack: whatever state it left the device in, what becomes of it when the network is honest again.

use crate::{
    cycle::Missing,
    device::{Device, Engine, Stage},
    install::{Network, Writing},
    rules::Rule,
    scenario::{SERVICE, Scenario},
    world::{Protocol, World},
};

/// Cycles that a device has, a day apart.
const CYCLES: usize = 8;
/// Steps of one cycle; more would be a cycle without an end.
const STEPS: usize = 64;

/// What the attacker keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kept {
    /// Nothing.
    Nothing,
    /// The file of the head, where a thief of head keys shows this one, or none at all.
    HeadFile(Option<u8>),
    /// The path to the service.
    Path,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct End {
    pub(crate) kept: Kept,
    /// The device has the newest keyring.
    pub(crate) keyring: bool,
    /// The device is in the newest epoch.
    pub(crate) epoch: bool,
    /// The device has the release that it should have.
    pub(crate) release: bool,
}

impl Protocol {
    /// Lets the device go on alone with an honest tree, for as many days as it may need.
    pub(crate) fn heal(&self, world: &World, kept: Kept) -> World {
        let mut device = world.device;
        let mut end = None;
        for _ in 0..CYCLES {
            device = self.cycle(device, world.published, kept);
            let reached = self.end(&device, world.published, kept);
            let is_over = match kept {
                Kept::HeadFile(_) => reached.keyring,
                Kept::Nothing | Kept::Path => reached.keyring && reached.release,
            };
            end = Some(reached);
            if is_over {
                break;
            }
        }
        // What led here is in the path; one state for each outcome is enough.
        let end = end.map(|end| self.excuse(end, world.published));
        World {
            published: world.published,
            device: Device::new(&self.scenario),
            event: None,
            breach: None,
            end,
        }
    }

    fn cycle(&self, device: Device, published: u8, kept: Kept) -> Device {
        let mut engine = self.engine(device);
        if engine.device.stage == Stage::Idle {
            engine.day();
            engine.begin_cycle();
        }
        for _ in 0..STEPS {
            if engine.device.stage == Stage::Idle {
                break;
            }
            engine.answer_honestly(published, kept);
        }
        engine.device
    }

    /// What was stolen and is not answered yet keeps a device from the goal, whatever it does.
    fn excuse(&self, end: End, published: u8) -> End {
        let is_unanswered = published < self.scenario.answered_from;
        End { keyring: end.keyring || is_unanswered, release: end.release || is_unanswered, ..end }
    }

    fn end(&self, device: &Device, published: u8, kept: Kept) -> End {
        let keyring = device.keyring(&self.scenario).order;
        let newest = self.scenario.newest_keyring(published, |_| true).unwrap_or(0);
        let newest = self.scenario.keyring(newest).order;
        End {
            kept,
            keyring: keyring >= newest,
            epoch: keyring.epoch == newest.epoch,
            release: is_at_goal(&self.scenario, device, published, kept),
        }
    }
}

impl Engine<'_> {
    /// A day passes: refused releases may be tried again, and the next keyring must be asked for.
    pub(crate) const fn day(&mut self) {
        self.device.memory.is_day_due = true;
        self.device.waiting = 0;
    }

    /// Every head that is known expires.
    pub(crate) fn expire(&mut self) {
        self.device.memory.is_stale = true;
        if !self.rules.holds(Rule::ExpiryKeeps) {
            self.device.journal.phase = crate::journal::Stand::Empty;
        }
    }

    fn answer_honestly(&mut self, published: u8, kept: Kept) {
        let scenario = self.scenario;
        let keyrings = |found: Option<Vec<u8>>, engine: &mut Self| match found {
            Some(files) => engine.judge_keyrings(&files),
            None => engine.keyrings_missing(Missing::NotFound),
        };
        let network = if kept == Kept::Path { Network::Attacker } else { Network::Service };
        match self.device.stage {
            Stage::Idle => {}
            Stage::Head => {
                let head = match kept {
                    Kept::HeadFile(head) => head,
                    Kept::Nothing | Kept::Path => scenario.newest_head(published),
                };
                match head {
                    Some(head) => self.judge_head(head),
                    None => self.head_unusable(),
                }
            }
            Stage::Generation(number) => {
                keyrings(scenario.generation(published, number).map(|id| vec![id]), self);
            }
            Stage::Pack { from, to } => keyrings(scenario.pack(published, from, to), self),
            Stage::Recovery(epoch) => {
                keyrings(scenario.recovery_file(published, epoch).map(|id| vec![id]), self);
            }
            Stage::Manifest(id) if scenario.has_release(published, id) => self.judge_release(id, id),
            Stage::Manifest(_) => self.finish(),
            Stage::Filling(id) => self.fill(id, Writing::Whole),
            Stage::Proving(id) => self.prove(id, network),
            Stage::Round { opens } => self.round(opens, network),
        }
    }
}

/// True where applications read what the newest head means them to, or something of the operator's that serves where
/// that breaks the service.
fn is_at_goal(scenario: &Scenario, device: &Device, published: u8, kept: Kept) -> bool {
    let installed = device.installed(scenario);
    let served = |id: u8| {
        let release = scenario.release(id);
        release.anchors & !device.journal.denials & SERVICE != 0
    };
    let Some(head) = scenario.newest_head(published).map(|head| scenario.head(head)) else {
        // Nothing was published yet: what the image brought is there to stay, or what a thief has signed.
        return true;
    };
    let named = if head.in_share { Some(head.release) } else { head.previous };
    let Some(named) = named else { return true };
    let is_settled = kept == Kept::Path || !device.journal.is_trial();
    let breaks = scenario.release(named).anchors & SERVICE == 0;
    let is_operators =
        scenario.published(published).any(|it| it == crate::documents::Document::Release(installed))
            || installed == 0;
    // A share that was lowered undoes nothing.
    let is_beyond =
        !head.in_share && is_operators && scenario.release(installed).order > scenario.release(named).order;
    is_settled && if breaks { is_operators && served(installed) } else { installed == named || is_beyond }
}
