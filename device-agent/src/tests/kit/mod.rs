//! A fleet in memory: signers, a published tree, and a driver that answers the engine's actions from it.

mod device;
mod documents;
mod fleet;

pub(super) use device::{Device, Setup, TestAgent, both, outcome};
pub(super) use documents::{anchor, certificate, decoded, deny, manifest, public, service, sign, signer};
pub(super) use fleet::Fleet;

pub(super) const CHANNEL: &str = "prod";
/// Midnight of 2026-05-01, when the fleet begins.
pub(super) const START: u64 = 1_777_593_600;
pub(super) const DAY: u64 = 86_400;
