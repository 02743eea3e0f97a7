//! Many endpoints, a bounded number at one time, each noted as soon as it is known.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::{Limits, Target, probe};
use crate::observation::Handshake;

/// Asks every target and hands over what came of each, in the order in which they end. At no time are there more
/// handshakes, or answers that nobody took yet, than `limits` allow.
pub async fn scan(targets: Vec<Target>, limits: &Limits, mut take: impl FnMut(Target, Vec<Handshake>)) {
    let limits = Arc::new(limits.clone());
    let mut waiting = targets.into_iter();
    let mut asked = JoinSet::new();
    loop {
        while asked.len() < limits.concurrent.max(1) {
            let Some(target) = waiting.next() else { break };
            let limits = Arc::clone(&limits);
            asked.spawn(async move {
                let handshakes = probe(&target, &limits).await;
                (target, handshakes)
            });
        }
        match asked.join_next().await {
            None => return,
            // Nothing in a probe panics; if it did, the endpoint would stay what it was.
            Some(Err(_)) => {}
            Some(Ok((target, handshakes))) => take(target, handshakes),
        }
    }
}
