//! Probes, judged by the production code. A judgement is a function of the bundles, the deny list, the chain and the part
//! of time between two dates of a certificate, so the fleet asks for each but once.

use std::{collections::HashMap, sync::Arc};

use bundle::{Denial, Sha256};
use chain::Time;
use device_agent::{
    Agent, Content, Held, JudgingTime, Now, ProbeOutcome, Reason,
    judgement::{Judged, ServedChain, judge},
};
use store::Storage;

/// The first and the last second of every certificate of a scenario (2020 to 2040): between two dates nothing changes.
const DATES: [u64; 2] = [1_577_836_800, 2_208_988_800];

/// What was judged before.
#[derive(Debug, Default)]
pub(crate) struct Judge {
    bundles: HashMap<(Sha256, Sha256), Arc<Judged>>,
    outcomes: HashMap<Question, ProbeOutcome>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Question {
    present: Option<Sha256>,
    candidate: Option<Sha256>,
    denials: Sha256,
    chain: usize,
    service: usize,
    is_known: bool,
    part_of_time: usize,
}

/// What is judged.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case<'c> {
    /// The service: number and name.
    pub(crate) service: (usize, &'c str),
    /// The chain, and a number that names it.
    pub(crate) served: (usize, Result<&'c ServedChain, Reason>),
    /// Judge under the present bundle.
    pub(crate) under_present: bool,
    /// Judge under the candidate.
    pub(crate) under_candidate: bool,
}

impl Judge {
    /// What a probe says, under the bundles that the engine holds.
    pub(crate) fn probe<S: Storage>(
        &mut self,
        agent: &mut Agent<'_, S>,
        now: Now,
        case: &Case<'_>,
    ) -> ProbeOutcome {
        let present = agent.bundle(Held::Present).filter(|_| case.under_present);
        let candidate = agent.bundle(Held::Candidate).filter(|_| case.under_candidate);
        let time = agent.judging_time(now);
        self.outcome(agent, [present, candidate], time, case)
    }

    fn outcome<S: Storage>(
        &mut self,
        agent: &mut Agent<'_, S>,
        [present, candidate]: [Option<Content>; 2],
        time: JudgingTime,
        case: &Case<'_>,
    ) -> ProbeOutcome {
        let denials: Vec<Denial> = agent.denials().iter().collect();
        let denials_name = name(&denials);
        let (time, seconds) = match time {
            JudgingTime::Known(time) => (Time::Known(time), time.0),
            JudgingTime::AtLeast(floor) => (Time::Unknown { floor }, floor.0),
        };
        let question = Question {
            present: present.map(|content| content.digest),
            candidate: candidate.map(|content| content.digest),
            denials: denials_name,
            chain: case.served.0,
            service: case.service.0,
            is_known: matches!(time, Time::Known(_)),
            part_of_time: DATES.partition_point(|date| *date <= seconds),
        };
        // Why there is no chain is no part of the question.
        if case.served.1.is_ok()
            && let Some(outcome) = self.outcomes.get(&question)
        {
            return *outcome;
        }
        let asked = [present, candidate].iter().flatten().count();
        let present = present.and_then(|content| self.bundle(agent, &content, &denials, denials_name));
        let candidate = candidate.and_then(|content| self.bundle(agent, &content, &denials, denials_name));
        let served = case.served.1.cloned();
        let outcome = judge(&served, case.service.1, time, present.as_deref(), candidate.as_deref());
        // A bundle that could not be read just now may be read later.
        let is_whole = [&present, &candidate].into_iter().flatten().count() == asked;
        if served.is_ok() && is_whole {
            self.outcomes.insert(question, outcome);
        }
        outcome
    }

    fn bundle<S: Storage>(
        &mut self,
        agent: &mut Agent<'_, S>,
        content: &Content,
        denials: &[Denial],
        denials_name: Sha256,
    ) -> Option<Arc<Judged>> {
        let key = (content.digest, denials_name);
        if let Some(kept) = self.bundles.get(&key) {
            return Some(Arc::clone(kept));
        }
        let loaded = Arc::new(load(agent, content, denials)?);
        self.bundles.insert(key, Arc::clone(&loaded));
        Some(loaded)
    }
}

/// A bundle as the engine holds it.
fn load<S: Storage>(agent: &mut Agent<'_, S>, content: &Content, denials: &[Denial]) -> Option<Judged> {
    let mut bytes = vec![0; usize::try_from(content.total_bytes).ok()?];
    agent.read(content, 0, &mut bytes).ok()?;
    let (document, certificates) = bytes.split_at_checked(usize::try_from(content.document_bytes).ok()?)?;
    Judged::restored(document, certificates, content.digest, denials)
}

/// A name for a deny list.
fn name(denials: &[Denial]) -> Sha256 {
    let parts: Vec<&[u8]> = denials.iter().map(|denial| denial.sha256.0.as_slice()).collect();
    Sha256::of(&parts)
}
