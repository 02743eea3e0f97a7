//! The program as its users run it: commands, exit codes, files.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test's helpers fail as tests do"
)]

mod alerts;
mod audit;
mod bad_input;
mod certificates;
mod coverage;
mod crash;
mod drill;
mod forecast;
mod heads;
mod hub;
mod kit;
mod lint;
mod loopback;
mod newcomer;
mod output;
mod pkcs11;
mod requirements;
mod runbook;
mod runbooks;
mod sources;
mod token;
mod tree;
mod watching;
