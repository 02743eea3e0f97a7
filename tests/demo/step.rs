//! A step of the demonstration: what it does, and what was observed.

use std::{error::Error, time::Instant};

use indicatif::ProgressBar;
use serde::Serialize;

/// What a step observed in one sentence, or why it was not observed.
pub(crate) type Observation = Result<String, Box<dyn Error>>;

/// The result of one step.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Step {
    /// What was to be shown.
    pub(crate) name: &'static str,
    /// Whether it was observed.
    pub(crate) passed: bool,
    /// How long it took.
    pub(crate) seconds: f64,
    /// What was observed, or what was not.
    pub(crate) detail: String,
}

/// Runs a step under its progress bar.
pub(crate) fn observe(
    name: &'static str,
    bar: &ProgressBar,
    act: impl FnOnce(&ProgressBar) -> Observation,
) -> Step {
    let started = Instant::now();
    let observation = act(bar);
    let seconds = (started.elapsed().as_secs_f64() * 1_000.0).round() / 1_000.0;
    let passed = observation.is_ok();
    let detail = observation.unwrap_or_else(|error| error.to_string());
    Step { name, passed, seconds, detail }
}

/// Goes on where `condition` holds, and otherwise ends the step with what was seen instead.
pub(crate) fn require(condition: bool, seen: impl FnOnce() -> String) -> Result<(), Box<dyn Error>> {
    if condition { Ok(()) } else { Err(seen().into()) }
}
