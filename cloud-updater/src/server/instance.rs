//! A running server: bound listeners, the loaded tree, and the loop that follows the folder.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::sleep;

use super::args::Options;
use super::error::{ServeError, TreeError};
use super::health::Health;
use super::listener::Listener;
use super::log::LogWriter;
use super::report::Intake;
use super::router::{Offer, router};
use super::site::{Refreshed, Site};
use super::tls::Identity;

/// Looking at the folder may take one part in so many of the time: large trees are looked at less often.
const IDLE_TO_LOOKING: u32 = 20;

/// Bound listeners and all they serve; nothing is answered before [`Instance::run`].
pub(super) struct Instance {
    site: Arc<Site>,
    identity: Option<Arc<Identity>>,
    intake: Option<Intake>,
    listeners: Vec<(Listener, Address)>,
    connections: Arc<Semaphore>,
    log: Option<LogWriter>,
    poll: Duration,
}

/// Where something is served.
#[derive(Clone, Debug, Serialize)]
pub struct Address {
    /// Scheme, address and port.
    pub url: String,
    /// Whether the published tree is there.
    pub tree: bool,
    /// Whether reports are taken there.
    pub reports: bool,
}

/// What an operator is told while the server runs.
pub(super) trait Notices: Send + Sync + 'static {
    /// Something changed.
    fn notice(&self, line: &str);

    /// Something is wrong; the server goes on.
    fn trouble(&self, line: &str);
}

impl Instance {
    /// Loads the folder and the certificate and binds every address.
    pub(super) async fn start(
        options: Options,
        intake: Option<Intake>,
        log: Option<LogWriter>,
    ) -> Result<Self, ServeError> {
        let site = Arc::new(Site::open(options.folder, options.bytes_max)?);
        let identity = options.identity.map(|(cert, key)| Identity::open(cert, key)).transpose()?;
        let tls = identity.as_ref().map(Identity::config).transpose()?;
        let health = Health { site: Arc::clone(&site), intake: intake.clone() };
        let mut listeners = Vec::new();
        for place in options.places {
            let offer = Offer {
                site: place.tree.then(|| Arc::clone(&site)),
                intake: intake.clone().filter(|_| place.reports),
            };
            let app = router(offer, health.clone(), log.as_ref().map(LogWriter::log));
            let listener = Listener::bind(place.address, tls.clone().filter(|_| place.tls), app).await?;
            let address = Address { url: listener.url(), tree: place.tree, reports: place.reports };
            listeners.push((listener, address));
        }
        let connections = Arc::new(Semaphore::new(options.connections));
        Ok(Self { site, identity, intake, listeners, connections, log, poll: options.poll })
    }

    /// Where it can be reached.
    pub(super) fn addresses(&self) -> Vec<Address> {
        self.listeners.iter().map(|(_, address)| address.clone()).collect()
    }

    /// One line on what is loaded.
    pub(super) fn content(&self) -> String {
        content(&self.site)
    }

    /// Serves until `stop` becomes true; each item of `reload` reads folder and certificate again.
    pub(super) async fn run(
        self,
        stop: watch::Receiver<bool>,
        reload: mpsc::Receiver<()>,
        notices: Arc<dyn Notices>,
    ) {
        let mut tasks = JoinSet::new();
        for (listener, _) in self.listeners {
            tasks.spawn(listener.serve(Arc::clone(&self.connections), stop.clone()));
        }
        follow(&self.site, self.identity.as_ref(), self.poll, stop, reload, notices.as_ref()).await;
        while tasks.join_next().await.is_some() {}
        drop(tasks);
        if let Some(intake) = self.intake {
            intake.finish().await;
        }
        if let Some(log) = self.log {
            // Only a cancelled runtime can fail here, and then nobody waits for the log either.
            let _ = spawn_blocking(move || log.finish()).await;
        }
    }
}

/// Looks at the folder again and again, and at once when asked to reload.
async fn follow(
    site: &Arc<Site>,
    identity: Option<&Arc<Identity>>,
    poll: Duration,
    mut stop: watch::Receiver<bool>,
    mut reload: mpsc::Receiver<()>,
    notices: &dyn Notices,
) {
    let mut last_failure = String::new();
    let mut pause = poll;
    loop {
        let all = tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => return,
            Some(()) = reload.recv() => true,
            () = sleep(pause) => false,
        };
        if all && let Some(Err(error)) = identity.map(|identity| identity.reload()) {
            notices.trouble(&format!("the certificate in use stays: {error}"));
        }
        let looked = Arc::clone(site);
        let started = Instant::now();
        let result = spawn_blocking(move || if all { looked.reload() } else { looked.refresh() }).await;
        pause = poll.max(started.elapsed().saturating_mul(IDLE_TO_LOOKING));
        match result {
            Ok(Ok(Refreshed::Swapped)) => notices.notice(&content(site)),
            Ok(Ok(Refreshed::Unchanged)) => {}
            Ok(Err(error)) => {
                let failure = failure(&error);
                if failure != last_failure {
                    notices.trouble(&failure);
                }
                last_failure = failure;
                continue;
            }
            // The look was cancelled: the runtime is going down.
            Err(_) => return,
        }
        last_failure.clear();
    }
}

fn failure(error: &TreeError) -> String {
    format!("what was loaded before is still served: {error}")
}

fn content(site: &Site) -> String {
    let tree = site.tree();
    let (files, bytes, channels) = (tree.file_count(), tree.byte_count(), tree.channels().join(", "));
    let channels = if channels.is_empty() { "no channel has a head yet" } else { &channels };
    format!("{}: {files} files, {bytes} bytes; channels: {channels}", site.folder().display())
}
