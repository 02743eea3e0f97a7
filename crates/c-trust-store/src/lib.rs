//! The trust store as a C library, for applications on Linux: what the device agent installed, followed in a running
//! process.
//!
//! `include/trust_store.h` is generated from this crate and compared by a test; its comments are the documentation,
//! `man/` the manual. `DESIGN.md` beside this crate has the reasons. Codes, reasons and conventions are those of
//! `device_agent.h`, the interface of applications that carry the agent inside.

#![warn(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::indexing_slicing,
    clippy::undocumented_unsafe_blocks
)]
#![expect(unsafe_code, reason = "a C interface: every block says why it may be")]

pub mod anchors;
// The rules of the boundary are one: what a C caller hands over is read by the same code in both interfaces.
#[path = "../../c-api/src/argument.rs"]
mod argument;
pub mod code;
mod entry;
mod follower;
mod handle;
pub mod judgement;
mod log;
pub mod notice;
pub mod opening;
mod reason;
mod signals;
pub mod snapshot;

#[cfg(test)]
mod tests;

pub use code::Code;
pub use handle::Handle;
