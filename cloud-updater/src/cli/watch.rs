//! `watch`: what every endpoint serves, what that means for the bundles, and who is told.

mod heads;
mod proposal;
mod round;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use super::target::TargetFlag;
use crate::observation::OPERATOR;
use crate::repository::Repository;
use crate::watch::{Limits, ResolveTable, Resolved, Webhook};
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

    /// Ask nobody: say what the observations that are there mean
    #[arg(long, requires = "once")]
    offline: bool,

    #[command(flatten)]
    target: TargetFlag,

    /// Look at the heads of the published tree at this URL, as devices reach it; may be given several times [default:
    /// watch.trees of fleet.toml]
    #[arg(long, value_name = "URL", env = "CLOUD_UPDATER_TREES", value_delimiter = ',')]
    tree: Vec<String>,

    /// Months that the calendar looks ahead
    #[arg(long, value_name = "COUNT", default_value_t = 12, value_parser = clap::value_parser!(u32).range(1..=240))]
    months: u32,

    /// Draft the root that an endpoint leads to and the bundle lacks, where it is known; people sign it, or do not
    #[arg(long, requires = "once")]
    propose: bool,

    /// Files with roots that may be proposed, such as a root program's; nothing in them is trusted by that
    #[arg(long, value_name = "FILE", requires = "propose")]
    candidates: Vec<PathBuf>,

    #[command(flatten)]
    cost: CostFlags,

    #[command(flatten)]
    telling: TellingFlags,
}

/// What asking may cost.
#[derive(Clone, Debug, Args)]
struct CostFlags {
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

/// Who is told.
#[derive(Clone, Debug, Args)]
struct TellingFlags {
    /// Send errors and warnings to this URL when they come and when they go, signed with the secret
    #[arg(long, value_name = "URL", env = "CLOUD_UPDATER_WEBHOOK")]
    webhook: Option<String>,

    /// File whose first line is the secret [default: the systemd credential webhook.secret]
    #[arg(long, value_name = "FILE", env = "CLOUD_UPDATER_WEBHOOK_SECRET_FILE")]
    webhook_secret_file: Option<PathBuf>,

    /// Write gauges for Prometheus' node exporter, a file ending in .prom
    #[arg(long, value_name = "FILE", env = "CLOUD_UPDATER_METRICS", value_parser = metrics_file)]
    metrics: Option<PathBuf>,
}

/// The node exporter reads files of this ending and no others: the gauges would silently never arrive.
fn metrics_file(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    if path.extension().is_some_and(|ending| ending == "prom") {
        return Ok(path);
    }
    Err("must end in .prom, or the node exporter does not read it".to_owned())
}

pub(super) fn run(args: &WatchArgs, context: &Context) -> Result<Exit, Error> {
    // What is wrong with the settings is the operator's to see at once; only rounds are tried again.
    Repository::open(context)?.services()?;
    let telling = &args.telling;
    let webhook =
        telling.webhook.as_ref().map(|url| Webhook::new(url, telling.webhook_secret_file.as_deref()));
    let webhook = webhook.transpose()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Error::io("start", Path::new("the network"), error))?;
    if args.once {
        return runtime.block_on(round::run(args, webhook.as_ref(), context, &mut false));
    }
    if context.dry_run() || context.as_of().is_some() {
        let error = Error::usage("not_for_ever", "has no meaning for a process that runs for ever");
        return Err(error.field("--dry-run and --as-of").hint("give --once"));
    }
    runtime.block_on(for_ever(args, webhook.as_ref(), context))
}

/// Round after round; one that fails is reported, and tried again at the next.
async fn for_ever(args: &WatchArgs, webhook: Option<&Webhook>, context: &Context) -> Result<Exit, Error> {
    let failed = |error| Error::io("listen for", Path::new("signals"), error);
    let mut terminated =
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).map_err(failed)?;
    let mut is_down_told = false;
    loop {
        let round = async {
            if let Err(error) = round::run(args, webhook, context, &mut is_down_told).await.map(drop) {
                context.output().failure(&error);
            }
            let every = Repository::open(context).map_or(60, |it| it.fleet().watch.every_minutes.max(1));
            tokio::time::sleep(Duration::from_secs(u64::from(every) * 60)).await;
        };
        tokio::select! {
            () = round => {}
            _ = terminated.recv() => return Ok(Exit::Done),
            _ = tokio::signal::ctrl_c() => return Ok(Exit::Done),
        }
    }
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
