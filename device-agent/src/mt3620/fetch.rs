//! One fetch: a route, a connection, a request, an answer that is handed to the engine as it comes.

use alloc::boxed::Box;
use core::net::{IpAddr, SocketAddr};

use rustls_pki_types::ServerName;
use store::Storage;

use super::connection::{Connection, Fault, Security, TlsPurpose, Turn};
use super::driver::{Answered, Link};
use super::http::{Answer, HttpError, request};
use super::judging::{Chain, Judging, Scope};
use super::limits::{CONNECT_MILLISECONDS, CONNECTION_BYTES, FETCH_MILLISECONDS, IDLE_MILLISECONDS};
use super::mailbox::{Admission, Wish};
use super::memory::has_room;
use super::pending::Pending;
use super::routes::{Leaving, Route};
use super::{Driver, Level, Platform, Resolution};
use crate::{Event, FetchFailure, Held, Resource, Transport};

/// A fetch under way.
#[derive(Debug)]
pub(super) struct Fetch {
    pub(super) resource: Resource,
    pub(super) bytes_max: u32,
    stage: Stage,
    /// What the last route said.
    failure: FetchFailure,
    pub(super) answer: Answer,
    /// Bytes of the body that may still come.
    pub(super) bytes_left: u64,
    /// True once the engine was told that an answer begins.
    pub(super) is_opened: bool,
    /// What the engine is told once the body of a refusal has passed: the connection can then be kept.
    pub(super) refused: Option<FetchFailure>,
    deadline: u64,
    idle_deadline: u64,
}

#[derive(Debug)]
enum Stage {
    /// The next route is chosen.
    Begin,
    /// The server's chain is judged.
    Judge(Box<Judging>),
    /// The name is resolved.
    Resolve { ticket: u32, address: Option<Option<IpAddr>> },
    /// The connection is made, the request sent, the answer read.
    Talk,
}

impl Fetch {
    fn new(resource: Resource, bytes_max: u32, now: u64) -> Self {
        Self {
            resource,
            bytes_max,
            stage: Stage::Begin,
            failure: FetchFailure::Unreachable,
            answer: Answer::default(),
            bytes_left: u64::from(bytes_max),
            is_opened: false,
            refused: None,
            deadline: now.saturating_add(FETCH_MILLISECONDS),
            idle_deadline: now.saturating_add(CONNECT_MILLISECONDS),
        }
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

    /// Turns to the next route with a new answer.
    fn begin(&mut self, now: u64) {
        self.stage = Stage::Begin;
        self.answer = Answer::default();
        self.bytes_left = u64::from(self.bytes_max);
        self.refused = None;
        self.idle_deadline = now.saturating_add(CONNECT_MILLISECONDS);
    }
}

impl<P: Platform, S: Storage> Driver<'_, P, S> {
    /// Goes on with the fetch that the engine asks for.
    pub(super) fn step_fetch(&mut self, pending: Pending) {
        let now = self.platform.uptime_milliseconds();
        let mut fetch = match (self.take_fetch(), pending) {
            // After a chunk the engine may ask for another file: what is left of this answer is not wanted.
            (Some(fetch), Pending::Fetch { resource, bytes_max })
                if fetch.is_opened || fetch.resource != resource =>
            {
                self.abandon(&fetch);
                Fetch::new(resource, bytes_max, now)
            }
            (Some(fetch), _) => fetch,
            (None, Pending::Fetch { resource, bytes_max }) => Fetch::new(resource, bytes_max, now),
            // Nothing is being fetched, so nothing can go on: the engine asks anew.
            (None, _) => return self.on(Event::Failed(FetchFailure::Unreachable)),
        };
        if now >= fetch.deadline.min(fetch.idle_deadline) {
            self.log_route(Level::Warning, format_args!("no answer in time"));
            return self.leave(fetch, now, Leaving::Unreachable, FetchFailure::Unreachable);
        }
        match fetch.stage {
            Stage::Begin => self.choose_route(fetch, now),
            Stage::Resolve { address: None, .. } => {
                let until = fetch.idle_deadline;
                self.go_on(fetch);
                self.block(None, until);
            }
            Stage::Resolve { address: Some(address), .. } => self.connect(fetch, now, address),
            Stage::Judge(ref mut judging) => match self.judge_server(judging) {
                None => self.go_on(fetch),
                Some(admission) => self.admit(fetch, now, admission),
            },
            Stage::Talk => self.talk(fetch, now),
        }
    }

    /// Keeps the fetch for the next step; the engine's pending action stays what it was.
    pub(super) fn go_on(&mut self, fetch: Fetch) {
        let pending = if fetch.is_opened {
            Pending::Continue
        } else {
            Pending::Fetch { resource: fetch.resource, bytes_max: fetch.bytes_max }
        };
        self.take(pending);
        self.keep_fetch(fetch);
    }

    fn choose_route(&mut self, mut fetch: Fetch, now: u64) {
        let Some(route) = self.routes.current().cloned() else {
            if fetch.failure != FetchFailure::Unreachable {
                // Somebody answered, and the engine may know of another file that does as well.
                self.routes.again();
            }
            return self.on(Event::Failed(fetch.failure));
        };
        if self.link.as_ref().is_some_and(|link| link.route == route) {
            return self.send(fetch, now, &route);
        }
        self.link = None;
        if let Ok(address) = route.base.host.parse() {
            return self.connect(fetch, now, Some(address));
        }
        let ticket = self.ticket();
        match self.platform.resolve(ticket, &route.base.host) {
            Resolution::Failed => self.connect(fetch, now, None),
            Resolution::Found(address) => self.connect(fetch, now, Some(address)),
            Resolution::Started => {
                fetch.stage = Stage::Resolve { ticket, address: None };
                self.go_on(fetch);
            }
        }
    }

    fn connect(&mut self, fetch: Fetch, now: u64, address: Option<IpAddr>) {
        let Some(route) = self.routes.current().cloned() else {
            return self.on(Event::Failed(fetch.failure));
        };
        let Some(address) = address else {
            self.log_route(Level::Warning, format_args!("the name does not resolve"));
            return self.leave(fetch, now, Leaving::Unreachable, FetchFailure::Unreachable);
        };
        let Some(security) = self.security(&route) else {
            return self.leave(fetch, now, Leaving::Unreachable, FetchFailure::Unreachable);
        };
        if !has_room(CONNECTION_BYTES) {
            self.log_route(Level::Error, format_args!("not enough memory for a connection"));
            return self.leave(fetch, now, Leaving::Unreachable, FetchFailure::Unreachable);
        }
        match self.platform.connect(SocketAddr::new(address, route.base.port)) {
            Ok(socket) => {
                let connection = Connection::open(socket, security);
                self.link = Some(Link { connection, route: route.clone(), is_used: false });
                self.send(fetch, now, &route);
            }
            Err(error) => {
                self.log_route(Level::Warning, format_args!("no connection: {error}"));
                self.leave(fetch, now, Leaving::Unreachable, FetchFailure::Unreachable);
            }
        }
    }

    fn security(&mut self, route: &Route) -> Option<Security> {
        if !route.base.is_tls {
            return Some(Security::Plain);
        }
        let Ok(name) = ServerName::try_from(route.base.host.clone()) else {
            self.log_route(Level::Error, format_args!("the host is no name that a certificate can have"));
            return None;
        };
        let mut random = [0; 32];
        if self.platform.entropy(&mut random).is_err() {
            self.log_route(Level::Error, format_args!("the system has no random bytes"));
            return None;
        }
        let purpose = match route.transport {
            Transport::Authenticated => TlsPurpose::Authenticated,
            Transport::Unauthenticated => TlsPurpose::Unauthenticated,
        };
        Some(Security::Tls { name, random, purpose })
    }

    fn send(&mut self, mut fetch: Fetch, now: u64, route: &Route) {
        let path = fetch.resource.path(self.agent.channel_name());
        match request(&route.base, format_args!("{path}")) {
            Ok(text) => {
                if let Some(link) = &self.link {
                    link.connection.mailbox.wish(Wish::Request(text));
                }
                fetch.stage = Stage::Talk;
                self.go_on(fetch);
            }
            Err(error) => self.broken(fetch, now, error),
        }
    }

    fn talk(&mut self, mut fetch: Fetch, now: u64) {
        let Some(link) = &mut self.link else {
            return self.leave(fetch, now, Leaving::Unreachable, FetchFailure::Unreachable);
        };
        let turn = link.connection.poll();
        if let Some(shown) = link.connection.mailbox.take_served() {
            let time = self.judging_time();
            let host = self.routes.current().map(|route| route.base.host.clone()).unwrap_or_default();
            if let Some(judging) = Judging::new(Chain::Own(shown), &host, Scope::Host(host.clone()), time) {
                fetch.stage = Stage::Judge(judging);
                return self.go_on(fetch);
            }
            return self.admit(fetch, now, Admission::Refused);
        }
        match turn {
            Turn::Ended(result) => self.ended(fetch, now, result),
            Turn::Waiting => {
                let interest = link.connection.interest();
                let until = fetch.deadline.min(fetch.idle_deadline);
                self.go_on(fetch);
                self.block(Some(interest), until);
            }
            Turn::Granted => {
                fetch.idle_deadline = now.saturating_add(IDLE_MILLISECONDS);
                self.read(fetch, now);
            }
        }
    }

    fn judge_server(&mut self, judging: &mut Judging) -> Option<Admission> {
        let verdict = judging.step(&mut self.agent, Held::Installed)?;
        if !verdict.is_verified() {
            self.log_route(Level::Warning, format_args!("the server does not verify: {}", verdict.name()));
            return Some(Admission::Refused);
        }
        Some(Admission::Authenticated)
    }

    fn admit(&mut self, mut fetch: Fetch, now: u64, admission: Admission) {
        if admission == Admission::Refused {
            return self.leave(fetch, now, Leaving::Refused, FetchFailure::Unreachable);
        }
        if let Some(link) = &self.link {
            link.connection.mailbox.admit(admission);
        }
        fetch.stage = Stage::Talk;
        self.go_on(fetch);
    }

    fn ended(&mut self, mut fetch: Fetch, now: u64, result: Result<(), Fault>) {
        let was_used = self.link.take().is_some_and(|link| link.is_used);
        if was_used && !fetch.is_opened {
            // A kept connection that the server had closed in the meantime: the same route, once more.
            fetch.begin(now);
            return self.go_on(fetch);
        }
        let leaving = match result {
            Ok(()) | Err(Fault::Closed) => {
                self.log_route(Level::Warning, format_args!("the server closed the connection"));
                Leaving::Unreachable
            }
            Err(Fault::Memory) => {
                self.log_route(Level::Error, format_args!("not enough memory for an answer"));
                Leaving::Unreachable
            }
            Err(Fault::Network(error)) => {
                self.log_route(Level::Warning, format_args!("no connection: {error}"));
                Leaving::Unreachable
            }
            Err(Fault::Refused) => Leaving::Refused,
            Err(Fault::Tls(error)) => {
                self.log_route(Level::Warning, format_args!("TLS failed: {}", error.code()));
                Leaving::Refused
            }
        };
        self.leave(fetch, now, leaving, FetchFailure::Unreachable);
    }

    pub(super) fn broken(&mut self, fetch: Fetch, now: u64, error: HttpError) {
        self.log_route(Level::Warning, format_args!("{error}"));
        self.fail(fetch, now, FetchFailure::Server);
    }

    pub(super) fn fail(&mut self, fetch: Fetch, now: u64, failure: FetchFailure) {
        self.leave(fetch, now, Leaving::Refused, failure);
    }

    /// Leaves the route; an answer that has begun cannot go on elsewhere.
    pub(super) fn leave(&mut self, mut fetch: Fetch, now: u64, leaving: Leaving, failure: FetchFailure) {
        self.link = None;
        self.routes.leave(leaving);
        if fetch.is_opened {
            return self.on(Event::Failed(failure));
        }
        if failure != FetchFailure::Unreachable {
            fetch.failure = failure;
        }
        if now >= fetch.deadline {
            if self.routes.current().is_some() {
                // Whoever was not asked in time comes nearer: silent servers must not hide one that works.
                self.turns = self.turns.wrapping_add(1);
            }
            return self.on(Event::Failed(failure));
        }
        fetch.begin(now);
        self.go_on(fetch);
    }

    /// Ends a fetch, maybe before its answer is complete.
    fn abandon(&mut self, fetch: &Fetch) {
        self.keep_link(fetch.answer.keeps_connection());
    }

    pub(super) fn log_route(&mut self, level: Level, what: core::fmt::Arguments<'_>) {
        let Self { platform, routes, .. } = self;
        match routes.current() {
            Some(route) => platform.log(level, format_args!("{}: {what}", route.base)),
            None => platform.log(level, what),
        }
    }
}
