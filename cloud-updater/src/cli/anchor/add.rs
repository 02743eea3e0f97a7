//! `anchor add`: certificates out of files or off a live endpoint, judged by named rules before they are kept.

use std::path::PathBuf;

use bundle::Sha256;
use clap::Args;
use serde::Serialize;
use toml_edit::{DocumentMut, Item, Value};

use super::observation;
use super::refusal::{self, Refused};
use crate::certificate::{Certificate, source};
use crate::cli::lint::rule_parser;
use crate::durable::{self, PUBLIC_MODE};
use crate::finding::Findings;
use crate::lint::{Problem, Role, Rule, examine, rules};
use crate::repository::service_file::{self, AnchorChoice, SERVICE_FILE, ServiceFile};
use crate::repository::{
    AnchorEntry, AnchorKind, AnchorStanding, NewAnchor, OverriddenRule, Repository, check_reason, entry_name,
    parse_purposes, settings, write_entry,
};
use crate::{Context, Error, Exit, date, hexadecimal};

/// Options of `anchor add`.
#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct AddArgs {
    /// Files with certificates: PEM, DER, PKCS#7, source code
    #[arg(value_name = "FILE", required_unless_present = "from_endpoint", conflicts_with = "from_endpoint")]
    files: Vec<PathBuf>,

    /// Look at what this server serves; nothing is trusted until it is named with --sha256
    #[arg(long, value_name = "HOST:PORT")]
    from_endpoint: Option<String>,

    /// Only the certificate with this fingerprint; may be given several times
    #[arg(long, value_name = "HEX")]
    sha256: Vec<String>,

    /// Why it is to be trusted, in one sentence; kept, and carried in manifests
    #[arg(long)]
    reason: String,

    /// Name of the entry [default: made from the certificate's subject]
    #[arg(long)]
    name: Option<String>,

    /// Where it stands in its life
    #[arg(long, value_enum, default_value = "active", conflicts_with = "intermediate")]
    state: AnchorStanding,

    /// What it may vouch for: server-auth, client-auth, code-signing or email; may be given several times
    #[arg(long, value_name = "PURPOSE", default_value = "server-auth", conflicts_with = "intermediate")]
    purpose: Vec<String>,

    /// Day on which it is planned to leave
    #[arg(long, value_name = "DATE", value_parser = date::parse, conflicts_with = "intermediate")]
    retire: Option<bundle::UnixSeconds>,

    /// Only bundles of this channel carry it; may be given several times
    #[arg(long, value_name = "CHANNEL")]
    only_channel: Vec<String>,

    /// Keep it to help path building, and never trust it by itself
    #[arg(long, conflicts_with = "service")]
    intermediate: bool,

    /// Add it to the anchors of this service; may be given several times
    #[arg(long, value_name = "NAME")]
    service: Vec<String>,

    /// Import it although it breaks this rule; rule and reason are kept; may be given several times
    #[arg(long, value_name = "RULE", value_parser = rule_parser(true))]
    allow: Vec<&'static Rule>,
}

#[derive(Serialize)]
struct Answer {
    added: Vec<Added>,
    served: Vec<Added>,
}

#[derive(Serialize)]
struct Added {
    name: String,
    sha256: String,
    subject: String,
    not_after: String,
    allowed: Vec<String>,
}

/// A certificate and where it was read.
struct Found {
    place: String,
    certificate: Certificate,
}

struct Candidate {
    certificate: Certificate,
    allowed: Vec<Problem>,
}

pub(super) fn run(args: &AddArgs, repository: &Repository, context: &Context) -> Result<Exit, Error> {
    check_reason(&args.reason).map_err(|message| Error::usage("reason", message).field("--reason"))?;
    parse_purposes(&args.purpose)
        .map_err(|(_, message)| Error::usage("purpose", message).field("--purpose"))?;
    for channel in &args.only_channel {
        repository.fleet().channel(channel)?;
    }
    let wanted = fingerprints(&args.sha256)?;
    let mut certificates = gather(args, repository, context)?;
    if args.from_endpoint.is_some() && wanted.is_empty() {
        let served: Vec<Certificate> = certificates.into_iter().map(|found| found.certificate).collect();
        return show_served(&served, context);
    }
    certificates.retain(|found| wanted.is_empty() || wanted.contains(&found.certificate.sha256));
    if let Some(missing) =
        wanted.iter().find(|wanted| !certificates.iter().any(|found| found.certificate.sha256 == **wanted))
    {
        return Err(Error::input("not_found", format!("no certificate has the fingerprint {missing}"))
            .field("--sha256"));
    }
    if args.name.is_some() && certificates.len() > 1 {
        let message = format!("{} certificates cannot have one name", certificates.len());
        return Err(Error::usage("one_name", message).field("--name").hint("choose one with --sha256"));
    }
    let candidates = judge_all(args, certificates, repository, context)?;
    let services = repository.services()?;
    check_services(args, &services)?;
    let _lock = repository.lock()?;
    let added = write_all(args, &candidates, &services, repository, context)?;
    let mut text: String = added.iter().map(|added| format!("{}  {}\n", added.name, added.subject)).collect();
    text.push_str(if context.dry_run() {
        "nothing was changed: --dry-run\n"
    } else {
        "next: cloud-updater draft\n"
    });
    context.output().data("cloud-updater.anchor-add.1", &Answer { added, served: Vec::new() }, text)?;
    Ok(Exit::Done)
}

/// Adds an anchor that the watcher proposes, ahead of use, to a service.
pub(in crate::cli) fn propose(
    certificate: &Certificate,
    service: &str,
    provenance: &str,
    repository: &Repository,
    context: &Context,
) -> Result<(), Error> {
    let args = AddArgs {
        files: Vec::new(),
        from_endpoint: None,
        sha256: Vec::new(),
        reason: provenance.to_owned(),
        name: None,
        state: AnchorStanding::Next,
        purpose: vec!["server-auth".to_owned()],
        retire: None,
        only_channel: Vec::new(),
        intermediate: false,
        service: vec![service.to_owned()],
        allow: Vec::new(),
    };
    let candidates = [Candidate { certificate: certificate.clone(), allowed: Vec::new() }];
    let _lock = repository.lock()?;
    write_all(&args, &candidates, &repository.services()?, repository, context).map(drop)
}

fn fingerprints(texts: &[String]) -> Result<Vec<Sha256>, Error> {
    let read = |text: &String| {
        let error = || {
            Error::usage("fingerprint", format!("{text:?} is not 64 hexadecimal digits")).field("--sha256")
        };
        hexadecimal::parse_sha256(text).map(Sha256).ok_or_else(error)
    };
    texts.iter().map(read).collect()
}

fn gather(args: &AddArgs, repository: &Repository, context: &Context) -> Result<Vec<Found>, Error> {
    let mut certificates: Vec<Found> = Vec::new();
    if let Some(text) = &args.from_endpoint {
        context.output().progress(format_args!("asking {text}"));
        let chain = observation::served_chain(text, repository, context)?;
        // The server's own certificate comes first, is no CA, and may be of a kind that no anchor is.
        let parsed = chain.into_iter().filter_map(|der| Certificate::parse(der).ok());
        certificates.extend(parsed.map(|certificate| Found { place: text.clone(), certificate }));
    }
    let mut unreadable = Vec::new();
    for file in &args.files {
        match source::read(file) {
            Err(error) => unreadable.push(error),
            Ok(list) => {
                for certificate in list {
                    if !certificates.iter().any(|found| found.certificate == certificate) {
                        certificates.push(Found { place: file.display().to_string(), certificate });
                    }
                }
            }
        }
    }
    refusal::of_files(unreadable)?;
    Ok(certificates)
}

fn show_served(certificates: &[Certificate], context: &Context) -> Result<Exit, Error> {
    let served: Vec<Added> =
        certificates.iter().map(|certificate| describe(String::new(), certificate, &[])).collect();
    let mut text =
        String::from("the server showed, from its own certificate up; nothing is trusted by this:\n");
    for certificate in certificates {
        let kind = if certificate.is_ca == Some(true) { "CA " } else { "   " };
        text.push_str(&format!("  {kind} {}\n      sha256 {}\n", certificate.summary(), certificate.sha256));
    }
    text.push_str("compare a fingerprint with what the CA publishes, then add it with --sha256 HEX\n");
    context.output().data("cloud-updater.anchor-add.1", &Answer { added: Vec::new(), served }, text)?;
    Ok(Exit::Done)
}

/// Judges every certificate; one refused certificate refuses them all, and every fault is named at once.
fn judge_all(
    args: &AddArgs,
    certificates: Vec<Found>,
    repository: &Repository,
    context: &Context,
) -> Result<Vec<Candidate>, Error> {
    let present = [repository.anchors()?, repository.intermediates()?].concat();
    let role = if args.intermediate { Role::Intermediate } else { Role::Anchor };
    let (mut refused, mut candidates, mut findings) = (Vec::new(), Vec::new(), Vec::new());
    for Found { place, certificate } in certificates {
        let mut problems = examine(certificate.der(), Some(role), context.now());
        problems.extend(twins(&certificate, &present));
        let (problems, notes): (Vec<Problem>, Vec<Problem>) =
            problems.into_iter().partition(|problem| problem.rule.refuses());
        findings.extend(notes.iter().map(|problem| problem.finding(&certificate.short_name)));
        let (allowed, broken): (Vec<_>, Vec<_>) =
            problems.into_iter().partition(|problem| args.allow.contains(&problem.rule));
        refused.extend(broken.into_iter().map(|problem| Refused {
            place: place.clone(),
            certificate: certificate.clone(),
            problem,
        }));
        candidates.push(Candidate { certificate, allowed });
    }
    refusal::of_certificates(&refused)?;
    // What does not refuse is said of what is taken, and once.
    Findings::new(findings).warn(context.output());
    Ok(candidates)
}

/// What the repository holds already: the same certificate, or another one with its key.
fn twins(certificate: &Certificate, present: &[AnchorEntry]) -> Option<Problem> {
    let same = present.iter().find(|entry| entry.certificate.sha256 == certificate.sha256);
    if let Some(twin) = same {
        return Some(rules::certificate::DUPLICATE.broken(format!("is there already, as {}", twin.name)));
    }
    let twin = present.iter().find(|entry| entry.certificate.spki_sha256 == certificate.spki_sha256)?;
    let message = format!("has the same public key as {}", twin.name);
    Some(rules::certificate::DUPLICATE_KEY.broken(message))
}

fn check_services(args: &AddArgs, services: &ServiceFile) -> Result<(), Error> {
    for name in &args.service {
        if !services.services.contains_key(name) {
            let message = format!("there is no service {name:?} in {SERVICE_FILE}");
            let error = Error::usage("no_service", message).field("--service");
            return Err(error.hint("describe it there first: its hosts, and whether devices probe it"));
        }
    }
    Ok(())
}

fn write_all(
    args: &AddArgs,
    candidates: &[Candidate],
    services: &ServiceFile,
    repository: &Repository,
    context: &Context,
) -> Result<Vec<Added>, Error> {
    let kind = if args.intermediate { AnchorKind::Intermediate } else { AnchorKind::Anchor };
    let today = date::day(context.now());
    let mut added = Vec::new();
    for candidate in candidates {
        let new = NewAnchor {
            name: args.name.clone(),
            state: args.state,
            purposes: args.purpose.clone(),
            added: today.clone(),
            retire: args.retire.map(date::day),
            reason: args.reason.clone(),
            channels: (!args.only_channel.is_empty()).then(|| args.only_channel.clone()),
            allowed: candidate
                .allowed
                .iter()
                .map(|problem| overridden(problem, &args.reason, &today))
                .collect(),
            distrust: None,
        };
        let name = entry_name(&candidate.certificate, new.name.as_deref());
        if !context.dry_run() {
            write_entry(repository.layout(), kind, &candidate.certificate, &new)?;
        }
        added.push(describe(name, &candidate.certificate, &candidate.allowed));
    }
    if !context.dry_run() {
        bind(args, &added, services, repository)?;
        for entry in &added {
            let rules = if entry.allowed.is_empty() {
                String::new()
            } else {
                format!(" allowed {}", entry.allowed.join(" "))
            };
            repository.record(
                context.now(),
                "anchor add",
                &format!("{}{rules}", entry.name),
                &args.reason,
            )?;
        }
    }
    Ok(added)
}

fn overridden(problem: &Problem, reason: &str, today: &str) -> OverriddenRule {
    OverriddenRule { rule: problem.rule.to_string(), reason: reason.to_owned(), day: today.to_owned() }
}

fn describe(name: String, certificate: &Certificate, allowed: &[Problem]) -> Added {
    Added {
        name,
        sha256: certificate.sha256.to_string(),
        subject: certificate.subject.clone(),
        not_after: date::instant(certificate.not_after),
        allowed: allowed.iter().map(|problem| problem.rule.to_string()).collect(),
    }
}

/// Adds the new names to the services' lists in `services.toml`, whose comments stay.
fn bind(
    args: &AddArgs,
    added: &[Added],
    services: &ServiceFile,
    repository: &Repository,
) -> Result<(), Error> {
    if args.service.is_empty() {
        return Ok(());
    }
    let path = repository.folder().join(SERVICE_FILE);
    let text = settings::read_text(&path, SERVICE_FILE)?;
    let mut document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| {
        Error::bug("services.toml was read and does not parse").because(error)
    })?;
    for service in &args.service {
        let names_all =
            services.services.get(service).is_some_and(|service| service.anchors == AnchorChoice::All);
        if names_all {
            continue;
        }
        let list = document
            .get_mut("services")
            .and_then(|services| services.get_mut(service))
            .and_then(|service| service.get_mut("anchors"))
            .and_then(Item::as_array_mut)
            .ok_or_else(|| {
                service_file::wrong(
                    format!("services.{service}.anchors"),
                    "is not a list that can be added to",
                )
            })?;
        for entry in added {
            if !list.iter().any(|name| name.as_str() == Some(entry.name.as_str())) {
                list.push(Value::from(entry.name.as_str()));
            }
        }
    }
    let text = document.to_string();
    ServiceFile::parse(&text)?;
    durable::write_file(&path, text.as_bytes(), PUBLIC_MODE)
}
