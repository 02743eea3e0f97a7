//! The judgement of a probe: one served chain under the present bundle and under the candidate. Whoever made the
//! handshake brings what was served; nothing is connected here.

use alloc::vec::Vec;

use bundle::{Denial, Manifest, Sha256};
use chain::{AnchorSet, Purpose, Served, Time, Verdict as ChainVerdict};
use rustls_pki_types::{CertificateDer, ServerName};

use crate::{ProbeOutcome, Reason, Verdict};

/// What a server showed, and proved that it has the key of.
#[derive(Clone, Debug)]
pub struct ServedChain {
    /// The certificates in the order in which they came; the first is the server's own.
    pub certificates: Vec<CertificateDer<'static>>,
    /// The name that was asked for.
    pub server_name: ServerName<'static>,
}

/// One bundle to judge under; its manifest's own deny list stands beside it.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The anchors, with the newest deny list applied.
    pub set: AnchorSet,
    /// The deny list of the bundle's own manifest.
    pub denials: Vec<Denial>,
}

impl Judged {
    /// The bundle whose manifest document and certificates these are, under the newest deny list.
    ///
    /// The bytes were verified when they were installed or staged; `None` where they do not decode all the same.
    #[must_use]
    pub fn restored(document: &[u8], certificates: &[u8], digest: Sha256, newest: &[Denial]) -> Option<Self> {
        let manifest = Manifest::restored(document, digest).ok()?;
        let mut set = AnchorSet::from_manifest(&manifest, certificates).ok()?;
        set.deny(newest.iter().copied());
        Some(Self { set, denials: manifest.denials().iter().collect() })
    }
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
