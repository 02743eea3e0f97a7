//! What a source said when: one line of JSON for each change, oldest first.

use std::collections::BTreeMap;
use std::path::Path;

use bundle::Sha256;
use serde::{Deserialize, Serialize};

use super::said::Statement;
use crate::durable::{self, PUBLIC_MODE};
use crate::{Error, input};

/// Bytes of a history: decades of a source that changes every week.
const HISTORY_BYTES_MAX: u64 = 256 << 20;

/// One change of what a source says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// When it was noticed.
    pub at: String,
    /// What is said from then on.
    pub version: String,
    /// Certificates that it did not know before, with their subjects.
    pub added: BTreeMap<String, String>,
    /// Certificates that it knows no more, with their subjects.
    pub removed: BTreeMap<String, String>,
    /// Fields that changed, by certificate.
    pub changed: BTreeMap<String, Vec<FieldChange>>,
}

/// One field of a statement that changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldChange {
    /// Its name.
    pub field: String,
    /// What it was; `None` where it was not said.
    pub from: Option<String>,
    /// What it is; `None` where it is not said.
    pub to: Option<String>,
}

type Statements = BTreeMap<Sha256, Statement>;

impl Entry {
    /// What leads from one set of statements to another.
    pub(super) fn between(before: &Statements, after: &Statements, at: String, version: Sha256) -> Self {
        let only = |here: &Statements, there: &Statements| {
            let alone = here.iter().filter(|(sha256, _)| !there.contains_key(*sha256));
            alone.map(|(sha256, statement)| (sha256.to_string(), statement.subject.clone())).collect()
        };
        let changed = after.iter().filter_map(|(sha256, later)| {
            let earlier = before.get(sha256).filter(|earlier| *earlier != later)?;
            Some((sha256.to_string(), changes(earlier, later)))
        });
        Self {
            at,
            version: version.to_string(),
            added: only(after, before),
            removed: only(before, after),
            changed: changed.collect(),
        }
    }

    /// How many certificates it is about: added, removed, changed.
    #[must_use]
    pub fn counts(&self) -> (usize, usize, usize) {
        (self.added.len(), self.removed.len(), self.changed.len())
    }
}

fn changes(earlier: &Statement, later: &Statement) -> Vec<FieldChange> {
    let (before, after) = (earlier.fields(), later.fields());
    let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
    names.sort();
    names.dedup();
    let change = |name: &String| FieldChange {
        field: name.clone(),
        from: before.get(name).cloned(),
        to: after.get(name).cloned(),
    };
    names.into_iter().map(change).filter(|change| change.from != change.to).collect()
}

/// All entries of a history; none where there is no file yet.
pub(super) fn read(path: &Path) -> Result<Vec<Entry>, Error> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let text = input::read_text(path, HISTORY_BYTES_MAX, "a history")?;
    let entry = |(number, line): (usize, &str)| {
        serde_json::from_str(line).map_err(|error| {
            let wrong = Error::input("history", "is not a change of a source").file(path);
            wrong.field(format!("line {}", number.saturating_add(1))).because(error)
        })
    };
    text.lines().enumerate().filter(|(_, line)| !line.is_empty()).map(entry).collect()
}

/// Adds an entry, durably.
pub(super) fn append(path: &Path, entry: &Entry) -> Result<(), Error> {
    let mut text =
        if path.exists() { input::read_text(path, HISTORY_BYTES_MAX, "a history")? } else { String::new() };
    let line = serde_json::to_string(entry)
        .map_err(|error| Error::bug("a change of a source cannot be written").because(error))?;
    text.push_str(&line);
    text.push('\n');
    durable::write_file(path, text.as_bytes(), PUBLIC_MODE)
}
