//! A test on a board: its name is the fact that it proves.

use std::{error::Error, time::Instant};

use serde::Serialize;

use crate::{figures::Figures, scene::Scene};

/// What was observed in one sentence, or why it was not.
pub(crate) type Observation = Result<String, Box<dyn Error>>;

/// What a test does.
pub(crate) type Act = fn(&Scene, &mut Figures) -> Observation;

/// Which board a test needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Tier {
    /// No board: programs on this machine, those for Arm under its emulator.
    Host,
    /// The instruction set, with the platform's rules.
    Fast,
    /// The whole machine.
    Strict,
    /// Whatever board the kit has.
    Any,
}

/// One test.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Test {
    pub(crate) name: &'static str,
    pub(crate) tier: Tier,
    pub(crate) act: Act,
}

/// How a test ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// The fact was observed.
    Passed,
    /// It was not.
    Failed,
    /// The kit cannot show it.
    Skipped,
}

/// The result of one test.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) name: &'static str,
    pub(crate) tier: Tier,
    pub(crate) outcome: Outcome,
    pub(crate) seconds: f64,
    pub(crate) detail: String,
}

impl Test {
    /// Runs the test, if the kit has the board for it.
    pub(crate) fn run(&self, scene: &Scene, figures: &mut Figures) -> Report {
        let report =
            |outcome, seconds, detail| Report { name: self.name, tier: self.tier, outcome, seconds, detail };
        if !scene.has(self.tier) {
            return report(Outcome::Skipped, 0.0, format!("{} cannot show it", scene.kit_name()));
        }
        let started = Instant::now();
        let observation = (self.act)(scene, figures);
        let seconds = (started.elapsed().as_secs_f64() * 1_000.0).round() / 1_000.0;
        match observation {
            Ok(detail) => report(Outcome::Passed, seconds, detail),
            Err(error) => report(Outcome::Failed, seconds, error.to_string()),
        }
    }
}

/// Goes on where `condition` holds, and otherwise ends the test with what was seen instead.
pub(crate) fn require(condition: bool, seen: impl FnOnce() -> String) -> Result<(), Box<dyn Error>> {
    if condition { Ok(()) } else { Err(seen().into()) }
}
