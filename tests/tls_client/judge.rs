//! The judge: a release that is read certificate by certificate when the chain is known, one signature a step.

use chain::{AnchorSet, Purpose, Selection, SelectionError, Served, Steps, Verdict};
use device_agent::mt3620::has_room;
use device_agent::mt3620::limits::SELECTION_BYTES_MAX;
use rustls_pki_types::ServerName;
use verified_tls::{ChainJudge, Ruling, ServedChain};

use crate::question::Question;

/// A certificate of the release could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable;

/// What is said where a device has no memory for a judgement.
const TOO_COMPLEX: &str = "too_complex";

/// A served chain on its way through judgement.
pub(crate) struct ReleaseJudge<'q, R> {
    question: &'q Question<'q>,
    read: R,
    /// The part of the release that this chain leads to.
    loaded: Option<AnchorSet>,
    steps: Steps,
}

impl<'q, R: FnMut(u32, &mut [u8]) -> Result<(), Unreadable>> ReleaseJudge<'q, R> {
    pub(crate) const fn new(question: &'q Question<'q>, read: R) -> Self {
        Self { question, read, loaded: None, steps: Steps::new() }
    }

    fn load(&mut self, served: &Served<'_>) -> Result<AnchorSet, &'static str> {
        let selection = Selection::Host(self.question.server_name);
        let (manifest, denials) = (&self.question.manifest, core::iter::empty());
        AnchorSet::select_within(SELECTION_BYTES_MAX, manifest, selection, served, denials, &mut self.read)
            .map_err(|error| if error == SelectionError::TooLarge { TOO_COMPLEX } else { "store" })
    }
}

impl<R: FnMut(u32, &mut [u8]) -> Result<(), Unreadable>> ChainJudge for ReleaseJudge<'_, R> {
    type Refusal = &'static str;

    fn judge(&mut self, chain: &ServedChain, name: &ServerName<'_>) -> Ruling<&'static str> {
        let served = Served {
            end_entity: chain.end_entity(),
            intermediates: chain.intermediates(),
            server_name: Some(name),
            purpose: Purpose::ServerAuth,
        };
        let Some(loaded) = &self.loaded else {
            return match self.load(&served) {
                Ok(set) => {
                    self.loaded = Some(set);
                    Ruling::Again
                }
                Err(code) => Ruling::Refused(code),
            };
        };
        if !has_room(loaded.judging_bytes(&served)) {
            return Ruling::Refused(TOO_COMPLEX);
        }
        match loaded.verdict_step(&served, self.question.time, &mut self.steps) {
            None => Ruling::Again,
            Some(Verdict::Verified(_)) => Ruling::Authentic,
            Some(other) => Ruling::Refused(other.code()),
        }
    }
}
