//! The real agent on a device of its own, against servers on loopback.

#![expect(clippy::unwrap_used, reason = "a test whose own input cannot be made stops there")]

mod applications;
mod documents;
mod exports;
mod folders;
mod jvm;
mod killed;
mod local;
mod requests;
mod scene;
mod transport;
