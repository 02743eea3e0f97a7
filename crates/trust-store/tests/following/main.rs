//! A device whose bundle changes while applications look on: what they read, and whom they trust.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what a test needs and does not get is its failure")]

#[cfg(feature = "tokio")]
mod changes;
#[path = "../kit/device.rs"]
mod device;
mod lookup;
mod sessions;
mod store;
mod tls;
mod verifier;
