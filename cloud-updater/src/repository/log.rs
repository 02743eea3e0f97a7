//! The log: one entry for each change, in git beside what it changed; [`crate::audit`] says what an entry is.
//!
//! One file a year, so that entries of two people merge.

use std::fs;
use std::process::Command;

use bundle::UnixSeconds;

use super::Layout;
use crate::audit::{Act, Chain, Entry, Line};
use crate::durable::{self, PUBLIC_MODE};
use crate::{Error, date, input};

/// Bytes of one year's log.
const LOG_BYTES_MAX: u64 = 64 << 20;

/// Appends one entry, durably: after a kill the log holds the entry or does not, never half of it.
pub(super) fn append(layout: &Layout, now: UnixSeconds, act: &Act<'_>) -> Result<(), Error> {
    let when = date::instant(now);
    let year = when.split('-').next().unwrap_or("0");
    let path = layout.log().join(format!("{year}.log"));
    let previous = chain(layout)?.heads();
    let mut text = if path.is_file() { input::read(&path, LOG_BYTES_MAX, "a log")? } else { Vec::new() };
    // A line that somebody cut off stays the damage that it is, and takes no other with it.
    if text.last().is_some_and(|byte| *byte != b'\n') {
        text.push(b'\n');
    }
    text.extend_from_slice(Entry::line(&when, &author(layout), act, &previous).as_bytes());
    text.push(b'\n');
    durable::write_file(&path, &text, PUBLIC_MODE)
}

/// All entries.
pub(super) fn chain(layout: &Layout) -> Result<Chain, Error> {
    let mut lines = Vec::new();
    for (label, text) in texts(layout)? {
        let numbered = text.lines().enumerate();
        lines.extend(numbered.map(|(index, text)| Line {
            file: label.clone(),
            number: index.saturating_add(1),
            text: text.to_owned(),
        }));
    }
    Ok(Chain::of(lines))
}

/// One line of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// When, as `2026-02-28T12:00:00Z`.
    pub when: String,
    /// Who.
    pub who: String,
    /// What was done.
    pub action: String,
    /// To what.
    pub subject: String,
    /// Why.
    pub reason: String,
}

/// All lines, oldest file first. A line that people's merges have broken is skipped: the log tells, it decides nothing.
pub(super) fn read(layout: &Layout) -> Result<Vec<LogLine>, Error> {
    let texts = texts(layout)?;
    Ok(texts.iter().flat_map(|(_, text)| text.lines().filter_map(LogLine::parse)).collect())
}

/// The files and their text, oldest first.
fn texts(layout: &Layout) -> Result<Vec<(String, String)>, Error> {
    let folder = layout.log();
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let failed = |error| Error::io("list", &folder, error);
    let mut paths = Vec::new();
    for entry in fs::read_dir(&folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        paths.extend((path.extension().is_some_and(|ending| ending == "log")).then_some(path));
    }
    paths.sort();
    paths
        .into_iter()
        .map(|path| {
            let bytes = input::read(&path, LOG_BYTES_MAX, "a log")?;
            // A damaged byte is a fault of its line, which the chain reports; it must not stop what is done next.
            Ok((layout.label(&path), String::from_utf8_lossy(&bytes).into_owned()))
        })
        .collect()
}

impl LogLine {
    fn parse(line: &str) -> Option<Self> {
        let mut fields = line.split('\t').map(str::to_owned);
        let mut next = || fields.next();
        Some(Self { when: next()?, who: next()?, action: next()?, subject: next()?, reason: next()? })
    }
}

/// `CLOUD_UPDATER_AUTHOR`, else the user's name, else the name that git commits under here, else the user's number.
fn author(layout: &Layout) -> String {
    let variables = ["CLOUD_UPDATER_AUTHOR", "USER", "LOGNAME"];
    let mut known = variables.into_iter().filter_map(|name| std::env::var(name).ok());
    known
        .find(|name| !name.is_empty())
        .or_else(|| git_name(layout))
        .unwrap_or_else(|| format!("uid {}", rustix::process::getuid().as_raw()))
}

/// `user.name` of the repository; `None` where git is not installed or knows none.
fn git_name(layout: &Layout) -> Option<String> {
    let said =
        Command::new("git").arg("-C").arg(layout.folder()).args(["config", "user.name"]).output().ok()?;
    let name = String::from_utf8(said.stdout).ok()?.trim().to_owned();
    (said.status.success() && !name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_change_is_one_line_whatever_its_reason_holds() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path().to_owned());
        let now = date::parse("2026-02-28T12:00:00Z").unwrap();
        let act = |action, subject, reason| Act { action, subject, reason, documents: &[] };
        append(&layout, now, &act("anchor add", "root-0a0b0c0d", "two\nlines\tand tabs")).unwrap();
        append(&layout, now, &act("publish", "prod 1", "")).unwrap();
        let text = fs::read_to_string(folder.path().join("log/2026.log")).unwrap();
        let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split('\t').collect()).collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0][0], "2026-02-28T12:00:00Z");
        assert_eq!(lines[0][2..5], ["anchor add", "root-0a0b0c0d", "two lines and tabs"]);
        assert_eq!(lines[1][4], "-");
        assert_eq!(lines[1][6], lines[0][7], "the second names the first");
        assert_eq!(chain(&layout).unwrap().faults(), []);
    }

    #[test]
    fn a_byte_that_is_no_text_is_the_fault_of_its_line_and_stops_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path().to_owned());
        let act = Act { action: "publish", subject: "prod 1", reason: "", documents: &[] };
        let append = |day| append(&layout, date::parse(day).unwrap(), &act);
        for day in ["2025-02-28", "2025-03-01", "2026-01-01"] {
            append(day).unwrap();
        }
        let path = folder.path().join("log/2025.log");
        let whole = fs::read(&path).unwrap();
        let at = whole.windows(6).position(|window| window == b"prod 1").unwrap();
        for (place, rule) in [(at, "changed"), (at - 1, "malformed")] {
            let mut damaged = whole.clone();
            damaged[place] = 0xff;
            durable::write_file(&path, &damaged, PUBLIC_MODE).unwrap();
            append("2026-02-28").unwrap();
            append("2025-12-31").unwrap();
            let faults = chain(&layout).unwrap().faults();
            assert!(
                faults.iter().any(|fault| fault.rule == rule && fault.place == "log/2025.log:1"),
                "{faults:?}"
            );
            let after = fs::read(&path).unwrap();
            assert!(after.starts_with(&damaged) && after.len() > damaged.len(), "what stood there stays");
        }
    }

    #[test]
    fn a_replay_of_an_old_year_is_chained_to_the_present() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path().to_owned());
        let act = Act { action: "publish", subject: "prod 1", reason: "", documents: &[] };
        for day in ["2026-02-28", "2020-01-01", "2026-03-01"] {
            append(&layout, date::parse(day).unwrap(), &act).unwrap();
        }
        let chain = chain(&layout).unwrap();
        assert_eq!((chain.faults(), chain.heads().len()), (Vec::new(), 1));
        let order: Vec<&str> = chain.in_order().iter().map(|line| &line.text[..10]).collect();
        assert_eq!(order, ["2026-02-28", "2020-01-01", "2026-03-01"]);
    }
}
