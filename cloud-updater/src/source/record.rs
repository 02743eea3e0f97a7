//! `sources/<name>.{toml,json,history}`: where a source is, and what it said.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;

use bundle::{Sha256, UnixSeconds};
use serde::{Deserialize, Serialize};

use super::history::{self, Entry};
use super::preset::{PRESETS, Preset};
use super::said::{self, Said, Statement};
use super::{ccadb, chrome, fetch, files};
use crate::durable::{self, PUBLIC_MODE};
use crate::repository::{Layout, settings};
use crate::word::is_word;
use crate::{Error, date, hexadecimal, input};

/// Bytes of what a source said last.
const SAID_BYTES_MAX: u64 = 64 << 20;
/// The schema of that file.
const SAID_SCHEMA: &str = "cloud-updater.source.1";
/// Characters of a name.
const NAME_LENGTH_MAX: usize = 32;

/// What a source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A file with certificates, or a folder of them
    Files,
    /// This machine's own trust store
    System,
    /// A report of the CCADB in CSV: all certificate records, or Mozilla's included roots
    Ccadb,
    /// Chrome's root store with its constraints: root_store.textproto
    Chrome,
    /// A vendor's services and roots as data; the location is the name of one that comes along, or a file
    Preset,
}

/// `sources/<name>.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Record {
    /// What it is.
    pub kind: Kind,
    /// A path that counts from the repository's folder on, a URL, or the name of a preset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// The day on which it was added.
    pub added: String,
    /// Why it is listened to.
    pub reason: String,
}

/// A source of the repository.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its name.
    pub name: String,
    /// What is recorded about it.
    pub record: Record,
    layout: Layout,
}

/// `sources/<name>.json`.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SaidFile {
    schema: String,
    version: String,
    statements: BTreeMap<String, Statement>,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Files => "files",
            Self::System => "system",
            Self::Ccadb => "ccadb",
            Self::Chrome => "chrome",
            Self::Preset => "preset",
        })
    }
}

impl Source {
    /// A source that is not in the repository yet.
    ///
    /// # Errors
    /// Exit code 2: a name that is none, or a location that is missing or does not belong there.
    pub fn new(layout: &Layout, name: &str, record: Record) -> Result<Self, Error> {
        check_name(name)?;
        match (record.kind, &record.location) {
            (Kind::System, Some(_)) => {
                return Err(Error::usage("location", "the system's store has no location of its own"));
            }
            (Kind::Files | Kind::Ccadb | Kind::Chrome | Kind::Preset, None) => {
                return Err(Error::usage(
                    "location",
                    format!("a source of kind {} needs a location", record.kind),
                ));
            }
            (Kind::Files, Some(location)) if fetch::is_url(location) => {
                let error = Error::usage("location", "files are read from this machine, not from a URL");
                return Err(error.hint("fetch the file first, or add a report with --kind ccadb"));
            }
            _ => {}
        }
        Ok(Self { name: name.to_owned(), record, layout: layout.clone() })
    }

    /// All sources, by name.
    ///
    /// # Errors
    /// Exit code 2 with file and field.
    pub fn all(layout: &Layout) -> Result<Vec<Self>, Error> {
        let folder = layout.sources();
        if !folder.is_dir() {
            return Ok(Vec::new());
        }
        let failed = |error| Error::io("list", &folder, error);
        let mut names = Vec::new();
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name().to_string_lossy().into_owned();
            names.extend(name.strip_suffix(".toml").filter(|name| !name.starts_with('.')).map(str::to_owned));
        }
        names.sort();
        let read = |name: String| {
            let path = layout.source(&name, "toml");
            Self::new(layout, &name, settings::read(&path, &layout.label(&path))?)
        };
        names.into_iter().map(read).collect()
    }

    /// Keeps it in the repository.
    ///
    /// # Errors
    /// Exit code 2 where the name is taken, 5 where it cannot be written.
    pub fn create(&self) -> Result<(), Error> {
        let path = self.layout.source(&self.name, "toml");
        if path.exists() {
            let error = Error::usage("source_exists", format!("there is a source {:?} already", self.name));
            return Err(error.hint("choose another name, or remove that one"));
        }
        let text = toml::to_string(&self.record)
            .map_err(|error| Error::bug("a source cannot be written").because(error))?;
        durable::create_file(&path, text.as_bytes(), PUBLIC_MODE)
    }

    /// Takes it out of the repository; its history stays, because anchors were added for it.
    ///
    /// # Errors
    /// Exit code 5.
    pub fn remove(&self) -> Result<(), Error> {
        durable::remove_file(&self.layout.source(&self.name, "toml"))?;
        durable::remove_file(&self.layout.source(&self.name, "json"))
    }

    /// Asks it.
    ///
    /// # Errors
    /// Exit code 2, 3 or 5: it is not there, or not what it is said to be.
    pub fn ask(&self) -> Result<Said, Error> {
        let location = self.record.location.as_deref().unwrap_or_default();
        match self.record.kind {
            Kind::System => Ok(files::system()),
            Kind::Files => files::read(&self.layout.folder().join(location)),
            Kind::Ccadb => {
                let bytes = fetch::read(location, self.layout.folder())?;
                ccadb::parse(&bytes).map_err(|error| error.place(location))
            }
            Kind::Chrome => {
                let bytes = fetch::read(location, self.layout.folder())?;
                chrome::parse(&bytes).map_err(|error| error.place(location))
            }
            Kind::Preset => Ok(self.preset()?.map(|preset| preset.said()).unwrap_or_default()),
        }
    }

    /// The preset that it is; `None` for any other kind.
    ///
    /// # Errors
    /// Exit code 2, 3 or 5.
    pub fn preset(&self) -> Result<Option<Preset>, Error> {
        let Some(location) = self.record.location.as_deref().filter(|_| self.record.kind == Kind::Preset)
        else {
            return Ok(None);
        };
        if let Some((name, text)) = PRESETS.iter().find(|(name, _)| *name == location) {
            return Preset::parse(text, name).map(Some);
        }
        let bytes = fetch::read(location, self.layout.folder())?;
        let text = String::from_utf8(bytes)
            .map_err(|error| Error::input("not_text", "is not UTF-8 text").place(location).because(error))?;
        Preset::parse(&text, location).map(Some)
    }

    /// What it said last, by SHA-256; nothing where it was never asked.
    ///
    /// # Errors
    /// Exit code 3 or 5 with the file at fault.
    pub fn said(&self) -> Result<BTreeMap<Sha256, Statement>, Error> {
        let path = self.layout.source(&self.name, "json");
        if !path.exists() {
            return Ok(BTreeMap::new());
        }
        let wrong = |message: &str| Error::input("source", message).file(&path);
        let bytes = input::read(&path, SAID_BYTES_MAX, "what a source said")?;
        let file: SaidFile = serde_json::from_slice(&bytes)
            .map_err(|error| wrong("is not what a source said").because(error))?;
        let mut statements = BTreeMap::new();
        for (digits, statement) in file.statements {
            let sha256 = hexadecimal::parse_sha256(&digits)
                .ok_or_else(|| wrong("is not what a source said").field(digits.escape_debug()))?;
            statements.insert(Sha256(sha256), statement);
        }
        Ok(statements)
    }

    /// What it said when.
    ///
    /// # Errors
    /// Exit code 3 or 5 with file and line.
    pub fn history(&self) -> Result<Vec<Entry>, Error> {
        history::read(&self.layout.source(&self.name, "history"))
    }

    /// What has changed between what it said last and what it says now; `None` where nothing has.
    ///
    /// # Errors
    /// Exit code 3 or 5.
    pub fn change(&self, now: &Said, at: UnixSeconds) -> Result<Option<Entry>, Error> {
        let before = self.said()?;
        let is_new = !self.layout.source(&self.name, "json").exists();
        if before == now.statements && !is_new {
            return Ok(None);
        }
        Ok(Some(Entry::between(&before, &now.statements, date::instant(at), now.version()?)))
    }

    /// Keeps what it says now: certificates first, then the history, then the statements, so that a run that is killed
    /// finds the change again.
    ///
    /// # Errors
    /// Exit code 5.
    pub fn keep(&self, now: &Said, entry: &Entry) -> Result<(), Error> {
        for (sha256, der) in &now.certificates {
            let path = self.layout.source_certificate(*sha256);
            if !path.exists() {
                durable::write_file(&path, der, PUBLIC_MODE)?;
            }
        }
        let is_noted = self.history()?.last().is_some_and(|last| last.version == entry.version);
        if !is_noted {
            history::append(&self.layout.source(&self.name, "history"), entry)?;
        }
        let statements = now.statements.iter();
        let file = SaidFile {
            schema: SAID_SCHEMA.to_owned(),
            version: said::version(&now.statements)?.to_string(),
            statements: statements.map(|(sha256, said)| (sha256.to_string(), said.clone())).collect(),
        };
        let text = serde_json::to_string_pretty(&file)
            .map_err(|error| Error::bug("statements cannot be written").because(error))?;
        durable::write_file(
            &self.layout.source(&self.name, "json"),
            format!("{text}\n").as_bytes(),
            PUBLIC_MODE,
        )
    }
}

fn check_name(name: &str) -> Result<(), Error> {
    if is_word(name, NAME_LENGTH_MAX) {
        return Ok(());
    }
    let message = format!("{name:?} is not a name of 1 to {NAME_LENGTH_MAX} letters a-z, digits and hyphens");
    Err(Error::usage("source_name", message))
}
