//! The watcher and the linter, asked on one day after the other: what they say, and since which day.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    error::Error,
};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{day::Day, fleet::Fleet};

/// Something that was found, on the first day on which it was.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct First {
    /// The first day.
    pub(crate) day: Day,
    /// `watch`, `lint` or `draft`.
    pub(crate) by: &'static str,
    /// Whether it is about the real certificates or about twins.
    pub(crate) over: Over,
    /// `error`, `warning` or `notice`.
    pub(crate) severity: String,
    /// The rule.
    pub(crate) rule: String,
    /// What it is about.
    pub(crate) subject: String,
    /// What was found, as it was worded on that day.
    pub(crate) message: String,
    /// By which day something must be done.
    pub(crate) due: Option<String>,
}

/// What a program was run over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Over {
    /// The real certificates.
    Real,
    /// Their twins, which loopback services show.
    Twins,
}

/// One kind of finding: the same again on a later day is not news.
type Key = (&'static str, Over, String, String, String);

/// What was found so far.
#[derive(Debug, Default)]
pub(crate) struct Guard {
    known: BTreeSet<Key>,
    looked: BTreeMap<Over, Day>,
    firsts: Vec<First>,
}

impl Guard {
    /// What the linter says of one kind and not of the other: rule and subject.
    pub(crate) fn differences(&self) -> Vec<(String, String)> {
        let of = |over: Over| {
            let lint = self.known.iter().filter(move |(by, it, ..)| *by == "lint" && *it == over);
            lint.map(|(_, _, rule, subject, _)| (rule.clone(), subject.clone())).collect::<BTreeSet<_>>()
        };
        of(Over::Real).symmetric_difference(&of(Over::Twins)).cloned().collect()
    }

    /// Everything that was found, by day.
    pub(crate) fn into_firsts(mut self) -> Vec<First> {
        self.firsts.sort_by(|one, other| (one.day, &one.rule).cmp(&(other.day, &other.rule)));
        self.firsts
    }

    /// Lets the watcher look on a day. What follows from dates alone may have been there on an earlier day since it
    /// looked last: that day is sought by asking what the older observations meant on the days between.
    pub(crate) fn watch(&mut self, fleet: &Fleet, over: Over, day: Day) -> Result<(), Box<dyn Error>> {
        let before = self.looked.insert(over, day);
        let asked_before = RefCell::new(BTreeMap::new());
        // Nothing changes meanwhile, so one answer for each day is enough.
        let ask = |day: Day| -> Result<Vec<Value>, Box<dyn Error>> {
            if let Some(known) = asked_before.borrow().get(&day) {
                return Ok(Vec::clone(known));
            }
            let found = asked(fleet, day, &["--offline"])?;
            asked_before.borrow_mut().insert(day, found.clone());
            Ok(found)
        };
        let found = ask(day)?;
        // The watcher looks every day where a timer does it: that what it saw is old is no finding of the scenario.
        let is_old = |it: &Value| over == Over::Twins && text(it, "rule") == "service-unknown";
        for finding in found.iter().filter(|it| !is_old(it)) {
            let key = key("watch", over, finding);
            if let Some(before) = before.filter(|_| !self.known.contains(&key)) {
                let (first, finding) = since(before, (day, finding.clone()), |middle| {
                    Ok(ask(middle)?.into_iter().find(|it| self::key("watch", over, it) == key))
                })?;
                self.note("watch", over, first, &finding);
            }
        }
        let live = match over {
            Over::Real => found,
            Over::Twins => asked(fleet, day, &["--resolve", &fleet.resolve()])?,
        };
        live.iter().for_each(|finding| self.note("watch", over, day, finding));
        Ok(())
    }

    /// Lets the linter judge every certificate of the fleet on each day of a scenario.
    pub(crate) fn lint(
        &mut self,
        fleet: &Fleet,
        over: Over,
        (from, to): (Day, Day),
        is_intermediate: impl Fn(&str) -> bool,
    ) -> Result<(), Box<dyn Error>> {
        for name in fleet.names() {
            let Some(file) = fleet.file(name)? else { continue };
            let file = file.to_string_lossy().into_owned();
            let ask = |day: Day| {
                let mut words = vec!["--json", "lint", file.as_str()];
                words.extend(is_intermediate(name).then_some("--intermediate"));
                findings(&fleet.on(day).run(&words)?.output)
            };
            for finding in ask(from)? {
                self.note("lint", over, from, &finding);
            }
            for finding in ask(to)? {
                let key = key("lint", over, &finding);
                if !self.known.contains(&key) {
                    let (first, finding) = since(from, (to, finding), |middle| {
                        Ok(ask(middle)?.into_iter().find(|it| self::key("lint", over, it) == key))
                    })?;
                    self.note("lint", over, first, &finding);
                }
            }
        }
        Ok(())
    }

    /// Notes a finding, where it is the first of its kind.
    pub(crate) fn note(&mut self, by: &'static str, over: Over, day: Day, finding: &Value) {
        let key = key(by, over, finding);
        let (_, _, rule, subject, severity) = key.clone();
        if !self.known.insert(key) {
            return;
        }
        let (message, due) = (text(finding, "message"), finding["due"].as_str().map(str::to_owned));
        self.firsts.push(First { day, by, over, severity, rule, subject, message, due });
    }
}

/// The first day after `before`, on which something was not found, with what was found then; `last` has it.
fn since<F>(
    before: Day,
    last: (Day, F),
    find: impl Fn(Day) -> Result<Option<F>, Box<dyn Error>>,
) -> Result<(Day, F), Box<dyn Error>> {
    let (mut before, mut first) = (before, last);
    while first.0.since(before) > 1 {
        let middle = before.plus(first.0.since(before) / 2);
        match find(middle)? {
            Some(found) => first = (middle, found),
            None => before = middle,
        }
    }
    Ok(first)
}

/// What the watcher answers on a day.
fn asked(fleet: &Fleet, day: Day, more: &[&str]) -> Result<Vec<Value>, Box<dyn Error>> {
    let ended = fleet.on(day).run(&[&["--json", "watch", "--once"], more].concat())?;
    // It ends with 1 where devices are cut off, which is an answer.
    let found = findings(&ended.output).map_err(|error| format!("{error}\n{ended}"))?;
    // Heads are signed every day where a timer does it, and here on the days on which devices check.
    Ok(found.into_iter().filter(|it| !text(it, "rule").starts_with("head-")).collect())
}

fn findings(answer: &str) -> Result<Vec<Value>, Box<dyn Error>> {
    let answer: Value = serde_json::from_str(answer)?;
    Ok(answer["findings"].as_array().ok_or("an answer without findings")?.clone())
}

fn key(by: &'static str, over: Over, finding: &Value) -> Key {
    // The linter names the file first, which is a temporary one.
    let subject = text(finding, "subject");
    let subject = subject.rsplit('/').next().unwrap_or_default().to_owned();
    (by, over, text(finding, "rule"), subject, text(finding, "severity"))
}

fn text(finding: &Value, field: &str) -> String {
    finding[field].as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_day_is_found_wherever_it_is() {
        let from: Day = "2020-01-01".parse().unwrap();
        for first in 1..=40 {
            let find = |day: Day| Ok((day >= from.plus(first)).then_some(day));
            let found = since(from, (from.plus(40), from.plus(40)), find).unwrap();
            assert_eq!(found, (from.plus(first), from.plus(first)));
        }
    }
}
