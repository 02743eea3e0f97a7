//! One device: an engine on a medium that can fail, and the driver around it.

use std::{boxed::Box, format, string::String, vec, vec::Vec};

use bundle::UnixSeconds;
use store::{Floors, Region, Store, fault::Medium};

use super::{CHANNEL, DAY, Fleet, START};
use crate::{
    Action, Agent, Clock, Configuration, Event, FetchFailure, Memory, Mode, Now, ProbeOutcome, StartError,
    Transport, Verdict, limits,
};

pub(crate) type TestAgent = Agent<'static, Medium>;

/// How the driver of a test behaves.
#[derive(Clone, Copy)]
pub(crate) struct Driver {
    pub(crate) transport: Transport,
    pub(crate) chunk_bytes: usize,
    pub(crate) probe: fn(&str, u32) -> ProbeOutcome,
    pub(crate) online: bool,
    /// The server answers, with failures of its own.
    pub(crate) is_failing: bool,
}

impl Default for Driver {
    fn default() -> Self {
        Self {
            transport: Transport::Authenticated,
            chunk_bytes: 700,
            probe: |_, _| both(Verdict::Verified),
            online: true,
            is_failing: false,
        }
    }
}

/// The same verdict under both bundles.
pub(crate) fn both(verdict: Verdict) -> ProbeOutcome {
    outcome(verdict, verdict)
}

pub(crate) fn outcome(present: Verdict, candidate: Verdict) -> ProbeOutcome {
    ProbeOutcome { present: Some(present), candidate: Some(candidate), excused: false }
}

/// One device: an engine on a medium that can fail, and its clock.
pub(crate) struct Device {
    pub(crate) agent: TestAgent,
    pub(crate) driver: Driver,
    pub(crate) uptime_seconds: u64,
    pub(crate) clock_known: bool,
    pub(crate) exports: u32,
    pub(crate) reports: u32,
    pub(crate) probed: Vec<String>,
    /// How often the engine asked to go on.
    pub(crate) proceeds: u32,
    setup: Setup,
}

/// What survives a reboot of the device beside its medium.
#[derive(Clone)]
pub(crate) struct Setup {
    /// Empty for an image without one.
    pub(crate) seed: Vec<u8>,
    pub(crate) keyring: Option<Vec<u8>>,
    pub(crate) mode: Mode,
    pub(crate) name: String,
    pub(crate) memory_bytes: usize,
    pub(crate) region_bytes: u32,
    pub(crate) floors: Floors,
}

impl Setup {
    pub(crate) fn of(fleet: &Fleet) -> Self {
        Self {
            seed: fleet.seed(),
            keyring: None,
            mode: Mode::Install,
            name: String::from("device-1"),
            memory_bytes: limits::MEMORY_BYTES_MAX,
            region_bytes: 65_536,
            floors: Floors::default(),
        }
    }

    /// The device of this set-up on a medium. Its buffers are leaked: tests are short.
    pub(crate) fn boot(&self, medium: Medium) -> Device {
        Device {
            agent: self.start(medium).unwrap(),
            driver: Driver::default(),
            uptime_seconds: 0,
            clock_known: true,
            exports: 0,
            reports: 0,
            probed: Vec::new(),
            proceeds: 0,
            setup: self.clone(),
        }
    }

    /// The engine of this set-up on a medium.
    pub(crate) fn start(&self, medium: Medium) -> Result<TestAgent, StartError> {
        let store = Store::open(medium, Region::new(0, self.region_bytes).unwrap()).unwrap();
        let configuration = Configuration {
            device: Box::leak(self.name.clone().into_boxed_str()),
            channel: CHANNEL,
            groups: &[],
            mode: self.mode,
            seed: (!self.seed.is_empty()).then(|| leak(&self.seed)),
            keyring: self.keyring.as_deref().map(leak),
            floors: self.floors,
            build_time: UnixSeconds(START - DAY),
            local_hosts: &[],
            entropy: 7,
        };
        let memory = Memory::new(Box::leak(vec![0; self.memory_bytes].into_boxed_slice()));
        Agent::new(configuration, store, memory)
    }
}

fn leak(bytes: &[u8]) -> &'static [u8] {
    Box::leak(bytes.to_vec().into_boxed_slice())
}

impl Device {
    pub(crate) fn new(fleet: &Fleet) -> Self {
        Setup::of(fleet).boot(Medium::new(4_096))
    }

    /// The same device after a reboot that loses nothing.
    pub(crate) fn reboot(self) -> Self {
        let (driver, clock_known) = (self.driver, self.clock_known);
        let rebooted = self.setup.boot(self.agent.into_store().into_storage().kill());
        Self { driver, clock_known, ..rebooted }
    }

    pub(crate) fn now(&self, fleet: &Fleet) -> Now {
        let clock = if self.clock_known { Clock::Known(UnixSeconds(fleet.now)) } else { Clock::Unknown };
        Now { uptime_seconds: self.uptime_seconds, clock }
    }

    /// Lets time pass, on the device and in the fleet.
    pub(crate) fn pass(&mut self, fleet: &mut Fleet, seconds: u64) {
        self.uptime_seconds += seconds;
        fleet.now += seconds;
    }

    /// Runs one whole cycle, whatever the schedule says.
    pub(crate) fn check(&mut self, fleet: &mut Fleet) -> crate::Status<'_> {
        self.run(fleet, Event::Nudge)
    }

    /// Feeds one event and answers actions until the engine waits.
    pub(crate) fn run(&mut self, fleet: &mut Fleet, first: Event<'_>) -> crate::Status<'_> {
        let now = self.now(fleet);
        let mut steps = 0;
        let mut step = self.answer(now, fleet, first);
        while let Some(next) = step {
            steps += 1;
            assert!(steps < 2_000, "the engine does not come to rest");
            step = match next {
                Next::Event(event) => self.answer(now, fleet, event),
                Next::Body(body) => self.stream(now, fleet, &body),
            };
        }
        self.agent.status(now)
    }

    /// One event, and all that the engine goes on with before it asks for something else.
    pub(crate) fn on(&mut self, now: Now, event: Event<'_>) -> Action<'_> {
        self.settle(now, event);
        // Nothing waits to go on, so this changes nothing and shows what is pending.
        self.agent.on(now, Event::Proceed)
    }

    fn settle(&mut self, now: Now, event: Event<'_>) {
        let again = if matches!(event, Event::Install(_)) { event } else { Event::Proceed };
        let mut next = event;
        while self.step(now, next) {
            next = again;
        }
    }

    /// One call of the engine, which checks one signature at most; true where it asks to go on.
    pub(crate) fn step(&mut self, now: Now, event: Event<'_>) -> bool {
        let checked = self.agent.signatures.checked();
        let goes_on = self.agent.on(now, event) == Action::Proceed;
        let checked = self.agent.signatures.checked() - checked;
        assert!(checked <= 1, "one call checked {checked} signatures");
        self.proceeds += u32::from(goes_on);
        goes_on
    }

    fn answer(&mut self, now: Now, fleet: &mut Fleet, event: Event<'_>) -> Option<Next> {
        let driver = self.driver;
        self.settle(now, event);
        let action = self.agent.on(now, Event::Proceed);
        Some(Next::Event(match action {
            Action::Wait { .. } => return None,
            Action::Proceed => panic!("the engine was told to go on"),
            Action::Continue => panic!("the engine wants more of an answer that is over"),
            Action::Export { .. } => {
                self.exports += 1;
                Event::Exported { complete: true }
            }
            Action::Report => {
                self.reports += 1;
                Event::Reported { delivered: true }
            }
            Action::Probe(endpoint) => {
                self.probed.push(format!("{} {}:{}", endpoint.service, endpoint.host, endpoint.port));
                let number = u32::from(endpoint.under_candidate);
                Event::Probed((driver.probe)(endpoint.service, number))
            }
            Action::Fetch { resource, bytes_max } => {
                let path = format!("{}", resource.path(CHANNEL));
                fleet.requests.push(path.clone());
                match fleet.tree.get(&path) {
                    _ if !driver.online => Event::Failed(FetchFailure::Unreachable),
                    _ if driver.is_failing => Event::Failed(FetchFailure::Server),
                    None => Event::Failed(FetchFailure::NotFound),
                    Some(body) if body.len() > bytes_max as usize => Event::Failed(FetchFailure::TooLarge),
                    Some(body) => return Some(Next::Body(body.clone())),
                }
            }
        }))
    }

    fn stream(&mut self, now: Now, fleet: &mut Fleet, body: &[u8]) -> Option<Next> {
        let transport = self.driver.transport;
        let mut action_is_continue = self.on(now, Event::Opened(transport)) == Action::Continue;
        for chunk in body.chunks(self.driver.chunk_bytes) {
            if !action_is_continue {
                break;
            }
            action_is_continue = self.on(now, Event::Chunk(chunk)) == Action::Continue;
        }
        // Where the engine has turned to something else, an event it does not wait for shows what that is.
        self.answer(now, fleet, if action_is_continue { Event::End } else { Event::Chunk(&[]) })
    }

    /// The bytes of the journal, and of the slot that is readable.
    pub(crate) fn kept(&mut self) -> (Vec<u8>, Option<Vec<u8>>) {
        let readable = self.agent.store.readable().map(|(slot, entry)| (slot, entry.total_bytes));
        let slot = readable.map(|(slot, total)| {
            let mut bytes = vec![0; total as usize];
            self.agent.store.read_content(slot, 0, &mut bytes).unwrap();
            bytes
        });
        let image = self.agent.store_mut().storage_mut().bytes();
        let journal = image.get(49_152..).unwrap_or_default().to_vec();
        (journal, slot)
    }
}

enum Next {
    Event(Event<'static>),
    Body(Vec<u8>),
}
