//! `sign`: shows a signer what a draft changes, and writes their signature beside it. Needs no repository.

mod note;
mod text;

use std::path::{Path, PathBuf};

use bundle::write::{Signature, Unsigned};
use bundle::{ChannelId, Envelope, KeyId, Kind, Sha256};
use clap::Args;
use serde::Serialize;

use self::note::note;
use self::text::release_text;
use super::keyring_standing::KeyringStanding;
use super::shown::Shown;
use super::side::Viewed;
use super::signers_answer::SignersAnswer;
use super::signing_key::Chosen;
use super::text::keyring_text;
use super::{coverage, lint, pending};
use crate::diff::{Change, Difference};
use crate::document::{
    DRAFT_BYTES_MAX, DraftFile, Seen, SignatureFile, Signers, keyring_content, review_manifest,
};
use crate::durable::{self, PUBLIC_MODE};
use crate::finding::Findings;
use crate::head::check_clock_is_reached;
use crate::key::{PassphraseFlags, PinFlags};
use crate::publish::Archive;
use crate::repository::{Repository, files_with, signature_name};
use crate::{Context, Error, Exit, input, requirement};

/// Options of `sign`.
#[derive(Clone, Debug, Args)]
pub(super) struct SignArgs {
    /// Drafts; or a published release, to sign it again under a new keyring
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// The key, by path or name; one on a token by the name that key token gave it [default: the only key of this user that may sign]
    #[arg(long, value_name = "KEY", env = "CLOUD_UPDATER_SIGNING_KEY")]
    key: Option<String>,

    /// A program that signs with the key of --key, whose .pub file is enough then: it gets the message on standard input
    /// and answers the signature, as 64 bytes, hexadecimal digits or base64. It is run once for each document
    #[arg(long, value_name = "PROGRAM", requires = "key", env = "CLOUD_UPDATER_SIGNING_COMMAND")]
    command: Option<PathBuf>,

    #[command(flatten)]
    passphrase: PassphraseFlags,

    #[command(flatten)]
    pin: PinFlags,
}

#[derive(Serialize)]
struct Answer {
    signed: Vec<Signed>,
}

#[derive(Serialize)]
struct Signed {
    file: String,
    signature_file: Option<String>,
    kind: String,
    channel: Option<String>,
    number: u32,
    epoch: u16,
    digest: String,
    changes: Vec<Change>,
    warnings: Vec<String>,
    #[serde(flatten)]
    lint: Findings,
    signers: Vec<SignersAnswer>,
}

/// One file that is to be signed, read and checked.
struct Task {
    path: PathBuf,
    unsigned: Unsigned,
    channel: Option<String>,
    signers: Signers,
    signature_folder: PathBuf,
    changes: Vec<Change>,
    warnings: Vec<String>,
    lint: Findings,
    text: String,
    shown: Shown,
}

pub(super) fn run(args: &SignArgs, context: &Context) -> Result<Exit, Error> {
    let repository = context.find_repository()?.map(Repository::at).transpose()?;
    let mut tasks = Vec::new();
    for path in &args.files {
        tasks.push(Task::read(path, repository.as_ref(), context).map_err(|error| error.file(path))?);
    }
    let may_sign = |id: KeyId| tasks.iter().all(|task| task.signers.key(id).is_some());
    let chosen = Chosen::of(args.key.as_deref(), args.command.as_deref(), may_sign)?;
    let show_first = !context.output().is_json();
    for task in tasks.iter().filter(|_| show_first) {
        context.output().line(&task.text)?;
        task.warnings.iter().for_each(|words| context.output().warning(words));
        task.lint.warn(context.output());
    }
    let mut answer = Answer { signed: Vec::new() };
    if context.dry_run() {
        answer.signed.extend(tasks.iter().map(|task| task.answer(None)));
    } else {
        let what = if tasks.len() == 1 {
            "this document".to_owned()
        } else {
            format!("these {} documents", tasks.len())
        };
        context.confirm(&format!("Sign {what} with {chosen}?"))?;
        let key = chosen.unlock(&args.passphrase, &args.pin)?;
        let _lock = repository.as_ref().map(Repository::lock).transpose()?;
        for task in &tasks {
            let known = task.signers.key(key.id()).ok_or_else(|| not_a_signer(&key.id(), task))?;
            let signature = SignatureFile {
                signature: key.sign(&task.unsigned.message())?,
                digest: task.unsigned.digest(),
                seen: task.seen(repository.as_ref())?,
            };
            signature.check(&task.unsigned, known)?;
            let name = signature_name(task.unsigned.header().order.number, key.id());
            let path = task.signature_folder.join(name);
            // The log first: an entry may stand there without its file after a kill, never the other way round.
            note(repository.as_ref(), &path, &signature, &known.name, context)?;
            durable::write_file(&path, format!("{signature}\n").as_bytes(), PUBLIC_MODE)?;
            answer.signed.push(task.answer(Some(&path)));
        }
    }
    let text: String = answer.signed.iter().map(Signed::text).collect();
    context.output().data("cloud-updater.sign.1", &answer, text)?;
    Ok(Exit::Done)
}

fn not_a_signer(id: &KeyId, task: &Task) -> Error {
    let mut names: Vec<&str> = Vec::new();
    for key in task.signers.requirements().iter().flat_map(|requirement| &requirement.keys) {
        if !names.contains(&key.name.as_str()) {
            names.push(&key.name);
        }
    }
    let error = Error::signatures("not_a_signer", format!("the key {id} may not sign this document"));
    error.file(&task.path).hint(format!("it counts with signatures of: {}", names.join(", ")))
}

impl Task {
    fn read(path: &Path, repository: Option<&Repository>, context: &Context) -> Result<Self, Error> {
        let bytes = input::read(path, DRAFT_BYTES_MAX, "a draft")?;
        let task = match Envelope::parse_whole(&bytes) {
            Ok(envelope) if matches!(envelope.header().kind, Kind::Manifest | Kind::RevokeAll) => {
                Self::of_release(path, &envelope, repository)?
            }
            _ => Self::of_draft(path, &DraftFile::parse(&bytes)?, repository, context)?,
        };
        let header = *task.unsigned.header();
        check_clock_is_reached(context.now(), header.issued_at)?;
        Ok(task)
    }

    fn of_draft(
        path: &Path,
        draft: &DraftFile,
        repository: Option<&Repository>,
        context: &Context,
    ) -> Result<Self, Error> {
        let unsigned = draft.unsigned()?;
        let signers = Signers::of_draft(draft)?;
        let standing = KeyringStanding::of(draft, repository)?;
        if standing == KeyringStanding::Other {
            let message = "names another keyring than your repository has: who may sign, and what it is compared \
                           with, are not to be believed";
            context.output().warning(format_args!("{}: {message}", path.display()));
        }
        let (mut changes, mut warnings, mut lint) = (Vec::new(), Vec::new(), Findings::default());
        let mut shown = Shown::of_draft(draft)?;
        let mut text = format!("{}\n", path.display());
        text.push_str(&format!("reason given: {}\n", draft.reason));
        if !draft.allowed.is_empty() {
            text.push_str(&format!("breaks on purpose: {}\n", draft.allowed.join(", ")));
        }
        if !draft.keyring.is_empty() {
            text.push_str(&format!("under the keyring {}, {standing}\n", Sha256::of(&[&draft.keyring])));
        }
        if unsigned.header().kind == Kind::Keyring {
            let content = keyring_content(&draft.document)?;
            if !draft.keyring.is_empty() {
                let before = keyring_content(&draft.keyring)?;
                let order = Envelope::parse_whole(&draft.keyring).map(|envelope| envelope.header().order);
                text.push_str(&format!("replaces {}", keyring_text(order.unwrap_or_default(), &before)));
            }
            text.push_str(&keyring_text(unsigned.header().order, &content));
        } else {
            let (before, after) = Viewed::of_draft(draft)?;
            changes = Difference::between(before.side(), after.side()).changes;
            warnings = requirement::warnings(&after.content, &after.names, context.now());
            // The machine that drafted it is not believed to have checked.
            let fault = requirement::check(&after.content, &after.names, context.now()).err();
            warnings.extend(fault.map(|error| error.to_string()));
            lint = lint::bundle::serious(lint::bundle::of_draft(draft, repository, context)?);
            text.push_str(&release_text(&unsigned, draft, &before.label, &changes)?);
            let (table, verdicts) = coverage::shown(repository, draft, context);
            text.push_str(&table);
            shown.coverage = verdicts;
        }
        let folder = path.parent().map(Path::to_owned).unwrap_or_default();
        let channel = draft.channel.clone();
        Ok(Self {
            path: path.to_owned(),
            unsigned,
            channel,
            signers,
            signature_folder: folder,
            changes,
            warnings,
            lint,
            text,
            shown,
        })
    }

    /// What the record of a signature says that was shown.
    fn seen(&self, repository: Option<&Repository>) -> Result<Seen, Error> {
        let log = repository.map(Repository::audit).transpose()?.map(|chain| chain.heads());
        Ok(self.shown.record(log.unwrap_or_default()))
    }

    /// A published release that gets a further signature: of a key of the newest keyring, or of its draft.
    fn of_release(
        path: &Path,
        envelope: &Envelope<'_>,
        repository: Option<&Repository>,
    ) -> Result<Self, Error> {
        let repository = repository.ok_or_else(|| {
            let error = Error::usage(
                "no_repository",
                "a published release is signed again inside its repository only",
            );
            error.hint("give --repo FOLDER")
        })?;
        let archive = Archive::read(repository)?;
        let header = envelope.header();
        let channel = archive.channels().find(|name| ChannelId::of(name) == header.channel);
        let channel =
            channel.ok_or_else(|| Error::input("no_channel", "is a release of no channel of this fleet"))?;
        let stored = archive.release(channel, header.order.number)?;
        if stored.digest != envelope.digest() {
            return Err(Error::input(
                "equivocation",
                "is not the release that was published under this number",
            ));
        }
        let signers = match pending::drafts(repository, None)?.last() {
            Some(draft) => Signers::of_next_release(header.kind, &draft.file)?,
            None => Signers::of_release(header.kind, &archive.keyrings().newest()?.keyring()?),
        };
        let reviewed = review_manifest(&stored.document)?;
        let text = format!(
            "{}\npublished release {} of {channel}, signed again\n  digest   {}\n  anchors  {}\n",
            path.display(),
            header.order,
            stored.digest,
            reviewed.content.anchors.len(),
        );
        Ok(Self {
            path: path.to_owned(),
            unsigned: Unsigned::of(envelope),
            channel: Some(channel.to_owned()),
            signers,
            signature_folder: repository.layout().drafts(Some(channel)),
            changes: Vec::new(),
            warnings: Vec::new(),
            lint: Findings::default(),
            shown: Shown { changes: format!("signed again: {}", stored.digest), coverage: None },
            text,
        })
    }

    fn answer(&self, signature: Option<&Path>) -> Signed {
        let header = self.unsigned.header();
        let present = self.signatures_beside();
        Signed {
            file: self.path.display().to_string(),
            signature_file: signature.map(|path| path.display().to_string()),
            kind: header.kind.to_string(),
            channel: self.channel.clone(),
            number: header.order.number,
            epoch: header.order.epoch,
            digest: self.unsigned.digest().to_string(),
            changes: self.changes.clone(),
            warnings: self.warnings.clone(),
            lint: self.lint.clone(),
            signers: self
                .signers
                .requirements()
                .iter()
                .map(|role| SignersAnswer::of(role, &present))
                .collect(),
        }
    }

    /// The good signatures that lie where this one goes.
    fn signatures_beside(&self) -> Vec<Signature> {
        let number = format!("{}.", self.unsigned.header().order.number);
        let paths = files_with(&self.signature_folder, "sig").unwrap_or_default().into_iter();
        let mine = paths
            .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&number)));
        let good = mine.filter_map(|path| {
            let file = SignatureFile::read(&path).ok()?;
            let key = self.signers.key(file.signature.key_id)?;
            file.check(&self.unsigned, key).is_ok().then_some(file.signature)
        });
        good.collect()
    }
}

impl Signed {
    /// The signature that was written, and who is still asked.
    fn text(&self) -> String {
        let Some(path) = &self.signature_file else { return String::new() };
        let mut text = format!("{path}\n");
        let signed: usize = self.signers.iter().map(|role| role.signed.len()).sum();
        let asked: usize = self.signers.iter().map(|role| usize::from(role.threshold)).sum();
        if self.signers.iter().all(SignersAnswer::is_met) {
            text.push_str(&format!("{signed} of {asked} signatures: next cloud-updater publish\n"));
        } else {
            self.signers.iter().for_each(|role| text.push_str(&format!("{role}\n")));
        }
        text
    }
}
