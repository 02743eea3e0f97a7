//! Azure Sphere's applibs for Rust: thin bindings, safe to call, without `std` and without a heap.
//!
//! This is the one crate of the workspace that calls out into the platform; each `unsafe` block says why it is sound.
//! The symbols come from the platform's `libapplibs`, which the final program links, or with the feature `stand-in` from
//! the emulated board (`tests/board`).
//!
//! | part | what it is |
//! |---|---|
//! | [`storage`] | the one mutable file, and files of the image package |
//! | [`networking`] | whether there is a network, and why not to wait for that |
//! | [`log`] | the debug log |
//! | [`memory`] | what the application uses, as the platform counts it |
//! | [`event_loop`] | waiting for descriptors |
//! | [`device_auth`] | whether the device's own certificate can be used yet |
//! | [`Error`] | an errno |
//!
//! `Storage_DeleteMutableFile` has no binding, on purpose: it would take the agent's store away, and its floors with it.

#![no_std]

#[cfg(any(test, feature = "std"))]
extern crate std;

pub mod device_auth;
mod error;
pub mod event_loop;
pub mod log;
pub mod memory;
pub mod networking;
pub mod storage;
mod symbols;

pub use error::Error;
