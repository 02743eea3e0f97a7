//! The files of a history: states, certificates, announcements.

use std::path::Path;

use bundle::{Sha256, UnixSeconds};
use serde::Deserialize;

use super::Certificates;
use crate::certificate::source;
use crate::forecast::{Announced, Announcement};
use crate::{Error, date, hexadecimal, input};

/// Bytes of `history.json` and of `announcements.csv`.
const FILE_BYTES_MAX: u64 = 1_024 * 1_024;

/// What is replayed.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) states: Vec<State>,
    pub(super) certificates: Certificates,
    pub(super) announcements: Vec<Announcement>,
}

/// One state, by what differs from the one before.
#[derive(Debug)]
pub(super) struct State {
    pub(super) day: UnixSeconds,
    pub(super) added: Vec<Sha256>,
    pub(super) removed: Vec<Sha256>,
}

/// A state as the file has it: the first one in full.
#[derive(Debug, Deserialize)]
struct StateEntry {
    date: String,
    added: Vec<String>,
    removed: Vec<String>,
    #[serde(default)]
    sha256: Vec<String>,
}

/// A row of the announcements.
#[derive(Debug, Deserialize)]
struct Row {
    sha256: String,
    what: String,
    day: String,
    said: String,
    source: String,
}

impl Record {
    pub(super) fn read(folder: &Path) -> Result<Self, Error> {
        let certificates = source::read(&folder.join("certs.pem"))?;
        Ok(Self {
            states: states(&folder.join("history.json"))?,
            certificates: certificates.into_iter().map(|it| (it.sha256, it)).collect(),
            announcements: announcements(&folder.join("announcements.csv"))?,
        })
    }
}

fn states(path: &Path) -> Result<Vec<State>, Error> {
    let bytes = input::read(path, FILE_BYTES_MAX, "a history")?;
    let wrong = |message: String| Error::input("history", message).file(path);
    let entries: Vec<StateEntry> = serde_json::from_slice(&bytes)
        .map_err(|error| wrong("is not a history".to_owned()).because(error))?;
    let read = |entry: StateEntry| {
        Ok(State {
            day: date::parse(&entry.date)?,
            added: entry
                .added
                .iter()
                .chain(&entry.sha256)
                .map(|text| digest(text))
                .collect::<Result<_, _>>()?,
            removed: entry.removed.iter().map(|text| digest(text)).collect::<Result<_, _>>()?,
        })
    };
    entries.into_iter().map(read).collect::<Result<_, String>>().map_err(wrong)
}

fn announcements(path: &Path) -> Result<Vec<Announcement>, Error> {
    let bytes = input::read(path, FILE_BYTES_MAX, "announcements")?;
    let wrong = |message: String| Error::input("announcements", message).file(path);
    let mut found = Vec::new();
    for row in csv::Reader::from_reader(bytes.as_slice()).deserialize::<Row>() {
        let row = row.map_err(|error| wrong("is not a table of announcements".to_owned()).because(error))?;
        found.push(announcement(row).map_err(wrong)?);
    }
    Ok(found)
}

fn announcement(row: Row) -> Result<Announcement, String> {
    let Row { sha256, what, day, said, source } = row;
    let what = match what.as_str() {
        "chrome-constraint" => Announced::ChromeConstraint { source },
        "distrust-after" => Announced::DistrustAfter { source },
        "removal" => Announced::Removal { source },
        other => return Err(format!("{other:?} is not chrome-constraint, distrust-after or removal")),
    };
    Ok(Announcement { anchor: digest(&sha256)?, what, day: date::parse(&day)?, said: date::parse(&said)? })
}

fn digest(text: &str) -> Result<Sha256, String> {
    hexadecimal::parse_sha256(text)
        .map(Sha256)
        .ok_or_else(|| format!("{text:?} is not 64 hexadecimal digits"))
}
