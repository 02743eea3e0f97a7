//! `anchors/` and `intermediates/`: a certificate in PEM and its record in TOML, side by side under one name.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bundle::Sha256;
use serde::Deserialize;
use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, value};

use super::anchor_record::{AnchorRecord, AnchorStanding, Distrust, OverriddenRule};
use super::fleet_file::FleetFile;
use super::{Layout, settings};
use crate::certificate::{Certificate, source};
use crate::durable::{self, PUBLIC_MODE};
use crate::{Error, date, hexadecimal};

/// Letters of a PEM line (RFC 7468 §2).
const PEM_LINE: usize = 64;
/// Longest name in front of the digest in a file name.
const NAME_LETTERS_MAX: usize = 48;

/// Which of the two folders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnchorKind {
    /// `anchors/`
    Anchor,
    /// `intermediates/`
    Intermediate,
}

/// One certificate of the repository and its record.
#[derive(Clone, Debug)]
pub struct AnchorEntry {
    /// `<name>-<sha8>`: what services call it.
    pub name: String,
    /// The certificate.
    pub certificate: Certificate,
    /// Its record.
    pub record: AnchorRecord,
    kind: AnchorKind,
}

/// What is recorded about a certificate on import.
#[derive(Clone, Debug)]
pub struct NewAnchor {
    /// Name in front of the digest; made from the subject where none is given.
    pub name: Option<String>,
    /// Where it stands in its life.
    pub state: AnchorStanding,
    /// What it may vouch for.
    pub purposes: Vec<String>,
    /// Day on which it joins.
    pub added: String,
    /// Day on which it is planned to leave.
    pub retire: Option<String>,
    /// Why.
    pub reason: String,
    /// The channels that carry it.
    pub channels: Option<Vec<String>>,
    /// Rules that it breaks.
    pub allowed: Vec<OverriddenRule>,
    /// How it is denied, where it is kept for that alone.
    pub distrust: Option<Distrust>,
}

/// The record of an intermediate: it is never trusted by itself, so nothing of an anchor's life is said of it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct IntermediateRecord {
    sha256: String,
    added: String,
    reason: String,
    channels: Option<Vec<String>>,
    #[serde(default)]
    allowed: Vec<OverriddenRule>,
}

impl AnchorKind {
    /// The folder's name.
    #[must_use]
    pub const fn folder(self) -> &'static str {
        match self {
            Self::Anchor => "anchors",
            Self::Intermediate => "intermediates",
        }
    }
}

impl AnchorEntry {
    /// True where `text` means this entry: its name, its name without the digest, or its fingerprint from the
    /// first eight digits on.
    #[must_use]
    pub fn answers_to(&self, text: &str) -> bool {
        let digits = text.replace(':', "").to_ascii_lowercase();
        let is_fingerprint = digits.len() >= 8 && self.certificate.sha256.to_string().starts_with(&digits);
        let plain = self.name.rsplit_once('-').map_or("", |(plain, _)| plain);
        text == self.name || text == plain || is_fingerprint
    }

    /// True for `intermediates/`.
    #[must_use]
    pub fn is_intermediate(&self) -> bool {
        self.kind == AnchorKind::Intermediate
    }

    /// The `.pem` file.
    #[must_use]
    pub fn pem_path(&self, layout: &Layout) -> PathBuf {
        path_of(layout, self.kind, &self.name, "pem")
    }

    /// The `.toml` file.
    #[must_use]
    pub fn record_path(&self, layout: &Layout) -> PathBuf {
        path_of(layout, self.kind, &self.name, "toml")
    }

    /// Changes the record through `edit`, keeping its comments; what comes out is checked before it is written.
    ///
    /// # Errors
    /// The record does not parse, or the change makes it unusable.
    pub fn edit_record(&self, layout: &Layout, edit: impl FnOnce(&mut DocumentMut)) -> Result<(), Error> {
        let path = self.record_path(layout);
        let label = layout.label(&path);
        let text = settings::read_text(&path, &label)?;
        let mut document: DocumentMut = text
            .parse()
            .map_err(|error: toml_edit::TomlError| Error::bug("a record does not parse").because(error))?;
        edit(&mut document);
        let text = document.to_string();
        settings::parse::<AnchorRecord>(&text, &label)?.check(&label)?;
        durable::write_file(&path, text.as_bytes(), PUBLIC_MODE)
    }

    /// Moves the anchor to the deny list.
    ///
    /// # Errors
    /// As [`AnchorEntry::edit_record`].
    pub fn distrust(&self, layout: &Layout, distrust: &Distrust) -> Result<(), Error> {
        self.edit_record(layout, |document| set_distrust(document, distrust))
    }
}

/// Reads a folder of entries: every `.toml` file and the `.pem` file beside it.
///
/// # Errors
/// Exit code 2 or 3 with file and field.
pub fn read_entries(layout: &Layout, kind: AnchorKind, fleet: &FleetFile) -> Result<Vec<AnchorEntry>, Error> {
    let folder = layout.folder().join(kind.folder());
    let mut entries: Vec<AnchorEntry> = Vec::new();
    for path in files_with(&folder, "toml")? {
        let entry = read_entry(layout, kind, &path, fleet)?;
        if let Some(twin) = entries.iter().find(|known| known.certificate.sha256 == entry.certificate.sha256)
        {
            let message = format!("is the same certificate as {}", twin.name);
            return Err(Error::input("duplicate", message).place(layout.label(&path)).field("sha256"));
        }
        entries.push(entry);
    }
    Ok(entries)
}

fn read_entry(
    layout: &Layout,
    kind: AnchorKind,
    path: &Path,
    fleet: &FleetFile,
) -> Result<AnchorEntry, Error> {
    let label = layout.label(path);
    let record = match kind {
        AnchorKind::Anchor => settings::read::<AnchorRecord>(path, &label)?,
        AnchorKind::Intermediate => settings::read::<IntermediateRecord>(path, &label)?.into_record(),
    };
    record.check(&label)?;
    for (index, channel) in record.channels.iter().flatten().enumerate() {
        if !fleet.channels.contains_key(channel) {
            let message = format!("there is no channel {channel:?} in fleet.toml");
            return Err(Error::usage("no_channel", message)
                .place(&label)
                .field(format!("channels[{index}]")));
        }
    }
    let pem_path = path.with_extension("pem");
    let pem_label = layout.label(&pem_path);
    let certificates = source::read(&pem_path).map_err(|error| error.place(&pem_label))?;
    let [certificate] = <[Certificate; 1]>::try_from(certificates).map_err(|list| {
        let message = format!("holds {} certificates: each has a file of its own", list.len());
        Error::input("one_certificate", message).place(&pem_label)
    })?;
    if hexadecimal::parse_sha256(&record.sha256).map(Sha256) != Some(certificate.sha256) {
        let message = format!("is not the SHA-256 of {pem_label}, which is {}", certificate.sha256);
        return Err(Error::input("anchor_digest", message).place(&label).field("sha256"));
    }
    let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    if !name.ends_with(&format!("-{}", certificate.short_digest())) {
        let message = format!("the file's name must end with -{}", certificate.short_digest());
        return Err(Error::input("anchor_name", message).place(&label));
    }
    Ok(AnchorEntry { name, certificate, record, kind })
}

/// Writes a certificate and its record, the certificate first: a `.pem` file alone is part of nothing. Returns
/// the entry's name.
///
/// # Errors
/// A file cannot be written.
pub fn write_entry(
    layout: &Layout,
    kind: AnchorKind,
    certificate: &Certificate,
    new: &NewAnchor,
) -> Result<String, Error> {
    let name = entry_name(certificate, new.name.as_deref());
    let pem = pem_text(certificate.der());
    durable::write_file(&path_of(layout, kind, &name, "pem"), pem.as_bytes(), PUBLIC_MODE)?;
    let record = record_text(kind, certificate, new);
    durable::write_file(&path_of(layout, kind, &name, "toml"), record.as_bytes(), PUBLIC_MODE)?;
    Ok(name)
}

/// `<name>-<sha8>`: lower-case letters, digits and single hyphens, from `name` or the certificate's own.
#[must_use]
pub fn entry_name(certificate: &Certificate, name: Option<&str>) -> String {
    let source = name.unwrap_or(&certificate.short_name);
    let mut name = String::new();
    for letter in source.chars().map(|letter| letter.to_ascii_lowercase()) {
        if letter.is_ascii_alphanumeric() {
            name.push(letter);
        } else if !name.is_empty() && !name.ends_with('-') {
            name.push('-');
        }
        if name.len() >= NAME_LETTERS_MAX {
            break;
        }
    }
    let name = name.trim_end_matches('-');
    let name = if name.is_empty() { "anchor" } else { name };
    format!("{name}-{}", certificate.short_digest())
}

/// The files of `folder` with this ending, sorted; none where the folder does not exist.
pub(crate) fn files_with(folder: &Path, ending: &str) -> Result<Vec<PathBuf>, Error> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::io("list", folder, error)),
        Ok(entries) => entries,
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| Error::io("list", folder, error))?.path();
        let is_hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if !is_hidden && path.extension().is_some_and(|found| found == ending) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

impl IntermediateRecord {
    fn into_record(self) -> AnchorRecord {
        AnchorRecord {
            sha256: self.sha256,
            state: AnchorStanding::Active,
            purposes: vec!["server-auth".to_owned()],
            added: self.added,
            retire: None,
            reason: self.reason,
            channels: self.channels,
            constraints: Vec::new(),
            export_without_constraints: Vec::new(),
            allowed: self.allowed,
            distrust: None,
        }
    }
}

fn path_of(layout: &Layout, kind: AnchorKind, name: &str, ending: &str) -> PathBuf {
    layout.folder().join(kind.folder()).join(format!("{name}.{ending}"))
}

fn pem_text(der: &[u8]) -> String {
    let letters = STANDARD.encode(der);
    let mut text = "-----BEGIN CERTIFICATE-----\n".to_owned();
    let mut rest = letters.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(PEM_LINE));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    text.push_str("-----END CERTIFICATE-----\n");
    text
}

fn record_text(kind: AnchorKind, certificate: &Certificate, new: &NewAnchor) -> String {
    let mut document = DocumentMut::new();
    document["sha256"] = value(certificate.sha256.to_string());
    if kind == AnchorKind::Anchor {
        document["state"] = value(new.state.to_string());
        document["purposes"] = value(Array::from_iter(new.purposes.iter().map(String::as_str)));
    }
    document["added"] = value(new.added.as_str());
    if let Some(retire) = new.retire.as_deref().filter(|_| kind == AnchorKind::Anchor) {
        document["retire"] = value(retire);
    }
    document["reason"] = value(new.reason.as_str());
    if let Some(channels) = &new.channels {
        document["channels"] = value(Array::from_iter(channels.iter().map(String::as_str)));
    }
    if !new.allowed.is_empty() {
        let mut list = Array::new();
        for rule in &new.allowed {
            let mut table = InlineTable::new();
            table.insert("rule", rule.rule.as_str().into());
            table.insert("reason", rule.reason.as_str().into());
            table.insert("day", rule.day.as_str().into());
            list.push(table);
        }
        document["allowed"] = value(list);
    }
    if let Some(distrust) = &new.distrust {
        set_distrust(&mut document, distrust);
    }
    let header = format!(
        "# {}\n# {}, valid from {} to {}\n",
        certificate.subject,
        certificate.key,
        date::day(certificate.not_before),
        date::day(certificate.not_after),
    );
    format!("{header}{document}")
}

fn set_distrust(document: &mut DocumentMut, distrust: &Distrust) {
    document["state"] = value("distrusted");
    let mut table = Table::new();
    table["deny"] = value(distrust.deny.word());
    table["order"] = value(distrust.order);
    table["reason"] = value(distrust.reason.as_str());
    table["day"] = value(distrust.day.as_str());
    document["distrust"] = Item::Table(table);
}

#[cfg(test)]
#[path = "anchor_entry_tests.rs"]
mod tests;
