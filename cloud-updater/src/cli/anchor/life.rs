//! `anchor activate`, `retire`, `distrust`, `remove`: the way of an anchor after its import.

use std::path::Path;

use bundle::UnixSeconds;
use clap::Args;
use serde::Serialize;
use toml_edit::{DocumentMut, Item, value};

use super::find;
use crate::certificate::{Certificate, source};
use crate::durable::{self, PUBLIC_MODE};
use crate::repository::service_file::{self, AnchorChoice, SERVICE_FILE, ServiceFile};
use crate::repository::{
    AnchorEntry, AnchorKind, AnchorStanding, Denied, Distrust, Layout, NewAnchor, Repository, check_reason,
    entry_name, settings, write_entry,
};
use crate::{Context, Error, Exit, date};

/// Options of `anchor activate`.
#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct ActivateArgs {
    /// Name or fingerprint
    name: String,
    /// Why, in one sentence
    #[arg(long)]
    reason: String,
}

/// Options of `anchor retire`.
#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct RetireArgs {
    /// Name or fingerprint
    name: String,
    /// Day on which it is planned to leave
    #[arg(long, value_name = "DATE", value_parser = date::parse)]
    on: Option<UnixSeconds>,
    /// Why, in one sentence
    #[arg(long)]
    reason: String,
}

/// Options of `anchor distrust`.
#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct DistrustArgs {
    /// Name or fingerprint of an anchor or intermediate, or a file with a certificate that is neither
    name: String,
    /// What the deny list names
    #[arg(long, value_enum, default_value = "certificate")]
    deny: Denied,
    /// Refuse it at once, even where a service is lost by it
    #[arg(long)]
    order: bool,
    /// Why, in one sentence; a distrust order carries it to the devices
    #[arg(long)]
    reason: String,
}

/// Options of `anchor remove`.
#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct RemoveArgs {
    /// Name or fingerprint
    name: String,
    /// Why, in one sentence
    #[arg(long)]
    reason: String,
}

#[derive(Serialize)]
struct Answer {
    name: String,
    sha256: String,
    state: String,
}

pub(super) fn activate(
    args: &ActivateArgs,
    repository: &Repository,
    context: &Context,
) -> Result<Exit, Error> {
    let entry = trusted(repository, &args.name, &args.reason)?;
    let _lock = repository.lock()?;
    if !context.dry_run() {
        entry.edit_record(repository.layout(), |record| {
            record["state"] = value("active");
            record["reason"] = value(before_retirement(&entry.record.reason));
        })?;
        repository.record(context.now(), "anchor activate", &entry.name, &args.reason)?;
    }
    answer(&entry.name, &entry.certificate, "active", context)
}

pub(super) fn retire(args: &RetireArgs, repository: &Repository, context: &Context) -> Result<Exit, Error> {
    let entry = trusted(repository, &args.name, &args.reason)?;
    let _lock = repository.lock()?;
    if !context.dry_run() {
        entry.edit_record(repository.layout(), |record| {
            record["state"] = value("retiring");
            record["reason"] = value(retirement_note(&entry.record.reason, &args.reason));
            if let Some(day) = args.on {
                record["retire"] = value(date::day(day));
            }
        })?;
        repository.record(context.now(), "anchor retire", &entry.name, &args.reason)?;
    }
    answer(&entry.name, &entry.certificate, "retiring", context)
}

/// What stands between the reason for an anchor and the reason to retire it.
const RETIRING: &str = "; retiring: ";

/// The reason that the manifest carries from now on: signers see why an anchor retires, and still why it came.
fn retirement_note(reason: &str, retirement: &str) -> String {
    let both = format!("{}{RETIRING}{retirement}", before_retirement(reason));
    if check_reason(&both).is_ok() { both } else { retirement.to_owned() }
}

/// The reason without what an earlier retirement added.
fn before_retirement(reason: &str) -> &str {
    reason.split_once(RETIRING).map_or(reason, |(before, _)| before)
}

pub(super) fn distrust(
    args: &DistrustArgs,
    repository: &Repository,
    context: &Context,
) -> Result<Exit, Error> {
    check_reason(&args.reason).map_err(|message| Error::usage("reason", message).field("--reason"))?;
    if args.order && args.deny == Denied::Key {
        let message = "a distrust order names a certificate";
        return Err(Error::usage("distrust_order", message)
            .field("--deny")
            .hint("give --deny certificate or both"));
    }
    let distrust = Distrust {
        deny: args.deny,
        order: args.order,
        reason: args.reason.clone(),
        day: date::day(context.now()),
    };
    let target = Target::find(repository, &args.name)?;
    let _lock = repository.lock()?;
    if !context.dry_run() {
        target.distrust(repository.layout(), distrust)?;
        let order = if args.order { ", by order" } else { "" };
        let subject = format!("{} by {}{order}", target.name(), args.deny.word());
        repository.record(context.now(), "anchor distrust", &subject, &args.reason)?;
    }
    answer(&target.name(), target.certificate(), "distrusted", context)
}

/// What is to be denied.
enum Target {
    /// An anchor: its record changes.
    Anchor(AnchorEntry),
    /// An intermediate: it moves to the anchors' folder, where denied certificates are kept.
    Intermediate(AnchorEntry),
    /// A certificate that the repository never held.
    Stranger(Certificate),
}

impl Target {
    fn find(repository: &Repository, text: &str) -> Result<Self, Error> {
        let entries = [repository.anchors()?, repository.intermediates()?].concat();
        let path = Path::new(text);
        if !path.is_file() {
            return find(entries, text).map(Self::of_entry);
        }
        let certificates = source::read(path)?;
        let [certificate] = <[Certificate; 1]>::try_from(certificates).map_err(|list| {
            let error =
                Error::input("one_certificate", format!("holds {} certificates", list.len())).file(path);
            error.hint("distrust them one by one")
        })?;
        let known = entries.into_iter().find(|entry| entry.certificate.sha256 == certificate.sha256);
        Ok(known.map_or(Self::Stranger(certificate), Self::of_entry))
    }

    fn of_entry(entry: AnchorEntry) -> Self {
        if entry.is_intermediate() { Self::Intermediate(entry) } else { Self::Anchor(entry) }
    }

    fn certificate(&self) -> &Certificate {
        match self {
            Self::Anchor(entry) | Self::Intermediate(entry) => &entry.certificate,
            Self::Stranger(certificate) => certificate,
        }
    }

    fn name(&self) -> String {
        match self {
            Self::Anchor(entry) | Self::Intermediate(entry) => entry.name.clone(),
            Self::Stranger(certificate) => entry_name(certificate, None),
        }
    }

    fn distrust(&self, layout: &Layout, distrust: Distrust) -> Result<(), Error> {
        if let Self::Anchor(entry) = self {
            return entry.distrust(layout, &distrust);
        }
        let new = NewAnchor {
            name: self.name().rsplit_once('-').map(|(name, _)| name.to_owned()),
            state: AnchorStanding::Distrusted,
            purposes: vec!["server-auth".to_owned()],
            added: distrust.day.clone(),
            retire: None,
            reason: distrust.reason.clone(),
            channels: None,
            allowed: Vec::new(),
            distrust: Some(distrust),
        };
        write_entry(layout, AnchorKind::Anchor, self.certificate(), &new)?;
        if let Self::Intermediate(entry) = self {
            durable::remove_file(&entry.record_path(layout))?;
            durable::remove_file(&entry.pem_path(layout))?;
        }
        Ok(())
    }
}

pub(super) fn remove(args: &RemoveArgs, repository: &Repository, context: &Context) -> Result<Exit, Error> {
    check_reason(&args.reason).map_err(|message| Error::usage("reason", message).field("--reason"))?;
    let entry = find([repository.anchors()?, repository.intermediates()?].concat(), &args.name)?;
    if entry.record.state == AnchorStanding::Distrusted {
        context.confirm(&format!("{} leaves the deny list by this. Remove it?", entry.name))?;
    }
    let services = without(repository, &entry)?;
    let _lock = repository.lock()?;
    if !context.dry_run() {
        if let Some(text) = services {
            durable::write_file(&repository.folder().join(SERVICE_FILE), text.as_bytes(), PUBLIC_MODE)?;
        }
        // The record first: a certificate without one is part of nothing.
        durable::remove_file(&entry.record_path(repository.layout()))?;
        durable::remove_file(&entry.pem_path(repository.layout()))?;
        repository.record(context.now(), "anchor remove", &entry.name, &args.reason)?;
    }
    answer(&entry.name, &entry.certificate, "removed", context)
}

fn trusted(repository: &Repository, name: &str, reason: &str) -> Result<AnchorEntry, Error> {
    check_reason(reason).map_err(|message| Error::usage("reason", message).field("--reason"))?;
    let entry = find(repository.anchors()?, name)?;
    if entry.record.state == AnchorStanding::Distrusted {
        let error = Error::input("distrusted", format!("{} is distrusted", entry.name));
        return Err(error.hint("to trust it again, remove it and add it with a reason"));
    }
    Ok(entry)
}

fn answer(name: &str, certificate: &Certificate, state: &str, context: &Context) -> Result<Exit, Error> {
    let text = format!("{name}: {state}{}\n", if context.dry_run() { " (--dry-run)" } else { "" });
    let answer =
        Answer { name: name.to_owned(), sha256: certificate.sha256.to_string(), state: state.to_owned() };
    context.output().data("cloud-updater.anchor.1", &answer, text)?;
    Ok(Exit::Done)
}

/// `services.toml` without the entry in its lists; `None` where no list names it.
fn without(repository: &Repository, entry: &AnchorEntry) -> Result<Option<String>, Error> {
    let services = repository.services()?;
    let names = |choice: &AnchorChoice| match choice {
        AnchorChoice::All => Vec::new(),
        AnchorChoice::Named(names) => names.clone(),
    };
    let bound: Vec<&String> = services
        .services
        .iter()
        .filter(|(_, service)| names(&service.anchors).iter().any(|name| entry.answers_to(name)))
        .map(|(name, _)| name)
        .collect();
    if bound.is_empty() {
        return Ok(None);
    }
    let path = repository.folder().join(SERVICE_FILE);
    let mut document: DocumentMut =
        settings::read_text(&path, SERVICE_FILE)?.parse().map_err(|error: toml_edit::TomlError| {
            Error::bug("services.toml was read and does not parse").because(error)
        })?;
    for service in bound {
        let list = document
            .get_mut("services")
            .and_then(|services| services.get_mut(service))
            .and_then(|service| service.get_mut("anchors"))
            .and_then(Item::as_array_mut);
        let field = format!("services.{service}.anchors");
        let list = list.ok_or_else(|| service_file::wrong(&field, "is not a list that can be edited"))?;
        list.retain(|name| !name.as_str().is_some_and(|name| entry.answers_to(name)));
        if list.is_empty() {
            let error =
                service_file::wrong(field, format!("{} is the only anchor of this service", entry.name));
            return Err(error.hint("name another anchor there first"));
        }
    }
    let text = document.to_string();
    ServiceFile::parse(&text)?;
    Ok(Some(text))
}
