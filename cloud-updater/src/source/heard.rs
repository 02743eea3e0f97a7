//! What all sources together say about certificates, for whoever looks ahead.

use std::collections::BTreeMap;

use bundle::{Sha256, UnixSeconds};

use super::history::Entry;
use super::record::Source;
use super::said::Statement;
use crate::forecast::{Announced, Announcement};
use crate::{Error, date};

/// Verdicts of root programmes under which a certificate is trusted no more.
const NO_LONGER_TRUSTED: [&str; 4] = ["removed", "blocked", "disabled", "not trusted"];

/// A root programme, or whoever keeps the list, trusts a certificate no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dropped {
    /// The source that says so.
    pub source: String,
    /// What it says: `mozilla has it as Removed`.
    pub words: String,
    /// When this was noticed.
    pub since: UnixSeconds,
}

/// What sources say.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    announcements: Vec<Announcement>,
    dropped: BTreeMap<Sha256, Vec<Dropped>>,
    in_mozillas_program: BTreeMap<Sha256, bool>,
}

impl Heard {
    /// What these sources said last.
    ///
    /// # Errors
    /// Exit code 3 or 5 with the file at fault.
    pub fn of(sources: &[Source]) -> Result<Self, Error> {
        let mut heard = Self::default();
        for source in sources {
            let history = source.history()?;
            for (sha256, statement) in source.said()? {
                heard.take(&source.name, sha256, &statement, &history);
            }
        }
        Ok(heard)
    }

    /// What is announced for days to come, or was.
    #[must_use]
    pub fn announcements(&self) -> &[Announcement] {
        &self.announcements
    }

    /// Who trusts it no more.
    #[must_use]
    pub fn dropped(&self, sha256: Sha256) -> &[Dropped] {
        self.dropped.get(&sha256).map_or(&[], Vec::as_slice)
    }

    /// Whether Mozilla's program has it; `None` where no source says.
    #[must_use]
    pub fn is_in_mozillas_program(&self, sha256: Sha256) -> Option<bool> {
        self.in_mozillas_program.get(&sha256).copied()
    }

    fn take(&mut self, name: &str, sha256: Sha256, statement: &Statement, history: &[Entry]) {
        let day = statement.distrust_after.as_deref().and_then(|day| date::parse(day).ok());
        self.announcements.extend(day.map(|day| Announcement {
            anchor: sha256,
            what: Announced::DistrustAfter { source: format!("source {name}") },
            day,
            said: since(history, sha256, "distrust_after"),
        }));
        if let Some(verdict) = statement.programmes.get("mozilla") {
            let is_included = verdict.eq_ignore_ascii_case("included");
            // Of two sources that contradict each other, the one that has it in its program asks for more care.
            let known = self.in_mozillas_program.entry(sha256).or_insert(is_included);
            *known |= is_included;
        }
        let mut drop = |words: String, field: &str| {
            let dropped = Dropped { source: name.to_owned(), words, since: since(history, sha256, field) };
            self.dropped.entry(sha256).or_default().push(dropped);
        };
        for (programme, verdict) in &statement.programmes {
            if NO_LONGER_TRUSTED.contains(&verdict.to_ascii_lowercase().as_str()) {
                drop(format!("{programme} has it as {verdict}"), "programmes");
            }
        }
        if let Some(revocation) = &statement.revocation {
            drop(format!("its revocation status is {revocation}"), "revocation");
        }
    }
}

/// When a source was first heard to say what it says now in this field.
fn since(history: &[Entry], sha256: Sha256, field: &str) -> UnixSeconds {
    let key = sha256.to_string();
    let says_it = |entry: &&Entry| {
        let changes = entry.changed.get(&key).into_iter().flatten();
        entry.added.contains_key(&key) || changes.into_iter().any(|change| change.field == field)
    };
    let entry = history.iter().rev().find(says_it);
    entry.and_then(|entry| date::parse(&entry.at).ok()).unwrap_or(UnixSeconds(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Sha256 = Sha256([7; 32]);

    fn statement(mozilla: &str) -> Statement {
        Statement {
            distrust_after: Some("2026-04-15".to_owned()),
            programmes: BTreeMap::from([("mozilla".to_owned(), mozilla.to_owned())]),
            ..Statement::default()
        }
    }

    /// A history in which each set of statements was heard on the day beside it.
    fn history(said: &[(&str, Statement)]) -> Vec<Entry> {
        let mut before = BTreeMap::new();
        let mut entries = Vec::new();
        for (day, statement) in said {
            let after = BTreeMap::from([(KEY, statement.clone())]);
            entries.push(Entry::between(&before, &after, format!("{day}T00:00:00Z"), Sha256([0; 32])));
            before = after;
        }
        entries
    }

    #[test]
    fn what_is_announced_was_said_on_the_day_on_which_it_was_first_heard() {
        let quiet = Statement { distrust_after: None, ..statement("Included") };
        let history = history(&[
            ("2024-01-01", quiet),
            ("2025-01-01", statement("Included")),
            ("2026-01-01", statement("Removed")),
        ]);
        let mut heard = Heard::default();
        heard.take("report", KEY, &statement("Removed"), &history);
        let announced = &heard.announcements()[0];
        assert_eq!(
            (date::day(announced.day).as_str(), date::day(announced.said).as_str()),
            ("2026-04-15", "2025-01-01")
        );
        let dropped = &heard.dropped(KEY)[0];
        assert_eq!(
            (dropped.words.as_str(), date::day(dropped.since).as_str()),
            ("mozilla has it as Removed", "2026-01-01")
        );
        assert_eq!(heard.is_in_mozillas_program(KEY), Some(false));
    }

    #[test]
    fn of_sources_that_contradict_each_other_the_more_careful_counts_and_both_are_heard() {
        let mut heard = Heard::default();
        heard.take("one", KEY, &statement("Removed"), &[]);
        heard.take("two", KEY, &statement("Included"), &[]);
        assert_eq!(heard.is_in_mozillas_program(KEY), Some(true));
        assert_eq!((heard.announcements().len(), heard.dropped(KEY).len()), (2, 1));
        assert_eq!(heard.is_in_mozillas_program(Sha256([8; 32])), None);
    }
}
