//! The boundary from its other side: what functions do with whatever a C program hands over, from any number of threads.

#![expect(clippy::unwrap_used, reason = "a test whose own scene cannot be set stops there")]
#![expect(unsafe_code, reason = "the tests are a caller of a C interface")]

mod anchors;
mod arguments;
mod caller;
#[expect(dead_code, reason = "the device of the tests of `trust-store`, which open it in Rust too")]
#[path = "../../../trust-store/tests/kit/device.rs"]
mod device;
mod judge;
mod opening;
mod threads;
