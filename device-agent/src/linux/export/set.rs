//! All files of one generation, as a function of the bundle alone: no clock, no configuration but the channel's
//! name, no order that could differ between two devices.

use std::collections::BTreeMap;

use bundle::{Anchor, AnchorIndex, Denial, Manifest, Sha256, VerifyError};
use chain::Certificate;
use trust_store::Installed;

use super::version::Version;
use super::{Artefact, Form, Omission, OmissionReason, pem, subject_hash::subject_hash};

/// The names that applications are given; each is a file or a folder of a generation.
pub(super) const NAMES: [&str; 6] = ["anchors.der", "der", "hashed", "services", "version.json", "whole.pem"];

/// The exports of one bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportSet {
    /// Which bundle it is.
    pub version: Version,
    /// The files, `version.json` last.
    pub files: Vec<Artefact>,
    /// What was left out.
    pub omissions: Vec<Omission>,
    /// Services whose pins the files cannot carry.
    pub pins_not_carried: Vec<String>,
    /// Denials that the files cannot carry, because they name no anchor.
    pub denials_not_carried: usize,
}

/// One anchor of the manifest, with what the exports need of it.
struct Entry<'a> {
    index: AnchorIndex,
    sha256: Sha256,
    der: &'a [u8],
    subject: String,
    hash: Option<u32>,
    note: String,
    /// Why it is in no form at all, or in which forms it is.
    standing: Result<Vec<Form>, OmissionReason>,
}

impl ExportSet {
    /// The names that applications are given.
    #[must_use]
    pub const fn names() -> &'static [&'static str] {
        &NAMES
    }

    /// The exports of the installed bundle.
    ///
    /// # Errors
    /// None in practice: the manifest was read when the snapshot was made.
    pub fn of(installed: &Installed, channel: &str) -> Result<Self, VerifyError> {
        let manifest = installed.manifest()?;
        let version = Version {
            channel: channel.to_owned(),
            order: installed.order(),
            digest: installed.digest(),
            generation: installed.generation(),
        };
        let entries = entries(installed, &manifest);
        let in_form = |form: Form| entries.iter().filter(move |entry| entry.is_in(form));
        let mut files = vec![
            pem_file("whole.pem", &version, in_form(Form::Pem)),
            Artefact::new(
                "anchors.der",
                in_form(Form::Der).flat_map(|entry| entry.der).copied().collect::<Vec<u8>>(),
            ),
        ];
        for service in manifest.services() {
            let path = format!("services/{}.pem", service.name);
            let serving = in_form(Form::Pem).filter(|entry| service.anchors.include(entry.index));
            files.push(pem_file(&path, &version, serving));
        }
        files.extend(hashed_files(&version, in_form(Form::Hashed)));
        files.extend(in_form(Form::Der).map(der_file));
        let omissions = omissions(&entries);
        let pinned = manifest.services().filter(|service| !service.pins.is_empty());
        let pins_not_carried: Vec<String> = pinned.map(|service| service.name.to_owned()).collect();
        let denials_not_carried = denials_not_carried(installed, &entries);
        let mut set = Self { version, files, omissions, pins_not_carried, denials_not_carried };
        set.files.sort_by(|one, other| one.path.cmp(&other.path));
        let last = set.version_file();
        set.files.push(last);
        Ok(set)
    }

    fn version_file(&self) -> Artefact {
        let pins = self.pins_not_carried.iter().map(String::as_str).collect();
        let file = self.version.file(&self.files, &self.omissions, pins, self.denials_not_carried);
        // A struct of strings and numbers always has a form in JSON.
        let mut bytes = serde_json::to_vec_pretty(&file).unwrap_or_default();
        bytes.push(b'\n');
        Artefact::new("version.json", bytes)
    }
}

impl Entry<'_> {
    fn is_in(&self, form: Form) -> bool {
        self.standing.as_ref().is_ok_and(|forms| forms.contains(&form))
    }
}

fn entries<'a>(installed: &'a Installed, manifest: &Manifest<'a>) -> Vec<Entry<'a>> {
    let usable: BTreeMap<Sha256, &[u8]> =
        installed.all_anchors().map(|anchor| (anchor.entry.sha256, anchor.der)).collect();
    let numbered = (0..).map(AnchorIndex).zip(manifest.all_anchors().iter());
    let entry = |(index, anchor): (AnchorIndex, Anchor<'a>)| {
        let der = usable.get(&anchor.sha256).copied();
        let standing = match der {
            Some(_) => standing(&anchor),
            None if installed.set().is_denied(index) => Err(OmissionReason::Denied),
            None => Err(OmissionReason::Unusable),
        };
        let der = der.unwrap_or_default();
        let subject = Certificate::parse(der).ok().map(|certificate| certificate.subject());
        let name = subject.map_or_else(|| anchor.note.to_owned(), |subject| subject.to_string());
        let label = subject.and_then(|subject| subject.label()).map(|label| label.to_string());
        Entry {
            index,
            sha256: anchor.sha256,
            der,
            note: format!("{name}, sha256 {}, {}", anchor.sha256, anchor.state),
            subject: label.unwrap_or(name),
            hash: subject.and_then(|subject| subject_hash(subject.as_der())),
            standing,
        }
    };
    numbered.map(entry).collect()
}

/// The forms that a usable anchor is in, or why it is in none.
fn standing(anchor: &Anchor<'_>) -> Result<Vec<Form>, OmissionReason> {
    let checks = Form::ALL.map(|form| (form, form.check(anchor)));
    let forms: Vec<Form> = checks.iter().filter(|(_, check)| check.is_ok()).map(|(form, _)| *form).collect();
    let reason = checks.iter().find_map(|(_, check)| check.err());
    if forms.is_empty() { Err(reason.unwrap_or(OmissionReason::Unusable)) } else { Ok(forms) }
}

fn pem_file<'a>(path: &str, version: &Version, entries: impl Iterator<Item = &'a Entry<'a>>) -> Artefact {
    let blocks: Vec<String> =
        entries.map(|entry| pem::comment(&entry.note) + &pem::block(entry.der)).collect();
    let edge =
        |word: &str| pem::comment(&format!("{word} of {path}, {} certificates: {version}", blocks.len()));
    Artefact::new(path, edge("start") + &blocks.concat() + &edge("end"))
}

/// One file for each anchor; anchors of one subject are numbered in the manifest's order.
fn hashed_files<'a>(version: &Version, entries: impl Iterator<Item = &'a Entry<'a>>) -> Vec<Artefact> {
    let mut taken: BTreeMap<u32, u32> = BTreeMap::new();
    let hashed = entries.filter_map(|entry| entry.hash.map(|hash| (hash, entry)));
    hashed
        .map(|(hash, entry)| {
            let number = taken.entry(hash).or_default();
            let path = format!("hashed/{hash:08x}.{number}");
            *number += 1;
            pem_file(&path, version, std::iter::once(entry))
        })
        .collect()
}

fn der_file(entry: &Entry<'_>) -> Artefact {
    Artefact::new(format!("der/{}.der", entry.sha256), entry.der)
}

fn omissions(entries: &[Entry<'_>]) -> Vec<Omission> {
    let omission = |entry: &Entry<'_>| {
        let (reason, present) = match &entry.standing {
            Err(reason) => (*reason, [].as_slice()),
            Ok(forms) => (OmissionReason::Constraints, forms.as_slice()),
        };
        let forms: Vec<Form> = Form::ALL.into_iter().filter(|form| !present.contains(form)).collect();
        let (sha256, subject) = (entry.sha256.to_string(), entry.subject.clone());
        (!forms.is_empty()).then_some(Omission { sha256, subject, reason, forms })
    };
    entries.iter().filter_map(omission).collect()
}

/// A denied anchor is left out; a denied intermediate, server or key is something that no file can say.
fn denials_not_carried(installed: &Installed, entries: &[Entry<'_>]) -> usize {
    let is_carried = |denial: &&Denial| entries.iter().any(|entry| denial.names_certificate(entry.sha256));
    let denials = installed.set().denials();
    denials.len() - denials.iter().filter(is_carried).count()
}

#[cfg(test)]
mod tests;
