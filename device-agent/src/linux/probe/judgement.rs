//! The judgement: one served chain under the present bundle and under the candidate.

use bundle::Denial;
use chain::{AnchorSet, Purpose, Served, Time, Verdict as ChainVerdict};

use super::handshake::ServedChain;
use crate::{ProbeOutcome, Reason, Verdict};

/// One bundle to judge under; its manifest's own deny list stands beside it.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The anchors, with the newest deny list applied.
    pub set: AnchorSet,
    /// The deny list of the bundle's own manifest.
    pub denials: Vec<Denial>,
}

/// What one handshake says about an endpoint of `service`, under the bundles that are asked for.
#[must_use]
pub fn judge(
    served: &Result<ServedChain, Reason>,
    service: &str,
    time: Time,
    present: Option<&Judged>,
    candidate: Option<&Judged>,
) -> ProbeOutcome {
    let chain = match served {
        Ok(chain) => chain,
        Err(reason) => {
            let unknown = Verdict::Inconclusive(*reason);
            let asked = |bundle: Option<&Judged>| bundle.map(|_| unknown);
            return ProbeOutcome { present: asked(present), candidate: asked(candidate), excused: false };
        }
    };
    let Some((end_entity, intermediates)) = chain.certificates.split_first() else {
        return ProbeOutcome { present: None, candidate: None, excused: false };
    };
    let server_name = Some(&chain.server_name);
    let served = Served { end_entity, intermediates, server_name, purpose: Purpose::ServerAuth };
    let verdict = |bundle: Option<&Judged>| {
        bundle
            .and_then(|bundle| bundle.set.service(service))
            .map(|judge| verdict(&judge.verdict(&served, time)))
    };
    let excused = present.zip(candidate).is_some_and(|(present, candidate)| {
        let judge = present.set.service(service);
        judge.is_some_and(|judge| judge.every_path_is_denied_by(&candidate.denials, &served, time))
    });
    ProbeOutcome { present: verdict(present), candidate: verdict(candidate), excused }
}

/// A verdict in the engine's words.
fn verdict(verdict: &ChainVerdict) -> Verdict {
    Verdict::of_code(verdict.code(), matches!(verdict, ChainVerdict::Refused(_)))
}
