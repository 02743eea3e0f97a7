//! The search of one scenario: every state that can be reached, and what became of each property.

use std::time::Instant;

use serde::Serialize;
use stateright::{Checker as _, Expectation, HasDiscoveries, Model as _};

use crate::{
    rules::Rules,
    scenario::Scenario,
    words,
    world::{Action, Protocol, World},
};

/// What a search found.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// The scenario's name.
    pub scenario: &'static str,
    /// What happens in it.
    pub about: &'static str,
    /// Different states.
    pub states: usize,
    /// Steps of the longest shortest path.
    pub depth: usize,
    /// Seconds of search.
    pub seconds: f64,
    /// Every property.
    pub properties: Vec<Judged>,
}

/// What became of one property.
#[derive(Clone, Debug, Serialize)]
pub struct Judged {
    /// Its stable name.
    pub name: &'static str,
    /// `always`, `eventually` or `sometimes`.
    pub kind: &'static str,
    /// True where it holds.
    pub holds: bool,
    /// The steps that break it, in words; of a `sometimes` the steps to an example.
    pub path: Vec<String>,
}

impl Outcome {
    /// True where every property holds.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.properties.iter().all(|property| property.holds)
    }

    /// The properties that do not hold.
    pub fn broken(&self) -> impl Iterator<Item = &Judged> {
        self.properties.iter().filter(|property| !property.holds)
    }
}

/// Visits every state of a scenario.
#[must_use]
pub fn exhaust(scenario: &Scenario) -> Outcome {
    search(scenario, Rules::default(), HasDiscoveries::All)
}

/// Searches a scenario under these rules until some property breaks that should hold always or in the end.
#[must_use]
pub fn until_broken(scenario: &Scenario, rules: Rules) -> Outcome {
    search(scenario, rules, HasDiscoveries::AnyFailures)
}

/// Searches a scenario under these rules until this property breaks.
#[must_use]
pub fn until_breaks(scenario: &Scenario, rules: Rules, property: &'static str) -> Outcome {
    search(scenario, rules, HasDiscoveries::AnyOf([property].into()))
}

fn search(scenario: &Scenario, rules: Rules, until: HasDiscoveries) -> Outcome {
    let started = Instant::now();
    let checker = Protocol::new(scenario.clone(), rules).checker().finish_when(until).spawn_bfs().join();
    let seconds = started.elapsed().as_secs_f64();
    let properties = checker.model().properties().into_iter().map(|property| {
        let found = checker.discovery(property.name);
        let (kind, holds) = match property.expectation {
            Expectation::Always => ("always", found.is_none()),
            Expectation::Eventually => ("eventually", found.is_none()),
            Expectation::Sometimes => ("sometimes", found.is_some()),
        };
        let path = found.map(|path| in_words(scenario, path.into_vec())).unwrap_or_default();
        Judged { name: property.name, kind, holds, path }
    });
    Outcome {
        scenario: scenario.name,
        about: scenario.about,
        states: checker.unique_state_count(),
        depth: checker.max_depth(),
        seconds,
        properties: properties.collect(),
    }
}

fn in_words(scenario: &Scenario, path: Vec<(World, Option<Action>)>) -> Vec<String> {
    let steps = path.into_iter().map(|(world, action)| match action {
        Some(action) => words::step(scenario, &world, action),
        None => words::state(scenario, &world),
    });
    steps.collect()
}
