//! `draft`: the next release as one file, for its signers to see and to sign.

mod answer;

use bundle::write::ManifestContent;
use bundle::{ChannelId, Order};
use clap::Args;

use self::answer::{Answer, Promoted};
use super::coverage;
use super::lint;
use super::pending;
use super::side::Viewed;
use super::signers_answer::SignersAnswer;
use super::text::probe_notes;
use crate::audit::Act;
use crate::diff::{Difference, Names};
use crate::document::{Blobs, Draft, DraftFile, Manifest, Signers, content};
use crate::finding::Finding;
use crate::fleet::{self, Spread};
use crate::head::check_clock;
use crate::lint::Rule;
use crate::publish::{Archive, Plan, Step, StoredRelease};
use crate::repository::{Repository, check_reason};
use crate::{Context, Error, Exit, requirement};

/// Options of `draft`.
#[derive(Clone, Debug, Args)]
pub(super) struct DraftArgs {
    /// The content of this earlier release, under today's denials
    #[arg(long, value_name = "N", group = "source")]
    rollback_to: Option<u32>,

    /// The body, byte for byte, of the release that this channel rolls out
    #[arg(long, value_name = "CHANNEL", group = "source")]
    promote_from: Option<String>,

    /// No anchor at all: takes all trust away; the keyring's threshold signs it
    #[arg(long, group = "source")]
    revoke_all: bool,

    /// Also draft the way back: the release after it, with today's content, to lie ready
    #[arg(long, conflicts_with = "revoke_all")]
    with_rollback: bool,

    /// Draft a release that changes nothing
    #[arg(long)]
    reissue: bool,

    /// Replace a draft although somebody signed it
    #[arg(long)]
    replace: bool,

    /// Draft it although it breaks this rule about bundles; say why with --reason; may be given several times
    #[arg(long, value_name = "RULE", value_parser = lint::rule_parser(false), requires = "reason")]
    allow: Vec<&'static Rule>,

    /// Why, for the signers
    #[arg(long, default_value = "the repository changed")]
    reason: String,
}

struct Drafting<'a> {
    args: &'a DraftArgs,
    context: &'a Context,
    repository: &'a Repository,
    archive: &'a Archive,
    channel: &'a str,
    /// What the channel rolls out now.
    base: Option<&'a StoredRelease>,
}

pub(super) fn run(args: &DraftArgs, context: &Context) -> Result<Exit, Error> {
    check_reason(&args.reason).map_err(|message| Error::usage("reason", message).field("--reason"))?;
    let repository = Repository::open(context)?;
    let channel = repository.fleet().channel_or_only(context.channel())?;
    let archive = Archive::read(&repository)?;
    let rolled_out = repository.rollout(channel)?.release;
    let base = match rolled_out {
        Some(number) => Some(archive.release(channel, number)?),
        None => archive.releases(channel).next_back(),
    };
    let drafting = Drafting { args, context, repository: &repository, archive: &archive, channel, base };
    drafting.run()
}

impl Drafting<'_> {
    fn run(&self) -> Result<Exit, Error> {
        let keyring_order = self.archive.keyrings().newest()?.order;
        let newest = self.archive.releases(self.channel).next_back();
        if let Some(newest) = newest {
            check_clock(self.context.now(), newest.issued_at, &format!("release {}", newest.order))?;
        }
        let number = newest.map_or(1, |release| release.order.number.saturating_add(1));
        let draft = self.draft()?;
        let manifest = draft.number(
            Order::new(keyring_order.epoch, number),
            keyring_order.number,
            self.context.now(),
        )?;
        let is_same = self.base.is_some_and(|base| {
            let body = bundle::Envelope::parse_whole(&base.document).map(|envelope| envelope.body().to_vec());
            body.as_deref() == Ok(manifest.unsigned().body()) && base.order.epoch == keyring_order.epoch
        });
        if is_same && !self.args.reissue {
            return self.nothing_to_do();
        }
        let _lock = self.repository.lock()?;
        pending::refuse_signed(self.repository, Some(self.channel), number, self.args.replace)?;
        self.check_size(&manifest)?;
        let mut files = vec![(number, self.file(&manifest, false)?)];
        if self.args.with_rollback {
            let order = Order::new(keyring_order.epoch, number.saturating_add(1));
            let back = self.way_back()?.number(order, keyring_order.number, self.context.now())?;
            self.check_size(&back)?;
            files.push((order.number, self.file(&back, true)?));
        }
        self.write(&manifest, &files)
    }

    fn draft(&self) -> Result<Draft, Error> {
        let args = self.args;
        if let Some(number) = args.rollback_to {
            return self.content_of(self.archive.release(self.channel, number)?);
        }
        if let Some(source) = &args.promote_from {
            return self.promote(source);
        }
        if args.revoke_all {
            self.context
                .confirm("A revoke-all takes every trust of every device of this channel away. Draft it?")?;
            return Ok(Draft::revoke_all(self.channel, &content::denials(self.repository, self.channel)?));
        }
        let now = content::of_repository(self.repository, self.channel)?;
        let names = Names::of_certificates(now.blobs.values().map(Vec::as_slice));
        requirement::check(&now.manifest, &names, self.context.now())?;
        Ok(Draft::of_content(self.channel, &now.manifest, now.blobs))
    }

    /// The content of an earlier release under today's denials.
    fn content_of(&self, release: &StoredRelease) -> Result<Draft, Error> {
        let old = self.archive.with_manifest(self.channel, release, ManifestContent::of)?;
        let today = content::denials(self.repository, self.channel)?;
        let content = content::under_denials(old, &today)?;
        Ok(Draft::of_content(self.channel, &content, self.blobs_of(release)))
    }

    fn way_back(&self) -> Result<Draft, Error> {
        let base = self.base.ok_or_else(|| {
            Error::usage("no_way_back", "the first release of a channel has none before it")
                .field("--with-rollback")
        })?;
        self.content_of(base)
    }

    fn promote(&self, source: &str) -> Result<Draft, Error> {
        let wrong = |message: String| Error::usage("promotion", message).field("--promote-from");
        self.repository.fleet().channel(source)?;
        if source == self.channel {
            return Err(wrong(format!("{source} cannot be promoted to itself")));
        }
        let rollout = self.repository.rollout(source)?;
        let number = rollout.release.ok_or_else(|| wrong(format!("channel {source} has no release yet")))?;
        if rollout.paused || rollout.share < crate::repository::Share::ALL {
            let state = if rollout.paused { "paused".to_owned() } else { format!("at {}", rollout.share) };
            self.context
                .output()
                .warning(format_args!("the rollout of release {number} in {source} is {state}"));
        }
        let release = self.archive.release(source, number)?;
        let body = self.archive.with_manifest(source, release, |manifest| {
            (manifest.body_bytes().to_vec(), ManifestContent::of(manifest))
        })?;
        let (bytes, promoted) = body;
        let today = content::denials(self.repository, self.channel)?;
        if let Some(denial) = today.denials.iter().find(|denial| !promoted.denials.contains(denial)) {
            let message =
                format!("release {number} of {source} does not deny {} {}", denial.kind, denial.sha256);
            let error = Error::input("denial_missing", message);
            return Err(error.hint(format!("release today's denials to {source} first, then promote that")));
        }
        Ok(Draft::promoted(self.channel, bytes, self.blobs_of(release)))
    }

    /// What the devices of the channel that is promoted from reported; `None` where reports are kept elsewhere.
    fn promoted(&self) -> Result<Option<Promoted>, Error> {
        let Some(source) = &self.args.promote_from else { return Ok(None) };
        let path = self.repository.folder().join(fleet::DATABASE_NAME);
        let Some(number) = self.repository.rollout(source)?.release.filter(|_| path.is_file()) else {
            return Ok(None);
        };
        let digest = self.archive.release(source, number)?.digest;
        let spread = Spread::of_release(&path, ChannelId::of(source), digest)?;
        Ok(Some(Promoted {
            from: source.clone(),
            release: number,
            confirmed_devices: spread.confirmed,
            on_trial_devices: spread.on_trial,
            reporting_devices: spread.reporting,
        }))
    }

    fn blobs_of(&self, release: &StoredRelease) -> Blobs {
        let blobs = release
            .blobs
            .iter()
            .filter_map(|(sha256, _)| Some((*sha256, self.archive.blob(*sha256)?.to_vec())));
        blobs.collect()
    }

    fn check_size(&self, manifest: &Manifest) -> Result<(), Error> {
        let (bytes, most) =
            (self.slot_bytes(manifest)?, self.repository.fleet().bundle_bytes_max(self.channel));
        if bytes <= most {
            return Ok(());
        }
        let class = &self.repository.fleet().channel(self.channel)?.device_class;
        let message =
            format!("the bundle of {} has {bytes} bytes, devices of this class hold {most}", self.channel);
        let error = Error::input("bundle_too_large", message).file("fleet.toml");
        Err(error
            .field(format!("device-classes.{class}.max-bundle-bytes"))
            .hint("leave anchors out of this channel"))
    }

    fn slot_bytes(&self, manifest: &Manifest) -> Result<u64, Error> {
        let keyring = self.archive.keyrings().newest()?.keyring()?;
        let signers = Signers::of_release(manifest.unsigned().header().kind, &keyring);
        let count = signers.requirements().iter().map(|requirement| usize::from(requirement.threshold)).sum();
        Ok(manifest.slot_bytes(count))
    }

    /// What the linter says of a draft; it is refused where that cuts devices off, unless each rule is overridden.
    fn lint(&self, file: &DraftFile) -> Result<Vec<Finding>, Error> {
        lint::bundle::of_draft(file, Some(self.repository), self.context)
    }

    /// The rules that it may break: for a reason, or because a way back is for the night on which something is broken.
    /// What a way back breaks is shown, and nothing keeps it.
    fn allowed(&self, file: &DraftFile) -> Result<Vec<String>, Error> {
        let findings = self.lint(file)?;
        if self.args.rollback_to.is_some() || file.prepared_rollback {
            return Ok(lint::bundle::broken(&findings));
        }
        let allowed: Vec<String> = self.args.allow.iter().map(|rule| rule.id.to_owned()).collect();
        lint::bundle::refuse(&findings, &allowed, "draft it")?;
        Ok(allowed)
    }

    fn file(&self, manifest: &Manifest, prepared_rollback: bool) -> Result<DraftFile, Error> {
        let document = manifest.unsigned().assemble(&[]);
        let document = document.map_err(|error| Error::bug("an empty table does not fit").because(error))?;
        let (previous, previous_blobs) = match self.base {
            Some(base) => (base.document.clone(), self.archive.blobs_of(base)?),
            None => (Vec::new(), Vec::new()),
        };
        let file = DraftFile {
            channel: Some(self.channel.to_owned()),
            reason: self.args.reason.clone(),
            prepared_rollback,
            document,
            keyring: self.archive.keyrings().newest()?.document.clone(),
            previous,
            previous_blobs,
            blobs: manifest.blobs().to_vec(),
            ..DraftFile::default()
        };
        Ok(DraftFile { allowed: self.allowed(&file)?, ..file })
    }

    fn write(&self, manifest: &Manifest, files: &[(u32, DraftFile)]) -> Result<Exit, Error> {
        let layout = self.repository.layout();
        let mut plan = Plan::default();
        let kept: Vec<u32> = files.iter().map(|(number, _)| *number).collect();
        for path in pending::stale_files(self.repository, Some(self.channel), &kept)? {
            plan.add(Step::remove(layout, path));
        }
        for (number, file) in files {
            plan.add(Step::record(layout, layout.draft(Some(self.channel), *number), file.encode()));
        }
        let answer = self.answer(manifest, files)?;
        let mut text = answer.text();
        if self.context.dry_run() {
            text.push_str(&plan.to_string());
        } else {
            let numbers: Vec<String> = kept.iter().map(u32::to_string).collect();
            let allowed: String = self.args.allow.iter().map(|rule| format!(" allowed {rule}")).collect();
            let subject = format!("{} {}{allowed}", self.channel, numbers.join(" "));
            let reason = &self.args.reason;
            let act = Act { action: "draft", subject: &subject, reason, documents: &plan.documents() };
            self.repository.record_act(self.context.now(), &act)?;
            plan.execute()?;
        }
        self.context.output().data("cloud-updater.draft.1", &answer, text)?;
        answer.warnings.iter().for_each(|words| self.context.output().warning(words));
        answer.lint.warn(self.context.output());
        Ok(Exit::Done)
    }

    fn answer(&self, manifest: &Manifest, files: &[(u32, DraftFile)]) -> Result<Answer, Error> {
        let layout = self.repository.layout();
        let mut answer = Answer {
            number: files.first().map(|(number, _)| *number),
            files: files
                .iter()
                .map(|(number, _)| layout.label(&layout.draft(Some(self.channel), *number)))
                .collect(),
            bundle_bytes: self.slot_bytes(manifest)?,
            promoted: self.promoted()?,
            ..self.nothing()
        };
        if let Some((_, file)) = files.first() {
            let (before, mut after) = Viewed::of_draft(file)?;
            let entries = self.repository.anchors()?;
            after.names.learn(entries.iter().map(|entry| entry.certificate.der()));
            answer.changes = Difference::between(before.side(), after.side()).changes;
            answer.notes = probe_notes(&after.content.services);
            answer.warnings = requirement::warnings(&after.content, &after.names, self.context.now());
            answer.lint = lint::bundle::serious(self.lint(file)?);
            answer.coverage = coverage::of_draft(self.repository, self.archive, file, self.context)?;
            answer.signers = Signers::of_draft(file)?
                .requirements()
                .iter()
                .map(|role| SignersAnswer::of(role, &[]))
                .collect();
        }
        Ok(answer)
    }

    fn nothing_to_do(&self) -> Result<Exit, Error> {
        let order = self.base.map_or_else(Order::default, |base| base.order);
        let text = format!("nothing to do: release {order} of {} says the same\n", self.channel);
        self.context.output().data("cloud-updater.draft.1", &self.nothing(), text)?;
        Ok(Exit::Done)
    }

    /// The answer where nothing is drafted.
    fn nothing(&self) -> Answer {
        let bundle_bytes_max = self.repository.fleet().bundle_bytes_max(self.channel);
        Answer { channel: self.channel.to_owned(), bundle_bytes_max, ..Answer::default() }
    }
}
