//! The loop of action, port and event, in virtual time.

use std::sync::Arc;

use device_agent::{Action, Agent, Event, FetchFailure, Resource};

use super::Life;
use crate::{
    flash::Lent,
    judge::Case,
    network::{self, Reply},
    operator::CHANNEL,
    scenario::ClockKind,
    tally::{HOUR, LOAD_COLUMN, Tally},
};

/// Bytes that a driver hands over at a time.
const CHUNK_BYTES: usize = 1_400;
/// Milliseconds that exports take.
const EXPORT: u64 = 50;

/// An action that borrows nothing from the engine.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Continue,
    Export,
    Fetch(Resource, u32),
    Probe(Asked),
    Proceed,
    Report,
    Wait(u64),
}

/// An endpoint to be probed.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    endpoint: String,
    under_present: bool,
    under_candidate: bool,
}

impl Step {
    fn of(action: &Action<'_>) -> Self {
        match *action {
            Action::Continue => Self::Continue,
            Action::Export { .. } => Self::Export,
            Action::Fetch { resource, bytes_max } => Self::Fetch(resource, bytes_max),
            Action::Probe(endpoint) => Self::Probe(Asked {
                endpoint: format!("{}:{}", endpoint.host, endpoint.port),
                under_present: endpoint.under_present,
                under_candidate: endpoint.under_candidate,
            }),
            Action::Proceed => Self::Proceed,
            Action::Report => Self::Report,
            Action::Wait { seconds } => Self::Wait(seconds),
        }
    }
}

impl Life<'_, '_> {
    /// Hands an event to the engine, and every [`Event::Proceed`] that it then asks for; looks after each.
    pub(super) fn on(&mut self, agent: &mut Agent<'_, Lent<'_>>, mut event: Event<'_>) -> Step {
        loop {
            let (checked, operations) = (agent.signatures_checked(), operations(agent));
            let now = self.moment();
            let step = Step::of(&agent.on(now, event));
            self.tally.events += 1;
            self.events += 1;
            self.now += (operations_since(agent, operations)) * self.device.class.write_milliseconds;
            if agent.store_mut().storage_mut().0.is_dead() {
                // Nobody sees what a process without power would have done next.
                return Step::Wait(0);
            }
            let steps = agent.signatures_checked() - checked;
            let noticed = self.oracle.after(agent, now, self.now, steps, &mut self.tally.checks);
            if let Some(words) = noticed {
                self.note(u64::from(agent.record().generation as u32));
                self.tell(|| words);
            }
            if !matches!(step, Step::Proceed) {
                return step;
            }
            event = Event::Proceed;
        }
    }

    /// Does what the engine asks for.
    pub(super) fn act(&mut self, agent: &mut Agent<'_, Lent<'_>>, step: Step) -> Step {
        match step {
            Step::Fetch(resource, bytes_max) => self.fetch(agent, resource, bytes_max),
            Step::Probe(asked) => self.probe(agent, &asked),
            Step::Export => {
                self.now += EXPORT;
                self.on(agent, Event::Exported { complete: true })
            }
            Step::Report => {
                let is_delivered = self.device.is_online(self.now);
                self.oracle.reported(self.now, &mut self.tally.checks);
                self.now += self.device.class.latency_milliseconds;
                self.on(agent, Event::Reported { delivered: is_delivered })
            }
            Step::Wait(seconds) => self.wait(agent, seconds),
            Step::Proceed => self.on(agent, Event::Proceed),
            // Nothing is being fetched, so nothing can go on: the engine asks anew.
            Step::Continue => self.on(agent, Event::Failed(FetchFailure::Unreachable)),
        }
    }

    fn fetch(&mut self, agent: &mut Agent<'_, Lent<'_>>, resource: Resource, bytes_max: u32) -> Step {
        let path = resource.path(CHANNEL).to_string();
        let reply = network::ask(self.world, &self.device, self.now, &path, &mut self.network_luck);
        Tally::count(&mut self.tally.requests, LOAD_COLUMN, self.now, 1);
        self.oracle.asked(self.now, &path, bytes_max, &reply, &mut self.tally.checks);
        let length = reply.result.as_ref().map_or(0, |bytes| bytes.len());
        self.note(length as u64);
        self.tell(|| told(&path, &reply));
        match &reply.result {
            Err(failure) => {
                self.now += reply.milliseconds;
                self.on(agent, Event::Failed(*failure))
            }
            Ok(bytes) => self.receive(agent, &reply, &Arc::clone(bytes), bytes_max),
        }
    }

    fn receive(
        &mut self,
        agent: &mut Agent<'_, Lent<'_>>,
        reply: &Reply,
        bytes: &[u8],
        bytes_max: u32,
    ) -> Step {
        let mut step = self.on(agent, Event::Opened(reply.transport));
        let pieces = bytes.len().div_ceil(CHUNK_BYTES).max(1) as u64;
        let mut received = 0_usize;
        for chunk in bytes.chunks(CHUNK_BYTES) {
            if !matches!(step, Step::Continue) || agent.store_mut().storage_mut().0.is_dead() {
                return step;
            }
            self.now += reply.milliseconds / pieces;
            received += chunk.len();
            if received > usize::try_from(bytes_max).unwrap_or(usize::MAX) {
                return self.on(agent, Event::Failed(FetchFailure::TooLarge));
            }
            Tally::count(&mut self.tally.bytes, HOUR, self.now, chunk.len() as u64);
            step = self.on(agent, Event::Chunk(chunk));
        }
        match step {
            Step::Continue if reply.breaks => self.on(agent, Event::Failed(FetchFailure::Unreachable)),
            Step::Continue => self.on(agent, Event::End),
            step => step,
        }
    }

    fn probe(&mut self, agent: &mut Agent<'_, Lent<'_>>, asked: &Asked) -> Step {
        let services = self.world.services.iter().enumerate();
        let found = services.clone().find(|(_, service)| service.endpoint == asked.endpoint);
        self.now += 2 * self.device.class.latency_milliseconds;
        let now = self.moment();
        let Some((index, service)) = found else {
            // A service of the thief's making: nobody is there.
            let unknown = device_agent::Verdict::Inconclusive(device_agent::Reason::ProbeDns);
            let outcome = device_agent::ProbeOutcome {
                present: asked.under_present.then_some(unknown),
                candidate: asked.under_candidate.then_some(unknown),
                excused: false,
            };
            return self.on(agent, Event::Probed(outcome));
        };
        let served = network::served(&self.device, service, self.now, &mut self.network_luck);
        let case = Case {
            service: (index, &service.name),
            served,
            under_present: asked.under_present,
            under_candidate: asked.under_candidate,
        };
        let outcome = self.judge.probe(agent, now, &case);
        self.oracle.probed(&outcome);
        self.tell(|| {
            let word = |verdict: Option<device_agent::Verdict>| {
                verdict.map_or("not asked", |verdict| verdict.name())
            };
            let (present, candidate) = (word(outcome.present), word(outcome.candidate));
            format!(
                "probes {}: {present} under the present bundle, {candidate} under the candidate",
                service.name
            )
        });
        self.on(agent, Event::Probed(outcome))
    }

    /// Lets time pass until the engine wants to be woken, or something happens before.
    fn wait(&mut self, agent: &mut Agent<'_, Lent<'_>>, seconds: u64) -> Step {
        let now = self.moment();
        let status = agent.status(now);
        if let Some(check) = status.last_check.filter(|_| self.oracle.is_in_cycle()) {
            let reason = check.reason;
            let number = reason.number();
            self.tally.ended(self.now, reason, (40..100).contains(&number));
            self.note(u64::from(number));
            self.tell(|| format!("ends its check: {} ({})", reason.name(), reason.words()));
        }
        self.oracle.rests(&status, self.now, seconds, &mut self.tally.checks);
        let wake = self.now.saturating_add(seconds.max(1).saturating_mul(1_000));
        let mut until = wake.min(self.world.scenario.end());
        let mut event = Event::Wake;
        let sooner = [
            (self.device.next_online(self.now).filter(|_| !self.device.is_online(self.now)), Event::Nudge),
            (self.clock_set(), Event::Nudge),
            (self.power.next(), Event::Wake),
        ];
        for (at, why) in sooner {
            if let Some(at) = at.filter(|at| (self.now..until).contains(at)) {
                (until, event) = (at, why);
            }
        }
        let is_interrupted = until < wake && matches!(event, Event::Wake);
        self.sample(agent, until);
        self.now = until;
        if is_interrupted {
            // Whatever comes now, the engine is asked nothing: it goes on waiting for the rest.
            return Step::Wait((wake - until).div_ceil(1_000));
        }
        self.oracle.wakes(agent);
        self.on(agent, event)
    }

    /// When the clock is set after a start, on devices that learn the time late.
    fn clock_set(&self) -> Option<u64> {
        match self.device.class.clock {
            ClockKind::Late { minutes } => Some(self.started + minutes * 60_000).filter(|at| *at > self.now),
            _ => None,
        }
    }
}

fn operations(agent: &mut Agent<'_, Lent<'_>>) -> u64 {
    agent.store_mut().storage_mut().0.operations()
}

fn operations_since(agent: &mut Agent<'_, Lent<'_>>, before: u64) -> u64 {
    operations(agent) - before
}

/// A question and its answer, in words.
fn told(path: &str, reply: &Reply) -> String {
    let by = if reply.is_honest || reply.result.is_err() { "" } else { ", from somebody else" };
    match &reply.result {
        Ok(bytes) => {
            let broken = if reply.breaks { ", then the connection breaks" } else { "" };
            format!("asks for {path}: {} bytes{by}{broken}", bytes.len())
        }
        Err(failure) => format!("asks for {path}: {failure:?}{by}").to_lowercase(),
    }
}
