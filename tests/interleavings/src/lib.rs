//! What threads share in the trust store, compiled with loom's types and run through every order of their steps.
//!
//! `current` is the trust store's own file, not a copy: the one that ships, with `crate::sync` being loom's. See "What
//! loom shows" in `crates/trust-store/DESIGN.md`.

#[cfg(test)]
#[path = "../../../crates/trust-store/src/current.rs"]
mod current;
#[cfg(test)]
mod sync;
#[cfg(test)]
mod tests;
