//! The driver: the engine, the platform, and the one thing that is being done.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;

use bundle::{AnchorMark, Manifest};
use store::Storage;

use super::connection::Connection;
use super::fetch::Fetch;
use super::judging::AppVerdict;
use super::limits::{BASE_URLS_MAX, CLOCK_LOOK_MILLISECONDS, NUDGE_MILLISECONDS, WAIT_SECONDS_MAX};
use super::pending::{Endpoint, Pending};
use super::probe::Probe;
use super::report::ReportText;
use super::routes::{Route, Routes};
use super::{BaseUrl, Interest, Level, Platform};
use crate::{Agent, Clock, Event, Held, JudgingTime, Now, ProbeOutcome, Reason, Transport, Verdict};

/// Where the tree is, and where the image lets the board connect to.
#[derive(Clone, Debug)]
pub struct Options<'w> {
    /// Base URLs of the published tree, two or more.
    pub urls: Vec<BaseUrl>,
    /// The hosts that the image allows; `None` where nobody told. A host outside is not allowed by the image,
    /// which is no evidence against a bundle.
    pub allowed_hosts: Option<&'w [&'w str]>,
    /// Random bits of this start, for the reports' boot id.
    pub boot_id: [u8; 16],
    /// Whether reports say which anchors the services were seen to need: only where the device's owner asks for it.
    pub census: bool,
}

/// The engine with everything that it needs to act.
pub struct Driver<'w, P: Platform, S: Storage> {
    /// On the heap, so that no two kilobytes move over the stack.
    pub(super) agent: Box<Agent<'w, S>>,
    pub(super) platform: P,
    options: Options<'w>,
    pub(super) pending: Pending,
    pub(super) work: Work,
    pub(super) routes: Routes,
    /// How many servers the order of preference was moved on by.
    pub(super) turns: usize,
    /// The channel's connection, kept for the next file of the same cycle.
    pub(super) link: Option<Link>,
    tickets: u32,
    /// Cycles that have ended.
    cycles: u32,
    nudged: Option<u64>,
    /// What an application's own connection said of the release on trial; the engine hears it between two cycles.
    proof: Option<(u64, Verdict)>,
    pub(super) report: ReportText,
    blocked: Blocked,
}

/// What the next step waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Nothing: there is more to do.
    Again,
    /// The descriptor or the time, whichever comes first.
    Wait {
        /// The descriptor, and what to wait for there.
        descriptor: Option<(i32, Interest)>,
        /// Milliseconds from now.
        milliseconds: u64,
    },
}

/// What became of an answer that the application gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    /// It was waited for.
    Taken,
    /// Nobody waits for it any more, or nobody asked.
    Unknown,
}

/// The channel's connection and the route that it is of.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) connection: Connection,
    pub(super) route: Route,
    /// True after the first whole answer: an old connection may have been closed by the server in the meantime.
    pub(super) is_used: bool,
}

/// What is being done for the pending action.
#[derive(Debug, Default)]
pub(super) enum Work {
    Fetch(Fetch),
    #[default]
    Nothing,
    Probe(Probe),
    Report {
        ticket: u32,
        deadline: u64,
        delivered: Option<bool>,
    },
}

/// What the last step was stopped by.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Blocked {
    pub(super) descriptor: Option<(i32, Interest)>,
    /// Uptime at which to go on at the latest; `None` where there is more to do now.
    pub(super) until: Option<u64>,
}

impl<'w, P: Platform, S: Storage> Driver<'w, P, S> {
    /// A driver of an engine that has just been started.
    #[must_use]
    pub fn new(agent: impl Into<Box<Agent<'w, S>>>, platform: P, options: Options<'w>) -> Self {
        Self {
            agent: agent.into(),
            platform,
            report: ReportText::new(options.boot_id, options.census),
            options,
            pending: Pending::Wait { due_milliseconds: 0 },
            work: Work::Nothing,
            routes: Routes::default(),
            turns: 0,
            link: None,
            tickets: 0,
            cycles: 0,
            nudged: None,
            proof: None,
            blocked: Blocked::default(),
        }
    }

    /// The engine.
    #[must_use]
    pub fn agent(&self) -> &Agent<'w, S> {
        &self.agent
    }

    /// The engine, for reading bundles.
    pub fn agent_mut(&mut self) -> &mut Agent<'w, S> {
        &mut self.agent
    }

    /// The platform.
    pub const fn platform_mut(&mut self) -> &mut P {
        &mut self.platform
    }

    /// How many cycles have ended since the start.
    #[must_use]
    pub const fn cycles(&self) -> u32 {
        self.cycles
    }

    /// Does one bounded piece of work: at most one signature check, one write of one piece into the slot or one
    /// change of the journal, and no waiting.
    pub fn step(&mut self) -> Pace {
        self.blocked = Blocked::default();
        match core::mem::replace(&mut self.pending, Pending::Proceed) {
            Pending::Proceed => self.on(Event::Proceed),
            Pending::Export { generation } => {
                self.platform.changed(generation);
                self.on(Event::Exported { complete: true });
            }
            Pending::Wait { due_milliseconds } => self.step_wait(due_milliseconds),
            Pending::Report => self.step_report(),
            Pending::Probe(endpoint) => self.step_probe(endpoint),
            pending @ (Pending::Fetch { .. } | Pending::Continue) => self.step_fetch(pending),
        }
        self.pace()
    }

    /// What the next step waits for.
    #[must_use]
    pub fn pace(&mut self) -> Pace {
        let Some(until) = self.blocked.until else { return Pace::Again };
        let milliseconds = until.saturating_sub(self.platform.uptime_milliseconds());
        Pace::Wait { descriptor: self.blocked.descriptor, milliseconds }
    }

    /// Asks for a check now, which is granted once a minute and only between two cycles.
    pub fn nudge(&mut self) {
        let now = self.platform.uptime_milliseconds();
        let may = self.nudged.is_none_or(|last| now.saturating_sub(last) >= NUDGE_MILLISECONDS);
        if may && matches!(self.pending, Pending::Wait { .. }) {
            self.nudged = Some(now);
            self.begin_cycle();
            self.on(Event::Nudge);
            self.blocked = Blocked::default();
        }
    }

    /// The answer to [`Platform::resolve`]; `None` where there is no address.
    pub fn resolved(&mut self, ticket: u32, address: Option<IpAddr>) -> Answered {
        let answered = match &mut self.work {
            Work::Fetch(fetch) => fetch.resolved(ticket, address),
            Work::Probe(probe) => probe.resolved(ticket, address),
            Work::Nothing | Work::Report { .. } => Answered::Unknown,
        };
        self.unblock(answered)
    }

    /// The answer to [`Platform::probe`].
    pub fn probed(&mut self, ticket: u32, verdict: AppVerdict) -> Answered {
        let answered = match &mut self.work {
            Work::Probe(probe) => probe.answered(ticket, verdict),
            _ => Answered::Unknown,
        };
        self.unblock(answered)
    }

    /// The answer to [`Platform::report`].
    pub fn reported(&mut self, ticket: u32, is_delivered: bool) -> Answered {
        let answered = match &mut self.work {
            Work::Report { ticket: open, delivered: delivered @ None, .. } if *open == ticket => {
                *delivered = Some(is_delivered);
                Answered::Taken
            }
            _ => Answered::Unknown,
        };
        self.unblock(answered)
    }

    /// How the application's own connection to a service ended, made with what was trusted at `generation`.
    pub fn service_result(&mut self, service: &str, generation: u64, verdict: Verdict) -> Answered {
        let manifest = self.agent.open(Held::Installed, |open| open.manifest.service(service).is_some());
        if manifest != Some(true) {
            return Answered::Unknown;
        }
        if self.agent.is_proof(generation, verdict) {
            // In the middle of a cycle it is kept: whoever connects as soon as trust changes is often that early.
            self.proof = Some((generation, verdict));
            self.blocked = Blocked::default();
        }
        Answered::Taken
    }

    /// The time, as the engine would be told it now.
    pub fn moment(&mut self) -> Now {
        self.now()
    }

    /// The time, for the engine.
    pub(super) fn now(&mut self) -> Now {
        let uptime_seconds = self.platform.uptime_milliseconds() / 1_000;
        let clock = self.platform.clock();
        Now { uptime_seconds, clock: self.agent.believed(clock) }
    }

    /// The time to judge chains at.
    pub(super) fn judging_time(&mut self) -> JudgingTime {
        let now = self.now();
        self.agent.judging_time(now)
    }

    /// Keeps what a probe found, for reports.
    pub(super) fn observe(
        &mut self,
        endpoint: String,
        outcome: ProbeOutcome,
        need: Option<(&str, AnchorMark)>,
    ) {
        let uptime_seconds = self.platform.uptime_milliseconds() / 1_000;
        self.report.observe(endpoint, outcome, need, uptime_seconds);
    }

    /// Hands an event to the engine and keeps what it asks for.
    pub(super) fn on(&mut self, event: Event<'_>) {
        let now = self.now();
        let pending = Pending::of(&self.agent.on(now, event));
        self.take(pending);
    }

    /// Keeps what the engine asks for.
    pub(super) fn take(&mut self, pending: Pending) {
        self.pending = match pending {
            Pending::Wait { due_milliseconds: seconds } => {
                self.end_cycle();
                let milliseconds = seconds.clamp(1, WAIT_SECONDS_MAX).saturating_mul(1_000);
                let due_milliseconds = self.platform.uptime_milliseconds().saturating_add(milliseconds);
                Pending::Wait { due_milliseconds }
            }
            pending => pending,
        };
    }

    /// A number that no earlier question had.
    pub(super) const fn ticket(&mut self) -> u32 {
        self.tickets = self.tickets.wrapping_add(1);
        self.tickets
    }

    /// True where the image lets the board connect to `host`.
    pub(super) fn is_allowed(&self, host: &str) -> bool {
        self.options
            .allowed_hosts
            .is_none_or(|hosts| hosts.iter().any(|known| known.eq_ignore_ascii_case(host)))
    }

    /// Stops the step: it goes on at `until`, or when the descriptor is ready.
    pub(super) const fn block(&mut self, descriptor: Option<(i32, Interest)>, until: u64) {
        self.blocked = Blocked { descriptor, until: Some(until) };
    }

    /// An answer that was waited for ends the wait; any other changes nothing.
    fn unblock(&mut self, answered: Answered) -> Answered {
        if answered == Answered::Taken {
            self.blocked = Blocked::default();
        }
        answered
    }

    /// Keeps the work on a fetch for the next step.
    pub(super) fn keep_fetch(&mut self, fetch: Fetch) {
        self.work = Work::Fetch(fetch);
    }

    /// The work on the fetch, where one is under way.
    pub(super) fn take_fetch(&mut self) -> Option<Fetch> {
        match core::mem::take(&mut self.work) {
            Work::Fetch(fetch) => Some(fetch),
            _ => None,
        }
    }

    /// The work on a probe, where one is under way.
    pub(super) fn take_probe(&mut self) -> Option<Probe> {
        match core::mem::take(&mut self.work) {
            Work::Probe(probe) => Some(probe),
            _ => None,
        }
    }

    /// Keeps a probe for the next step.
    pub(super) fn keep_probe(&mut self, endpoint: Endpoint, probe: Probe) {
        self.work = Work::Probe(probe);
        self.pending = Pending::Probe(endpoint);
    }

    fn step_wait(&mut self, due_milliseconds: u64) {
        if let Some((generation, verdict)) = self.proof.take()
            && self.agent.is_proof(generation, verdict)
        {
            self.begin_cycle();
            return self.on(Event::ServiceResult { generation, verdict });
        }
        let now = self.platform.uptime_milliseconds();
        if now >= due_milliseconds {
            self.begin_cycle();
            return self.on(Event::Wake);
        }
        let was_unknown = self.agent.is_clock_unknown();
        if was_unknown && self.now().clock != Clock::Unknown {
            self.begin_cycle();
            return self.on(Event::Nudge);
        }
        self.pending = Pending::Wait { due_milliseconds };
        let look = now.saturating_add(CLOCK_LOOK_MILLISECONDS);
        self.block(None, if was_unknown { due_milliseconds.min(look) } else { due_milliseconds });
    }

    /// Forgets what the last cycle learned: TLS is tried first again, on what is trusted now.
    fn begin_cycle(&mut self) {
        let mut bases = self.options.urls.clone();
        let manifest = self.agent.present_manifest();
        let further = manifest.iter().flat_map(|manifest: &Manifest<'_>| manifest.urls().iter());
        bases.extend(further.take(BASE_URLS_MAX).filter_map(|url| BaseUrl::parse(url.0).ok()));
        bases.retain(|base| self.is_allowed(&base.host));
        self.routes = Routes::new(&bases, self.turns);
    }

    /// Hangs up, and begins with another server next time where this one showed nothing of use.
    fn end_cycle(&mut self) {
        self.link = None;
        self.work = Work::Nothing;
        self.cycles = self.cycles.wrapping_add(1);
        let now = self.now();
        let Some(check) = self.agent.status(now).last_check else { return };
        if check.reason.blames_the_server() {
            self.turns = self.turns.wrapping_add(1);
        }
        let transport = match check.transport {
            Some(Transport::Authenticated) => "authenticated",
            Some(Transport::Unauthenticated) => "unauthenticated",
            None => "none",
        };
        let needs_people = matches!(check.reason, Reason::StoreNewerFormat | Reason::StoreOfOtherChannel);
        let is_warning = needs_people || check.reason == Reason::Unreachable;
        let level = if is_warning { Level::Warning } else { Level::Information };
        self.platform.log(level, format_args!("cycle reason={} transport={transport}", check.reason.name()));
    }
}
