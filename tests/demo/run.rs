//! All steps of the demonstration, in order.

use indicatif::ProgressBar;
use serde::Serialize;

use crate::{
    Arguments, attacks, costs,
    figures::Figures,
    mozilla, one_root, output, rotation,
    step::{Observation, Step, observe},
    stranded,
};

/// The result of the demonstration.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Demonstration {
    /// Whether every step was observed.
    pub(crate) passed: bool,
    /// The steps, in order.
    pub(crate) steps: Vec<Step>,
    /// What was measured.
    pub(crate) figures: Figures,
}

/// What a step does.
type Act = fn(&Arguments, &mut Figures, &ProgressBar) -> Observation;

/// The steps: name and deed.
const STEPS: [(&str, Act); 6] = [
    ("a rotation like Azure's", rotation::show),
    ("a stranded device", stranded::show),
    ("eleven years of Mozilla's store", mozilla::show),
    ("attacks", attacks::show),
    ("one root of five", one_root::show),
    ("cost of verifying", costs::show),
];

/// Runs every step, whatever became of the others.
pub(crate) fn all(arguments: &Arguments) -> Demonstration {
    let wanted = |name: &str| arguments.only.as_deref().is_none_or(|text| name.contains(text));
    let (mut figures, mut steps) = (Figures::default(), Vec::new());
    for (index, (name, act)) in STEPS.into_iter().enumerate().filter(|(_, (name, _))| wanted(name)) {
        let bar = output::bar(index + 1, STEPS.len(), name);
        let step = observe(name, &bar, |bar| act(arguments, &mut figures, bar));
        bar.finish_and_clear();
        let word = if step.passed { "ok" } else { "FAILED" };
        output::say(&format!("[{}/{}] {name}: {word} in {:.1} s", index + 1, STEPS.len(), step.seconds));
        output::say(&step.detail.lines().fold(String::new(), |text, line| format!("{text}      {line}\n")));
        steps.push(step);
    }
    let passed = steps.len() == STEPS.len() && steps.iter().all(|step| step.passed);
    Demonstration { passed, steps, figures }
}
