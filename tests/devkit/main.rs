//! `devkit`: the device's integration tests, on an emulated board or a development kit. Run it with
//! `cargo xtask devkit`.

#![forbid(unsafe_code)]

mod app;
mod board;
mod core;
mod documents;
mod each;
mod figures;
mod found;
mod hostile;
mod hub;
mod junit;
mod lab;
mod medium;
mod memory;
mod output;
mod own_bytes;
mod receive_queue;
mod reports;
mod rotation;
mod run;
mod scene;
mod servers;
mod stream;
mod test;
mod tls;
mod trust;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand, ValueEnum};
use system_tests::process;

/// Runs the device's integration tests.
#[derive(Clone, Debug, Parser)]
#[command(name = "devkit", max_term_width = 110)]
pub(crate) struct Arguments {
    /// Where the programs run
    #[arg(long, value_enum, default_value_t = KitName::Emulated)]
    pub(crate) kit: KitName,
    /// Write one JSON object to standard output instead of a table
    #[arg(long)]
    pub(crate) json: bool,
    /// Also write a JUnit report
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    /// Run only the tests whose name contains this; the result is then not a pass
    #[arg(long, value_name = "TEXT", hide = true)]
    pub(crate) only: Option<String>,
    /// Figures that were measured before, as a JSON object
    #[arg(long, value_name = "FILE", hide = true)]
    pub(crate) figures: Option<PathBuf>,
    /// The most memory that an update may take; more is no pass
    #[arg(long, value_name = "BYTES", hide = true)]
    pub(crate) peak_ram_bytes_max: Option<u64>,

    #[command(subcommand)]
    part: Option<Part>,
}

/// The kinds of board that one can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum KitName {
    /// Both tiers of the emulated board
    Emulated,
    /// The kit that is attached to this machine, through `az sphere`
    Sphere,
}

/// Parts that a board starts as programs of their own.
#[derive(Clone, Debug, Subcommand)]
enum Part {
    /// Carries one connection, which is this program's input and output, to an address
    #[command(hide = true)]
    Bridge { address: String },
    /// Writes what an address sends to standard output
    #[command(hide = true)]
    Listen { address: String },
    /// Feeds every stream to the program of a real-time core, and keeps what it took in a record
    #[command(hide = true)]
    Core { program: PathBuf, record: PathBuf },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let result = match &arguments.part {
        Some(Part::Bridge { address }) => stream::bridge(address).map(|()| true),
        Some(Part::Listen { address }) => stream::listen(address).map(|()| true),
        Some(Part::Core { program, record }) => core::check(program, record).map(|()| true),
        None => run::all(&arguments),
    };
    process::ended(result, output::complain)
}
