//! All files of one generation, as a function of the bundle and of this device's own configuration: no clock, no order
//! that could differ between two devices.

use std::collections::BTreeMap;
use std::path::Path;

use bundle::{Anchor, AnchorIndex, Denial, Manifest, Sha256};
use chain::Certificate;
use trust_store::Installed;

use super::version::Version;
use super::{Artefact, Form, Omission, OmissionReason, environment, pem, pkcs12, subject_hash::subject_hash};
use crate::linux::error::Error;

/// The files that applications are given.
pub(super) const FILE_NAMES: [&str; 5] =
    ["anchors.der", "environment", "truststore.p12", "version.json", "whole.pem"];
/// The folders that applications are given.
pub(super) const FOLDER_NAMES: [&str; 3] = ["der", "hashed", "services"];
/// Letters of a certificate's SHA-256 that tell aliases apart.
const ALIAS_DIGITS: usize = 16;

/// The exports of one bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportSet {
    /// Which bundle it is.
    pub version: Version,
    /// The files, `version.json` last.
    pub files: Vec<Artefact>,
    /// What was left out.
    pub omissions: Vec<Omission>,
    /// Services whose pins and expected names the files cannot carry.
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
    pub fn names() -> impl Iterator<Item = &'static str> {
        FILE_NAMES.into_iter().chain(FOLDER_NAMES)
    }

    /// The exports of the installed bundle in `folder`.
    ///
    /// # Errors
    /// None in practice: the manifest was read when the snapshot was made.
    pub fn of(installed: &Installed, channel: &str, folder: &Path) -> Result<Self, Error> {
        let unreadable = |error| Error::bug("what is installed cannot be read").because(error);
        let manifest = installed.manifest().map_err(unreadable)?;
        let version = Version {
            channel: channel.to_owned(),
            order: installed.order(),
            digest: installed.digest(),
            generation: installed.generation(),
        };
        let entries = entries(installed, &manifest);
        let all: Vec<&Entry<'_>> = entries.iter().collect();
        let mut files = Vec::from(forms(&version, ["whole.pem", "anchors.der", "truststore.p12"], &all)?);
        for service in manifest.services() {
            let serving = entries.iter().filter(|entry| service.anchors.include(entry.index));
            let paths = ["pem", "der", "p12"].map(|form| format!("services/{}.{form}", service.name));
            files.extend(forms(
                &version,
                paths.each_ref().map(String::as_str),
                &serving.collect::<Vec<_>>(),
            )?);
        }
        files.extend(hashed_files(&version, all.iter().copied().filter(|entry| entry.is_in(Form::Hashed))));
        files.extend(all.iter().filter(|entry| entry.is_in(Form::Der)).map(|entry| der_file(entry)));
        files.extend(environment_file(&version, folder));
        let omissions = omissions(&entries);
        let pinned = manifest
            .services()
            .filter(|service| !service.pins.is_empty() || !service.expectations().is_empty());
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
    /// A name that no other anchor has.
    fn alias(&self) -> String {
        let digits: String = self.sha256.to_string().chars().take(ALIAS_DIGITS).collect();
        format!("{} {digits}", self.subject)
    }

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

/// Some anchors in every form that is one file: PEM, DER and PKCS#12.
fn forms(version: &Version, paths: [&str; 3], entries: &[&Entry<'_>]) -> Result<[Artefact; 3], Error> {
    let [pem, der, pkcs12] = paths;
    let within = |form: Form| entries.iter().copied().filter(move |entry| entry.is_in(form));
    let der_bytes: Vec<u8> = within(Form::Der).flat_map(|entry| entry.der).copied().collect();
    let trusted = within(Form::Pkcs12).map(|entry| pkcs12::Trusted { der: entry.der, alias: entry.alias() });
    let store = pkcs12::trust_store(trusted)
        .map_err(|error| Error::bug("the anchors have no form in PKCS#12").because(error))?;
    Ok([
        pem_file(pem, version, within(Form::Pem)),
        Artefact::new(der, der_bytes),
        Artefact::new(pkcs12, store),
    ])
}

fn pem_file<'a>(path: &str, version: &Version, entries: impl Iterator<Item = &'a Entry<'a>>) -> Artefact {
    let blocks: Vec<String> =
        entries.map(|entry| pem::comment(&entry.note) + &pem::block(entry.der)).collect();
    let about = format!("{path}, {} certificates", blocks.len());
    Artefact::new(path, between(&about, version, &blocks.concat()))
}

/// A text between two lines that say which version it is.
fn between(about: &str, version: &Version, text: &str) -> String {
    let edge = |word: &str| pem::comment(&format!("{word} of {about}: {version}"));
    edge("start") + text + &edge("end")
}

fn environment_file(version: &Version, folder: &Path) -> Option<Artefact> {
    let text = environment::text(folder)?;
    Some(Artefact::new("environment", between("environment", version, &text)))
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
