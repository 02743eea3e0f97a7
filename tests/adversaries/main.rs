//! The adversary suite: what others demand of signed updates, tried on the production engine and format.
//!
//! `tests/ADVERSARIES.md` lists every attack, requirement, advisory and conformance case beside the test that shows
//! it; `cargo test -p xtask` compares the two.

#![expect(clippy::unwrap_used, reason = "a test whose own input cannot be made stops there")]

mod compromise;
mod expiry;
mod files;
mod keys;
mod management;
mod manifests;
mod names;
mod raw_keyring;
mod refresh;
mod roles;
mod rollback;
mod roots;
mod scene;
mod types;
