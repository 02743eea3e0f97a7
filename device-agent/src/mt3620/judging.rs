//! Judging a served chain under the engine's bundles: one signature a step, one bundle in memory at a time.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use bundle::{AnchorMark, Manifest};
use chain::{AnchorSet, Purpose, Selection, Served, Steps, Time, Verdict as ChainVerdict};
use rustls_pki_types::{CertificateDer, ServerName};
use store::Storage;
use verified_tls::ServedChain;

use super::limits::SELECTION_BYTES_MAX;
use super::memory::{collected, has_room, room};
use crate::{Agent, Held, JudgingTime, OpenBundle, Reason, Verdict};

/// A chain that a server showed, and proved the key of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The server's own certificate.
    pub end_entity: CertificateDer<'static>,
    /// Whatever else it sent.
    pub intermediates: Vec<CertificateDer<'static>>,
}

/// A chain, wherever it comes from.
#[derive(Clone, Debug)]
pub(crate) enum Chain {
    /// The application's handshake.
    App(Shown),
    /// This driver's own; the connection may hold it too.
    Own(ServedChain),
}

impl Chain {
    fn served<'s>(&'s self, name: &'s ServerName<'static>) -> Served<'s> {
        let (end_entity, intermediates) = match self {
            Self::App(Shown { end_entity, intermediates }) => (end_entity, intermediates.as_slice()),
            Self::Own(chain) => (chain.end_entity(), chain.intermediates()),
        };
        Served { end_entity, intermediates, server_name: Some(name), purpose: Purpose::ServerAuth }
    }
}

/// A served chain on its way through judgement.
#[derive(Debug)]
pub(crate) struct Judging {
    chain: Chain,
    name: ServerName<'static>,
    scope: Scope,
    time: Time,
    /// The part of a bundle that is in memory.
    loaded: Option<Loaded>,
    /// What is known of the signatures, whatever bundle they were met under.
    steps: Steps,
}

/// Whose anchors count.
#[derive(Clone, Debug)]
pub(crate) enum Scope {
    /// Those of the services on this host, else every anchor for TLS servers.
    Host(String),
    /// Those of one service.
    Service(String),
}

#[derive(Debug)]
struct Loaded {
    held: Held,
    set: AnchorSet,
}

/// What the application's own handshake with an endpoint said.
#[derive(Clone, Debug)]
pub enum AppVerdict {
    /// The chain that the server served, and proved the key of: the agent judges it.
    Chain(Shown),
    /// What the application's own TLS stack says under the two bundles.
    Judged {
        /// Under the present bundle.
        present: Option<Verdict>,
        /// Under the candidate.
        candidate: Option<Verdict>,
    },
}

/// The judgement of one chain, for logs; for the census, the anchor that verified it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judgement(pub Verdict, pub(crate) Option<AnchorMark>);

impl Judgement {
    /// True where the chain verifies.
    #[must_use]
    pub const fn is_verified(self) -> bool {
        matches!(self.0, Verdict::Verified)
    }

    /// The stable name of the verdict's reason.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self.0 {
            Verdict::Verified => "verified",
            Verdict::Refused(reason) | Verdict::Inconclusive(reason) => reason.name(),
        }
    }
}

/// The board has no memory to judge this chain under this bundle: that speaks for neither and against neither.
const NO_ROOM: Judgement = Judgement(Verdict::Inconclusive(Reason::ProbeTooComplex), None);

impl Judging {
    /// A chain that was shown for `host`; `None` where that is no name a server can have. It stands on the heap, because
    /// it is handed from step to step.
    pub(crate) fn new(chain: Chain, host: &str, scope: Scope, time: JudgingTime) -> Option<Box<Self>> {
        let name = ServerName::try_from(host).ok()?.to_owned();
        let time = match time {
            JudgingTime::Known(time) => Time::Known(time),
            JudgingTime::AtLeast(floor) => Time::Unknown { floor },
        };
        Some(Box::new(Self { chain, name, scope, time, loaded: None, steps: Steps::new() }))
    }

    /// One step towards the verdict under `held`; `None` where more steps are needed.
    pub(crate) fn step<S: Storage>(&mut self, agent: &mut Agent<'_, S>, held: Held) -> Option<Judgement> {
        if self.loaded.as_ref().is_none_or(|loaded| loaded.held != held) {
            // The other bundle goes before this one comes: there is room for one.
            self.loaded = None;
            return match self.load(agent, held) {
                Ok(set) => {
                    self.loaded = Some(Loaded { held, set });
                    None
                }
                Err(verdict) => Some(Judgement(verdict, None)),
            };
        }
        let loaded = self.loaded.as_ref()?;
        let served = self.chain.served(&self.name);
        if !has_room(loaded.set.judging_bytes(&served)) {
            return Some(NO_ROOM);
        }
        let verdict = loaded.set.verdict_step(&served, self.time, &mut self.steps)?;
        let anchor = match &verdict {
            ChainVerdict::Verified(path) => Some(AnchorMark::of(&path.anchor_sha256())),
            _ => None,
        };
        Some(Judgement(words(&verdict), anchor))
    }

    /// One step towards the answer whether the candidate's denials excuse the loss of this endpoint, of which the
    /// present bundle is loaded.
    pub(crate) fn step_excuse<S: Storage>(&mut self, agent: &Agent<'_, S>) -> Option<bool> {
        let candidate = agent.candidate_manifest();
        let denials = candidate.iter().flat_map(|manifest: &Manifest<'_>| manifest.denials().iter());
        let Some(denials) = collected(denials) else { return Some(false) };
        let judge = match (&self.loaded, &self.scope) {
            (Some(loaded), Scope::Service(service)) => loaded.set.service(service),
            _ => None,
        };
        let Some(judge) = judge else { return Some(false) };
        let served = self.chain.served(&self.name);
        if !has_room(judge.judging_bytes(&served)) {
            return Some(false);
        }
        judge.every_path_is_denied_by_step(&denials, &served, self.time, &mut self.steps)
    }

    fn load<S: Storage>(&self, agent: &mut Agent<'_, S>, held: Held) -> Result<AnchorSet, Verdict> {
        let selection = match &self.scope {
            Scope::Host(host) => Selection::Host(host),
            Scope::Service(service) => Selection::Service(service),
        };
        let served = self.chain.served(&self.name);
        // The newest verified deny list applies to every bundle, and is there before the rest of the heap is counted.
        let denials = collected(agent.denials().iter()).ok_or(NO_ROOM.0)?;
        let budget = room(SELECTION_BYTES_MAX);
        let select = |open: OpenBundle<'_>| {
            let OpenBundle { manifest, content, read } = open;
            let at = |offset: u32| content.document_bytes.saturating_add(offset);
            AnchorSet::select_within(
                budget,
                &manifest,
                selection,
                &served,
                denials.iter().copied(),
                |offset, into| read(at(offset), into),
            )
        };
        match agent.open(held, select) {
            Some(Ok(set)) => Ok(set),
            // No bundle, or none with this service: no path can end in it.
            None | Some(Err(chain::SelectionError::UnknownService)) => {
                Err(Verdict::Refused(Reason::ProbeChain))
            }
            Some(Err(chain::SelectionError::TooLarge)) => Err(NO_ROOM.0),
            Some(Err(_)) => Err(Verdict::Inconclusive(Reason::StoreFailed)),
        }
    }
}

/// A verdict in the engine's words; both crates use the same stable codes.
fn words(verdict: &ChainVerdict) -> Verdict {
    Verdict::of_code(verdict.code(), matches!(verdict, ChainVerdict::Refused(_)))
}
