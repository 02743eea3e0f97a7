//! Runs the cases of x509-limbo through the verifier that devices and applications use, and compares what comes of
//! each with what the collection expects, but for the exceptions that `exceptions.toml` gives reasons for.

mod bundled;
mod case;
mod error;
mod exception;
mod report;
mod verifier;

use std::{
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use clap::Parser;

use crate::{case::Limbo, error::Error, exception::Exceptions, report::Report};

/// Runs x509-limbo through the verifier
///
/// Exit codes: 0 everything as expected or excepted, 1 something else came of a case, 2 a file that cannot be read.
#[derive(Debug, Parser)]
struct Arguments {
    /// The collection: limbo.json
    #[arg(long, value_name = "FILE")]
    limbo: PathBuf,
    /// Write one JSON object to standard output
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let mut source: Option<&dyn std::error::Error> = Some(&error);
            let mut words = Vec::new();
            while let Some(error) = source {
                words.push(error.to_string());
                source = error.source();
            }
            // Where standard error is gone too, the exit code is what is left.
            let _said = writeln!(io::stderr(), "error: {}", words.join(": "));
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> Result<bool, Error> {
    let limbo = Limbo::read(&arguments.limbo)?;
    let report = Report::new(&limbo, &Exceptions::kept()?)?;
    let mut out = io::stdout().lock();
    let said = if arguments.json { report.json(&mut out) } else { report.table(&mut out) };
    said.map_err(Error::Output)?;
    Ok(report.passed())
}
