//! `demo`: the whole path on one machine, observed step by step. Run it with `cargo xtask demo`.

#![forbid(unsafe_code)]

mod attacks;
mod cast;
mod costs;
mod figures;
mod mozilla;
mod one_root;
mod output;
mod rotation;
mod run;
mod scenario;
mod scenery;
mod step;
mod stranded;

use std::process::ExitCode;

use clap::Parser;

/// Shows the whole product at work on this machine.
#[derive(Clone, Debug, Parser)]
#[command(name = "demo", max_term_width = 110)]
pub(crate) struct Arguments {
    /// Write one JSON object to standard output instead of a table
    #[arg(long)]
    pub(crate) json: bool,
    /// Also count the instructions of verifying one update; needs valgrind
    #[arg(long)]
    pub(crate) instructions: bool,
    /// The day on which the rotation takes place: the real certificates in it were valid then
    #[arg(long, value_name = "DATE", default_value = "2020-10-01")]
    pub(crate) as_of: String,
    /// Run only the steps whose name contains this; the result is then not a pass
    #[arg(long, value_name = "TEXT", hide = true)]
    pub(crate) only: Option<String>,
    /// Play this rotation, day by day, in place of the demonstration
    #[arg(long, value_name = "NAME")]
    pub(crate) scenario: Option<String>,
    /// Leave this certificate of the scenario out of every release, to see that it is noticed
    #[arg(long, value_name = "NAME", requires = "scenario", hide = true)]
    pub(crate) omit: Vec<String>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(name) = &arguments.scenario {
        let played = scenario::play(name, &arguments.omit).and_then(|report| {
            output::report(&report, arguments.json)?;
            Ok(report.passed)
        });
        return system_tests::process::ended(played, output::complain);
    }
    let result = run::all(&arguments);
    if let Err(error) = output::result(&result, arguments.json) {
        output::complain(&error);
        return ExitCode::FAILURE;
    }
    if result.passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
