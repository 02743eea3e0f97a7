//! A plan: steps that are shown first and executed after, one `Display` for both.

use std::fmt;
use std::path::{Path, PathBuf};

use bundle::Sha256;

use crate::Error;
use crate::durable::{self, PUBLIC_MODE};
use crate::repository::Layout;

/// What a publication does, in its order.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    steps: Vec<Step>,
}

/// One step; doing it twice is doing it once.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// Writes a file of the repository.
    Record {
        /// The file.
        path: PathBuf,
        /// Its path inside the repository.
        label: String,
        /// Its content.
        bytes: Vec<u8>,
    },
    /// Writes a file of the published tree.
    Publish {
        /// The file.
        path: PathBuf,
        /// Its path inside the tree.
        label: String,
        /// Its content.
        bytes: Vec<u8>,
        /// True where another content stands there.
        replaces: bool,
    },
    /// Removes a file.
    Remove {
        /// The file.
        path: PathBuf,
        /// Its path inside the repository or tree.
        label: String,
    },
}

impl Step {
    /// Writes `bytes` to a file of the repository.
    #[must_use]
    pub fn record(layout: &Layout, path: PathBuf, bytes: Vec<u8>) -> Self {
        let label = layout.label(&path);
        Self::Record { path, label, bytes }
    }

    /// Removes a file of the repository.
    #[must_use]
    pub fn remove(layout: &Layout, path: PathBuf) -> Self {
        let label = layout.label(&path);
        Self::Remove { path, label }
    }

    /// True where nothing would change.
    fn is_done(&self) -> bool {
        match self {
            Self::Record { path, bytes, .. } | Self::Publish { path, bytes, .. } => holds(path, bytes),
            Self::Remove { path, .. } => !path.exists(),
        }
    }

    fn execute(&self) -> Result<(), Error> {
        match self {
            Self::Record { path, bytes, .. } | Self::Publish { path, bytes, .. } => {
                durable::write_file(path, bytes, PUBLIC_MODE)
            }
            Self::Remove { path, .. } => durable::remove_file(path),
        }
    }
}

impl Plan {
    /// Adds a step, unless nothing would change by it.
    pub fn add(&mut self, step: Step) {
        if !step.is_done() {
            self.steps.push(step);
        }
    }

    /// Adds the steps of another plan, after these.
    pub fn extend(&mut self, other: Self) {
        self.steps.extend(other.steps);
    }

    /// The steps, in their order.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The files of the repository that it writes, by name and SHA-256: what the log says of it.
    #[must_use]
    pub fn documents(&self) -> Vec<(String, Sha256)> {
        let written = |step: &Step| match step {
            Step::Record { label, bytes, .. } => Some((label.clone(), Sha256::of(&[bytes]))),
            _ => None,
        };
        self.steps.iter().filter_map(written).collect()
    }

    /// True where there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Does the steps in their order.
    ///
    /// # Errors
    /// The first step that failed. What was done stays done, is whole, and the same plan can be made again.
    pub fn execute(&self) -> Result<(), Error> {
        self.steps.iter().try_for_each(Step::execute)
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Record { label, bytes, .. } => write!(f, "record   {label} ({} bytes)", bytes.len()),
            Self::Publish { label, bytes, replaces: false, .. } => {
                write!(f, "publish  {label} ({} bytes)", bytes.len())
            }
            Self::Publish { label, bytes, replaces: true, .. } => {
                write!(f, "replace  {label} ({} bytes)", bytes.len())
            }
            Self::Remove { label, .. } => write!(f, "remove   {label}"),
        }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.steps.iter().try_for_each(|step| writeln!(f, "{step}"))
    }
}

fn holds(path: &Path, bytes: &[u8]) -> bool {
    let same_length =
        std::fs::metadata(path).is_ok_and(|metadata| usize::try_from(metadata.len()) == Ok(bytes.len()));
    same_length && std::fs::read(path).is_ok_and(|present| present == bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_that_is_done_is_not_planned_again() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path().to_owned());
        let step = || Step::record(&layout, folder.path().join("a/b"), b"text".to_vec());
        let mut plan = Plan::default();
        plan.add(step());
        assert_eq!(plan.to_string(), "record   a/b (4 bytes)\n");
        plan.execute().unwrap();
        let mut again = Plan::default();
        again.add(step());
        again.add(Step::remove(&layout, folder.path().join("none")));
        assert!(again.is_empty());
    }
}
