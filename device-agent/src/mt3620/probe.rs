//! One probe: by the application's own TLS stack or by one handshake here, then judged under both bundles.

use alloc::boxed::Box;
use core::net::{IpAddr, SocketAddr};

use bundle::AnchorMark;
use rustls_pki_types::ServerName;
use store::Storage;

use super::connection::{Connection, Fault, Security, TlsPurpose, Turn};
use super::driver::Answered;
use super::judging::{AppVerdict, Chain, Judging, Scope};
use super::limits::{CONNECTION_BYTES, PROBE_MILLISECONDS};
use super::memory::has_room;
use super::pending::Endpoint;
use super::{AppProbe, Asked, Driver, Level, Platform, Resolution};
use crate::endpoints::endpoint_text;
use crate::{Event, Held, ProbeOutcome, Reason, Verdict};

/// A probe under way.
#[derive(Debug)]
pub(super) struct Probe {
    stage: Stage,
    deadline: u64,
}

/// What is known of the endpoint.
#[derive(Clone, Copy, Debug, Default)]
struct Findings {
    present: Option<Verdict>,
    candidate: Option<Verdict>,
    /// The anchor that verified the chain, under the candidate or else under the present bundle.
    anchor: Option<AnchorMark>,
}

#[derive(Debug)]
enum Stage {
    /// The application's own TLS stack is at it.
    App { ticket: u32, answer: Option<AppVerdict> },
    /// The chain is judged.
    Judge(Box<Judging>, Question, Findings),
    /// The name is resolved.
    Resolve { ticket: u32, address: Option<Option<IpAddr>> },
    /// A handshake is made.
    Shake(Connection),
}

/// What is asked about a served chain, in this order: the second is only asked where the first says no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Question {
    Candidate,
    Present,
    Excuse,
}

impl Probe {
    const fn new(stage: Stage, deadline: u64) -> Self {
        Self { stage, deadline }
    }

    pub(super) fn resolved(&mut self, ticket: u32, found: Option<IpAddr>) -> Answered {
        match &mut self.stage {
            // The first answer counts.
            Stage::Resolve { ticket: open, address: address @ None } if *open == ticket => {
                *address = Some(found);
                Answered::Taken
            }
            _ => Answered::Unknown,
        }
    }

    pub(super) fn answered(&mut self, ticket: u32, verdict: AppVerdict) -> Answered {
        match &mut self.stage {
            Stage::App { ticket: open, answer: answer @ None } if *open == ticket => {
                *answer = Some(verdict);
                Answered::Taken
            }
            _ => Answered::Unknown,
        }
    }
}

impl<P: Platform, S: Storage> Driver<'_, P, S> {
    /// Goes on with the probe that the engine asks for.
    pub(super) fn step_probe(&mut self, endpoint: Endpoint) {
        // There is memory for one connection.
        self.link = None;
        let now = self.platform.uptime_milliseconds();
        let Some(probe) = self.take_probe() else { return self.begin_probe(endpoint, now) };
        let Probe { stage, deadline } = probe;
        match stage {
            Stage::Judge(judging, question, findings) => {
                let stage = self.judge(&endpoint, judging, question, findings);
                if let Some(stage) = stage {
                    self.keep_probe(endpoint, Probe::new(stage, deadline));
                }
            }
            _ if now >= deadline => self.inconclusive(&endpoint, Reason::ProbeTimeout),
            Stage::App { answer: Some(AppVerdict::Judged { present, candidate }), .. } => {
                self.end_probe(&endpoint, ProbeOutcome { present, candidate, excused: false }, None);
            }
            Stage::App { answer: Some(AppVerdict::Chain(shown)), .. } => {
                self.served(endpoint, Chain::App(shown), deadline)
            }
            Stage::Resolve { address: Some(address), .. } => self.shake(endpoint, address, now),
            Stage::Shake(connection) => self.poll_handshake(endpoint, connection, deadline),
            stage @ (Stage::App { .. } | Stage::Resolve { .. }) => {
                self.keep_probe(endpoint, Probe::new(stage, deadline));
                self.block(None, deadline);
            }
        }
    }

    fn begin_probe(&mut self, endpoint: Endpoint, now: u64) {
        if !self.is_allowed(&endpoint.host) {
            return self.inconclusive(&endpoint, Reason::ProbeNotAllowed);
        }
        let ticket = self.ticket();
        let asked = Asked {
            service: &endpoint.service,
            host: &endpoint.host,
            port: endpoint.port,
            under_present: endpoint.under_present,
            under_candidate: endpoint.under_candidate,
        };
        let deadline = now.saturating_add(PROBE_MILLISECONDS);
        match self.platform.probe(ticket, &asked) {
            AppProbe::Declined => {}
            AppProbe::Known(outcome) => return self.end_probe(&endpoint, outcome, None),
            AppProbe::Started => {
                let stage = Stage::App { ticket, answer: None };
                return self.keep_probe(endpoint, Probe::new(stage, deadline));
            }
        }
        if let Ok(address) = endpoint.host.parse() {
            return self.shake(endpoint, Some(address), now);
        }
        match self.platform.resolve(ticket, &endpoint.host) {
            Resolution::Failed => self.shake(endpoint, None, now),
            Resolution::Found(address) => self.shake(endpoint, Some(address), now),
            Resolution::Started => {
                let stage = Stage::Resolve { ticket, address: None };
                self.keep_probe(endpoint, Probe::new(stage, deadline));
            }
        }
    }

    fn shake(&mut self, endpoint: Endpoint, address: Option<IpAddr>, now: u64) {
        let Some(address) = address else { return self.inconclusive(&endpoint, Reason::ProbeDns) };
        if !has_room(CONNECTION_BYTES) {
            return self.inconclusive(&endpoint, Reason::ProbeTls);
        }
        let mut random = [0; 32];
        let name = ServerName::try_from(endpoint.host.clone());
        let (Ok(name), Ok(())) = (name, self.platform.entropy(&mut random)) else {
            return self.inconclusive(&endpoint, Reason::ProbeTls);
        };
        match self.platform.connect(SocketAddr::new(address, endpoint.port)) {
            Ok(socket) => {
                let connection =
                    Connection::open(socket, Security::Tls { name, random, purpose: TlsPurpose::Probe });
                let deadline = now.saturating_add(PROBE_MILLISECONDS);
                self.keep_probe(endpoint, Probe::new(Stage::Shake(connection), deadline));
            }
            Err(_) => self.inconclusive(&endpoint, Reason::ProbeTcp),
        }
    }

    fn poll_handshake(&mut self, endpoint: Endpoint, mut connection: Connection, deadline: u64) {
        let result = match connection.poll() {
            Turn::Ended(result) => result,
            Turn::Granted | Turn::Waiting => {
                let interest = connection.interest();
                self.keep_probe(endpoint, Probe::new(Stage::Shake(connection), deadline));
                return self.block(Some(interest), deadline);
            }
        };
        let served = connection.mailbox.take_served();
        // Socket and buffers go before the bundles come.
        drop(connection);
        match (served, result) {
            (Some(served), _) => self.served(endpoint, Chain::Own(served), deadline),
            (None, Err(Fault::Network(_))) => self.inconclusive(&endpoint, Reason::ProbeTcp),
            (None, _) => self.inconclusive(&endpoint, Reason::ProbeTls),
        }
    }

    fn served(&mut self, endpoint: Endpoint, chain: Chain, deadline: u64) {
        let time = self.judging_time();
        let scope = Scope::Service(endpoint.service.clone());
        let Some(judging) = Judging::new(chain, &endpoint.host, scope, time) else {
            return self.inconclusive(&endpoint, Reason::ProbeTls);
        };
        let question = if endpoint.under_candidate { Question::Candidate } else { Question::Present };
        self.keep_probe(endpoint, Probe::new(Stage::Judge(judging, question, Findings::default()), deadline));
    }

    /// One step of the judgement; `None` where the probe is over.
    fn judge(
        &mut self,
        endpoint: &Endpoint,
        mut judging: Box<Judging>,
        question: Question,
        mut findings: Findings,
    ) -> Option<Stage> {
        let mut excused = false;
        let next = match question {
            Question::Candidate => match judging.step(&mut self.agent, Held::Candidate) {
                None => Some(question),
                Some(judgement) => {
                    (findings.candidate, findings.anchor) = (Some(judgement.0), judgement.1);
                    endpoint.under_present.then_some(Question::Present)
                }
            },
            Question::Present => match judging.step(&mut self.agent, Held::Present) {
                None => Some(question),
                Some(judgement) => {
                    findings.present = Some(judgement.0);
                    findings.anchor = findings.anchor.or(judgement.1);
                    let is_lost = judgement.is_verified() && findings.candidate != Some(Verdict::Verified);
                    is_lost.then_some(Question::Excuse)
                }
            },
            Question::Excuse => match judging.step_excuse(&self.agent) {
                None => Some(question),
                Some(answer) => {
                    excused = answer;
                    None
                }
            },
        };
        if let Some(next) = next {
            return Some(Stage::Judge(judging, next, findings));
        }
        let Findings { present, candidate, anchor } = findings;
        self.end_probe(endpoint, ProbeOutcome { present, candidate, excused }, anchor);
        None
    }

    fn inconclusive(&mut self, endpoint: &Endpoint, reason: Reason) {
        let unknown = Some(Verdict::Inconclusive(reason));
        let outcome = ProbeOutcome {
            present: unknown.filter(|_| endpoint.under_present),
            candidate: unknown.filter(|_| endpoint.under_candidate),
            excused: false,
        };
        self.end_probe(endpoint, outcome, None);
    }

    fn end_probe(&mut self, endpoint: &Endpoint, outcome: ProbeOutcome, anchor: Option<AnchorMark>) {
        let Endpoint { service, host, port, .. } = endpoint;
        let name = endpoint_text(host, *port);
        let of = |verdict: Option<Verdict>| verdict.map_or("not_asked", Verdict::name);
        let (present, candidate) = (of(outcome.present), of(outcome.candidate));
        self.platform.log(
            Level::Information,
            format_args!("probe service={service} endpoint={name} present={present} candidate={candidate}"),
        );
        self.observe(name, outcome, anchor.map(|anchor| (service.as_str(), anchor)));
        self.on(Event::Probed(outcome));
    }
}
