//! All entries together: what follows what, and what was done to them since.

use std::collections::{BTreeMap, BTreeSet};

use bundle::Sha256;
use serde::Serialize;

use super::Entry;

/// A line and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The file.
    pub file: String,
    /// Its number there, from 1 on.
    pub number: usize,
    /// What it says.
    pub text: String,
}

/// The log, as it was found.
#[derive(Clone, Debug, Default)]
pub struct Chain {
    entries: Vec<(Line, Entry)>,
    malformed: Vec<Line>,
}

/// Something that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// What: `changed`, `dropped`, `malformed`, `reordered`, `second_start`, `truncated`, `twice`, `unlogged`.
    pub rule: &'static str,
    /// Where.
    pub place: String,
    /// In words.
    pub detail: String,
}

impl Chain {
    /// The chain of these lines, files in order.
    #[must_use]
    pub fn of(lines: impl IntoIterator<Item = Line>) -> Self {
        let mut chain = Self::default();
        for line in lines {
            match Entry::parse(&line.text) {
                Some(entry) => chain.entries.push((line, entry)),
                None => chain.malformed.push(line),
            }
        }
        chain
    }

    /// The entries, as they stand.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().map(|(_, entry)| entry)
    }

    /// True where an entry has this hash.
    #[must_use]
    pub fn holds(&self, hash: Sha256) -> bool {
        self.entries().any(|entry| entry.hash == hash)
    }

    /// Hashes of the entries that none follows: what the next one names, and what a person remembers.
    #[must_use]
    pub fn heads(&self) -> Vec<Sha256> {
        let followed: BTreeSet<Sha256> = self.entries().flat_map(|entry| entry.previous.clone()).collect();
        let last: BTreeSet<Sha256> =
            self.entries().map(|entry| entry.hash).filter(|hash| !followed.contains(hash)).collect();
        last.into_iter().collect()
    }

    /// The entries, each after those that it follows, else as they stand.
    #[must_use]
    pub fn in_order(&self) -> Vec<&Line> {
        let all: BTreeSet<Sha256> = self.entries().map(|entry| entry.hash).collect();
        let mut waiting: Vec<&(Line, Entry)> = self.entries.iter().collect();
        let (mut done, mut ordered) = (BTreeSet::new(), Vec::new());
        while !waiting.is_empty() {
            let before = waiting.len();
            waiting.retain(|(line, entry)| {
                let can = entry.previous.iter().all(|hash| done.contains(hash) || !all.contains(hash));
                if can {
                    done.insert(entry.hash);
                    ordered.push(line);
                }
                !can
            });
            if waiting.len() == before {
                // A circle cannot be hashed, but it can be written: what is left comes as it stands.
                ordered.extend(waiting.drain(..).map(|(line, _)| line));
            }
        }
        ordered
    }

    /// Everything that is wrong in the chain itself.
    #[must_use]
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults: Vec<Fault> = self
            .malformed
            .iter()
            .map(|line| fault("malformed", line, "is no entry, or an entry of which something is missing"))
            .collect();
        let mut places: BTreeMap<Sha256, &Line> = BTreeMap::new();
        let mut start: Option<&Line> = None;
        for (line, entry) in &self.entries {
            if entry.hash != entry.computed {
                faults.push(fault(
                    "changed",
                    line,
                    "says something else than was written: its hash is another",
                ));
            }
            if let Some(first) = places.insert(entry.hash, line) {
                faults.push(fault("twice", line, &format!("stands at {first} already")));
            }
            if entry.previous.is_empty()
                && let Some(first) = start.replace(line)
            {
                let words = format!("begins the log again, which {first} began");
                faults.push(fault("second_start", line, &words));
            }
        }
        for (line, entry) in &self.entries {
            for hash in &entry.previous {
                match places.get(hash) {
                    None => {
                        let words = format!(
                            "follows the entry {hash}, which is not here: it was dropped, or changed and hashed again"
                        );
                        faults.push(fault("dropped", line, &words));
                    }
                    Some(before) if before.file == line.file && before.number > line.number => {
                        let words = format!("stands before {before}, which it follows");
                        faults.push(fault("reordered", line, &words));
                    }
                    Some(_) => {}
                }
            }
        }
        faults
    }
}

impl std::fmt::Display for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file, self.number)
    }
}

fn fault(rule: &'static str, line: &Line, detail: &str) -> Fault {
    Fault { rule, place: line.to_string(), detail: detail.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Act;

    fn written(count: u32) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for number in 1..=count {
            let previous: Vec<Sha256> = lines
                .last()
                .and_then(|line| Entry::parse(line))
                .map(|entry| entry.hash)
                .into_iter()
                .collect();
            lines.push(entry(number, &previous));
        }
        lines
    }

    fn entry(number: u32, previous: &[Sha256]) -> String {
        let act =
            Act { action: "publish", subject: &format!("prod {number}"), reason: "a test", documents: &[] };
        Entry::line("2026-01-01T00:00:00Z", "alice", &act, previous)
    }

    fn chain(lines: &[String]) -> Chain {
        let line = |(index, text): (usize, &String)| Line {
            file: "log/2026.log".to_owned(),
            number: index + 1,
            text: text.clone(),
        };
        Chain::of(lines.iter().enumerate().map(line))
    }

    #[track_caller]
    fn check(lines: &[String], expect: &[(&str, &str)]) {
        let faults = chain(lines).faults();
        let found: Vec<(&str, &str)> =
            faults.iter().map(|fault| (fault.rule, fault.place.as_str())).collect();
        assert_eq!(found, expect);
    }

    #[test]
    fn a_whole_chain_has_no_fault_and_one_head() {
        let lines = written(5);
        check(&lines, &[]);
        assert_eq!(chain(&lines).heads(), [Entry::parse(&lines[4]).unwrap().hash]);
    }

    #[test]
    fn what_was_done_to_an_entry_is_named_with_its_place() {
        let whole = written(5);
        let mut changed = whole.clone();
        changed[2] = changed[2].replace("prod 3", "prod 9");
        check(&changed, &[("changed", "log/2026.log:3")]);
        let mut hashed_again = whole.clone();
        hashed_again[2] = entry(9, &[Entry::parse(&whole[1]).unwrap().hash]);
        check(&hashed_again, &[("dropped", "log/2026.log:4")]);
        let mut dropped = whole.clone();
        dropped.remove(2);
        check(&dropped, &[("dropped", "log/2026.log:3")]);
        let mut headless = whole.clone();
        headless.remove(0);
        check(&headless, &[("dropped", "log/2026.log:1")]);
        let mut reordered = whole.clone();
        reordered.swap(1, 2);
        check(&reordered, &[("reordered", "log/2026.log:2")]);
        let mut twice = whole.clone();
        twice.push(whole[1].clone());
        assert!(chain(&twice).faults().iter().any(|fault| fault.rule == "twice"));
        let mut torn = whole.clone();
        torn[4].truncate(90);
        check(&torn, &[("malformed", "log/2026.log:5")]);
        check(
            &[whole.clone(), written(1)].concat(),
            &[
                ("twice", "log/2026.log:6"),
                ("second_start", "log/2026.log:6"),
                ("reordered", "log/2026.log:2"),
            ],
        );
    }

    #[test]
    fn a_truncated_end_is_seen_by_whoever_remembers_the_head() {
        let whole = written(5);
        let head = chain(&whole).heads()[0];
        let short = chain(&whole[..4]);
        assert_eq!(short.faults(), [], "a chain cannot know what came after it");
        assert!(!short.holds(head));
    }

    #[test]
    fn two_who_wrote_at_once_are_joined_by_the_next() {
        let mut lines = written(2);
        let base = Entry::parse(&lines[1]).unwrap().hash;
        lines.extend([entry(3, &[base]), entry(4, &[base])]);
        let heads = chain(&lines).heads();
        assert_eq!(heads.len(), 2);
        lines.push(entry(5, &heads));
        check(&lines, &[]);
        assert_eq!(chain(&lines).heads().len(), 1);
        lines.remove(2);
        check(&lines, &[("dropped", "log/2026.log:4")]);
    }
}
