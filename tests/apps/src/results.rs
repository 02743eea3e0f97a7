//! What was measured, row by row.

use serde::Serialize;

use crate::{
    row::Row,
    stack::{Means, Plan, Variant},
};

/// How and when an application noticed a change.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Change {
    pub(crate) by: Means,
    /// Seconds after the exports showed the change; none where only a new process noticed.
    pub(crate) seconds: Option<f64>,
}

/// One row.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Measured {
    pub(crate) name: String,
    /// What the client said of its stack.
    pub(crate) version: Option<String>,
    pub(crate) installed: bool,
    pub(crate) variant: Variant,
    /// The weaker of the two below: what the application needs.
    pub(crate) by: Option<Means>,
    pub(crate) added_by: Option<Means>,
    pub(crate) removed_by: Option<Means>,
    /// `null` where the running process never did.
    pub(crate) accepts_added_after_seconds: Option<f64>,
    pub(crate) refuses_removed_after_seconds: Option<f64>,
    pub(crate) passed: bool,
    /// Why not, or what is missing on this machine.
    pub(crate) reason: Option<String>,
}

/// Everything that was measured.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Results {
    pub(crate) schema: &'static str,
    /// True where every row of every installed stack passed, and all were asked for.
    pub(crate) passed: bool,
    pub(crate) patience_seconds: u64,
    pub(crate) stacks: Vec<Measured>,
}

impl Measured {
    /// A row of a stack that cannot be had here.
    pub(crate) fn not_installed(stack: &str, plan: &Plan, reason: String) -> Self {
        let variant = plan.variant;
        Self {
            name: name(stack, plan),
            version: None,
            installed: false,
            variant,
            by: None,
            added_by: None,
            removed_by: None,
            accepts_added_after_seconds: None,
            refuses_removed_after_seconds: None,
            passed: false,
            reason: Some(reason),
        }
    }

    /// A row that ran. An untouched application may need a restart, which is then said; an adapted one may not.
    pub(crate) fn of(row: &Row<'_>) -> Self {
        let by = |change: Option<Change>| change.map(|change| change.by);
        let (added_by, removed_by) = (by(row.added), by(row.removed));
        let needs_restart = [added_by, removed_by].contains(&Some(Means::Restart));
        let fault = row.fault.clone().or_else(|| {
            let is_broken_promise = needs_restart && row.plan.variant == Variant::Adapted;
            is_broken_promise
                .then(|| "the adapted application noticed nothing until it was restarted".to_owned())
        });
        Self {
            name: name(row.stack, row.plan),
            version: row.version.clone(),
            installed: true,
            variant: row.plan.variant,
            by: if needs_restart { Some(Means::Restart) } else { added_by.and(removed_by) },
            added_by,
            removed_by,
            accepts_added_after_seconds: row.added.and_then(|change| change.seconds).map(tenths),
            refuses_removed_after_seconds: row.removed.and_then(|change| change.seconds).map(tenths),
            passed: fault.is_none() && row.added.is_some() && row.removed.is_some(),
            reason: fault,
        }
    }

    /// How the change was noticed, in the words of tables.
    pub(crate) fn words(by: Option<Means>, seconds: Option<f64>) -> String {
        match (by, seconds) {
            (None, _) => "–".to_owned(),
            (Some(by), None) => by.word().to_owned(),
            (Some(by), Some(seconds)) => format!("{}, {seconds:.1} s", by.word()),
        }
    }
}

impl Results {
    /// All rows; `is_whole` where no stack was left out by request.
    pub(crate) fn new(stacks: Vec<Measured>, patience_seconds: u64, is_whole: bool) -> Self {
        let mut counted = stacks.iter().filter(|row| row.installed).peekable();
        let passed = is_whole && counted.peek().is_some() && counted.all(|row| row.passed);
        Self { schema: "apps.1", passed, patience_seconds, stacks }
    }
}

fn name(stack: &str, plan: &Plan) -> String {
    format!("{stack}{}", plan.view.note())
}

fn tenths(seconds: f64) -> f64 {
    (seconds * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(installed: bool, passed: bool) -> Measured {
        let plan = Plan::new(Variant::Untouched, Means::ReRead, &[]);
        let row = Measured::not_installed("stack", &plan, String::new());
        Measured { installed, passed, ..row }
    }

    #[test]
    fn what_is_not_installed_is_listed_and_not_counted() {
        assert!(Results::new(vec![row(true, true), row(false, false)], 10, true).passed);
        assert!(!Results::new(vec![row(true, true), row(true, false)], 10, true).passed);
    }

    #[test]
    fn nothing_installed_and_a_part_of_the_list_are_no_pass() {
        assert!(!Results::new(vec![row(false, false)], 10, true).passed);
        assert!(!Results::new(Vec::new(), 10, true).passed);
        assert!(!Results::new(vec![row(true, true)], 10, false).passed);
    }
}
