//! The loop: action, port, event, until the engine says to wait.

use std::error::Error as _;

use bundle::UnixSeconds;
use chain::Time;
use store::Storage;

use super::census_record::{CensusRecord, ReportedCensus};
use super::report_record::{ReportOutcome, ReportRecord};
use crate::endpoints::endpoint_text;
use crate::judgement::judge;
use crate::linux::applications::{Teller, extensions};
use crate::linux::clock::{Clock, Moment};
use crate::linux::configuration::Settings;
use crate::linux::error::with_causes;
use crate::linux::export::make;
use crate::linux::output::Output;
use crate::linux::probe::{Bundles, Handshakes};
use crate::linux::report::{Observation, Reporter};
use crate::linux::transport::{Clients, Tree};
use crate::{Action, Agent, Endpoint, Event, JudgingTime, Resource, Transport};

/// The engine and every port it needs.
#[derive(Debug)]
pub struct Machine<'a, S> {
    pub(super) agent: Agent<'a, S>,
    pub(super) settings: &'a Settings,
    pub(super) clock: Clock,
    pub(super) tree: Tree,
    pub(super) clients: Clients,
    pub(super) handshakes: Handshakes,
    pub(super) bundles: Bundles,
    pub(super) reporter: Option<Reporter>,
    /// What became of the newest report that was due.
    pub(super) report: Option<ReportRecord>,
    /// The release that the last round of probes was about.
    pub(super) probed_release: Option<String>,
    /// What the last round of probes found.
    pub(super) observations: Vec<Observation>,
    /// Which anchors its services were seen to need; nothing where the owner did not ask.
    pub(super) census: Option<CensusRecord>,
    /// Who is told of changes.
    pub(super) teller: Teller<'a>,
    /// What the newest report that was delivered said of applications.
    pub(super) reported_applications: Vec<u8>,
    /// What else went wrong in this cycle, for people.
    pub(super) notes: Vec<String>,
    /// What this cycle has done already.
    pub(super) done: Done,
    pub(super) output: Output,
}

/// What one cycle has done already.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Done {
    probed: bool,
    reported: bool,
}

/// An action that borrows nothing from the engine.
enum Step {
    Continue,
    Export,
    Fetch(Resource, u32),
    Probe(Asked),
    Proceed,
    Report,
    Wait(u64),
}

/// An endpoint to be probed.
struct Asked {
    service: String,
    host: String,
    port: u16,
    under_present: bool,
    under_candidate: bool,
}

impl<S: Storage> Machine<'_, S> {
    /// Hands `event` to the engine and does everything it asks for; returns the seconds to wait.
    pub async fn run(&mut self, event: Event<'_>) -> u64 {
        self.begin_cycle();
        // The system's anchors change without a word to anybody, and the engine knows nothing of them.
        if self.settings.looks_at_the_system() {
            self.export();
        }
        let mut step = self.on(event);
        loop {
            step = match step {
                Step::Wait(seconds) => {
                    self.tell_whoever_waited().await;
                    self.take_census().await;
                    self.report_what_is_left().await;
                    if self.has_turned() {
                        self.tree.turn();
                    }
                    return seconds.max(1);
                }
                Step::Fetch(resource, bytes_max) => self.fetch(resource, bytes_max).await,
                Step::Probe(asked) => self.probe(asked).await,
                Step::Export => {
                    let complete = self.export();
                    if complete {
                        self.tell().await;
                    }
                    self.on(Event::Exported { complete })
                }
                Step::Report => {
                    let delivered = self.report().await;
                    self.on(Event::Reported { delivered })
                }
                // Answered where it was returned.
                Step::Proceed => self.on(Event::Proceed),
                // Nothing is being fetched, so nothing can go on: the engine asks anew.
                Step::Continue => self.on(Event::Failed(crate::FetchFailure::Unreachable)),
            };
        }
    }

    /// True where the server that was asked showed nothing of use: the next cycle begins with another one.
    pub fn has_turned(&self) -> bool {
        let last = self.agent.status(self.clock.now()).last_check;
        last.is_some_and(|check| check.reason.blames_the_server())
    }

    /// How many servers there are to turn to.
    pub fn servers(&self) -> usize {
        self.tree.servers()
    }

    fn begin_cycle(&mut self) {
        self.tree.begin_cycle();
        self.notes.clear();
        self.done = Done::default();
    }

    /// Hands `event` to the engine until its judgement is made: this machine need not pause between signatures.
    fn on(&mut self, event: Event<'_>) -> Step {
        let again = if matches!(event, Event::Install(_)) { event } else { Event::Proceed };
        let mut step = self.step(event);
        while matches!(step, Step::Proceed) {
            step = self.step(again);
        }
        step
    }

    fn step(&mut self, event: Event<'_>) -> Step {
        match self.agent.on(self.clock.now(), event) {
            Action::Proceed => Step::Proceed,
            Action::Continue => Step::Continue,
            Action::Export { .. } => Step::Export,
            Action::Fetch { resource, bytes_max } => Step::Fetch(resource, bytes_max),
            Action::Probe(endpoint) => Step::Probe(Asked::of(&endpoint)),
            Action::Report => Step::Report,
            Action::Wait { seconds } => Step::Wait(seconds),
        }
    }

    async fn fetch(&mut self, resource: Resource, bytes_max: u32) -> Step {
        self.output.progress(format_args!("asking for {}", resource.path(&self.settings.channel)));
        let mut answer = match self.tree.open(resource, bytes_max).await {
            Ok(answer) => answer,
            Err(failure) => return self.on(Event::Failed(failure)),
        };
        let mut step = self.on(Event::Opened(answer.transport));
        while matches!(step, Step::Continue) {
            step = match answer.chunk().await {
                Ok(Some(bytes)) => self.on(Event::Chunk(bytes.as_ref())),
                Ok(None) => self.on(Event::End),
                Err(failure) => self.on(Event::Failed(failure)),
            };
        }
        step
    }

    async fn probe(&mut self, asked: Asked) -> Step {
        let Asked { service, host, port, under_present, under_candidate } = asked;
        let served = self.handshakes.served(&host, port).await;
        let time = match self.agent.judging_time(self.clock.now()) {
            JudgingTime::Known(time) => Time::Known(time),
            JudgingTime::AtLeast(floor) => Time::Unknown { floor },
        };
        let (present, candidate) = self.bundles.of(&mut self.agent);
        let (present, candidate) = (present.filter(|_| under_present), candidate.filter(|_| under_candidate));
        let outcome = judge(&served, &service, time, present, candidate);
        let endpoint = endpoint_text(&host, port);
        self.output.progress(format_args!("probed {endpoint} of {service}"));
        if !std::mem::replace(&mut self.done.probed, true) {
            self.observations.clear();
        }
        self.observations.retain(|known| known.service != service || known.endpoint != endpoint);
        self.probed_release = self.agent.candidate().map(|content| content.order.to_string());
        self.observations.push(Observation { service, endpoint, outcome, is_dropped: !under_candidate });
        self.on(Event::Probed(outcome))
    }

    /// Makes the exports; true where they are in place, or where nobody asked for any.
    fn export(&mut self) -> bool {
        let Some(export) = &self.settings.export else { return true };
        // A device that was provisioned with a keyring alone has nothing to export until its first release.
        if self.agent.installed().is_none() {
            return true;
        }
        let made =
            self.clients.trust().lasting().and_then(|installed| make(&installed, self.settings, export));
        match made {
            Ok(made) => {
                for name in made.published.occupied {
                    self.note(format!(
                        "{}: {name} belongs to somebody else and was left alone",
                        export.folder.display()
                    ));
                }
                if let Some(error) = &made.system_store {
                    self.note(with_causes(error, error.source()));
                }
                // It is tried again at every check, and keeps nobody else waiting.
                true
            }
            Err(error) => {
                self.note(with_causes(&error, error.source()));
                false
            }
        }
    }

    async fn report(&mut self) -> bool {
        let now = self.clock.now();
        let census = self.reported_census();
        // Nowhere to report to: the engine need not ask again.
        let Some(reporter) = &mut self.reporter else { return true };
        let status = self.agent.status(now);
        let transport = status.last_check.and_then(|check| check.transport);
        if !reporter.may_send(transport) {
            return false;
        }
        self.done.reported = true;
        let url = reporter.url();
        let applications = extensions(self.teller.subjects(), None);
        let extensions =
            extensions(self.teller.subjects(), census.as_ref().map(ReportedCensus::census).as_ref());
        let sent = reporter.send(&self.clients, &status, now, &self.observations, &extensions).await;
        let at = Moment(self.clock.calendar());
        let (outcome, why) = match sent {
            Ok(()) => (ReportOutcome::Delivered, None),
            Err(error) => (ReportOutcome::Failed, Some(with_causes(&error, error.source()))),
        };
        if outcome == ReportOutcome::Delivered {
            self.reported_applications = applications;
            self.census_was_reported();
        }
        self.notes.extend(why.clone());
        self.report = Some(ReportRecord { outcome, at, url, why });
        outcome == ReportOutcome::Delivered
    }

    /// Writes down that no report could go out, where one is configured and the engine was not even asked.
    fn note_held_report(&mut self, reached: Option<Transport>) {
        let Some(reporter) = self.reporter.as_ref().filter(|_| !self.done.reported) else { return };
        let why = match reached {
            None => "the channel was not reached",
            Some(Transport::Unauthenticated) => "the channel was reached without authenticated TLS",
            // The same report was delivered before, or is tried again at the next check.
            Some(Transport::Authenticated) => return,
        };
        let (outcome, at) = (ReportOutcome::NotSent, Moment(self.clock.calendar()));
        self.report = Some(ReportRecord { outcome, at, url: reporter.url(), why: Some(why.to_owned()) });
    }

    /// The engine asks for reports only over authenticated TLS; this very machine may hear one after any cycle
    /// that reached the tree. And the engine does not know how applications were told.
    async fn report_what_is_left(&mut self) {
        let status = self.agent.status(self.clock.now());
        let reached: Option<Transport> = status.last_check.and_then(|check| check.transport);
        let is_plain = self.reporter.as_ref().is_some_and(Reporter::is_plain_loopback);
        let is_news = self.reporter.is_some()
            && (extensions(self.teller.subjects(), None) != self.reported_applications
                || self.has_census_to_report());
        let may = is_plain && reached.is_some() || is_news && reached == Some(Transport::Authenticated);
        if may && !self.done.reported {
            self.report().await;
        }
        self.note_held_report(reached);
    }

    /// How many endpoints this cycle has probed.
    pub(super) const fn probed_endpoints(&self) -> usize {
        if self.done.probed { self.observations.len() } else { 0 }
    }

    fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    /// The calendar now.
    pub(super) fn calendar(&self) -> UnixSeconds {
        self.clock.calendar()
    }
}

impl Asked {
    fn of(endpoint: &Endpoint<'_>) -> Self {
        Self {
            service: endpoint.service.to_owned(),
            host: endpoint.host.to_owned(),
            port: endpoint.port,
            under_present: endpoint.under_present,
            under_candidate: endpoint.under_candidate,
        }
    }
}
