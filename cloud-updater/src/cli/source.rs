//! `source`: what root programmes, vendors, machines and files say about CA certificates.

use std::collections::BTreeMap;

use bundle::Sha256;
use clap::{Args, Subcommand};
use serde::Serialize;

use crate::printable::printable;
use crate::repository::{Repository, check_reason};
use crate::source::{Entry, Fault, Kind, Record, Said, Source};
use crate::{Context, Error, Exit, date};

/// Lines about one source that a person sees; `--json` has all.
const LINES_SHOWN_MAX: usize = 12;

/// Commands about sources.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum SourceCommand {
    /// Listen to a source from now on; nothing it says is trusted by this
    Add(AddArgs),
    /// Ask sources what they say now, and note what changed
    Refresh(RefreshArgs),
    /// List sources and what they said last
    List,
    /// Show one source: what changed when, and a vendor's guidance
    Show(ShowArgs),
    /// Listen to a source no more; its history stays
    Remove(RemoveArgs),
}

/// Options of `source add`.
#[derive(Clone, Debug, Args)]
pub(super) struct AddArgs {
    /// Name of the source
    name: String,
    /// What it is
    #[arg(long, value_enum)]
    kind: Kind,
    /// A path that counts from the repository's folder on, a URL, or the name of a preset (azure)
    #[arg(value_name = "LOCATION")]
    location: Option<String>,
    /// Why it is listened to, in one sentence
    #[arg(long)]
    reason: String,
}

/// Options of `source refresh`.
#[derive(Clone, Debug, Args)]
pub(super) struct RefreshArgs {
    /// Only these sources
    #[arg(value_name = "NAME")]
    names: Vec<String>,
}

/// Options of `source show`.
#[derive(Clone, Debug, Args)]
pub(super) struct ShowArgs {
    /// Name of the source
    name: String,
}

/// Options of `source remove`.
#[derive(Clone, Debug, Args)]
pub(super) struct RemoveArgs {
    /// Name of the source
    name: String,
    /// Why, in one sentence
    #[arg(long)]
    reason: String,
}

#[derive(Serialize)]
struct Refreshed {
    sources: Vec<Told>,
}

/// What one source said.
#[derive(Serialize)]
struct Told {
    name: String,
    /// Absent where it could not be asked.
    version: Option<String>,
    certificates: usize,
    change: Option<Entry>,
    faults: Vec<Fault>,
    /// Why it could not be asked.
    error: Option<String>,
}

#[derive(Serialize)]
struct Listed {
    sources: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    name: String,
    kind: String,
    location: Option<String>,
    certificates: usize,
    version: Option<String>,
    changed: Option<String>,
    reason: String,
}

#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    row: Row,
    title: Option<String>,
    guidance: Vec<String>,
    services: BTreeMap<String, Vec<String>>,
    history: Vec<Entry>,
}

pub(super) fn run(command: &SourceCommand, context: &Context) -> Result<Exit, Error> {
    let repository = Repository::open(context)?;
    match command {
        SourceCommand::Add(args) => add(args, &repository, context),
        SourceCommand::Refresh(args) => refresh(args, &repository, context),
        SourceCommand::List => list(&repository, context),
        SourceCommand::Show(args) => show(args, &repository, context),
        SourceCommand::Remove(args) => remove(args, &repository, context),
    }
}

fn add(args: &AddArgs, repository: &Repository, context: &Context) -> Result<Exit, Error> {
    check_reason(&args.reason).map_err(|message| Error::usage("reason", message).field("--reason"))?;
    let record = Record {
        kind: args.kind,
        location: args.location.clone(),
        added: date::day(context.now()),
        reason: args.reason.clone(),
    };
    let source = Source::new(repository.layout(), &args.name, record)?;
    // One that cannot be asked, or is none, is not added.
    let said = source.ask()?;
    if said.statements.is_empty() {
        let reason = said.faults.first().map_or_else(|| "it names no certificate".to_owned(), told_fault);
        return Err(Error::input("empty_source", format!("says nothing: {reason}")).place(&args.name));
    }
    let _lock = repository.lock()?;
    if !context.dry_run() {
        source.create()?;
        repository.record(context.now(), "source add", &args.name, &args.reason)?;
    }
    let told = take(&source, &said, repository, context)?;
    answer(vec![told], repository, context)?;
    Ok(Exit::Done)
}

fn refresh(args: &RefreshArgs, repository: &Repository, context: &Context) -> Result<Exit, Error> {
    let mut sources = Source::all(repository.layout())?;
    if let Some(missing) = args.names.iter().find(|name| !sources.iter().any(|source| source.name == **name))
    {
        return Err(no_source(missing));
    }
    sources.retain(|source| args.names.is_empty() || args.names.contains(&source.name));
    // Nobody else's command waits for a server that is slow.
    let ask = |source: Source| {
        context.output().progress(format_args!("asking {}", source.name));
        (source.ask(), source)
    };
    let asked: Vec<(Result<Said, Error>, Source)> = sources.into_iter().map(ask).collect();
    let _lock = repository.lock()?;
    let (mut told, mut failure) = (Vec::new(), None);
    for (said, source) in asked {
        match said.and_then(|said| take(&source, &said, repository, context)) {
            Ok(one) => told.push(one),
            // One that is down keeps nobody from hearing the others.
            Err(error) => {
                told.push(Told {
                    name: source.name.clone(),
                    version: None,
                    certificates: 0,
                    change: None,
                    faults: Vec::new(),
                    error: Some(error.to_string()),
                });
                failure = failure.or(Some(error.hint(format!("{} keeps what it said last", source.name))));
            }
        }
    }
    answer(told, repository, context)?;
    failure.map_or(Ok(Exit::Done), Err)
}

/// Notes what has changed.
fn take(source: &Source, said: &Said, repository: &Repository, context: &Context) -> Result<Told, Error> {
    let change = source.change(said, context.now())?;
    if let Some(entry) = change.as_ref().filter(|_| !context.dry_run()) {
        source.keep(said, entry)?;
        let (added, removed, changed) = entry.counts();
        let subject = format!("{} +{added} -{removed} ~{changed}", source.name);
        repository.record(context.now(), "source refresh", &subject, "")?;
    }
    Ok(Told {
        name: source.name.clone(),
        version: Some(said.version()?.to_string()),
        certificates: said.statements.len(),
        change,
        faults: said.faults.clone(),
        error: None,
    })
}

fn answer(told: Vec<Told>, repository: &Repository, context: &Context) -> Result<(), Error> {
    let entries = [repository.anchors()?, repository.intermediates()?].concat();
    let ours: BTreeMap<String, &str> =
        entries.iter().map(|entry| (entry.certificate.sha256.to_string(), entry.name.as_str())).collect();
    let mut text = String::new();
    for one in &told {
        for fault in one.faults.iter().take(LINES_SHOWN_MAX) {
            context.output().warning(format_args!("{}: {}", one.name, told_fault(fault)));
        }
        if let Some(more) = one.faults.len().checked_sub(LINES_SHOWN_MAX).filter(|more| *more > 0) {
            context.output().warning(format_args!("{}: {more} more could not be used (--json)", one.name));
        }
        text.push_str(&words(one, &ours));
    }
    if told.is_empty() {
        text.push_str("no sources yet: cloud-updater source add NAME --kind KIND LOCATION --reason \"…\"\n");
    }
    if context.dry_run() {
        text.push_str("nothing was changed: --dry-run\n");
    }
    context.output().data("cloud-updater.source-refresh.1", &Refreshed { sources: told }, text)
}

/// One source in words: what is about our own anchors first.
fn words(told: &Told, ours: &BTreeMap<String, &str>) -> String {
    if let Some(error) = &told.error {
        return format!("{}: could not be asked: {}\n", told.name, printable(error));
    }
    let Some(entry) = &told.change else {
        return format!("{}: {} certificates, unchanged\n", told.name, told.certificates);
    };
    let (added, removed, changed) = entry.counts();
    let mut text = format!(
        "{}: {} certificates; {added} added, {removed} removed, {changed} changed\n",
        told.name, told.certificates
    );
    let mut lines = Vec::new();
    let kinds = [('-', &entry.removed), ('+', &entry.added)];
    for (sign, certificates) in kinds {
        lines.extend(certificates.iter().map(|(sha256, subject)| line(sign, sha256, subject, ours)));
    }
    for (sha256, fields) in &entry.changed {
        for change in fields {
            let said =
                |value: &Option<String>| value.as_deref().map_or_else(|| "nothing".to_owned(), printable);
            let what = format!("{}: {} is now {}", change.field, said(&change.from), said(&change.to));
            lines.push(line('~', sha256, &what, ours));
        }
    }
    lines.sort_by_key(|(is_ours, _)| !is_ours);
    let shown = lines.iter().take(LINES_SHOWN_MAX).map(|(_, line)| format!("  {line}\n"));
    text.extend(shown);
    if let Some(more) = lines.len().checked_sub(LINES_SHOWN_MAX).filter(|more| *more > 0) {
        text.push_str(&format!("  … and {more} more (--json)\n"));
    }
    text
}

/// Whether it is about a certificate of ours, and the line.
fn line(sign: char, sha256: &str, what: &str, ours: &BTreeMap<String, &str>) -> (bool, String) {
    let short: String = sha256.chars().take(8).collect();
    let own = ours.get(sha256);
    let whose = own.map_or_else(String::new, |name| format!("  (ours: {name})"));
    (own.is_some(), format!("{sign} {short}  {}{whose}", printable(what)))
}

fn told_fault(fault: &Fault) -> String {
    format!("{} {}", printable(&fault.place), printable(&fault.message))
}

fn row(source: &Source) -> Result<Row, Error> {
    let last = source.history()?.pop();
    Ok(Row {
        name: source.name.clone(),
        kind: source.record.kind.to_string(),
        location: source.record.location.clone(),
        certificates: source.said()?.len(),
        version: last.as_ref().map(|entry| entry.version.clone()),
        changed: last.map(|entry| entry.at),
        reason: source.record.reason.clone(),
    })
}

fn list(repository: &Repository, context: &Context) -> Result<Exit, Error> {
    let rows: Vec<Row> = Source::all(repository.layout())?.iter().map(row).collect::<Result<_, _>>()?;
    let width = rows.iter().map(|row| row.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for row in &rows {
        let changed = row.changed.as_deref().and_then(|at| at.split('T').next()).unwrap_or("never asked");
        let place = row.location.as_deref().unwrap_or("this machine");
        text.push_str(&format!(
            "{:width$}  {:<6}  {:>6} certificates  since {changed}  {place}\n",
            row.name, row.kind, row.certificates
        ));
    }
    if rows.is_empty() {
        text.push_str("no sources yet: cloud-updater source add NAME --kind KIND LOCATION --reason \"…\"\n");
    }
    context.output().data("cloud-updater.source-list.1", &Listed { sources: rows }, text)?;
    Ok(Exit::Done)
}

fn show(args: &ShowArgs, repository: &Repository, context: &Context) -> Result<Exit, Error> {
    let source = find(repository, &args.name)?;
    let (row, preset, history) = (row(&source)?, source.preset()?, source.history()?);
    let mut text = format!("{}: {}, {} certificates\n", row.name, row.kind, row.certificates);
    text.push_str(&format!("  listened to because: {}\n", row.reason));
    if let Some(preset) = &preset {
        text.push_str(&format!("{}\n", preset.title));
        text.extend(preset.guidance.iter().map(|sentence| format!("  {sentence}\n")));
        text.push_str("services, as services.toml has them:\n");
        for (name, service) in &preset.services {
            text.push_str(&format!("  {name}  {}\n", service.hosts.join(", ")));
            for (sha256, statement) in source.said()? {
                if statement.services.contains(name) {
                    text.push_str(&format!("    {}  {}\n", short(sha256), statement.subject));
                }
            }
        }
    }
    for entry in &history {
        let (added, removed, changed) = entry.counts();
        text.push_str(&format!("{}  {added} added, {removed} removed, {changed} changed\n", entry.at));
    }
    let shown = Shown {
        row,
        title: preset.as_ref().map(|preset| preset.title.clone()),
        guidance: preset.as_ref().map(|preset| preset.guidance.clone()).unwrap_or_default(),
        services: preset
            .map(|preset| preset.services.into_iter().map(|(name, service)| (name, service.hosts)).collect())
            .unwrap_or_default(),
        history,
    };
    context.output().data("cloud-updater.source-show.1", &shown, text)?;
    Ok(Exit::Done)
}

fn remove(args: &RemoveArgs, repository: &Repository, context: &Context) -> Result<Exit, Error> {
    check_reason(&args.reason).map_err(|message| Error::usage("reason", message).field("--reason"))?;
    let source = find(repository, &args.name)?;
    let _lock = repository.lock()?;
    let text = if context.dry_run() {
        "nothing was changed: --dry-run\n".to_owned()
    } else {
        source.remove()?;
        repository.record(context.now(), "source remove", &args.name, &args.reason)?;
        format!("{} is listened to no more; its history stays\n", args.name)
    };
    context.output().data(
        "cloud-updater.source-remove.1",
        &serde_json::json!({ "name": args.name }),
        text,
    )?;
    Ok(Exit::Done)
}

fn find(repository: &Repository, name: &str) -> Result<Source, Error> {
    let mut sources = Source::all(repository.layout())?.into_iter();
    sources.find(|source| source.name == name).ok_or_else(|| no_source(name))
}

fn no_source(name: &str) -> Error {
    Error::usage("no_source", format!("there is no source {name:?}"))
        .hint("cloud-updater source list shows them")
}

fn short(sha256: Sha256) -> String {
    sha256.to_string().chars().take(8).collect()
}
