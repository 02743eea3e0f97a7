//! The commands and their flags.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum, builder::PossibleValuesParser};

use crate::{
    apps, c_library, ci, conformance, demo, devkit, dist, failure::Failure, fuzz, m4, model, panics, setup,
    sim, size, storage, test, vectors,
};

/// The build system of this workspace.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 110)]
struct Cli {
    /// Install missing tools without asking
    #[arg(long, global = true)]
    yes: bool,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs long-lived applications on every TLS stack through a rotation and a removal
    Apps(AppsArgs),
    /// Shows the whole product at work on this machine, in about a minute
    Demo(DemoArgs),
    /// Runs the device's integration tests, on an emulated board or a development kit
    Devkit(DevkitArgs),
    /// Builds static programs and Debian packages for Linux machines, and tries them
    #[command(after_help = DIST_EXIT_CODES)]
    Dist(DistArgs),
    /// Measures what the agent takes of a device, against its budget
    Size(SizeArgs),
    /// Searches everything that runs on a device for panics
    Panics,
    /// Feeds every parser with what nobody vouches for, for a bounded time
    Fuzz(FuzzArgs),
    /// Cuts the power, kills the agent and fails its calls, and looks at what is left of its files
    Storage(StorageArgs),
    /// Runs every test of the workspace
    Test(TestArgs),
    /// Builds the C library for applications on Linux, and lays it out with header, pkg-config file and manual
    CLibrary(CLibraryArgs),
    /// Runs everything that must pass before a change lands
    Ci,
    /// Runs the chains of x509-limbo through the verifier, and compares what comes of each with what should
    Conformance(ConformanceArgs),
    /// Builds and emulates the verifying core of a real-time core, and holds it against its budget
    M4,
    /// Searches the model of the update protocol: every state of every scenario
    Model(ModelArgs),
    /// Lives a fleet through a scenario in virtual time, and looks at every invariant after every event
    Sim(SimArgs),
    /// Writes the format's test vectors
    Vectors(VectorsArgs),
}

/// Flags of `c-library`.
#[derive(Clone, Debug, Args)]
pub(crate) struct CLibraryArgs {
    /// In front of the prefix, and in no file: a package's folder
    #[arg(long, value_name = "DIR")]
    pub(crate) destdir: Option<PathBuf>,
    /// Where programs will find it
    #[arg(long, value_name = "DIR", default_value = "/usr/local")]
    pub(crate) prefix: PathBuf,
    /// The folder of libraries, below the prefix
    #[arg(long, value_name = "DIR", default_value = "lib")]
    pub(crate) libdir: PathBuf,
    /// Cargo's profile; `dev` builds in seconds
    #[arg(long, value_name = "NAME", default_value = "c-library")]
    pub(crate) profile: String,
}

/// Flags of `apps`.
#[derive(Clone, Debug, Args)]
pub(crate) struct AppsArgs {
    /// Write one JSON object to standard output
    #[arg(long)]
    pub(crate) json: bool,
    /// Write the table into the README instead of comparing it with what was measured
    #[arg(long)]
    pub(crate) write_readme: bool,
    /// Only stacks whose name contains this; the result is then not a pass
    #[arg(long, value_name = "TEXT")]
    pub(crate) only: Option<String>,
}

/// Flags of `conformance`.
#[derive(Clone, Debug, Args)]
pub(crate) struct ConformanceArgs {
    /// The collection: limbo.json of C2SP/x509-limbo
    #[arg(long, value_name = "FILE")]
    pub(crate) limbo: PathBuf,
    /// Write one JSON object to standard output
    #[arg(long)]
    pub(crate) json: bool,
}

/// Flags of `demo`.
#[derive(Clone, Debug, Args)]
pub(crate) struct DemoArgs {
    /// Write one JSON object to standard output
    #[arg(long)]
    pub(crate) json: bool,
    /// Also count instructions under callgrind; needs valgrind
    #[arg(long)]
    pub(crate) instructions: bool,
    /// The day on which the demo takes place [default: 2020-10-01]
    #[arg(long, value_name = "DATE")]
    pub(crate) as_of: Option<String>,
    /// Play a rotation that took place, day by day, in place of the demo
    #[arg(long, value_name = "NAME", conflicts_with_all = ["instructions", "as_of"],
          value_parser = PossibleValuesParser::new(demo::SCENARIOS))]
    pub(crate) scenario: Option<String>,
    /// Use the programs as they were built last
    #[arg(long, hide = true)]
    pub(crate) no_build: bool,
}

/// Flags of `devkit`.
#[derive(Clone, Debug, Args)]
pub(crate) struct DevkitArgs {
    /// Where the programs run
    #[arg(long, value_enum, default_value_t = KitName::Emulated)]
    pub(crate) kit: KitName,
    /// Write one JSON object to standard output
    #[arg(long)]
    pub(crate) json: bool,
    /// Also write a JUnit report
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    /// Run only the tests whose name contains this; the result is then not a pass
    #[arg(long, value_name = "TEXT", hide = true)]
    pub(crate) only: Option<String>,
}

/// The kinds of board that tests run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum KitName {
    /// Both tiers of the emulated board
    Emulated,
    /// The kit that is attached to this machine, through `az sphere`
    Sphere,
}

impl KitName {
    /// The word on the command line.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Emulated => "emulated",
            Self::Sphere => "sphere",
        }
    }
}

/// Printed under the help of `dist`; the numbers are [`Failure::exit`]'s.
const DIST_EXIT_CODES: &str =
    "Everything is made in target/dist: bin/MACHINE, the packages, SHA256SUMS, made.json.
The same commit gives the same bytes; SOURCE_DATE_EPOCH dates them where there is no commit.

Exit codes:
  0  made, and all of it works
  1  a build failed, or something does not work
  2  the command line cannot be used, or this machine lacks a tool
  5  a file or a tool failed

Progress goes to standard error.";

/// Flags of `dist`.
#[derive(Clone, Debug, Args)]
pub(crate) struct DistArgs {
    /// For this machine only; may be given more than once [default: all]
    #[arg(long = "target", value_enum, value_name = "MACHINE")]
    targets: Vec<dist::Target>,
    /// Use the programs as they were built last
    #[arg(long, hide = true)]
    pub(crate) no_build: bool,
    /// Write one JSON object to standard output
    #[arg(long)]
    pub(crate) json: bool,
}

impl DistArgs {
    /// The machines, in the usual order and each once.
    pub(crate) fn targets(&self) -> Vec<dist::Target> {
        let is_meant = |target: &dist::Target| self.targets.is_empty() || self.targets.contains(target);
        dist::Target::ALL.into_iter().filter(is_meant).collect()
    }
}

/// Flags of `sim`.
#[derive(Clone, Debug, Args)]
pub(crate) struct SimArgs {
    /// Devices of the fleet
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub(crate) devices: u64,
    /// What all luck is drawn from: one seed and one commit are one history
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub(crate) seed: u64,
    /// A scenario's file [default: tests/simulator/scenarios/three-waves.toml; all of that folder for a swarm]
    #[arg(long = "scenario", value_name = "FILE")]
    pub(crate) scenarios: Vec<PathBuf>,
    /// Write one JSON object to standard output
    #[arg(long)]
    pub(crate) json: bool,
    /// Write the report as one HTML file
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// Tell the life of this device in words, and nothing else
    #[arg(long, value_name = "DEVICE")]
    pub(crate) trace: Option<u64>,
    /// Live a small fleet for each of so many seeds, in scenarios made at random
    #[arg(long, value_name = "SEEDS")]
    pub(crate) swarm: Option<u64>,
    /// Go on with further seeds until this process is ended
    #[arg(long, conflicts_with = "swarm")]
    pub(crate) nightly: bool,
    /// Switch off one defence at a time, and show that the simulation notices
    #[arg(long, conflicts_with_all = ["swarm", "nightly", "trace", "report"])]
    pub(crate) mutants: bool,
}

/// Flags of `size`.
#[derive(Clone, Copy, Debug, Default, Args)]
pub(crate) struct SizeArgs {
    /// Write one JSON object to standard output
    #[arg(long)]
    pub(crate) json: bool,
}

/// Flags of `storage`.
#[derive(Clone, Copy, Debug, Default, Args)]
pub(crate) struct StorageArgs {
    /// Write one JSON object to standard output
    #[arg(long)]
    pub(crate) json: bool,
}

/// Flags of `fuzz`.
#[derive(Clone, Debug, Args)]
pub(crate) struct FuzzArgs {
    /// How long all targets run together, the build not counted
    #[arg(long, value_name = "N", default_value_t = 90)]
    pub(crate) seconds: u64,
    /// Only this target
    #[arg(long, value_name = "NAME")]
    pub(crate) target: Option<String>,
    /// Write one JSON object to standard output
    #[arg(long)]
    pub(crate) json: bool,
    /// Make the kept inputs anew: the fewest that reach all that seeds, kept ones and earlier runs reach
    #[arg(long, conflicts_with_all = ["json", "input"])]
    pub(crate) minimise: bool,
    /// Run the target on this input alone
    #[arg(long, value_name = "FILE", requires = "target", conflicts_with = "json")]
    pub(crate) input: Option<PathBuf>,
}

/// Flags of `model`.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct ModelArgs {
    /// Write one JSON object to standard output
    #[arg(long)]
    pub(crate) json: bool,
}

/// Flags of `test`.
#[derive(Clone, Debug, Args)]
pub(crate) struct TestArgs {
    /// Handed to `cargo test` as they are
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) arguments: Vec<String>,
}

/// Flags of `vectors`.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct VectorsArgs {
    /// Write nothing; fail where a file differs
    #[arg(long)]
    pub(crate) check: bool,
}

/// Runs the command of this process's arguments.
pub(crate) fn run() -> Result<(), Failure> {
    let cli = Cli::parse();
    let consent = setup::Consent::new(cli.yes);
    match cli.command {
        Command::Apps(args) => apps::run(&args, consent),
        Command::Demo(args) => demo::run(&args, consent),
        Command::Devkit(args) => devkit::run(&args, consent),
        Command::Dist(args) => dist::run(&args, consent),
        Command::Size(args) => size::run(args, consent),
        Command::Fuzz(args) => fuzz::run(&args, consent),
        Command::Panics => panics::run(consent),
        Command::Storage(args) => storage::run(args, consent),
        Command::Test(args) => test::run(&args, consent),
        Command::CLibrary(args) => c_library::run(&args, consent),
        Command::Ci => ci::run(consent),
        Command::Conformance(args) => conformance::run(&args),
        Command::M4 => m4::run(consent),
        Command::Model(args) => model::run(args),
        Command::Sim(args) => sim::run(&args, consent),
        Command::Vectors(args) => vectors::run(args),
    }
}

/// Whether these words, of which the first is `xtask`, can be run.
#[cfg(test)]
pub(crate) fn is_command(words: &[&str]) -> bool {
    Cli::try_parse_from(words).is_ok()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_tree_is_sound() {
        Cli::command().debug_assert();
    }
}
