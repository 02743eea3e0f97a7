//! `publish`: drafts with enough signatures become releases, and the tree becomes what the repository says.

mod answer;
mod note;
mod signatures;

use std::collections::BTreeMap;
use std::path::PathBuf;

use bundle::write::{Signature, Unsigned, with_signatures};
use bundle::{ChannelId, Envelope, RecoverySet};
use clap::Args;

use self::answer::{Answer, Published, next_step};
use super::coverage;
use super::head::HeadKeyFlags;
use super::lint;
use super::pending::{self, PendingDraft};
use super::shown;
use super::target::TargetFlag;
use super::text::{counted, probe_notes};
use crate::coverage::JudgedBundle;
use crate::document::{DraftFile, KeyringChain, Manifest, Release, Signers, review_manifest};
use crate::durable;
use crate::finding::Findings;
use crate::head::{check_clock, check_clock_is_reached};
use crate::lint::Rule;
use crate::lock::FolderLock;
use crate::publish::{Archive, Plan, Step, Tree, plan_tree};
use crate::repository::{Layout, Repository, Rollout, Share, check_reason};
use crate::{Context, Error, Exit};

/// Options of `publish`.
#[derive(Clone, Debug, Args)]
pub(super) struct PublishArgs {
    #[command(flatten)]
    target: TargetFlag,

    /// Remove files that the tree no longer has: old updates and packs
    #[arg(long)]
    prune: bool,

    /// Publish keyring drafts only
    #[arg(long, conflicts_with = "share")]
    keyring_only: bool,

    /// Roll the new release out to this share of the devices first
    #[arg(long, value_name = "PERCENT", default_value = "100%")]
    share: Share,

    /// Publish a release although it breaks this rule about bundles, which its draft does not override; say why with
    /// --reason; may be given several times
    #[arg(long, value_name = "RULE", value_parser = lint::rule_parser(false), requires = "reason")]
    allow: Vec<&'static Rule>,

    /// Take anchors from this service although devices say that they need them; say why with --reason
    #[arg(long, value_name = "SERVICE", requires = "reason")]
    despite_census: Vec<String>,

    /// Why, for the log
    #[arg(long, default_value = "")]
    reason: String,

    #[command(flatten)]
    head: HeadKeyFlags,
}

impl PublishArgs {
    /// Keyring drafts, into `folder`: what a drill publishes.
    pub(super) fn of_keyrings(folder: PathBuf) -> Self {
        let target = TargetFlag { to: Some(folder) };
        let (allow, despite_census, reason, head) = Default::default();
        let (prune, keyring_only, share) = (false, true, Share::ALL);
        Self { target, prune, keyring_only, share, allow, despite_census, reason, head }
    }
}

/// What one run publishes, gathered before anything is written.
struct Publication<'a> {
    repository: &'a Repository,
    context: &'a Context,
    archive: Archive,
    plan: Plan,
    cleanup: Plan,
    keyrings: Vec<u32>,
    releases: Vec<Published>,
    rollouts: BTreeMap<String, Rollout>,
    warnings: Vec<String>,
}

pub(super) fn run(args: &PublishArgs, context: &Context) -> Result<Exit, Error> {
    if !args.reason.is_empty() {
        check_reason(&args.reason).map_err(|message| Error::usage("reason", message).field("--reason"))?;
    }
    let repository = Repository::open(context)?;
    let folder = args.target.folder(&repository)?;
    durable::require_folder_above(&folder)?;
    let _lock = repository.lock()?;
    let mut publication = Publication::open(&repository, context)?;
    publication.add_keyrings()?;
    if !args.keyring_only {
        for channel in publication.channels()? {
            publication.add_releases(&channel, args)?;
        }
    }
    let Publication { archive, mut plan, cleanup, keyrings, releases, rollouts, warnings, .. } = publication;
    let tree = Tree::of(&archive, repository.fleet().publish.updates_kept, Some(&folder))?;
    plan.extend(plan_tree(&tree, &folder, args.prune)?);
    plan.extend(cleanup);
    let steps: Vec<String> = plan.steps().iter().map(ToString::to_string).collect();
    let mut answer = Answer {
        folder: folder.display().to_string(),
        keyrings,
        releases,
        steps,
        heads: Vec::new(),
        warnings,
    };
    if context.dry_run() {
        let text = if plan.is_empty() { "nothing to do\n".to_owned() } else { plan.to_string() };
        context.output().data("cloud-updater.publish.1", &answer, text)?;
        answer.warn(context.output());
        return Ok(Exit::Done);
    }
    let target_lock = FolderLock::acquire(&folder)?;
    // A tree is two folders deep: <channel>/<kind>/<file>.
    durable::remove_leftovers_below(&folder, 2)?;
    note::releases_and_keyrings(&answer, &archive, &repository, &note::why(args), context)?;
    execute(&plan, context)?;
    drop(target_lock);
    if let Some(keys) = args.head.unlock(context)? {
        for channel in rollouts.keys() {
            answer.heads.push(super::head::sign_changed(
                &repository,
                &archive,
                &folder,
                channel,
                &keys,
                context,
            )?);
        }
    }
    let mut text = answer.text();
    let is_new = !answer.releases.is_empty() || !answer.keyrings.is_empty();
    if answer.heads.is_empty() && is_new {
        text.push_str(&next_step(args, &archive, &rollouts.keys().map(String::as_str).collect::<Vec<_>>())?);
    }
    context.output().data("cloud-updater.publish.1", &answer, text)?;
    answer.warn(context.output());
    Ok(Exit::Done)
}

fn execute(plan: &Plan, context: &Context) -> Result<(), Error> {
    if !plan.is_empty() {
        context.output().progress(format_args!("{}", counted(plan.steps().len(), "file")));
    }
    plan.execute()
}

impl<'a> Publication<'a> {
    fn open(repository: &'a Repository, context: &'a Context) -> Result<Self, Error> {
        let archive = Archive::read(repository)?;
        Ok(Self {
            repository,
            context,
            archive,
            plan: Plan::default(),
            cleanup: Plan::default(),
            keyrings: Vec::new(),
            releases: Vec::new(),
            rollouts: BTreeMap::new(),
            warnings: Vec::new(),
        })
    }

    fn layout(&self) -> &'a Layout {
        self.repository.layout()
    }

    /// The channels that this run publishes: the one of `--channel`, else all.
    fn channels(&self) -> Result<Vec<String>, Error> {
        match self.context.channel() {
            Some(name) => self.repository.fleet().channel(name).map(|_| vec![name.to_owned()]),
            None => Ok(self.archive.channels().map(str::to_owned).collect()),
        }
    }

    fn add_keyrings(&mut self) -> Result<(), Error> {
        for draft in pending::drafts(self.repository, None)? {
            let newest = self.archive.keyrings().newest_order();
            if newest.is_some_and(|order| order.number >= draft.number) {
                // A killed run published it and did not clean up.
                self.clean(None, draft.number)?;
                continue;
            }
            self.add_keyring(&draft).map_err(|error| error.place(self.layout().label(&draft.path)))?;
        }
        Ok(())
    }

    fn add_keyring(&mut self, draft: &PendingDraft) -> Result<(), Error> {
        let unsigned = draft.file.unsigned()?;
        let order = unsigned.header().order;
        check_clock_is_reached(self.context.now(), unsigned.header().issued_at)?;
        let chosen = draft.signers.choose(&draft.signatures, &format!("keyring {order}"))?;
        let file = KeyringChain::assemble(&draft.file.recovery, &unsigned, &chosen)?;
        let epoch_before = self.archive.keyrings().newest_order().map(|order| order.epoch);
        self.archive.add_keyring(file.clone())?;
        let commitment = self.archive.keyrings().newest()?.keyring()?.recovery_commitment();
        if !draft.file.new_recovery.is_empty() {
            let wrong = || {
                Error::input("draft_file", "is not the recovery set that the keyring commits to")
                    .field("recovery")
            };
            let envelope =
                Envelope::parse_whole(&draft.file.new_recovery).map_err(|error| wrong().because(error))?;
            RecoverySet::reveal(&envelope, commitment).map_err(|error| wrong().because(error))?;
            let path = self.layout().recovery_set(commitment);
            self.plan.add(Step::record(self.layout(), path, draft.file.new_recovery.clone()));
        }
        if epoch_before.is_none_or(|epoch| epoch == order.epoch) {
            self.sign_releases_again()?;
        } else {
            let message =
                "a new epoch: draft, sign and publish a release in every channel, then sign its head";
            self.context.output().warning(message);
        }
        self.plan.add(Step::record(self.layout(), self.layout().keyring(order.number), file));
        self.keyrings.push(order.number);
        self.keep_signatures(None, order.number, &draft.lines)?;
        self.warnings.extend(shown::compare(
            draft,
            &self.layout().label(&draft.path),
            self.context.output(),
        )?);
        self.clean(None, order.number)
    }

    /// Devices look for signatures in their newest keyring: what is rolled out must verify under this one.
    fn sign_releases_again(&mut self) -> Result<(), Error> {
        let channels: Vec<String> = self.archive.channels().map(str::to_owned).collect();
        for channel in channels {
            let rollout = self.repository.rollout(&channel)?;
            for number in [rollout.release, rollout.previous].into_iter().flatten() {
                self.sign_release_again(&channel, number)?;
            }
        }
        Ok(())
    }

    fn sign_release_again(&mut self, channel: &str, number: u32) -> Result<(), Error> {
        let stored = self.archive.release(channel, number)?;
        let keyring = self.archive.keyrings().newest()?.keyring()?;
        let envelope = Envelope::parse_whole(&stored.document)
            .map_err(|error| Error::bug("a checked release is unreadable").because(error))?;
        if envelope.verify(&keyring, ChannelId::of(channel)).is_ok() {
            return Ok(());
        }
        let signers = Signers::of_release(envelope.header().kind, &keyring);
        let folder = self.layout().drafts(Some(channel));
        let unsigned = Unsigned::of(&envelope);
        let files = pending::signature_files(self.repository, &folder, number, &unsigned, &[&signers])?;
        let lines: Vec<String> = files.iter().map(|(_, file)| file.to_string()).collect();
        let mut offered: Vec<Signature> = files.into_iter().map(|(_, file)| file.signature).collect();
        offered.extend(envelope.signatures().iter().map(|signature| Signature {
            key_id: signature.key_id,
            algorithm: signature.algorithm,
            bytes: signature.bytes.to_vec(),
        }));
        let what = format!("under the new keyring, release {number} of {channel}");
        let chosen = signers.choose(&offered, &what).map_err(|error| {
            let path = self.layout().label(&self.layout().release(channel, number));
            error.hint(format!("holders of the new keys sign it again: cloud-updater sign {path}"))
        })?;
        let document = with_signatures(&envelope, &chosen).map_err(|error| {
            Error::input("signatures", "the signatures do not fit one document").because(error)
        })?;
        self.plan.add(Step::record(self.layout(), self.layout().release(channel, number), document.clone()));
        self.archive.replace_release(channel, number, document)?;
        self.keep_signatures(Some(channel), number, &lines)?;
        self.clean(Some(channel), number)
    }

    fn add_releases(&mut self, channel: &str, args: &PublishArgs) -> Result<(), Error> {
        let before = self.repository.rollout(channel)?;
        let mut rollout = before.clone();
        for draft in pending::drafts(self.repository, Some(channel))? {
            let label = self.layout().label(&draft.path);
            if self.archive.release(channel, draft.number).is_ok() {
                // A killed run published it; what it had not written yet is written now.
                if !draft.file.prepared_rollback && rollout.release.is_none_or(|number| number < draft.number)
                {
                    rollout = rollout.after_publishing(draft.number, args.share);
                }
                self.clean(Some(channel), draft.number)?;
                continue;
            }
            let release = self.release(channel, &draft).map_err(|error| error.place(&label))?;
            // A way back is for the day on which what is published with it turns out bad: it is held against what was before.
            let held = if draft.file.prepared_rollback { &before } else { &rollout };
            let findings =
                self.gate((channel, held), &draft.file, args).map_err(|error| error.place(&label))?;
            self.warnings.extend(shown::compare(&draft, &label, self.context.output())?);
            self.keep_signatures(Some(channel), draft.number, &draft.lines)?;
            release.publish(self.layout(), &mut self.plan);
            self.archive.add_release(&release)?;
            if !draft.file.prepared_rollback {
                rollout = rollout.after_publishing(draft.number, args.share);
            }
            self.releases.push(Published {
                channel: channel.to_owned(),
                number: draft.number,
                epoch: release.order().epoch,
                digest: release.digest().to_string(),
                prepared_rollback: draft.file.prepared_rollback,
                allowed: args.allow.iter().map(|rule| rule.id).collect(),
                lint: findings,
                notes: probe_notes(&review_manifest(&draft.file.document)?.content.services),
            });
            self.clean(Some(channel), draft.number)?;
        }
        if rollout.release.is_some() {
            let text = rollout.to_text()?;
            self.plan.add(Step::record(self.layout(), self.layout().rollout(channel), text.into_bytes()));
            self.rollouts.insert(channel.to_owned(), rollout);
        }
        Ok(())
    }

    /// Refuses what the linter refuses, unless the draft or this run overrides it, and what loses a service.
    fn gate(&self, held: (&str, &Rollout), draft: &DraftFile, args: &PublishArgs) -> Result<Findings, Error> {
        let findings = lint::bundle::of_draft(draft, Some(self.repository), self.context)?;
        let own = args.allow.iter().map(|rule| rule.id.to_owned());
        let allowed: Vec<String> = draft.allowed.iter().cloned().chain(own).collect();
        lint::bundle::refuse(&findings, &allowed, "publish it")?;
        let candidate = JudgedBundle::of_draft(draft)?;
        let spared = (&[][..], args.despite_census.as_slice());
        coverage::gate(self.repository, &self.archive, held, candidate, spared, self.context)?;
        Ok(lint::bundle::serious(findings))
    }

    fn release(&self, channel: &str, draft: &PendingDraft) -> Result<Release, Error> {
        let manifest = Manifest::of_file(&draft.file)?;
        let header = *manifest.unsigned().header();
        check_clock_is_reached(self.context.now(), header.issued_at)?;
        let newest = self.archive.releases(channel).next_back();
        if let Some(newest) = newest {
            check_clock(header.issued_at, newest.issued_at, &format!("release {}", newest.order))?;
            if header.order <= newest.order {
                let (order, newest) = (header.order, newest.order);
                let message = format!("release {order} is not above {newest}, the newest of {channel}");
                return Err(Error::input("not_newer", message).hint("draft it again"));
            }
        }
        let generation = self.archive.keyrings().newest()?;
        if header.order.epoch != generation.order.epoch {
            let message = "was drafted in another recovery epoch than the keyring in force";
            return Err(Error::input("old_epoch", message).hint("draft it again"));
        }
        let most = self.repository.fleet().bundle_bytes_max(channel);
        let signed = manifest.sign(draft.signatures.clone());
        let release = signed.complete(&generation.keyring()?)?;
        let bytes = release.slot_bytes();
        if bytes > most {
            let message =
                format!("the bundle of {channel} has {bytes} bytes, devices of this class hold {most}");
            let class = &self.repository.fleet().channel(channel)?.device_class;
            let field = format!("device-classes.{class}.max-bundle-bytes");
            return Err(Error::input("bundle_too_large", message).field(field));
        }
        Ok(release)
    }

    /// Keeps every signature and what its signer saw, beside what was published, after those that are kept already.
    fn keep_signatures(&mut self, channel: Option<&str>, number: u32, lines: &[String]) -> Result<(), Error> {
        let path = self.layout().signatures(channel, number);
        if let Some(text) = signatures::kept(self.repository, &path, lines, self.context.output())? {
            self.plan.add(Step::record(self.layout(), path, text.into_bytes()));
        }
        Ok(())
    }

    /// Plans to remove a draft and its signatures, after everything else is written.
    fn clean(&mut self, channel: Option<&str>, number: u32) -> Result<(), Error> {
        for path in pending::files_of(self.repository, channel, number)? {
            self.cleanup.add(Step::remove(self.layout(), path));
        }
        Ok(())
    }
}
