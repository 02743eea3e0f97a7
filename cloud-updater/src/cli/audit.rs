//! `audit`: the log of who did what, shown, handed out and checked.

use std::fmt;
use std::path::{Path, PathBuf};

use bundle::{Envelope, Sha256};
use clap::{Args, Subcommand};
use serde::Serialize;

use crate::audit::{Chain, Entry, Fault, Line};
use crate::durable::{self, PUBLIC_MODE};
use crate::publish::Archive;
use crate::repository::Repository;
use crate::{Context, Error, Exit, hexadecimal, input};

/// Bytes of an exported log.
const EXPORT_BYTES_MAX: u64 = 256 << 20;

/// Commands about the log.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum AuditCommand {
    /// Who did what, when and why, and the head to remember
    Show(ShowArgs),
    /// The log in one file, which can be checked without the repository
    Export(ExportArgs),
    /// Find what was changed, dropped, reordered or truncated
    Verify(VerifyArgs),
}

/// Options of `audit show`.
#[derive(Clone, Debug, Args)]
pub(super) struct ShowArgs {
    /// The newest entries alone
    #[arg(long, value_name = "COUNT")]
    last: Option<usize>,
}

/// Options of `audit export`.
#[derive(Clone, Debug, Args)]
pub(super) struct ExportArgs {
    /// The file [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Options of `audit verify`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "A chain cannot know what came after its end: give --head with what somebody remembers.

Exit codes:
  0   every entry is as it was written, and follows those before it
  2   there is no repository, or no such file
  3   something was changed, dropped, reordered or truncated; each fault is named with its place"
)]
pub(super) struct VerifyArgs {
    /// An exported log [default: the repository's own]
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,

    /// A head that somebody remembers: it must be in the log. May be given several times
    #[arg(long, value_name = "HASH")]
    head: Vec<String>,
}

#[derive(Serialize)]
struct Shown<'a> {
    heads: Vec<String>,
    entries: Vec<ShownEntry<'a>>,
}

#[derive(Serialize)]
struct ShownEntry<'a> {
    when: &'a str,
    who: &'a str,
    action: &'a str,
    subject: &'a str,
    reason: &'a str,
    documents: Vec<(&'a str, String)>,
    previous: Vec<String>,
    hash: String,
}

#[derive(Serialize)]
struct Verified {
    entries: usize,
    heads: Vec<String>,
    faults: Vec<Fault>,
    /// Whether somebody said up to where the log went: else a missing end is seen only where a signature remembers it.
    end_checked: bool,
}

#[derive(Serialize)]
struct Exported {
    entries: usize,
    heads: Vec<String>,
    file: String,
}

pub(super) fn run(command: AuditCommand, context: &Context) -> Result<Exit, Error> {
    match command {
        AuditCommand::Show(args) => show(&args, context),
        AuditCommand::Export(args) => export(&args, context),
        AuditCommand::Verify(args) => verify(&args, context),
    }
}

fn show(args: &ShowArgs, context: &Context) -> Result<Exit, Error> {
    let chain = Repository::open(context)?.audit()?;
    let lines = chain.in_order();
    let skipped = lines.len().saturating_sub(args.last.unwrap_or(usize::MAX));
    let entries: Vec<Entry> =
        lines.iter().skip(skipped).filter_map(|line| Entry::parse(&line.text)).collect();
    let shown = Shown { heads: heads(&chain), entries: entries.iter().map(ShownEntry::of).collect() };
    let text = shown.to_string();
    context.output().data("cloud-updater.audit-show.1", &shown, text)?;
    Ok(Exit::Done)
}

fn export(args: &ExportArgs, context: &Context) -> Result<Exit, Error> {
    let chain = Repository::open(context)?.audit()?;
    let lines: String = chain.in_order().iter().map(|line| format!("{}\n", line.text)).collect();
    let Some(path) = &args.out else {
        context.output().line(lines)?;
        return Ok(Exit::Done);
    };
    if !context.dry_run() {
        durable::write_file(path, lines.as_bytes(), PUBLIC_MODE)?;
    }
    let answer =
        Exported { entries: chain.entries().count(), heads: heads(&chain), file: path.display().to_string() };
    let text = format!(
        "{}: {} entries\ncheck it with: cloud-updater audit verify {0}{}\n",
        answer.file,
        answer.entries,
        flags(&answer.heads)
    );
    context.output().data("cloud-updater.audit-export.1", &answer, text)?;
    Ok(Exit::Done)
}

fn verify(args: &VerifyArgs, context: &Context) -> Result<Exit, Error> {
    let mut remembered = Vec::new();
    for text in &args.head {
        let hash = hexadecimal::parse(text).map(Sha256).ok_or_else(|| {
            Error::usage("head", format!("{text:?} is not 64 hexadecimal digits")).field("--head")
        })?;
        remembered.push(("--head".to_owned(), hash));
    }
    let (chain, mut faults) = match &args.file {
        Some(path) => {
            let chain = read(path)?;
            let faults = chain.faults();
            (chain, faults)
        }
        None => {
            let repository = Repository::open(context)?;
            let chain = repository.audit()?;
            let faults = [chain.faults(), unlogged(&chain, &repository)?].concat();
            remembered.extend(repository.remembered_heads()?);
            (chain, faults)
        }
    };
    faults.extend(remembered.into_iter().filter(|(_, hash)| !chain.holds(*hash)).map(truncated));
    let verified = Verified {
        entries: chain.entries().count(),
        heads: heads(&chain),
        faults,
        end_checked: !args.head.is_empty(),
    };
    let text = verified.to_string();
    context.output().data("cloud-updater.audit-verify.1", &verified, text)?;
    Ok(if verified.faults.is_empty() { Exit::Done } else { Exit::BadInput })
}

fn read(path: &Path) -> Result<Chain, Error> {
    let text = input::read_text(path, EXPORT_BYTES_MAX, "an exported log")?;
    let file = path.display().to_string();
    Ok(Chain::of(text.lines().enumerate().map(|(index, text)| Line {
        file: file.clone(),
        number: index.saturating_add(1),
        text: text.to_owned(),
    })))
}

fn truncated((place, hash): (String, Sha256)) -> Fault {
    let detail =
        format!("the entry {hash} was in the log and is not: the end was cut off, or it was dropped");
    Fault { rule: "truncated", place, detail }
}

/// Releases and keyrings of the repository that no entry names: whoever made them did not want to be seen.
fn unlogged(chain: &Chain, repository: &Repository) -> Result<Vec<Fault>, Error> {
    let archive = Archive::read(repository)?;
    let layout = repository.layout();
    let mut documents = Vec::new();
    for channel in archive.channels() {
        for release in archive.releases(channel) {
            documents.push((layout.label(&layout.release(channel, release.order.number)), release.digest));
        }
    }
    for generation in archive.keyrings().generations() {
        let envelope = Envelope::parse_whole(&generation.document)
            .map_err(|error| Error::bug("a checked keyring is unreadable").because(error))?;
        documents.push((layout.label(&layout.keyring(generation.order.number)), envelope.digest()));
    }
    let logged = |name: &str, digest: Sha256| {
        chain
            .entries()
            .flat_map(|entry| &entry.documents)
            .any(|(known, hash)| known == name && *hash == digest)
    };
    let missing = documents.into_iter().filter(|(name, digest)| !logged(name, *digest));
    Ok(missing
        .map(|(place, digest)| {
            let detail = format!("no entry says who published {digest}");
            Fault { rule: "unlogged", place, detail }
        })
        .collect())
}

fn heads(chain: &Chain) -> Vec<String> {
    chain.heads().iter().map(ToString::to_string).collect()
}

fn flags(heads: &[String]) -> String {
    heads.iter().map(|head| format!(" --head {head}")).collect()
}

impl<'a> ShownEntry<'a> {
    fn of(entry: &'a Entry) -> Self {
        Self {
            when: &entry.when,
            who: &entry.who,
            action: &entry.action,
            subject: &entry.subject,
            reason: &entry.reason,
            documents: entry.documents.iter().map(|(name, hash)| (name.as_str(), hash.to_string())).collect(),
            previous: entry.previous.iter().map(ToString::to_string).collect(),
            hash: entry.hash.to_string(),
        }
    }
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for entry in &self.entries {
            let ShownEntry { when, who, action, subject, reason, .. } = entry;
            writeln!(f, "{when}  {who}  {action} {subject}: {reason}")?;
            for (name, hash) in &entry.documents {
                writeln!(f, "    {hash}  {name}")?;
            }
        }
        self.heads.iter().try_for_each(|head| writeln!(f, "head {head}"))
    }
}

impl fmt::Display for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for fault in &self.faults {
            writeln!(f, "{}: {}: {}", fault.place, fault.rule, fault.detail)?;
        }
        let state = if self.faults.is_empty() { "whole" } else { "NOT as it was written" };
        writeln!(f, "{} entries, {state}", self.entries)?;
        if !self.end_checked {
            writeln!(
                f,
                "not looked for: entries after the last that a signature remembers; give --head HASH, as somebody kept it"
            )?;
        }
        self.heads.iter().try_for_each(|head| writeln!(f, "head {head}"))
    }
}
