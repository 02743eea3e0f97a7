//! A board: the production driver over real sockets, on a medium and a clock that the test can look into and move.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::rc::Rc;

use bundle::UnixSeconds;
use device_agent::mt3620::posix::{self, TcpSocket};
use device_agent::mt3620::{
    AppProbe, Asked, BaseUrl, Driver, Interest, Level, NetworkError, Options, Pace, Platform, Resolution,
};
use device_agent::{Agent, Clock, Configuration, Memory, Mode, Reason, Transport, limits};
use store::fault::Medium;
use store::{Region, Store};

use crate::heap::beside;
use crate::quiet::{Pass, Quiet};
use crate::scene::{SIGNED, Scene};
use crate::wait::ready;

/// Bytes of the store's region: that of the MT3620.
const REGION_BYTES: u32 = 65_536;
/// Steps after which a cycle is taken for endless.
const STEPS_MAX: u32 = 20_000;
/// Looks at a descriptor, of 20 ms each, after which a server is taken for dead.
const LOOKS_MAX: u32 = 1_000;

/// What happens outside of the driver.
#[derive(Default)]
pub(crate) struct World {
    uptime_milliseconds: Cell<u64>,
    pub(crate) is_clock_unknown: Cell<bool>,
    /// What the calendar says instead of the truth.
    pub(crate) calendar: Cell<Option<u64>>,
    pub(crate) lines: RefCell<Vec<String>>,
    pub(crate) changes: RefCell<Vec<u64>>,
    pub(crate) reports: RefCell<Vec<(u32, Vec<u8>)>>,
    pub(crate) takes_reports: Cell<bool>,
    /// Tickets and names of the questions that are open, where names are not answered at once.
    pub(crate) names: RefCell<Vec<(u32, String)>>,
    pub(crate) resolves_later: Cell<bool>,
    /// Tickets and endpoints of probes that the application makes.
    pub(crate) probes: RefCell<Vec<(u32, String)>>,
    pub(crate) probes_itself: Cell<bool>,
    pub(crate) connections: Cell<u32>,
}

/// The platform port of the test.
pub(crate) struct TestPlatform(Rc<World>);

/// One board.
pub(crate) struct Board {
    pub(crate) driver: Driver<'static, TestPlatform, Medium>,
    pub(crate) world: Rc<World>,
    quiet: Quiet,
}

/// What came of a cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    pub(crate) reason: Reason,
    pub(crate) transport: Option<Transport>,
}

/// A cycle that ended in this manner over TLS that authenticates.
pub(crate) const fn authenticated(reason: Reason) -> Ended {
    Ended { reason, transport: Some(Transport::Authenticated) }
}

impl Platform for TestPlatform {
    type Socket = TcpSocket;

    fn uptime_milliseconds(&mut self) -> u64 {
        self.0.uptime_milliseconds.get()
    }

    fn clock(&mut self) -> Clock {
        if self.0.is_clock_unknown.get() {
            return Clock::Unknown;
        }
        let truth = SIGNED.plus(self.0.uptime_milliseconds.get() / 1_000);
        Clock::Known(self.0.calendar.get().map_or(truth, UnixSeconds))
    }

    fn entropy(&mut self, into: &mut [u8]) -> Result<(), NetworkError> {
        posix::entropy(into)
    }

    fn resolve(&mut self, ticket: u32, host: &str) -> Resolution {
        if self.0.resolves_later.get() {
            self.0.names.borrow_mut().push((ticket, host.to_owned()));
            return Resolution::Started;
        }
        Resolution::Found(IpAddr::V4(Ipv4Addr::LOCALHOST))
    }

    fn connect(&mut self, address: SocketAddr) -> Result<TcpSocket, NetworkError> {
        self.0.connections.set(self.0.connections.get() + 1);
        TcpSocket::connect(address)
    }

    fn probe(&mut self, ticket: u32, asked: &Asked<'_>) -> AppProbe {
        if !self.0.probes_itself.get() {
            return AppProbe::Declined;
        }
        self.0.probes.borrow_mut().push((ticket, format!("{} {}:{}", asked.service, asked.host, asked.port)));
        AppProbe::Started
    }

    fn changed(&mut self, generation: u64) {
        self.0.changes.borrow_mut().push(generation);
    }

    fn report(&mut self, ticket: u32, report: &[u8]) -> bool {
        self.0.reports.borrow_mut().push((ticket, report.to_vec()));
        self.0.takes_reports.get()
    }

    fn log(&mut self, _: Level, line: fmt::Arguments<'_>) {
        beside(|| self.0.lines.borrow_mut().push(line.to_string()));
    }
}

impl Board {
    /// A board of the scene's fleet with release 1 as its seed, which follows the scene's servers.
    pub(crate) fn new(scene: &Scene) -> Self {
        let urls = scene.urls();
        Self::follow(scene, &urls.iter().map(String::as_str).collect::<Vec<_>>(), None)
    }

    /// A board that follows these base URLs, and may connect to these hosts.
    pub(crate) fn follow(
        scene: &Scene,
        urls: &[&str],
        allowed_hosts: Option<&'static [&'static str]>,
    ) -> Self {
        // The engine borrows its configuration and memory for its whole life, which here is the process's.
        let seed: &'static [u8] = Box::leak(scene.publisher.seed(1).into_boxed_slice());
        let configuration = Configuration {
            device: "board-1",
            channel: "prod",
            groups: &[],
            mode: Mode::Install,
            seed: Some(seed),
            keyring: None,
            floors: store::Floors::default(),
            build_time: SIGNED,
            local_hosts: &[],
            entropy: 7,
        };
        let memory = Memory::new(Box::leak(vec![0; limits::MEMORY_BYTES_MIN].into_boxed_slice()));
        let region = Region::new(0, REGION_BYTES).unwrap();
        let store = Store::open(Medium::new(4_096), region).unwrap();
        let agent = Agent::new(configuration, store, memory).unwrap();
        let world = Rc::new(World::default());
        let urls = urls.iter().map(|url| BaseUrl::parse(url).unwrap()).collect();
        let options = Options { urls, allowed_hosts, boot_id: [7; 16], census: true };
        let driver = Driver::new(agent, TestPlatform(Rc::clone(&world)), options);
        Self { driver, world, quiet: scene.quiet.clone() }
    }

    /// Lets time pass.
    pub(crate) fn pass(&self, milliseconds: u64) {
        let clock = &self.world.uptime_milliseconds;
        clock.set(clock.get() + milliseconds);
    }

    /// The board's uptime.
    pub(crate) fn uptime_milliseconds(&self) -> u64 {
        self.world.uptime_milliseconds.get()
    }

    /// Sleeps until the next cycle begins, and runs it to its end.
    pub(crate) fn cycle(&mut self) -> Ended {
        self.cycle_with(|_| false)
    }

    /// As [`Board::cycle`]; `answer` is asked where the driver waits for the application, and says whether it answered.
    pub(crate) fn cycle_with(&mut self, mut answer: impl FnMut(&mut Self) -> bool) -> Ended {
        let cycles = self.driver.cycles();
        for _ in 0..STEPS_MAX {
            let pace = self.driver.step();
            if self.driver.cycles() > cycles {
                return self.ended();
            }
            match pace {
                Pace::Again => {}
                Pace::Wait { descriptor: Some((descriptor, interest)), milliseconds } => {
                    self.wait(descriptor, interest, milliseconds);
                }
                Pace::Wait { descriptor: None, milliseconds } => {
                    if !answer(self) {
                        self.pass(milliseconds);
                    }
                }
            }
        }
        panic!("the cycle does not end: {:?}", self.world.lines.borrow());
    }

    fn ended(&mut self) -> Ended {
        let now = self.driver.moment();
        let status = self.driver.agent().status(now);
        let check = status.last_check.expect("a cycle has a result");
        Ended { reason: check.reason, transport: check.transport }
    }

    /// Waits as an event loop does; where a server said that nothing more will come, the clock moves.
    fn wait(&self, descriptor: i32, interest: Interest, milliseconds: u64) {
        let interest = (interest.readable, interest.writable);
        let mut left = milliseconds;
        for _ in 0..LOOKS_MAX {
            let is_quiet = self.quiet.is_announced();
            if left == 0 || ready(descriptor, interest, if is_quiet { 0 } else { 20 }) {
                return;
            }
            match is_quiet.then(|| self.quiet.take()).flatten() {
                None => {}
                Some(Pass::All) => return self.pass(left),
                // The byte comes now, and the board waits for it.
                Some(Pass::Nearly) => {
                    let passed = left.saturating_sub(1_000).max(500).min(left);
                    self.pass(passed);
                    left -= passed;
                }
            }
        }
        panic!("nobody answers: {:?}", self.world.lines.borrow());
    }

    /// Every byte of the medium.
    pub(crate) fn bytes(&mut self) -> Vec<u8> {
        self.driver.agent_mut().store_mut().storage_mut().bytes().to_vec()
    }

    /// The number of the release that applications read.
    pub(crate) fn release(&mut self) -> u32 {
        let now = self.driver.moment();
        self.driver.agent().status(now).installed.map_or(0, |installed| installed.order.number)
    }

    /// True where a line of the log has this in it.
    pub(crate) fn has_logged(&self, part: &str) -> bool {
        self.world.lines.borrow().iter().any(|line| line.contains(part))
    }
}
