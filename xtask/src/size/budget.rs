//! The budget: `device-agent/budget.toml`, and whether what was measured keeps to it.

use serde::{Deserialize, Serialize};

use super::Measured;
use crate::{failure::Failure, m4};

const FILE: &str = include_str!("../../../device-agent/budget.toml");

/// `budget.toml`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Budget {
    flash_bytes: Entry,
    image_bytes: Entry,
    peak_ram_bytes: Entry,
    m4_text_bytes: Entry,
    m4_ram_bytes: Entry,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// What must hold.
    limit: u64,
    /// What should hold one day.
    aim: Option<u64>,
}

/// One figure beside its limit.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Verdict {
    /// Its name in the report.
    pub(super) name: &'static str,
    /// What was measured.
    pub(super) measured: Option<u64>,
    /// What must hold.
    pub(super) limit: u64,
    /// What should hold one day.
    pub(super) aim: Option<u64>,
    /// Whether it was measured and holds.
    pub(super) passed: bool,
}

/// The most memory that a whole update may take, in bytes.
pub(crate) fn peak_ram_bytes_max() -> Result<u64, Failure> {
    Ok(read()?.peak_ram_bytes.limit)
}

fn read() -> Result<Budget, Failure> {
    toml::from_str(FILE).map_err(|error| Failure::Unreadable {
        what: "device-agent/budget.toml".to_owned(),
        message: error.to_string(),
    })
}

/// Compares figures with the budget.
pub(super) fn judge(measured: &Measured) -> Result<Vec<Verdict>, Failure> {
    let budget = read()?;
    let verdict = |name, measured: Option<u64>, entry: Entry| Verdict {
        name,
        measured,
        limit: entry.limit,
        aim: entry.aim,
        passed: measured.is_some_and(|bytes| bytes <= entry.limit),
    };
    Ok(vec![
        verdict("flash_bytes", measured.flash_bytes, budget.flash_bytes),
        verdict("image_bytes", measured.image_bytes, budget.image_bytes),
        verdict("peak_ram_bytes", measured.peak_ram_bytes, budget.peak_ram_bytes),
        verdict("m4_text_bytes", measured.m4_text_bytes, budget.m4_text_bytes),
        verdict("m4_ram_bytes", measured.m4_ram_bytes, budget.m4_ram_bytes),
    ])
}

/// Holds the program of a real-time core alone against the budget.
///
/// # Errors
/// Names what is above its limit.
pub(crate) fn require_core(core: &m4::Measured) -> Result<(), Failure> {
    let measured =
        Measured { m4_text_bytes: Some(core.text), m4_ram_bytes: Some(core.ram), ..Measured::default() };
    let of_core = |verdict: &Verdict| verdict.name.starts_with("m4_") && !verdict.passed;
    match judge(&measured)?.into_iter().find(of_core) {
        None => Ok(()),
        Some(over) => Err(Failure::Check(format!("over budget: {}", over.name))),
    }
}

/// The figures as a table.
pub(super) fn table(verdicts: &[Verdict]) -> String {
    let number =
        |value: Option<u64>, absent: &str| value.map_or_else(|| absent.to_owned(), |value| value.to_string());
    let mut lines = vec![format!("{:<18} {:>13} {:>9} {:>9}  RESULT", "FIGURE", "MEASURED", "LIMIT", "AIM")];
    for verdict in verdicts {
        lines.push(format!(
            "{:<18} {:>13} {:>9} {:>9}  {}",
            verdict.name,
            number(verdict.measured, "not measured"),
            verdict.limit,
            number(verdict.aim, "-"),
            match verdict.measured {
                None => "NOT MEASURED",
                Some(_) if verdict.passed => "ok",
                Some(_) => "OVER BUDGET",
            },
        ));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(flash_bytes: Option<u64>, expect: bool) {
        let budget = read().unwrap();
        let measured = Measured {
            flash_bytes,
            image_bytes: Some(budget.image_bytes.limit),
            static_ram_bytes: None,
            peak_ram_bytes: Some(budget.peak_ram_bytes.limit),
            m4_text_bytes: Some(budget.m4_text_bytes.limit),
            m4_ram_bytes: Some(budget.m4_ram_bytes.limit),
        };
        let verdicts = judge(&measured).unwrap();
        assert_eq!(verdicts.iter().all(|verdict| verdict.passed), expect, "{}", table(&verdicts));
    }

    #[test]
    fn a_figure_above_its_limit_or_not_measured_is_found() {
        check(Some(409_600), true);
        check(Some(409_601), false);
        check(None, false);
    }
}
