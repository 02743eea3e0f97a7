//! `cargo xtask size`: what the agent takes of a device, against the budget, and what each dependency costs.
//!
//! Flash is the difference between two builds of the C sample, stripped: with the agent, and with its calls left out.
//! Sizes are those of one named build: [`crate::arm`] names compiler, library, flags and profile.

mod budget;
mod cost;
mod measure;
mod symbols;

use std::path::Path;

use serde::Serialize;

pub(crate) use budget::{peak_ram_bytes_max, require_core};
pub(crate) use measure::Measured;
pub(crate) use symbols::owner;

use crate::{
    arm::Toolchain, cli::SizeArgs, devkit, failure::Failure, output, sample::Sample, setup::Consent,
    steps::Steps,
};
use budget::Verdict;
use cost::Cost;

/// Steps of the run.
const STEPS: usize = 3;

/// What one object of `--json` holds.
#[derive(Debug, Serialize)]
struct Report<'a> {
    passed: bool,
    /// The agent's static library; `None` where it was not built.
    library: Option<&'a Path>,
    figures: &'a Measured,
    budget: &'a [Verdict],
    costs: &'a [Cost],
}

/// Measures all that needs no board of the emulated kit.
///
/// # Errors
/// A build fails.
pub(crate) fn measure(toolchain: &Toolchain, sample: &Sample, consent: Consent) -> Result<Measured, Failure> {
    let mut measured = Measured::default();
    measure::app(toolchain, sample, &mut measured)?;
    measure::core(toolchain, &mut measured, consent)?;
    Ok(measured)
}

/// Measures, prints and judges.
///
/// # Errors
/// A build fails, or a figure is above its limit.
pub(crate) fn run(args: SizeArgs, consent: Consent) -> Result<(), Failure> {
    let toolchain = Toolchain::find(consent)?;
    let (mut measured, mut costs, mut built) = (Measured::default(), Vec::new(), None);
    let mut steps = Steps::new(STEPS);
    steps.step("the agent in an app", |bar| {
        let watch = |line: &str| bar.set_message(line.trim().to_owned());
        let sample = Sample::find(&toolchain, consent, watch)?;
        costs = measure::app(&toolchain, &sample, &mut measured)?;
        built = Some(sample);
        Ok(())
    });
    steps.step("the memory of a whole update", |_| {
        let Some(sample) = &built else { return Err(Failure::Check("there is no app".to_owned())) };
        measured.peak_ram_bytes = Some(devkit::peak_ram_bytes(&toolchain, sample, &measured, consent)?);
        Ok(())
    });
    steps.step("the verifying core on a real-time core", |_| {
        measure::core(&toolchain, &mut measured, consent)
    });
    let verdicts = budget::judge(&measured)?;
    let passed = verdicts.iter().all(|verdict| verdict.passed);
    if args.json {
        let library = built.as_ref().map(Sample::library);
        let report = Report { passed, library, figures: &measured, budget: &verdicts, costs: &costs };
        output::line(serde_json::to_string_pretty(&report).map_err(|error| Failure::Unreadable {
            what: "the report".to_owned(),
            message: error.to_string(),
        })?);
    } else {
        output::line(cost::table(&costs));
        output::line(budget::table(&verdicts));
        if let Some(sample) = &built {
            output::line(format_args!("\nlibrary: {}", sample.library().display()));
        }
    }
    steps.end()?;
    let over: Vec<&str> =
        verdicts.iter().filter(|verdict| !verdict.passed).map(|verdict| verdict.name).collect();
    if over.is_empty() { Ok(()) } else { Err(Failure::Check(format!("over budget: {}", over.join(", ")))) }
}
