//! The scenarios: each a world that is small enough to be visited as a whole.

mod cast;
mod everyday;
mod recoveries;
mod thefts;

use crate::scenario::Scenario;

/// Every scenario.
#[must_use]
pub fn all() -> Vec<Scenario> {
    vec![
        everyday::rollouts(),
        everyday::shares(),
        thefts::head_keys(),
        thefts::release_keys(),
        recoveries::keyring_keys(),
        recoveries::twice(),
    ]
}

/// Scenarios that show a limit of the protocol: a property breaks in them, and is known to.
#[must_use]
pub fn limits() -> Vec<Scenario> {
    vec![recoveries::commitment_behind_a_thief()]
}

/// The scenario of this name.
#[must_use]
pub fn named(name: &str) -> Option<Scenario> {
    all().into_iter().chain(limits()).find(|scenario| scenario.name == name)
}
