//! All tests of the kit, in order.

use std::io;

use serde::Serialize;

use crate::{
    Arguments, board,
    figures::Figures,
    junit, medium, output, rotation,
    scene::Scene,
    servers,
    test::{Outcome, Report, Test},
    trust,
};

/// The result of a run.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Results {
    /// Whether every test that the kit can show passed.
    pub(crate) passed: bool,
    /// Where the programs ran.
    pub(crate) kit: &'static str,
    /// Whether that was the real chip.
    pub(crate) is_hardware: bool,
    /// The tests, in order.
    pub(crate) tests: Vec<Report>,
    /// What was measured.
    pub(crate) figures: Figures,
}

/// Every test.
fn tests() -> Vec<Test> {
    [board::TESTS.as_slice(), &rotation::TESTS, &servers::TESTS, &medium::TESTS, &trust::TESTS].concat()
}

/// Runs every test, whatever became of the others; true where all passed.
///
/// # Errors
/// The kit is not there, or the result cannot be written.
pub(crate) fn all(arguments: &Arguments) -> io::Result<bool> {
    let scene = Scene::new(arguments.kit)?;
    let mut figures = match &arguments.figures {
        Some(path) => Figures::read(path)?,
        None => Figures::default(),
    };
    let all = tests();
    let wanted = |test: &&Test| arguments.only.as_deref().is_none_or(|text| test.name.contains(text));
    let chosen: Vec<&Test> = all.iter().filter(wanted).collect();
    let bar = output::bar(chosen.len());
    let mut reports = Vec::new();
    for test in &chosen {
        bar.set_message(test.name);
        let report = test.run(&scene, &mut figures);
        bar.suspend(|| output::report(&report));
        bar.inc(1);
        reports.push(report);
    }
    bar.finish_and_clear();
    let is_whole = chosen.len() == all.len();
    let has_passed = |outcome| reports.iter().any(|report| report.outcome == outcome);
    let passed = is_whole && has_passed(Outcome::Passed) && !has_passed(Outcome::Failed);
    let results =
        Results { passed, kit: scene.kit_name(), is_hardware: scene.is_hardware(), tests: reports, figures };
    if let Some(path) = &arguments.junit {
        junit::write(path, &results)?;
    }
    output::results(&results, arguments.json)?;
    Ok(results.passed)
}
