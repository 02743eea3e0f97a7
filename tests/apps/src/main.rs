//! `apps`: which TLS stacks notice, in a running process, that an anchor was added and that one was removed. Run it with
//! `cargo xtask apps`.
//!
//! A real operator publishes three releases, a real agent installs them, and one long-running application per row
//! opens new connections all the while: to a server under the added anchor, and to one under the removed anchor.

#![forbid(unsafe_code)]

mod asked;
mod build;
mod client;
mod hub;
mod lab;
mod output;
mod page;
mod results;
mod row;
mod run;
mod stack;
mod stacks;

use std::{path::PathBuf, process::ExitCode};

use clap::Parser;
use system_tests::process;

/// Follows a rotation and a removal in running applications on every TLS stack
///
/// Exit codes: 0 every row passed, 1 one did not, or the page of the results says something else.
#[derive(Clone, Debug, Parser)]
#[command(name = "apps", max_term_width = 110)]
pub(crate) struct Arguments {
    /// Write one JSON object to standard output instead of a table
    #[arg(long)]
    pub(crate) json: bool,
    /// Write the table into the README instead of comparing it with what was measured
    #[arg(long)]
    pub(crate) write_readme: bool,
    /// Only stacks whose name contains this; the result is then not a pass
    #[arg(long, value_name = "TEXT")]
    pub(crate) only: Option<String>,
    /// How long an untouched application may take before it is restarted, in seconds
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) patience_seconds: u64,
    /// The root of the workspace
    #[arg(long, value_name = "DIR", default_value = ".", hide = true)]
    pub(crate) root: PathBuf,
    /// Where clients are built
    #[arg(long, value_name = "DIR", hide = true)]
    pub(crate) built: PathBuf,
    /// Where the C library for applications is staged
    #[arg(long, value_name = "DIR", hide = true)]
    pub(crate) prefix: PathBuf,
}

fn main() -> ExitCode {
    process::ended(run::all(&Arguments::parse()), output::complain)
}
