//! The command line: one scenario, one device's story, or a swarm of seeds.

mod one;
mod output;
mod swarm;

use std::{path::PathBuf, process::ExitCode};

use clap::Parser;
use simulator::{Error, operator::Publisher};

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Every invariant held.
    Held,
    /// One was broken.
    Broken,
}

/// Lives a fleet through a scenario and looks at every invariant after every event.
#[derive(Clone, Debug, Parser)]
#[command(name = "sim", max_term_width = 110)]
pub(crate) struct Arguments {
    /// Devices of the fleet
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) devices: u64,
    /// What all luck is drawn from: one seed and one commit are one history
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub(crate) seed: u64,
    /// The scenario's file; several where a swarm is made of them
    #[arg(long = "scenario", value_name = "FILE", required = true)]
    pub(crate) scenarios: Vec<PathBuf>,
    /// Write one JSON object to standard output
    #[arg(long)]
    pub(crate) json: bool,
    /// Write the report as one HTML file
    #[arg(long, value_name = "FILE", conflicts_with = "swarm")]
    pub(crate) report: Option<PathBuf>,
    /// Tell the life of this device in words, and nothing else
    #[arg(long, value_name = "DEVICE", conflicts_with = "report")]
    pub(crate) trace: Option<u64>,
    /// Live a small fleet for each of so many seeds, in scenarios made at random of those that are named
    #[arg(long, value_name = "SEEDS")]
    pub(crate) swarm: Option<u64>,
    /// Go on with further seeds until this process is ended
    #[arg(long, conflicts_with_all = ["swarm", "trace", "report"])]
    pub(crate) nightly: bool,
    /// The program `cloud-updater`
    #[arg(long, value_name = "FILE", hide = true)]
    pub(crate) publisher: PathBuf,
    /// Where histories are kept that the publisher made before
    #[arg(long, value_name = "FOLDER", hide = true)]
    pub(crate) histories: Option<PathBuf>,
}

impl Arguments {
    fn publisher(&self) -> Result<Publisher, Error> {
        Publisher::new(self.publisher.clone(), self.histories.clone())
    }
}

/// Does what the arguments ask for.
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    let ended = match (arguments.trace, arguments.swarm, arguments.nightly) {
        (Some(device), ..) => one::trace(arguments, device),
        (None, Some(seeds), _) => swarm::run(arguments, Some(seeds)),
        (None, None, true) => swarm::run(arguments, None),
        (None, None, false) => one::run(arguments),
    };
    match ended {
        Ok(Verdict::Held) => ExitCode::SUCCESS,
        Ok(Verdict::Broken) => ExitCode::from(1),
        Err(error) => {
            output::complain(&error);
            ExitCode::from(exit_code(&error))
        }
    }
}

/// 2 for what the arguments name, 5 for what this machine refuses.
const fn exit_code(error: &Error) -> u8 {
    match error {
        Error::Scenario { .. } | Error::Device { .. } | Error::Certificate { .. } => 2,
        _ => 5,
    }
}
