//! The program as its users run it: commands, exit codes, files.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test's helpers fail as tests do"
)]

mod bad_input;
mod certificates;
mod crash;
mod heads;
mod kit;
mod newcomer;
mod output;
mod requirements;
mod runbook;
mod runbooks;
mod tree;
