//! `watch`: what every endpoint serves, and what that means.

use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use super::text::counted;
use crate::observation::{Handshake, OPERATOR, Observations, Outcome};
use crate::repository::Repository;
use crate::watch::{Limits, ResolveTable, Resolved, Target, scan, sni, targets};
use crate::{Context, Error, Exit};

/// Options of `watch`.
#[derive(Clone, Debug, Args)]
pub(super) struct WatchArgs {
    /// Ask once, then end
    #[arg(long)]
    once: bool,

    /// Where this machine stands: its observations are kept under this name
    #[arg(long, value_name = "NAME", env = "CLOUD_UPDATER_VANTAGE", default_value = OPERATOR)]
    vantage: String,

    #[command(flatten)]
    cost: CostFlags,
}

/// What asking may cost.
#[derive(Clone, Debug, Args)]
pub(super) struct CostFlags {
    /// Endpoints asked at one time
    #[arg(long, value_name = "COUNT", default_value = "64")]
    concurrent: NonZeroUsize,

    /// Milliseconds for finding and reaching an endpoint
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 5_000,
          value_parser = clap::value_parser!(u64).range(1..=600_000))]
    connect_milliseconds: u64,

    /// Milliseconds for a handshake
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 10_000,
          value_parser = clap::value_parser!(u64).range(1..=600_000))]
    handshake_milliseconds: u64,

    /// Ask this address where the endpoint is meant; may be given several times
    #[arg(long, value_name = "HOST:PORT=ADDRESS:PORT", env = "CLOUD_UPDATER_RESOLVE", value_delimiter = ',')]
    resolve: Vec<Resolved>,
}

#[derive(Serialize)]
struct Answer {
    vantage: String,
    asked: usize,
    served: usize,
    endpoints: Vec<Told>,
}

#[derive(Serialize)]
struct Told {
    endpoint: String,
    services: Vec<String>,
    attempts: Vec<String>,
    served: bool,
}

pub(super) fn run(args: &WatchArgs, context: &Context) -> Result<Exit, Error> {
    let repository = Repository::open(context)?;
    let targets = targets(&repository.services()?);
    let mut observations = Observations::open(repository.layout(), &args.vantage)?;
    let told = round(&targets, &args.cost.limits(), &mut observations, context)?;
    // What a person looked at for once is of no service, and stays.
    let is_kept = |endpoint: &str, services: usize| {
        services == 0 || targets.iter().any(|target| target.endpoint == endpoint)
    };
    observations.retain(|endpoint, record| is_kept(endpoint, record.services.len()));
    if !context.dry_run() {
        let _lock = repository.lock()?;
        observations.write(repository.layout())?;
    }
    let served = told.iter().filter(|told| told.served).count();
    let answer = Answer { vantage: args.vantage.clone(), asked: told.len(), served, endpoints: told };
    let mut text = String::new();
    for told in answer.endpoints.iter().filter(|told| !told.served) {
        text.push_str(&format!("{}: {}\n", told.endpoint, told.attempts.join("; ")));
    }
    text.push_str(&format!("{}, {served} served their chains\n", counted(answer.asked, "endpoint")));
    context.output().data("cloud-updater.watch.1", &answer, text)?;
    Ok(Exit::Done)
}

impl CostFlags {
    fn limits(&self) -> Limits {
        Limits {
            connect: Duration::from_millis(self.connect_milliseconds),
            handshake: Duration::from_millis(self.handshake_milliseconds),
            concurrent: self.concurrent.get(),
            resolve: ResolveTable::new(self.resolve.clone()),
        }
    }
}

/// Asks every target once, and notes what came of it.
fn round(
    targets: &[Target],
    limits: &Limits,
    observations: &mut Observations,
    context: &Context,
) -> Result<Vec<Told>, Error> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Error::io("start", Path::new("the network"), error))?;
    let mut told = Vec::new();
    let now = context.now();
    let take = |target: Target, handshakes: Vec<Handshake>| {
        told.push(Told::of(&target, &handshakes));
        observations.record(&target.endpoint, &target.services, sni(&target.host), handshakes, now);
    };
    runtime.block_on(scan(targets.to_vec(), limits, take));
    told.sort_by(|one, other| one.endpoint.cmp(&other.endpoint));
    Ok(told)
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
