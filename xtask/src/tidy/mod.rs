//! The rules of the source tree, as tests.

mod adversaries;
mod dependencies;
mod invariants;
mod layout;
mod readme;
mod shape;
mod source;
mod words;
