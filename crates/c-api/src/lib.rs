//! The device agent as a C library, for applications that carry it inside.
//!
//! Everything runs on one thread, inside [`lifecycle::device_agent_step`]; all memory comes from one arena that the application
//! gives at the start. `include/device_agent.h` is generated from this crate and compared by a test; its comments
//! are the documentation. `DESIGN.md` of the device agent has the reasons.
//!
//! | feature | adds |
//! |---|---|
//! | `standalone` | the arena as the global allocator and a panic handler: what a C program needs. Builds that unwind, such as tests, have both already and stay as they are |
//! | `panics` | a panic handler that does not link: for the proof that no panic is reached |

#![no_std]
#![warn(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::indexing_slicing,
    clippy::std_instead_of_core,
    clippy::undocumented_unsafe_blocks
)]
#![expect(unsafe_code, reason = "a C interface: every block says why it may be")]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod answers;
mod arena;
mod argument;
pub mod bundles;
pub mod callbacks;
pub mod code;
pub mod config;
mod instance;
pub mod lifecycle;
#[cfg(all(feature = "standalone", not(panic = "unwind")))]
mod panic;
mod platform;
pub mod snapshot;

#[cfg(test)]
mod tests;

pub use code::Code;
pub use instance::DeviceAgent;
