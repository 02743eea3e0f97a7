//! Eleven years of Mozilla's store: every state published and installed in order, and what that costs.

use indicatif::ProgressBar;
use system_tests::{history, pki};

use crate::{
    Arguments,
    figures::Figures,
    step::{Observation, require},
};

/// Publishes and installs all states, and counts what is fetched.
pub(crate) fn show(_: &Arguments, figures: &mut Figures, bar: &ProgressBar) -> Observation {
    let mut lines = Vec::new();
    let history = history::run(&pki::data().join("mozilla-history"), |step| {
        let line = format!(
            "{}: {} roots, {} bytes in {} requests (as PEM: {})",
            step.date, step.roots, step.bytes, step.requests, step.pem_bytes
        );
        bar.set_message(line.clone());
        lines.push(line);
    })?;
    (figures.mozilla_bytes, figures.mozilla_pem_bytes) = (Some(history.bytes), Some(history.pem_bytes));
    let permille = history.bytes * 1_000 / history.pem_bytes.max(1);
    let summary = format!(
        "{} states installed: {} bytes, {}.{} % of {} as PEM",
        history.steps.len(),
        history.bytes,
        permille / 10,
        permille % 10,
        history.pem_bytes
    );
    lines.insert(0, summary);
    let exceeded = figures.exceeded();
    require(exceeded.is_empty(), || exceeded.join("\n"))?;
    Ok(lines.join("\n"))
}
