//! The log: one line for each change, in git beside what it changed.
//!
//! `<when> TAB <who> TAB <action> TAB <subject> TAB <why>`, one file a year, so that lines of two people merge.

use std::fs;
use std::io;
use std::process::Command;

use bundle::UnixSeconds;

use super::Layout;
use crate::durable::{self, PUBLIC_MODE};
use crate::{Error, date, input};

/// Bytes of one year's log.
const LOG_BYTES_MAX: u64 = 64 << 20;

/// Appends one line, durably: after a kill the log holds the line or does not, never half of it.
pub(super) fn append(
    layout: &Layout,
    now: UnixSeconds,
    action: &str,
    subject: &str,
    reason: &str,
) -> Result<(), Error> {
    let when = date::instant(now);
    let year = when.split('-').next().unwrap_or("0");
    let path = layout.log().join(format!("{year}.log"));
    let mut text = match fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(Error::io("read", &path, error)),
    };
    let fields = [when.as_str(), &author(layout), action, subject, reason].map(field);
    text.extend_from_slice(fields.join("\t").as_bytes());
    text.push(b'\n');
    durable::write_file(&path, &text, PUBLIC_MODE)
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
    let mut lines = Vec::new();
    for path in paths {
        let text = input::read_text(&path, LOG_BYTES_MAX, "a log")?;
        lines.extend(text.lines().filter_map(LogLine::parse));
    }
    Ok(lines)
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

/// A field of the line: what would end it or the line becomes a space.
fn field(text: &str) -> String {
    if text.is_empty() {
        return "-".to_owned();
    }
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_change_is_one_line_whatever_its_reason_holds() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path().to_owned());
        let now = date::parse("2026-02-28T12:00:00Z").unwrap();
        append(&layout, now, "anchor add", "root-0a0b0c0d", "two\nlines\tand tabs").unwrap();
        append(&layout, now, "publish", "prod 1", "").unwrap();
        let text = fs::read_to_string(folder.path().join("log/2026.log")).unwrap();
        let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split('\t').collect()).collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0][0], "2026-02-28T12:00:00Z");
        assert_eq!(lines[0][2..], ["anchor add", "root-0a0b0c0d", "two lines and tabs"]);
        assert_eq!(lines[1][4], "-");
    }
}
