//! The library as C programs have it: laid out by `cargo xtask c-library`, found by pkg-config, compiled by the system's
//! compiler, and run against real TLS servers while releases come and go.

#![expect(clippy::unwrap_used, reason = "a test whose own scene cannot be set stops there")]

#[expect(dead_code, reason = "the device of the tests of `trust-store`, which open it in Rust too")]
#[path = "../../../trust-store/tests/kit/device.rs"]
mod device;

mod clients;
mod interface;
mod manual;
mod process;
mod server;
mod staged;
