//! Steps of a long task: each is shown while it runs, with the time it took.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};

use crate::{failure::Failure, output, process};

/// How often a spinner turns without news.
const SPINNER_INTERVAL: Duration = Duration::from_millis(120);

/// Lines of a failure that the end of the run repeats.
const LINES_REPEATED: usize = 12;

/// Words with which cargo says what it is doing.
const PROGRESS_WORDS: [&str; 7] =
    ["Blocking", "Checking", "Compiling", "Documenting", "Downloaded", "Downloading", "Updating"];

/// The steps of one task.
#[derive(Debug)]
pub(crate) struct Steps {
    total: usize,
    begun: usize,
    failed: Vec<String>,
    rows: Vec<String>,
    told: Vec<String>,
}

impl Steps {
    /// A task of `total` steps.
    pub(crate) const fn new(total: usize) -> Self {
        Self { total, begun: 0, failed: Vec::new(), rows: Vec::new(), told: Vec::new() }
    }

    /// Runs a command as a step, quietly; its output is shown if it fails.
    pub(crate) fn command(&mut self, name: &str, command: &mut Command) {
        self.step(name, |bar| {
            let result = process::run_quiet(command, |line| bar.set_message(line.trim().to_owned()))?;
            if result.passed {
                return Ok(());
            }
            let told: Vec<String> = result.lines.into_iter().filter(|line| !is_progress(line)).collect();
            Err(Failure::Check(format!("{}\nfailed: {}", told.join("\n"), process::text(command))))
        });
    }

    /// Runs a step; its failure is shown and kept, and the next steps still run.
    pub(crate) fn step(&mut self, name: &str, run: impl FnOnce(&ProgressBar) -> Result<(), Failure>) {
        self.begun = self.begun.saturating_add(1);
        let title = format!("[{}/{}] {name}", self.begun, self.total);
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix} {elapsed} {wide_msg:.dim}") {
            bar.set_style(style);
        }
        bar.set_prefix(title.clone());
        if bar.is_hidden() {
            output::say(&title);
        }
        bar.enable_steady_tick(SPINNER_INTERVAL);
        let started = Instant::now();
        let result = run(&bar);
        bar.finish_and_clear();
        let seconds = started.elapsed().as_secs_f64();
        let word = if result.is_ok() { "ok" } else { "FAILED" };
        output::say(format_args!("{title}: {word} in {seconds:.1} s"));
        self.rows.push(format!("{name:<44} {word:>6} {seconds:>8.1} s"));
        if let Err(failure) = result {
            output::failure(&failure);
            self.failed.push(name.to_owned());
            self.told.push(format!("{name} ended with:\n{}", end_of(&failure.to_string())));
        }
    }

    /// The last lines of what each failed step said, for whoever reads only the end of a long run.
    pub(crate) fn told(&self) -> String {
        self.told.join("\n\n")
    }

    /// A table of all steps.
    pub(crate) fn table(&self) -> String {
        self.rows.join("\n")
    }

    /// Whether a step has failed.
    pub(crate) const fn has_failed(&self) -> bool {
        !self.failed.is_empty()
    }

    /// The end: a failure that names every step that failed.
    pub(crate) fn end(self) -> Result<(), Failure> {
        if self.failed.is_empty() {
            Ok(())
        } else {
            Err(Failure::Check(format!("failed: {}", self.failed.join(", "))))
        }
    }
}

/// The last lines of a failure.
fn end_of(failure: &str) -> String {
    let lines: Vec<&str> = failure.lines().collect();
    lines[lines.len().saturating_sub(LINES_REPEATED)..].join("\n")
}

/// True for a line that only says what cargo is doing.
fn is_progress(line: &str) -> bool {
    let first = line.split_whitespace().next().unwrap_or_default();
    PROGRESS_WORDS.contains(&first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cargo_is_doing_is_no_finding() {
        assert!(is_progress("   Compiling syn v3.0.10"));
        assert!(!is_progress("error: could not compile `bundle`"));
        assert!(!is_progress(""));
    }

    #[test]
    fn every_step_runs_and_the_end_names_those_that_failed() {
        let mut steps = Steps::new(2);
        steps.step("one", |_| Err(Failure::Check("it broke".to_owned())));
        steps.step("two", |_| Ok(()));
        assert_eq!(steps.table().lines().count(), 2);
        assert_eq!(steps.told(), "one ended with:\nit broke");
        assert_eq!(steps.end().unwrap_err().to_string(), "failed: one");
    }
}
