//! The replay as a page of the documentation, in Markdown.

use std::collections::BTreeMap;

use super::{Change, Gone, Replay};
use crate::date;
use crate::forecast::Event;

/// What stands in front of the table.
const HEAD: &str = "# What the forecast would have known

Mozilla's roots for TLS as they were, in 51 states of eleven years, through forecast and linter. This page is made by
`cloud-updater forecast --history tests/data/mozilla-history`, and a test compares the two.

For every root that left, the forecast is asked on the day of the state before: it knows what certificates say of
themselves (`not-after`), Mozilla Root Store Policy §7.4 from the day on which it was in force (`mozilla-term`), and what
was announced by then about single roots (`distrust-after`, `removal`, `chrome-constraint`, each with its source in
`announcements.csv`). An event tells of a loss where its day has come, or comes within half a year. Where several do, the
one that was known first counts; *known for* is the time from that day to the day of the state without the root, the
shortest of the row. The linter's errors and warnings about the same roots are those of the state before, its word about
roots that came that of the day on which they came. Roots whose keys are too short or that never said that they are CAs
have no day on which they had to leave: of those, the linter speaks.
";

/// The page.
#[must_use]
pub fn page(replay: &Replay) -> String {
    let rows: String = replay.changes.iter().map(row).collect();
    let titles = "\n| state | roots | left | known beforehand | not known beforehand | lint on what left | came | lint on what came |\n\
                  |---|---|---|---|---|---|---|---|\n";
    format!("{HEAD}\n{}{titles}{rows}", summary(replay))
}

fn summary(replay: &Replay) -> String {
    let all = || replay.changes.iter().flat_map(|change| &change.gone);
    let mut by_rule: BTreeMap<&str, usize> = BTreeMap::new();
    for event in all().filter_map(|gone| gone.foreseen.as_ref()) {
        *by_rule.entry(event.kind.id()).or_default() += 1;
    }
    let linted = all().filter(|gone| gone.foreseen.is_none() && !gone.rules.is_empty()).count();
    let silent = all().filter(|gone| gone.foreseen.is_none() && gone.rules.is_empty()).count();
    let foreseen: usize = by_rule.values().sum();
    format!(
        "Of {} losses, {foreseen} were known beforehand ({}). Of the others, the linter had an error or a warning about \
         {linted}; about {silent} nothing said anything: only what endpoints serve, and an operator who reads, helps there.\n",
        all().count(),
        counted(&by_rule)
    )
}

fn row(change: &Change) -> String {
    let mut by_rule: BTreeMap<&str, Vec<(&Event, u64)>> = BTreeMap::new();
    for gone in &change.gone {
        if let (Some(event), Some(days)) = (&gone.foreseen, gone.notice_days(change.day)) {
            by_rule.entry(event.kind.id()).or_default().push((event, days));
        }
    }
    let known: Vec<String> = by_rule.iter().map(|(rule, events)| known(rule, events)).collect();
    let unknown: Vec<&Gone> = change.gone.iter().filter(|gone| gone.foreseen.is_none()).collect();
    let mut rules = BTreeMap::new();
    for rule in change.gone.iter().flat_map(|gone| &gone.rules) {
        *rules.entry(*rule).or_insert(0_usize) += 1;
    }
    format!(
        "| {} | {} | {} | {} | {} | {} | {} | {} |\n",
        date::day(change.day),
        change.roots,
        change.gone.len(),
        known.join("; "),
        named(&unknown),
        counted(&rules),
        change.came,
        counted(&change.came_with)
    )
}

/// One rule of a row: how many, for which days, known for how long.
fn known(rule: &str, events: &[(&Event, u64)]) -> String {
    let days = || events.iter().map(|(event, _)| event.day);
    let (first, last) = (days().min().unwrap_or_default(), days().max().unwrap_or_default());
    let span =
        if first == last { date::day(first) } else { format!("{} to {}", date::day(first), date::day(last)) };
    let notice = events.iter().map(|(_, days)| *days).min().unwrap_or(0);
    format!("{} by {rule} ({span}), known for {notice} days", events.len())
}

/// The first few of them by name.
fn named(gone: &[&Gone]) -> String {
    const NAMES: usize = 3;
    if gone.is_empty() {
        return String::new();
    }
    let names: Vec<String> = gone.iter().take(NAMES).map(|gone| gone.name.replace('|', "/")).collect();
    let others = gone.len().saturating_sub(NAMES);
    let rest = if others == 0 { String::new() } else { format!(" and {others} more") };
    format!("{}: {}{rest}", gone.len(), names.join(", "))
}

fn counted(rules: &BTreeMap<&str, usize>) -> String {
    let parts: Vec<String> = rules.iter().map(|(rule, count)| format!("{rule} {count}")).collect();
    parts.join(", ")
}
