//! The world: what the operator has published, the device, and every step that can come next.

use stateright::{Model, Property};

use crate::{
    audit,
    audit::Breach,
    cycle::Missing,
    device::{Device, Engine, Event, Findings, Stage},
    documents::Document,
    heal::{End, Kept},
    install::{Network, Writing},
    properties,
    rules::Rules,
    scenario::Scenario,
};

/// The model: a scenario, and the rules that hold in it.
#[derive(Clone, Debug)]
pub(crate) struct Protocol {
    pub(crate) scenario: Scenario,
    pub(crate) rules: Rules,
}

/// A state.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct World {
    /// Steps that the operator has made.
    pub(crate) published: u8,
    pub(crate) device: Device,
    /// What the last step was worth seeing for.
    pub(crate) event: Option<Event>,
    /// The safety property that the last step broke.
    pub(crate) breach: Option<Breach>,
    /// What came of it when the attacker stopped.
    pub(crate) end: Option<End>,
}

/// One step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Action {
    /// The operator publishes what comes next.
    Publish,
    /// The device begins a cycle.
    Check,
    /// A document arrives, whoever sent it.
    Arrives(Document),
    /// The honest pack of keyrings arrives.
    Pack,
    /// Nothing arrives.
    Missing(Missing),
    /// The slot is written.
    Written(Writing),
    /// A probe ends.
    Probed(Network),
    /// A file is put in: a release, and perhaps a keyring in front of it.
    File(u8, Option<u8>),
    /// The application is replaced by one with a newer image.
    NewImage,
    /// A day passes.
    Day,
    /// Every head expires.
    Expiry,
    /// The power fails.
    PowerCut,
    /// The attacker stops, but for what he keeps.
    Heal(Kept),
}

impl Protocol {
    /// A scenario under all rules, or under all but one.
    #[must_use]
    pub(crate) const fn new(scenario: Scenario, rules: Rules) -> Self {
        Self { scenario, rules }
    }

    /// The device of a state, in the middle of a step.
    pub(crate) fn engine(&self, device: Device) -> Engine<'_> {
        Engine { scenario: &self.scenario, rules: self.rules, device, found: Findings::default() }
    }

    fn documents(&self, world: &World, actions: &mut Vec<Action>) {
        let wanted = |document: &Document| {
            matches!(
                (world.device.stage, document),
                (Stage::Head, Document::Head(_))
                    | (Stage::Generation(_) | Stage::Pack { .. } | Stage::Recovery(_), Document::Keyring(_))
                    | (Stage::Manifest(_), Document::Release(_))
            )
        };
        let offered = self.scenario.available(world.published).filter(wanted);
        actions.extend(offered.map(Action::Arrives));
    }

    /// Every release that there is, alone and behind every keyring that there is.
    fn files(&self, world: &World, actions: &mut Vec<Action>) {
        let offered: Vec<Document> = self.scenario.available(world.published).collect();
        let keyrings = offered.iter().filter_map(|document| match document {
            Document::Keyring(id) => Some(Some(*id)),
            Document::Release(_) | Document::Head(_) => None,
        });
        for keyring in keyrings.chain([None]) {
            actions.extend(offered.iter().filter_map(|document| match document {
                Document::Release(id) => Some(Action::File(*id, keyring)),
                Document::Keyring(_) | Document::Head(_) => None,
            }));
        }
    }

    fn hazards(&self, world: &World, actions: &mut Vec<Action>) {
        let device = &world.device;
        let hazards = self.scenario.hazards;
        actions.push(Action::PowerCut);
        if device.stage == Stage::Idle {
            if !device.memory.is_day_due || device.waiting != 0 {
                actions.push(Action::Day);
            }
            if hazards.expiry && !device.memory.is_stale {
                actions.push(Action::Expiry);
            }
            if hazards.files {
                self.files(world, actions);
            }
        }
        let image = self.scenario.new_image.filter(|image| image.from_step <= world.published);
        if image.is_some() && !device.has_new_image && device.stage == Stage::Idle {
            actions.push(Action::NewImage);
        }
        actions.push(Action::Heal(Kept::Nothing));
        if hazards.path {
            actions.push(Action::Heal(Kept::Path));
        }
        if hazards.head_file {
            let heads = self.scenario.available(world.published).filter_map(|document| match document {
                Document::Head(id) => Some(Action::Heal(Kept::HeadFile(Some(id)))),
                Document::Keyring(_) | Document::Release(_) => None,
            });
            actions.extend(heads.chain([Action::Heal(Kept::HeadFile(None))]));
        }
    }

    /// What the device does in a step; `None` where the action is none of its own.
    fn step(&self, world: &World, action: Action) -> Option<Engine<'_>> {
        let mut engine = self.engine(world.device);
        match (world.device.stage, action) {
            (Stage::Idle, Action::Check) => engine.begin_cycle(),
            (Stage::Idle, Action::File(id, keyring)) => engine.install_file(id, keyring),
            (Stage::Head, Action::Arrives(Document::Head(id))) => engine.judge_head(id),
            (Stage::Head, Action::Missing(Missing::NotFound)) => engine.head_unusable(),
            (Stage::Head, Action::Missing(_)) => engine.finish(),
            (Stage::Generation(_) | Stage::Pack { .. } | Stage::Recovery(_), Action::Arrives(of)) => {
                let Document::Keyring(id) = of else { return None };
                engine.judge_keyrings(&[id]);
            }
            (Stage::Pack { from, to }, Action::Pack) => {
                engine.judge_keyrings(&self.scenario.pack(world.published, from, to)?);
            }
            (Stage::Generation(_) | Stage::Pack { .. } | Stage::Recovery(_), Action::Missing(missing)) => {
                engine.keyrings_missing(missing)
            }
            (Stage::Manifest(asked), Action::Arrives(Document::Release(id))) => {
                engine.judge_release(asked, id);
            }
            (Stage::Manifest(_), Action::Missing(_)) => engine.finish(),
            (Stage::Filling(id), Action::Written(writing)) => engine.fill(id, writing),
            (Stage::Proving(id), Action::Probed(network)) => engine.prove(id, network),
            (Stage::Round { opens }, Action::Probed(network)) => engine.round(opens, network),
            (Stage::Idle, Action::Day) => engine.day(),
            (Stage::Idle, Action::Expiry) => engine.expire(),
            (Stage::Idle, Action::NewImage) => engine.boot_new_image(),
            (_, Action::PowerCut) => engine.device.power_cut(),
            _ => return None,
        }
        Some(engine)
    }
}

impl Model for Protocol {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        let device = Device::new(&self.scenario);
        vec![World { published: 0, device, event: None, breach: None, end: None }]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        if world.end.is_some() {
            return;
        }
        if usize::from(world.published) < self.scenario.steps.len() {
            actions.push(Action::Publish);
        }
        self.documents(world, actions);
        match world.device.stage {
            Stage::Idle => actions.push(Action::Check),
            Stage::Pack { .. } => actions.push(Action::Pack),
            Stage::Filling(_) => {
                actions.extend([Writing::Whole, Writing::CutOff].map(Action::Written));
                if self.scenario.hazards.spoilt_writes {
                    actions.push(Action::Written(Writing::Spoilt));
                }
            }
            Stage::Proving(_) | Stage::Round { .. } => {
                actions.extend([Network::Service, Network::Silence].map(Action::Probed));
                if self.scenario.evil != 0 {
                    actions.push(Action::Probed(Network::Attacker));
                }
            }
            _ => {}
        }
        if matches!(
            world.device.stage,
            Stage::Head | Stage::Generation(_) | Stage::Pack { .. } | Stage::Recovery(_) | Stage::Manifest(_)
        ) {
            let lacks = [Missing::NotFound, Missing::Unreachable];
            actions.extend(lacks.map(Action::Missing));
        }
        self.hazards(world, actions);
    }

    fn next_state(&self, world: &World, action: Action) -> Option<World> {
        if let Action::Heal(kept) = action {
            return Some(self.heal(world, kept));
        }
        if action == Action::Publish {
            let published = world.published + 1;
            return Some(World { published, event: None, breach: None, ..world.clone() });
        }
        let engine = self.step(world, action)?;
        let breach = audit::breach(&self.scenario, &world.device, &engine, action);
        Some(World {
            published: world.published,
            device: engine.device,
            event: engine.found.event,
            breach,
            end: None,
        })
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::of(&self.scenario)
    }
}
