//! What all targets came to: a table, or one object of JSON.

use serde::Serialize;

use super::run::{Run, word};
use crate::failure::Failure;

/// The whole run.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    passed: bool,
    seconds: u64,
    executions: u64,
    targets: Vec<Run>,
}

impl Report {
    /// Of these runs, which together were to take so long.
    pub(crate) fn new(seconds: u64, targets: Vec<Run>) -> Self {
        let passed = !targets.is_empty() && targets.iter().all(|run| run.passed);
        let executions = targets.iter().fold(0_u64, |sum, run| sum.saturating_add(run.executions));
        Self { passed, seconds, executions, targets }
    }

    /// One line for each target, and what the bad ones found.
    pub(crate) fn table(&self) -> String {
        let mut lines = vec![format!(
            "{:<18} {:>6} {:>12} {:>8} {:>8} {:>8} {:>9}",
            "TARGET", "", "executions", "inputs", "edges", "of", "features"
        )];
        lines.extend(self.targets.iter().map(|run| {
            let Run { target, passed, executions, inputs, edges, edges_in_all, features, .. } = run;
            let word = word(*passed);
            format!("{target:<18} {word:>6} {executions:>12} {inputs:>8} {edges:>8} {edges_in_all:>8} {features:>9}")
        }));
        lines.push(format!("{} executions in {} s", self.executions, self.seconds));
        lines.join("\n")
    }

    /// The same as JSON.
    ///
    /// # Errors
    /// Never for what a run yields.
    pub(crate) fn json(&self) -> Result<String, Failure> {
        serde_json::to_string_pretty(self).map_err(|error| Failure::Unreadable {
            what: "the report".to_owned(),
            message: error.to_string(),
        })
    }

    /// Whether nothing was found; else what, and how to see it again.
    ///
    /// # Errors
    /// A target found something.
    pub(crate) fn verdict(&self) -> Result<(), Failure> {
        if self.passed {
            return Ok(());
        }
        let told = self.targets.iter().filter(|run| !run.passed).map(|run| {
            let name = &run.target;
            let again = run.reproducer.as_ref().map_or_else(
                || "without an input of its own".to_owned(),
                |path| format!("on {path}\nagain with: cargo xtask fuzz --target {name} --input {path}"),
            );
            format!("{name} found something {again}\n{}", run.finding.join("\n"))
        });
        Err(Failure::Check(told.collect::<Vec<_>>().join("\n")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(passed: bool) -> Report {
        let reproducer = (!passed).then(|| "f/crash-00ff".to_owned());
        let run = Run { target: "head".to_owned(), passed, executions: 9, reproducer, ..Run::default() };
        Report::new(60, vec![run])
    }

    #[test]
    fn a_finding_fails_with_the_command_that_shows_it_again() {
        report(true).verdict().unwrap();
        let failure = report(false).verdict().unwrap_err().to_string();
        assert!(failure.contains("cargo xtask fuzz --target head --input f/crash-00ff"), "{failure}");
    }

    #[test]
    fn no_target_is_no_pass() {
        assert!(Report::new(60, Vec::new()).verdict().is_err());
    }

    #[test]
    fn table_and_json_say_the_same_figures() {
        let report = report(true);
        assert!(report.table().contains("9 executions in 60 s"));
        assert!(report.json().unwrap().contains("\"executions\": 9"));
    }
}
