//! A path in words: what happened, step by step.

use crate::{
    cycle::Missing,
    documents::Document,
    heal::Kept,
    install::{Network, Writing},
    scenario::Scenario,
    world::{Action, World},
};

/// One step, given the state before it.
pub(crate) fn step(scenario: &Scenario, before: &World, action: Action) -> String {
    match action {
        Action::Publish => {
            let step = scenario.steps.get(usize::from(before.published));
            format!("the operator publishes: {}", step.map_or("nothing", |step| step.name))
        }
        Action::Check => "the device checks".to_owned(),
        Action::Arrives(document) => format!("{} arrives", document_name(scenario, document)),
        Action::Pack => "the pack of keyrings arrives".to_owned(),
        Action::Missing(Missing::NotFound) => "the server says that there is no such file".to_owned(),
        Action::Missing(Missing::Unreachable) => "nobody answers".to_owned(),
        Action::Written(Writing::Whole) => "the slot is written".to_owned(),
        Action::Written(Writing::Spoilt) => "the medium spoils what is written".to_owned(),
        Action::Written(Writing::CutOff) => "the certificates do not come".to_owned(),
        Action::Probed(Network::Service) => "a probe: the service answers".to_owned(),
        Action::Probed(Network::Silence) => "a probe: nobody answers".to_owned(),
        Action::Probed(Network::Attacker) => {
            "a probe: an attacker answers with the thief's certificate".to_owned()
        }
        Action::File(id, None) => format!("a file with {} is put in", scenario.release(id).name),
        Action::File(id, Some(keyring)) => {
            let (keyring, release) = (scenario.keyring(keyring).name, scenario.release(id).name);
            format!("a file with {keyring} and {release} is put in")
        }
        Action::NewImage => "the application is replaced by one with a newer image".to_owned(),
        Action::Day => "a day passes".to_owned(),
        Action::Expiry => "every head expires".to_owned(),
        Action::PowerCut => "the power fails and comes back".to_owned(),
        Action::Heal(Kept::Nothing) => "the attacker stops, and days pass".to_owned(),
        Action::Heal(Kept::HeadFile(Some(id))) => {
            format!("the attacker stops, but the head's file stays {}, and days pass", scenario.head(id).name)
        }
        Action::Heal(Kept::HeadFile(None)) => {
            "the attacker stops, but the head's file stays gone, and days pass".to_owned()
        }
        Action::Heal(Kept::Path) => {
            "the attacker stops, but for the path to the service, and days pass".to_owned()
        }
    }
}

/// Where a path ended.
pub(crate) fn state(scenario: &Scenario, world: &World) -> String {
    if let Some(end) = world.end {
        let word = |reached| if reached { "reached" } else { "missed" };
        return format!(
            "in the end: keyring {}, epoch {}, release {}",
            word(end.keyring),
            word(end.epoch),
            word(end.release)
        );
    }
    let (device, journal) = (&world.device, &world.device.journal);
    let denies = if journal.denials == 0 { "nothing".to_owned() } else { format!("{:#b}", journal.denials) };
    format!(
        "now: applications read {}, phase {:?}, {} in force, floors {} (release) and {} (head), denied {denies}",
        scenario.release(device.installed(scenario)).name,
        journal.phase,
        scenario.keyring(journal.keyring).name,
        journal.release_floor,
        journal.head_floor,
    )
}

fn document_name(scenario: &Scenario, document: Document) -> &'static str {
    match document {
        Document::Keyring(id) => scenario.keyring(id).name,
        Document::Release(id) => scenario.release(id).name,
        Document::Head(id) => scenario.head(id).name,
    }
}
