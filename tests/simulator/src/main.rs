//! `sim`: lives a fleet through a scenario. Run it with `cargo xtask sim`.

#![forbid(unsafe_code)]

mod command;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    command::run(&command::Arguments::parse())
}
