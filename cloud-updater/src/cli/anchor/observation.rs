//! What a live endpoint serves, looked at once by a person, and noted like every other observation.

use std::path::Path;

use crate::observation::{OPERATOR, Observations, Outcome};
use crate::repository::Repository;
use crate::watch::{Limits, Target, probe, sni, targets};
use crate::{Context, Error, Exit};

/// The chain that `endpoint` serves, as it came, in DER; nobody checked it.
///
/// # Errors
/// Exit code 2 where it is no endpoint, 5 where no chain could be had.
pub(super) fn served_chain(
    endpoint: &str,
    repository: &Repository,
    context: &Context,
) -> Result<Vec<Vec<u8>>, Error> {
    let target = Target::parse(endpoint).ok_or_else(|| {
        Error::usage("endpoint", format!("{endpoint:?} is not an endpoint"))
            .field("--from-endpoint")
            .hint("write host:port")
    })?;
    let known =
        targets(&repository.services()?, []).into_iter().find(|known| known.endpoint == target.endpoint);
    let target = known.unwrap_or(target);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Error::io("start", Path::new("the network"), error))?;
    let handshakes = runtime.block_on(probe(&target, &Limits::default()));
    let served = handshakes.iter().find(|it| it.outcome == Outcome::Served).map(|it| it.chain.clone());
    let failures: Vec<String> = handshakes.iter().map(ToString::to_string).collect();
    if !context.dry_run() {
        let _lock = repository.lock()?;
        let mut observations = Observations::open(repository.layout(), OPERATOR)?;
        let sni = sni(&target.host);
        observations.record(&target.endpoint, &target.services, sni, handshakes, context.now());
        observations.write(repository.layout())?;
    }
    served.ok_or_else(|| {
        let message = format!("showed no certificate: {}", failures.join("; "));
        Error::new(Exit::Io, "endpoint_unreachable", message).place(endpoint)
    })
}
