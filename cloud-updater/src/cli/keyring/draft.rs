//! `keyring draft` and `keyring recover`: the next generation as one file, for its signers.

use bundle::write::{KeyringContent, RoleContent, Unsigned};
use bundle::{ChannelId, Envelope, Floor, Kind, Order, RecoverySet, Role, Sha256, UnixSeconds};
use clap::Args;
use serde::Serialize;

use super::floor::{self, FloorFlag};
use super::roles::NextRoles;
use crate::audit::Act;
use crate::cli::pending;
use crate::cli::signers_answer::SignersAnswer;
use crate::cli::text::keyring_text;
use crate::document::{DRAFT_BYTES_MAX, DraftFile, Generation, KeyringChain, Signers, keyring_content};
use crate::publish::{Archive, Plan, Step};
use crate::repository::fleet_file::FLEET_FILE;
use crate::repository::{Repository, check_reason};
use crate::{Context, Error, Exit, date, input};

/// Options of `keyring draft`.
#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct DraftArgs {
    #[command(flatten)]
    common: CommonArgs,

    /// Make the first keyring without a recovery set; it can never get one
    #[arg(long)]
    without_recovery: bool,
}

/// Options of `keyring recover`.
#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct RecoverArgs {
    #[command(flatten)]
    common: CommonArgs,
}

#[derive(Clone, Debug, Args)]
struct CommonArgs {
    /// Where a sequence goes on: CHANNEL:release=NUMBER or CHANNEL:head=NUMBER; may be given several times
    #[arg(long, value_name = "FLOOR")]
    floor: Vec<FloorFlag>,

    /// Earliest time that devices take for the present
    #[arg(long, value_name = "DATE", value_parser = date::parse)]
    time_floor: Option<UnixSeconds>,

    /// Replace a draft although somebody signed it
    #[arg(long)]
    replace: bool,

    /// Why, for the signers
    #[arg(long, default_value = "fleet.toml changed")]
    reason: String,
}

impl DraftArgs {
    /// What a drill drafts.
    pub(super) fn rehearsed(floor: Vec<FloorFlag>, reason: &str) -> Self {
        Self { common: CommonArgs::rehearsed(floor, reason), without_recovery: true }
    }
}

impl RecoverArgs {
    /// What a drill recovers with.
    pub(super) fn rehearsed(reason: &str) -> Self {
        Self { common: CommonArgs::rehearsed(Vec::new(), reason) }
    }
}

impl CommonArgs {
    fn rehearsed(floor: Vec<FloorFlag>, reason: &str) -> Self {
        Self { floor, time_floor: None, replace: true, reason: reason.to_owned() }
    }
}

#[derive(Serialize)]
struct Answer {
    number: Option<u32>,
    epoch: u16,
    file: Option<String>,
    signers: Vec<SignersAnswer>,
}

/// What the next generation is made of.
struct Next {
    order: Order,
    content: KeyringContent,
    recovery_shown: Vec<u8>,
    recovery_committed: Vec<u8>,
}

pub(super) fn run(args: &DraftArgs, context: &Context) -> Result<Exit, Error> {
    let (repository, chain) = open(&args.common)(context)?;
    let roles = NextRoles::read(&repository)?;
    let current = chain.generations().last();
    let epoch = chain.newest_order().map_or(0, |order| order.epoch);
    if roles.recovery.is_none() && !args.without_recovery && current.is_none() {
        let error = Error::usage(
            "no_recovery",
            "is missing: a fleet without recovery keys cannot survive a stolen threshold",
        );
        let error = error.file(FLEET_FILE).field("roles.recovery");
        return Err(
            error.hint("name two or three keys that are used for nothing else, or give --without-recovery")
        );
    }
    roles.judge(context)?;
    let floors: Vec<Floor> = args.common.floor.iter().map(|flag| flag.at_epoch(epoch)).collect();
    let content = roles.keyring(&repository.fleet().fleet, floors, args.common.time_floor);
    let recovery_shown = match current {
        None => Vec::new(),
        Some(generation) => {
            let keyring = generation.keyring()?;
            refuse_kept_floors(&args.common.floor, &keyring_content(&generation.document)?, &content)?;
            let kept = keyring.recovery_commitment() == content.recovery_commitment;
            if kept { Vec::new() } else { recovery_set(&repository, keyring.recovery_commitment())? }
        }
    };
    if let Some(generation) = current {
        // Floors are an act of their generation, not a state: without new ones they make no difference.
        let before = keyring_content(&generation.document)?;
        let before =
            KeyringContent { floors: content.floors.clone(), time_floor: content.time_floor, ..before };
        if args.common.floor.is_empty() && args.common.time_floor.is_none() && before == sorted(&content)? {
            return nothing_to_do(generation, context);
        }
    }
    let number = chain.newest_order().map_or(1, |order| order.number.saturating_add(1));
    let order = Order::new(epoch, number);
    let recovery_committed = committed_set(&roles, order, context)?;
    write(
        &args.common,
        context,
        &repository,
        &chain,
        Next { order, content, recovery_shown, recovery_committed },
    )
}

pub(super) fn recover(args: &RecoverArgs, context: &Context) -> Result<Exit, Error> {
    let (repository, chain) = open(&args.common)(context)?;
    let generation = chain.newest()?;
    let keyring = generation.keyring()?;
    let roles = NextRoles::read(&repository)?;
    roles.judge(context)?;
    let recovery_shown = recovery_set(&repository, keyring.recovery_commitment())?;
    let epoch = generation.order.epoch.saturating_add(1);
    let order = Order::new(epoch, generation.order.number.saturating_add(1));
    let floors = restated_floors(&args.common.floor, &repository, &chain, epoch)?;
    let content = roles.keyring(&repository.fleet().fleet, floors, args.common.time_floor);
    if content.recovery_commitment == keyring.recovery_commitment() {
        let error =
            Error::input("recovery_kept", "still names the recovery keys that are shown by this recovery");
        let error = error.file(FLEET_FILE).field("roles.recovery.keys");
        return Err(error.hint("name other recovery keys: the next theft must find none of these"));
    }
    let recovery_committed = committed_set(&roles, order, context)?;
    write(
        &args.common,
        context,
        &repository,
        &chain,
        Next { order, content, recovery_shown, recovery_committed },
    )
}

fn open(args: &CommonArgs) -> impl Fn(&Context) -> Result<(Repository, KeyringChain), Error> + '_ {
    move |context| {
        check_reason(&args.reason).map_err(|message| Error::usage("reason", message).field("--reason"))?;
        let repository = Repository::open(context)?;
        floor::check(&args.floor, &repository)?;
        let chain = KeyringChain::read(repository.layout())?;
        Ok((repository, chain))
    }
}

/// Every channel's floors, in the new epoch: as given, else where the repository knows the sequence to be.
fn restated_floors(
    flags: &[FloorFlag],
    repository: &Repository,
    chain: &KeyringChain,
    epoch: u16,
) -> Result<Vec<Floor>, Error> {
    let archive = Archive::read(repository)?;
    debug_assert_eq!(archive.keyrings().newest_order(), chain.newest_order(), "one repository, one chain");
    let mut floors: Vec<Floor> = flags.iter().map(|flag| flag.at_epoch(epoch)).collect();
    for channel in archive.channels() {
        let id = ChannelId::of(channel);
        let release = archive.releases(channel).next_back().map_or(0, |release| release.order.number);
        let head = repository.rollout(channel)?.head.map_or(0, |mark| mark.number);
        for (role, number) in [(Role::Release, release), (Role::Head, head)] {
            if !floors.iter().any(|floor| floor.channel == id && floor.role == role) {
                floors.push(Floor { channel: id, role, epoch, number });
            }
        }
    }
    if floors.len() > bundle::limits::FLOORS_MAX {
        let message = format!(
            "{} floors would have to be restated, at most {} fit",
            floors.len(),
            bundle::limits::FLOORS_MAX
        );
        return Err(
            Error::input("too_many_floors", message).hint("recover with fewer channels in fleet.toml")
        );
    }
    Ok(floors)
}

/// A floor may be restated only where no key of its role stays: whoever ran it up could do so again.
fn refuse_kept_floors(
    flags: &[FloorFlag],
    before: &KeyringContent,
    after: &KeyringContent,
) -> Result<(), Error> {
    let role_of = |content: &KeyringContent, role: Role| -> RoleContent {
        match role {
            Role::Release => content.release.clone(),
            _ => content.head.clone(),
        }
    };
    for flag in flags {
        let (old, new) = (role_of(before, flag.role), role_of(after, flag.role));
        let kept = new
            .keys
            .iter()
            .find(|key| old.keys.iter().any(|other| other.as_key().is_same_key(&key.as_key())));
        if let Some(key) = kept {
            let message = format!("the {} role keeps the key {:?}", flag.role, key.name);
            let error = Error::input("floor_kept", message).field("--floor");
            return Err(error.hint("replace all keys of the role in fleet.toml, or leave the floor as it is"));
        }
    }
    Ok(())
}

/// The recovery set with this commitment, out of the repository.
fn recovery_set(repository: &Repository, commitment: Sha256) -> Result<Vec<u8>, Error> {
    if commitment == Sha256([0; 32]) {
        let message = "this fleet was made without a recovery set, and can never get or change one";
        return Err(Error::input("no_recovery", message));
    }
    let path = repository.layout().recovery_set(commitment);
    let document = input::read(&path, DRAFT_BYTES_MAX, "a recovery set")?;
    let wrong =
        || Error::input("recovery_set", "is not the recovery set that the keyring commits to").file(&path);
    let envelope = Envelope::parse_whole(&document).map_err(|error| wrong().because(error))?;
    RecoverySet::reveal(&envelope, commitment).map_err(|error| wrong().because(error))?;
    Ok(document)
}

/// The document of the recovery set that the next generation commits to.
fn committed_set(roles: &NextRoles, order: Order, context: &Context) -> Result<Vec<u8>, Error> {
    let Some(recovery) = &roles.recovery else { return Ok(Vec::new()) };
    Unsigned::new(Kind::Recovery, ChannelId::FLEET, order, 0, context.now(), recovery.encode())
        .and_then(|unsigned| unsigned.assemble(&[]))
        .map_err(|error| Error::input("recovery_set", "the recovery set is too large").because(error))
}

/// The content as it reads after it was written: keys in the order of the wire.
fn sorted(content: &KeyringContent) -> Result<KeyringContent, Error> {
    let document = unsigned(content, Order::new(0, 1), UnixSeconds(0))?.assemble(&[]);
    keyring_content(&document.map_err(|error| Error::bug("an empty table does not fit").because(error))?)
}

fn unsigned(content: &KeyringContent, order: Order, now: UnixSeconds) -> Result<Unsigned, Error> {
    let base = order.number.saturating_sub(1);
    Unsigned::new(Kind::Keyring, ChannelId::FLEET, order, base, now, content.encode()).map_err(|error| {
        Error::input("keyring_too_large", "the keyring is too large for the format").because(error)
    })
}

fn write(
    args: &CommonArgs,
    context: &Context,
    repository: &Repository,
    chain: &KeyringChain,
    next: Next,
) -> Result<Exit, Error> {
    let document = unsigned(&next.content, next.order, context.now())?.assemble(&[]);
    let document = document.map_err(|error| Error::bug("an empty table does not fit").because(error))?;
    let content = keyring_content(&document)?;
    let file = DraftFile {
        reason: args.reason.clone(),
        document,
        keyring: chain.generations().last().map(|generation| generation.document.clone()).unwrap_or_default(),
        recovery: next.recovery_shown,
        new_recovery: next.recovery_committed,
        ..DraftFile::default()
    };
    let signers = Signers::of_draft(&file)?;
    let layout = repository.layout();
    let path = layout.draft(None, next.order.number);
    let _lock = repository.lock()?;
    pending::refuse_signed(repository, None, next.order.number, args.replace)?;
    let mut plan = Plan::default();
    for stale in pending::stale_files(repository, None, &[next.order.number])? {
        plan.add(Step::remove(layout, stale));
    }
    plan.add(Step::record(layout, path.clone(), file.encode()));
    let answer = Answer {
        number: Some(next.order.number),
        epoch: next.order.epoch,
        file: Some(layout.label(&path)),
        signers: signers.requirements().iter().map(|role| SignersAnswer::of(role, &[])).collect(),
    };
    let mut text = keyring_text(next.order, &content);
    for signers in &answer.signers {
        text.push_str(&format!("needs {signers}\n"));
    }
    if context.dry_run() {
        text.push_str(&plan.to_string());
    } else {
        let subject = next.order.to_string();
        let act = Act {
            action: "keyring draft",
            subject: &subject,
            reason: &args.reason,
            documents: &plan.documents(),
        };
        repository.record_act(context.now(), &act)?;
        plan.execute()?;
        text.push_str(&format!("{}\nnext, each signer: cloud-updater sign {0}\n", layout.label(&path)));
    }
    context.output().data("cloud-updater.keyring-draft.1", &answer, text)?;
    Ok(Exit::Done)
}

fn nothing_to_do(generation: &Generation, context: &Context) -> Result<Exit, Error> {
    let answer = Answer { number: None, epoch: generation.order.epoch, file: None, signers: Vec::new() };
    let text = format!("nothing to do: keyring {} says the same\n", generation.order);
    context.output().data("cloud-updater.keyring-draft.1", &answer, text)?;
    Ok(Exit::Done)
}
