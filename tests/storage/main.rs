//! `storage`: what power cuts, kills and failing calls do to the files of a device on Linux. Run it with
//! `cargo xtask storage`.
//!
//! The real agent is recorded under `strace` (`system_tests::persistence`); every state that a power cut may leave is
//! written into a folder and judged by the readers of production code. Beside that the agent is killed, its file system
//! is cut off from its medium, and each of its calls fails.

#![forbid(unsafe_code)]

mod cuts;
mod ext4;
mod faults;
mod figures;
mod judge;
mod killed;
mod output;
mod real;
mod run;
mod scene;
mod story;
mod work;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use system_tests::process;

/// Cuts the power, kills the agent and fails its calls.
#[derive(Clone, Debug, Parser)]
#[command(name = "storage", max_term_width = 110)]
pub(crate) struct Arguments {
    /// Write one JSON object to standard output instead of a table
    #[arg(long)]
    pub(crate) json: bool,
    /// Only the parts whose name contains this; the result is then not a pass
    #[arg(long, value_name = "TEXT", hide = true)]
    pub(crate) only: Option<String>,

    #[command(subcommand)]
    part: Option<Part>,
}

/// Parts that run in a process of their own.
#[derive(Clone, Debug, Subcommand)]
enum Part {
    /// Rounds on a real file system, in a mount namespace of its own
    #[command(hide = true)]
    Real,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let result = match &arguments.part {
        Some(Part::Real) => real::here(),
        None => run::all(&arguments),
    };
    process::ended(result, output::complain)
}
