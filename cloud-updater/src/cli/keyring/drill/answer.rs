//! What a drill found, for people and for programs.

use std::fmt;

use serde::Serialize;

use crate::fleet::Table;

/// Devices that are named in one row of the text.
const NAMES_MAX: usize = 2;

/// How a device took what was published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    /// It arrived at the present keyring, and takes head and release.
    Follows,
    /// It refuses a thief with fewer keys than the threshold.
    Refuses,
    /// It obeys a thief who has the threshold: what proves that the theft was real.
    Obeys,
    /// It did not arrive.
    LeftBehind,
    /// It obeys a thief who should have too little.
    Deceived,
    /// The keys that are left cannot do it.
    NotPossible,
}

/// One device in one step.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Row {
    pub(super) step: String,
    pub(super) device: String,
    pub(super) outcome: Outcome,
    pub(super) detail: String,
}

/// The answer.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Answer {
    /// The keyring in force, as epoch and number.
    pub(super) keyring: String,
    /// SHA-256 over the repository's files, the same before and after.
    pub(super) repository_sha256: String,
    pub(super) repository_files: usize,
    pub(super) devices: usize,
    pub(super) findings: usize,
    pub(super) rows: Vec<Row>,
}

impl Outcome {
    /// True where everything is as it should be.
    pub(super) const fn is_good(self) -> bool {
        matches!(self, Self::Follows | Self::Refuses | Self::Obeys)
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Follows => "follows",
            Self::Refuses => "refuses",
            Self::Obeys => "obeys",
            Self::LeftBehind => "LEFT BEHIND",
            Self::Deceived => "DECEIVED",
            Self::NotPossible => "NOT POSSIBLE",
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::new(["STEP", "RESULT", "DEVICES", "DETAIL"]);
        let mut rows = self.rows.iter().peekable();
        while let Some(first) = rows.next() {
            let mut names = vec![first.device.as_str()];
            let is_same = |row: &Row| {
                row.step == first.step && row.outcome == first.outcome && row.detail == first.detail
            };
            while let Some(row) = rows.next_if(|row| is_same(row)) {
                names.push(&row.device);
            }
            let more = names.len().saturating_sub(NAMES_MAX);
            let mut devices = names.iter().take(NAMES_MAX).copied().collect::<Vec<_>>().join("; ");
            if more > 0 {
                devices.push_str(&format!("; {more} more"));
            }
            table.push([first.step.clone(), first.outcome.word().to_owned(), devices, first.detail.clone()]);
        }
        write!(f, "{table}")?;
        let Self { devices, findings, repository_files, repository_sha256, .. } = self;
        writeln!(f, "{devices} looks at what was published, {findings} of them not as they should be")?;
        writeln!(f, "the repository is untouched: {repository_files} files, SHA-256 {repository_sha256}")
    }
}
