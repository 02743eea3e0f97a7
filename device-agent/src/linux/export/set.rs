//! All files of one generation, as a function of the bundle and of this device's own configuration: no clock, no order
//! that could differ between two devices.

use std::collections::BTreeSet;

use bundle::{Manifest, Sha256};
use trust_store::Installed;

use super::entry::{Entry, entries};
use super::local::{ForApplication, Local};
use super::omission::Form;
use super::selection::Selection;
use super::version::{Application, Version, VersionFile};
use super::{Artefact, Loss, Omission, environment};
use crate::linux::error::Error;

/// The files that applications are given.
pub(super) const FILE_NAMES: [&str; 5] =
    ["anchors.der", "environment", "truststore.p12", "version.json", "whole.pem"];
/// The folders that applications are given.
pub(super) const FOLDER_NAMES: [&str; 4] = ["applications", "der", "hashed", "services"];

/// The exports of one bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportSet {
    /// Which bundle it is.
    pub version: Version,
    /// The files, `version.json` last.
    pub files: Vec<Artefact>,
    /// The anchors that are in no file, as the bundle asks.
    pub omissions: Vec<Omission>,
    /// What the bundle says and some files do not.
    pub losses: Vec<Loss>,
    /// The applications with files of their own.
    pub applications: Vec<Application>,
}

/// The files while they are made.
struct Making<'a> {
    version: &'a Version,
    selection: Selection<'a>,
    files: Vec<Artefact>,
    applications: Vec<Application>,
    /// The anchors that any program may read.
    free: BTreeSet<Sha256>,
}

impl ExportSet {
    /// The names that applications are given.
    pub fn names() -> impl Iterator<Item = &'static str> {
        FILE_NAMES.into_iter().chain(FOLDER_NAMES)
    }

    /// The exports of the installed bundle on this device.
    ///
    /// # Errors
    /// None in practice: the manifest was read when the snapshot was made.
    pub fn of(installed: &Installed, local: &Local) -> Result<Self, Error> {
        let unreadable = |error| Error::bug("what is installed cannot be read").because(error);
        let manifest = installed.manifest().map_err(unreadable)?;
        let version = Version {
            channel: local.channel.clone(),
            order: installed.order(),
            digest: installed.digest(),
            generation: installed.generation(),
        };
        let entries = entries(installed, &manifest);
        let selection = Selection::new(&manifest, &entries, installed);
        let mut making = Making::new(&version, selection);
        making.shared()?;
        making.services(&manifest)?;
        for application in &local.applications {
            making.application(application, local, installed, &entries)?;
        }
        let text = environment::text(&local.folder);
        making.files.extend(text.map(|text| Artefact::text("environment", &version, &text)));
        let Making { selection, mut files, applications, .. } = making;
        files.sort_by(|one, other| one.path.cmp(&other.path));
        let omissions = entries.iter().filter_map(Entry::omission).collect();
        let losses = selection.into_losses();
        let mut set = Self { version, files, omissions, losses, applications };
        let last = Artefact::new("version.json", VersionFile::of(&set).bytes());
        set.files.push(last);
        Ok(set)
    }
}

impl<'a> Making<'a> {
    fn new(version: &'a Version, selection: Selection<'a>) -> Self {
        let (files, applications, free) = (Vec::new(), Vec::new(), BTreeSet::new());
        Self { version, selection, files, applications, free }
    }

    /// The files of no service.
    fn shared(&mut self) -> Result<(), Error> {
        let Self { version, selection, files, free, .. } = self;
        let whole = selection.shared("whole.pem", Form::Pem);
        free.extend(whole.iter().map(|entry| entry.sha256));
        files.push(Artefact::pem("whole.pem", version, &certified(&whole)));
        let of_der = selection.shared("anchors.der", Form::Der);
        files.push(Artefact::der("anchors.der", &certified(&of_der)));
        let of_store = selection.shared("truststore.p12", Form::Pkcs12);
        files.push(Artefact::pkcs12("truststore.p12", &certified(&of_store))?);
        files.extend(Artefact::hashed(version, &selection.shared("hashed/", Form::Hashed)));
        let single = |entry: &&Entry<'_>| Artefact::new(format!("der/{}.der", entry.sha256), entry.der);
        files.extend(selection.shared("der/", Form::Der).iter().map(single));
        Ok(())
    }

    fn services(&mut self, manifest: &Manifest<'a>) -> Result<(), Error> {
        for service in manifest.services() {
            let [pem, der, pkcs12] =
                ["pem", "der", "p12"].map(|form| format!("services/{}.{form}", service.name));
            let mut of = |path: &str, form| certified(&self.selection.of_service(service.name, path, form));
            let (in_pem, in_der, in_pkcs12) =
                (of(&pem, Form::Pem), of(&der, Form::Der), of(&pkcs12, Form::Pkcs12));
            self.files.push(Artefact::pem(&pem, self.version, &in_pem));
            self.files.push(Artefact::der(&der, &in_der));
            self.files.push(Artefact::pkcs12(&pkcs12, &in_pkcs12)?);
        }
        Ok(())
    }

    /// The files of one application: the anchors of its services, and the system's where it is to trust them too.
    fn application(
        &mut self,
        application: &ForApplication,
        local: &Local,
        installed: &Installed,
        entries: &[Entry<'_>],
    ) -> Result<(), Error> {
        let name = &application.name;
        let [pem, pkcs12] = ["pem", "p12"].map(|form| format!("applications/{name}.{form}"));
        let services = application.services.as_deref();
        let mut of = |path: &str, form| certified(&self.selection.of_application(services, path, form));
        let (mut in_pem, mut in_pkcs12) = (of(&pem, Form::Pem), of(&pkcs12, Form::Pkcs12));
        let mut told = Application::new(application);
        if application.adds_system {
            let system = local.system.beside(installed, entries, |entry| self.free.contains(&entry.sha256));
            let missing = |within: &[Certified]| {
                let is_new = |anchor: &&Certified| !within.iter().any(|known| known.der == anchor.der);
                system.anchors.iter().filter(is_new).cloned().collect::<Vec<_>>()
            };
            let (of_pem, of_pkcs12) = (missing(&in_pem), missing(&in_pkcs12));
            told.add(&local.system, of_pem.len(), system.left_out);
            in_pem.extend(of_pem);
            in_pkcs12.extend(of_pkcs12);
        }
        self.files.push(Artefact::pem(&pem, self.version, &in_pem));
        self.files.push(Artefact::pkcs12(&pkcs12, &in_pkcs12)?);
        self.applications.push(told);
        Ok(())
    }
}

/// A certificate with what files say of it.
#[derive(Clone, Debug)]
pub(super) struct Certified {
    pub(super) der: Vec<u8>,
    /// What stands above it in PEM files.
    pub(super) note: String,
    /// A name that no other anchor has.
    pub(super) alias: String,
}

fn certified(entries: &[&Entry<'_>]) -> Vec<Certified> {
    let of = |entry: &&Entry<'_>| Certified {
        der: entry.der.to_vec(),
        note: entry.note.clone(),
        alias: entry.alias(),
    };
    entries.iter().map(of).collect()
}

#[cfg(test)]
mod tests;
