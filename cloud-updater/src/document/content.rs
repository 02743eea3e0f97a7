//! What a channel's next release holds, read out of the operator's repository.

use std::collections::BTreeMap;

use bundle::write::{AnchorContent, IntermediateContent, ManifestContent, ServiceAnchors, ServiceContent};
use bundle::{Denial, DenialKind, Sha256, limits};

use super::release::Blobs;
use crate::Error;
use crate::repository::service_file::{self, AnchorChoice, ServiceSettings};
use crate::repository::{AnchorEntry, AnchorStanding, Denied, Repository};

/// A manifest's content with the certificates that it names.
#[derive(Clone, Debug, Default)]
pub struct Content {
    /// What the manifest says.
    pub manifest: ManifestContent,
    /// Its certificates.
    pub blobs: Blobs,
}

/// True where the deny list has the certificate or its key.
#[must_use]
pub fn is_denied(content: &ManifestContent, sha256: Sha256, spki_sha256: Option<Sha256>) -> bool {
    content.denials.iter().any(|denial| match denial.kind {
        DenialKind::Certificate => denial.sha256 == sha256,
        DenialKind::Spki => Some(denial.sha256) == spki_sha256,
    })
}

/// The content of `channel` as the repository has it now.
///
/// # Errors
/// Exit code 2 or 3 with file and field.
pub fn of_repository(repository: &Repository, channel: &str) -> Result<Content, Error> {
    let entries = repository.anchors()?;
    let mine: Vec<&AnchorEntry> = entries.iter().filter(|entry| entry.record.is_in(channel)).collect();
    let intermediates = repository.intermediates()?;
    let mut blobs = Blobs::new();
    let mut manifest =
        ManifestContent { urls: repository.fleet().publish.urls.clone(), ..ManifestContent::default() };
    for entry in &mine {
        match entry.record.state.trusted() {
            Some(state) => {
                manifest.anchors.push(anchor_content(repository, entry, state)?);
                blobs.insert(entry.certificate.sha256, entry.certificate.der().to_vec());
            }
            None => deny(entry, &mut manifest),
        }
    }
    for entry in intermediates.iter().filter(|entry| entry.record.is_in(channel)) {
        let sha256 = entry.certificate.sha256;
        if blobs.contains_key(&sha256) {
            // An anchor is found for path building too: the certificate is not carried twice.
            continue;
        }
        manifest.intermediates.push(IntermediateContent { sha256, length: entry.certificate.length() });
        blobs.insert(sha256, entry.certificate.der().to_vec());
    }
    for (name, service) in repository.services()?.of_channel(channel) {
        let known = || entries.iter().chain(&intermediates);
        let key_of = |wanted: &str| {
            let mut found =
                known().filter(|entry| entry.answers_to(wanted)).map(|it| it.certificate.spki_sha256);
            let key = found.next()?;
            found.all(|other| other == key).then_some(key)
        };
        let pins = service.pins(name, key_of)?;
        manifest.services.push(ServiceContent { pins, ..service_content(name, service, &entries, &mine)? });
    }
    check_counts(&manifest)?;
    Ok(Content { manifest, blobs })
}

/// The deny list and distrust orders of `channel` as the repository has them now, and nothing else.
///
/// # Errors
/// Exit code 2 or 3 with file and field.
pub fn denials(repository: &Repository, channel: &str) -> Result<ManifestContent, Error> {
    let mut manifest =
        ManifestContent { urls: repository.fleet().publish.urls.clone(), ..ManifestContent::default() };
    for entry in repository.anchors()?.iter().filter(|entry| entry.record.is_in(channel)) {
        if entry.record.state == AnchorStanding::Distrusted {
            deny(entry, &mut manifest);
        }
    }
    manifest.denials.sort();
    Ok(manifest)
}

/// `old` as it can be released again under today's denials: what they name leaves, they themselves stay.
///
/// # Errors
/// Exit code 3 where a service would lose its last anchor.
pub fn under_denials(old: ManifestContent, today: &ManifestContent) -> Result<ManifestContent, Error> {
    let is_denied = |sha256: Sha256| today.denials.iter().any(|denial| denial.names_certificate(sha256));
    let mut content = old;
    content.anchors.retain(|anchor| !is_denied(anchor.sha256));
    content.intermediates.retain(|entry| !is_denied(entry.sha256));
    content.denials.clone_from(&today.denials);
    content.distrust_orders.clone_from(&today.distrust_orders);
    for service in &mut content.services {
        if let ServiceAnchors::Listed(list) = &mut service.anchors {
            list.retain(|sha256| content.anchors.iter().any(|anchor| anchor.sha256 == *sha256));
            if list.is_empty() {
                let message = format!("the service {} had only anchors that are denied today", service.name);
                return Err(Error::input("service_without_anchor", message));
            }
        }
    }
    if content.anchors.is_empty() {
        return Err(Error::input("empty_bundle", "every anchor of that release is denied today"));
    }
    Ok(content)
}

fn anchor_content(
    repository: &Repository,
    entry: &AnchorEntry,
    state: bundle::AnchorState,
) -> Result<AnchorContent, Error> {
    let record = &entry.record;
    let label = repository.layout().label(&entry.record_path(repository.layout()));
    let wrong =
        |field: String, message: String| Error::usage("anchor_record", message).place(&label).field(field);
    let retire_day = record.retire_day().map_err(|message| wrong("retire".to_owned(), message))?;
    let constraints = record.constraint_contents().map_err(|(field, message)| wrong(field, message))?;
    Ok(AnchorContent {
        sha256: entry.certificate.sha256,
        length: entry.certificate.length(),
        state,
        purposes: record.purpose_bits(),
        added_day: record.added_day(),
        retire_day,
        note: record.reason.clone(),
        constraints,
        extensions: record.extension_contents(),
    })
}

fn deny(entry: &AnchorEntry, manifest: &mut ManifestContent) {
    let Some(distrust) = &entry.record.distrust else { return };
    let certificate = Denial { kind: DenialKind::Certificate, sha256: entry.certificate.sha256 };
    let key = Denial { kind: DenialKind::Spki, sha256: entry.certificate.spki_sha256 };
    match distrust.deny {
        Denied::Certificate => manifest.denials.push(certificate),
        Denied::Key => manifest.denials.push(key),
        Denied::Both => manifest.denials.extend([certificate, key]),
    }
    if distrust.order {
        manifest.distrust_orders.push((entry.certificate.sha256, distrust.reason.clone()));
    }
}

fn service_content(
    name: &str,
    service: &ServiceSettings,
    all: &[AnchorEntry],
    mine: &[&AnchorEntry],
) -> Result<ServiceContent, Error> {
    let anchors = match &service.anchors {
        AnchorChoice::All => ServiceAnchors::All,
        AnchorChoice::Named(names) => {
            let mut listed: BTreeMap<Sha256, ()> = BTreeMap::new();
            for (index, wanted) in names.iter().enumerate() {
                let entry = find_anchor(name, index, wanted, all)?;
                let is_trusted = entry.record.state != AnchorStanding::Distrusted;
                let is_mine =
                    mine.iter().any(|candidate| candidate.certificate.sha256 == entry.certificate.sha256);
                if is_trusted && is_mine {
                    listed.insert(entry.certificate.sha256, ());
                }
            }
            if listed.is_empty() {
                let message =
                    "none of these anchors is trusted in this channel: nobody could reach the service";
                let error = service_file::wrong(format!("services.{name}.anchors"), message);
                return Err(error.hint("name another anchor, or take the service out of the channel"));
            }
            ServiceAnchors::Listed(listed.into_keys().collect())
        }
    };
    Ok(ServiceContent {
        name: name.to_owned(),
        hosts: service.hosts.clone(),
        anchors,
        pins: Vec::new(),
        probe: service.probe,
        extensions: service.extensions(name)?,
    })
}

fn find_anchor<'a>(
    service: &str,
    index: usize,
    wanted: &str,
    all: &'a [AnchorEntry],
) -> Result<&'a AnchorEntry, Error> {
    let field = format!("services.{service}.anchors[{index}]");
    let mut found = all.iter().filter(|entry| entry.answers_to(wanted));
    match (found.next(), found.next()) {
        (Some(entry), None) => Ok(entry),
        (None, _) => {
            let error = service_file::wrong(field, format!("there is no anchor {wanted:?} in anchors/"));
            Err(error.hint("cloud-updater anchor list shows their names"))
        }
        (Some(one), Some(other)) => {
            let message = format!("{wanted:?} could be {} or {}: write the whole name", one.name, other.name);
            Err(service_file::wrong(field, message))
        }
    }
}

fn check_counts(manifest: &ManifestContent) -> Result<(), Error> {
    let counts = [
        ("anchors", manifest.anchors.len(), limits::ANCHORS_MAX),
        ("intermediates", manifest.intermediates.len(), limits::INTERMEDIATES_MAX),
        ("denials", manifest.denials.len(), limits::DENIALS_MAX),
        ("distrust orders", manifest.distrust_orders.len(), limits::DISTRUST_ORDERS_MAX),
    ];
    for (what, count, most) in counts {
        if count > most {
            return Err(Error::input(
                "too_many",
                format!("the bundle would hold {count} {what}, at most {most} fit"),
            ));
        }
    }
    if manifest.anchors.is_empty() {
        let error = Error::input("empty_bundle", "the bundle would hold no anchor");
        return Err(
            error.hint("add one with cloud-updater anchor add; to take all trust away: draft --revoke-all")
        );
    }
    Ok(())
}
