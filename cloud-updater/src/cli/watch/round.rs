//! One round: ask, keep what was seen, judge it, say it, and tell whoever wants to know.

use bundle::UnixSeconds;
use bundle::write::ServiceContent;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use super::heads::{self, Fetched};
use super::{WatchArgs, proposal};
use crate::cli::text::counted;
use crate::coverage::{self, Matrix, Sides};
use crate::date::{self, DAY_SECONDS};
use crate::durable::{self, PUBLIC_MODE};
use crate::finding::{Finding, Findings};
use crate::observation::{Handshake, Observations, Outcome, read_all};
use crate::publish::Archive;
use crate::repository::Repository;
use crate::source::{Heard, Source};
use crate::watch::findings::{self, View};
use crate::watch::{Entry, Metrics, Outbox, Target, Webhook, calendar, scan, sni, targets};
use crate::{Context, Error, Exit};

/// Days of a month, for a calendar that looks ahead.
const MONTH_DAYS: u64 = 31;

#[derive(Serialize)]
struct Answer<'a> {
    vantage: &'a str,
    asked: usize,
    served: usize,
    endpoints: Vec<Told>,
    #[serde(flatten)]
    findings: &'a Findings,
    calendar: Vec<Entry>,
    proposals: Vec<proposal::Proposal>,
}

#[derive(Serialize)]
struct Told {
    endpoint: String,
    services: Vec<String>,
    attempts: Vec<String>,
    served: bool,
}

/// What the observations mean, in all channels.
struct Meaning {
    matrices: Vec<Matrix>,
    findings: Findings,
    calendar: Vec<Entry>,
    proposals: Vec<proposal::Proposal>,
}

/// Runs one round. A webhook that is down is said once: `is_down_told` remembers it between rounds.
pub(super) async fn run(
    args: &WatchArgs,
    webhook: Option<&Webhook>,
    context: &Context,
    is_down_told: &mut bool,
) -> Result<Exit, Error> {
    let repository = Repository::open(context)?;
    let told = if args.offline { Vec::new() } else { look(args, &repository, context).await? };
    let fetched = Fetched::of(args, &repository, context).await?;
    let meaning = meaning(args, &repository, &fetched, context)?;
    let outbox = Outbox::of(repository.layout(), &args.vantage);
    let fleet = repository.fleet();
    if webhook.is_some() && !context.dry_run() {
        outbox.put(&meaning.findings, &fleet.fleet, &args.vantage, context.now())?;
    }
    let delivery = match webhook.filter(|_| !context.dry_run()) {
        // Receivers refuse old signatures: they go by the clock, whatever day is replayed.
        Some(webhook) => webhook.send(&outbox, crate::clock::now()).await.map(drop),
        None => Ok(()),
    };
    if let (Some(path), false) = (&args.telling.metrics, context.dry_run()) {
        let metrics = Metrics {
            vantage: &args.vantage,
            matrices: &meaning.matrices,
            findings: &meaning.findings,
            alerts_waiting: outbox.waiting()?.len(),
            now: context.now(),
        };
        durable::write_file(path, metrics.text().as_bytes(), PUBLIC_MODE)?;
    }
    let exit = meaning.findings.exit();
    say(args, told, meaning, context)?;
    match delivery {
        Ok(()) => *is_down_told = false,
        // In a process that goes on, once until it is back.
        Err(error) if !args.once && std::mem::replace(is_down_told, true) => drop(error),
        Err(error) if !args.once => context.output().failure(&error),
        Err(error) => return Err(error),
    }
    Ok(exit)
}

/// Asks every endpoint, and keeps what was seen.
async fn look(args: &WatchArgs, repository: &Repository, context: &Context) -> Result<Vec<Told>, Error> {
    let held = held_services(repository)?;
    let targets = targets(&repository.services()?, &held);
    // What is wrong with the file is said before anybody is asked.
    Observations::open(repository.layout(), &args.vantage)?;
    let bar = progress(targets.len(), context);
    let mut answers: Vec<(Target, Vec<Handshake>)> = Vec::new();
    let take = |target: Target, handshakes: Vec<Handshake>| {
        answers.push((target, handshakes));
        bar.inc(1);
    };
    scan(targets.clone(), &args.cost.limits(), take).await;
    bar.finish_and_clear();
    answers.sort_by(|(one, _), (other, _)| one.endpoint.cmp(&other.endpoint));
    let told = answers.iter().map(|(target, handshakes)| Told::of(target, handshakes)).collect();
    if !context.dry_run() {
        keep(args, answers, &targets, repository, context)?;
    }
    Ok(told)
}

/// Notes what was seen beside what was noted meanwhile: another command may have looked from here as well.
fn keep(
    args: &WatchArgs,
    answers: Vec<(Target, Vec<Handshake>)>,
    targets: &[Target],
    repository: &Repository,
    context: &Context,
) -> Result<(), Error> {
    let _lock = repository.lock()?;
    let mut observations = Observations::open(repository.layout(), &args.vantage)?;
    for (target, handshakes) in answers {
        let sni = sni(&target.host);
        observations.record(&target.endpoint, &target.services, sni, handshakes, context.now());
    }
    // What a person looked at for once is of no service, and stays.
    let is_kept = |endpoint: &str, services: usize| {
        services == 0 || targets.iter().any(|target| target.endpoint == endpoint)
    };
    observations.retain(|endpoint, record| is_kept(endpoint, record.services.len()));
    observations.write(repository.layout()).map(drop)
}

/// The services of the releases that devices hold, of every channel.
fn held_services(repository: &Repository) -> Result<Vec<ServiceContent>, Error> {
    let archive = Archive::read(repository)?;
    let mut services = Vec::new();
    for channel in repository.fleet().channels.keys() {
        let held = Sides::held(&archive, channel, &repository.rollout(channel)?)?;
        services.extend(held.into_iter().flat_map(|bundle| bundle.content.services));
    }
    Ok(services)
}

fn progress(count: usize, context: &Context) -> ProgressBar {
    if context.output().is_json() {
        return ProgressBar::hidden();
    }
    // Drawn on a terminal only.
    let bar = ProgressBar::with_draw_target(u64::try_from(count).ok(), ProgressDrawTarget::stderr());
    match ProgressStyle::with_template("asking {bar:40} {pos}/{len} endpoints, {eta} left") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// What all observations mean: of the channel of `--channel`, else of every one.
fn meaning(
    args: &WatchArgs,
    repository: &Repository,
    fetched: &Fetched,
    context: &Context,
) -> Result<Meaning, Error> {
    let archive = Archive::read(repository)?;
    let observations = read_all(repository.layout(), context.now())?;
    let settings = &repository.fleet().watch;
    let heard = Heard::of(&Source::all(repository.layout())?)?;
    let until = context.now().0.saturating_add(u64::from(args.months) * MONTH_DAYS * DAY_SECONDS);
    let (mut matrices, mut found, mut days): (Vec<Matrix>, Vec<Finding>, Vec<Entry>) = Default::default();
    let mut proposals = Vec::new();
    for channel in repository.fleet().channels.keys() {
        if context.channel().is_some_and(|asked| asked != channel) {
            continue;
        }
        // A channel that has nothing yet is no concern of the watcher.
        let Some(sides) = sides(repository, &archive, channel, context)? else { continue };
        let matrix = coverage::by(repository, &sides, &observations, context.now())?;
        let view = View {
            sides: &sides,
            matrix: &matrix,
            observations: &observations,
            heard: &heard,
            settings,
            now: context.now(),
        };
        found.extend(findings::of_channel(&view));
        let (told, ends) = heads::of_folder(args, repository, (archive.keyrings(), channel), context)?;
        found.extend(told);
        days.extend(ends.filter(|entry| entry.day <= date::day(UnixSeconds(until))));
        days.extend(calendar(&view, UnixSeconds(until)));
        if args.propose {
            proposals.extend(proposal::of_channel(&view, &args.candidates, repository, context)?);
        }
        matrices.push(matrix);
    }
    found.extend(fetched.findings(repository, archive.keyrings(), context)?);
    days.sort();
    days.dedup();
    Ok(Meaning { matrices, findings: Findings::new(found), calendar: days, proposals })
}

fn sides(
    repository: &Repository,
    archive: &Archive,
    channel: &str,
    context: &Context,
) -> Result<Option<Sides>, Error> {
    match Sides::of_word(repository, archive, channel, None, context) {
        Err(error) if error.code() == "empty_bundle" => Ok(None),
        sides => sides.map(Some),
    }
}

fn say(args: &WatchArgs, told: Vec<Told>, meaning: Meaning, context: &Context) -> Result<(), Error> {
    let served = told.iter().filter(|told| told.served).count();
    let mut text = String::new();
    for told in told.iter().filter(|told| !told.served) {
        text.push_str(&format!("{}: {}\n", told.endpoint, told.attempts.join("; ")));
    }
    if !args.offline {
        text.push_str(&format!("{}, {served} served their chains\n", counted(told.len(), "endpoint")));
    }
    text.push_str(&format!("\n{}", meaning.findings));
    if !meaning.calendar.is_empty() {
        text.push_str(&format!(
            "\nthe next {}:\n",
            counted(usize::try_from(args.months).unwrap_or(0), "month")
        ));
    }
    for Entry { day, subject, what, .. } in &meaning.calendar {
        text.push_str(&format!("{day}  {subject}: {what}\n"));
    }
    for proposal in &meaning.proposals {
        text.push_str(&format!("\n{proposal}"));
    }
    let Meaning { findings, calendar, proposals, .. } = meaning;
    let (vantage, asked) = (args.vantage.as_str(), told.len());
    let answer = Answer { vantage, asked, served, endpoints: told, findings: &findings, calendar, proposals };
    context.output().data("cloud-updater.watch.1", &answer, text)
}

impl Told {
    fn of(target: &Target, handshakes: &[Handshake]) -> Self {
        Self {
            endpoint: target.endpoint.clone(),
            services: target.services.iter().cloned().collect(),
            attempts: handshakes.iter().map(ToString::to_string).collect(),
            served: handshakes.iter().any(|it| it.outcome == Outcome::Served),
        }
    }
}
