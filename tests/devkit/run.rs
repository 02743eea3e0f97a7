//! All tests of the kit, in order.

use std::{
    io,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use serde::Serialize;

use crate::{
    Arguments, board, documents,
    figures::Figures,
    junit, medium, memory, output, reports, rotation,
    scene::Scene,
    servers,
    test::{Outcome, Report, Test},
    tls, trust,
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
    [
        board::TESTS.as_slice(),
        &rotation::TESTS,
        &reports::TESTS,
        &servers::TESTS,
        &documents::TESTS,
        &medium::TESTS,
        &trust::TESTS,
        &memory::TESTS,
        &tls::TESTS,
    ]
    .concat()
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
    let reports = each(&scene, &chosen, &mut figures);
    let is_whole = chosen.len() == all.len();
    let has_passed = |outcome| reports.iter().any(|report| report.outcome == outcome);
    // By its parts, and as a whole machine's kernel sees it, where there is one.
    let (parts, whole) = (figures.peak_ram_bytes, figures.memory_agent_bytes);
    let is_within = arguments.peak_ram_bytes_max.is_none_or(|most| {
        parts.is_some_and(|bytes| bytes <= most) && whole.is_none_or(|bytes| bytes <= most)
    });
    if !is_within && is_whole {
        let figure = |bytes: Option<u64>| {
            bytes.map_or_else(|| "not measured".to_owned(), |bytes| format!("{bytes} bytes"))
        };
        let told = format!("{} by its parts, {} on a whole machine", figure(parts), figure(whole));
        output::complain(&format!("memory of an update: {told}, which the budget does not allow"));
    }
    let passed = is_whole && is_within && has_passed(Outcome::Passed) && !has_passed(Outcome::Failed);
    let results =
        Results { passed, kit: scene.kit_name(), is_hardware: scene.is_hardware(), tests: reports, figures };
    if let Some(path) = &arguments.junit {
        junit::write(path, &results)?;
    }
    output::results(&results, arguments.json)?;
    // Once more, where whoever reads only the end finds them.
    results.tests.iter().filter(|test| test.outcome == Outcome::Failed).for_each(output::report);
    Ok(results.passed)
}

/// Runs tests side by side, as many as the kit has boards; reports are in the order of the tests.
fn each(scene: &Scene, tests: &[&Test], figures: &mut Figures) -> Vec<Report> {
    let bar = output::bar(tests.len());
    let (next, before) = (AtomicUsize::new(0), *figures);
    let done = Mutex::new((Vec::new(), &mut *figures));
    thread::scope(|scope| {
        for _ in 0..scene.boards() {
            scope.spawn(|| {
                while let Some((at, test)) = {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    tests.get(at).map(|test| (at, test))
                } {
                    bar.set_message(test.name);
                    let mut measured = before;
                    let report = test.run(scene, &mut measured);
                    bar.suspend(|| output::report(&report));
                    bar.inc(1);
                    let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
                    done.1.absorb(&measured);
                    done.0.push((at, report));
                }
            });
        }
    });
    bar.finish_and_clear();
    let mut reports = done.into_inner().unwrap_or_else(PoisonError::into_inner).0;
    reports.sort_by_key(|(at, _)| *at);
    reports.into_iter().map(|(_, report)| report).collect()
}
