//! `packages`: what `cargo xtask dist` made, at work. Every program runs whole cycles against a published tree on
//! loopback, on this machine or under an emulator of its own; every Debian package is installed into a root folder.

#![forbid(unsafe_code)]

mod clock;
mod cycle;
mod install;
mod made;
mod output;
mod part;
mod root;
mod scene;

use std::{path::PathBuf, process::ExitCode};

use clap::Parser;
use system_tests::process;

/// Runs what was packaged.
#[derive(Clone, Debug, Parser)]
#[command(name = "packages", max_term_width = 110)]
pub(crate) struct Arguments {
    /// The folder that `cargo xtask dist` made
    #[arg(long, value_name = "FOLDER")]
    pub(crate) folder: PathBuf,
    /// Only the parts whose name contains this; the result is then not a pass
    #[arg(long, value_name = "TEXT")]
    pub(crate) only: Option<String>,
}

fn main() -> ExitCode {
    process::ended(part::all(&Arguments::parse()), output::complain)
}
