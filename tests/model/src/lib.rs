//! The update protocol as a model that is searched exhaustively: an operator, one device, an attacker on the network.
//!
//! | what | whose code |
//! |---|---|
//! | order, steps, their limits | `bundle::Order`, `bundle::limits` |
//! | every change of the journal: commit, confirm, revert, keyring with restated floors, denials, refusals, head note | `store::Change`, through `store::rehearsal` |
//! | what a signature is | sets of keys |
//! | thresholds, parents, commitments | the model's, after `bundle::Keyring::accept` and `bundle::Envelope` |
//! | the cycle, from head to confirmation | the model's, after the engine's files of the same names |
//! | time | days, and heads that expire |
//!
//! `README.md` beside this crate says which property stands for which invariant, and what is left out.

#![forbid(unsafe_code)]

mod audit;
mod cycle;
mod device;
mod documents;
mod heal;
mod install;
mod journal;
mod properties;
mod rules;
mod scenario;
mod scenarios;
mod search;
#[cfg(test)]
mod tests;
mod words;
mod world;

pub use rules::{Rule, Rules};
pub use scenario::Scenario;
pub use scenarios::{all, limits, named};
pub use search::{Judged, Outcome, exhaust, until_breaks, until_broken};
