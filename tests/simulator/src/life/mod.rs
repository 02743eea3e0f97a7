//! One device's whole life: the driver that does what the engine asks for, from the first power-on to the end.

mod driver;
mod power;
mod sample;

use device_agent::{Agent, Configuration, Event, Memory, Mode, Now};
use store::{Floors, Region, Store};

use crate::{
    device::Device,
    flash::{Flash, Lent},
    judge::Judge,
    luck::Luck,
    operator::CHANNEL,
    oracle::Oracle,
    story::Story,
    tally::Tally,
    world::World,
};
use power::Power;

/// Events of a device in an hour on average at most: many times what one has that a thief hurries.
const EVENTS_AN_HOUR_MAX: u64 = 4_000;

/// What one processor needs to live devices, one after the other.
#[derive(Debug, Default)]
pub struct Bench {
    memory: Vec<u8>,
    flash: Flash,
    judge: Judge,
}

/// Why a process of the agent ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The scenario is over.
    Over,
    /// The power went.
    PowerCut,
    /// The device was restarted in order.
    Restart,
}

/// A device while it lives.
struct Life<'l, 'w> {
    world: &'w World,
    device: Device<'w>,
    /// Milliseconds since the scenario's start.
    now: u64,
    /// When the process started.
    started: u64,
    power: Power,
    network_luck: Luck,
    oracle: Oracle<'w>,
    judge: &'l mut Judge,
    tally: &'l mut Tally,
    story: Option<&'l mut Story>,
    /// The next hour of the curves.
    sampled: u64,
    /// Events so far.
    events: u64,
    /// A digest of all that happened.
    digest: u64,
}

/// Lives one device, and adds what came of it; `story` hears of it in words.
pub fn live(world: &World, number: u64, bench: &mut Bench, tally: &mut Tally, story: Option<&mut Story>) {
    let device = Device::new(world, number);
    let first = device.first_start;
    let mut life = Life {
        power: Power::new(world, &device),
        network_luck: device.luck(world, "network"),
        oracle: Oracle::new(world, &device),
        sampled: first.div_ceil(crate::tally::HOUR),
        events: 0,
        digest: number,
        world,
        device,
        now: first,
        started: first,
        judge: &mut bench.judge,
        tally,
        story,
    };
    life.tally.devices += 1;
    let needed = life.device.class.memory_bytes;
    if bench.memory.len() < needed {
        bench.memory.resize(needed, 0);
    }
    let memory = bench.memory.get_mut(..needed).unwrap_or_default();
    let flash = &mut bench.flash;
    flash.erase();
    while life.now < world.scenario.end() {
        // What a process finds in its memory is nothing.
        memory.fill(0);
        life.process(flash, memory);
    }
    life.finish(flash);
}

impl Life<'_, '_> {
    /// Runs one process of the agent until it ends, and leaves the medium as the next one finds it.
    fn process(&mut self, flash: &mut Flash, memory: &mut [u8]) {
        self.started = self.now;
        let written = flash.bytes_written();
        let id = self.device.id.clone();
        let configuration = Configuration {
            device: &id,
            channel: CHANNEL,
            groups: &[],
            mode: Mode::Install,
            seed: Some(&self.world.history.seed),
            keyring: None,
            floors: Floors::default(),
            build_time: self.world.scenario.start(),
            local_hosts: &[],
            entropy: self.power.entropy(),
        };
        let region = Region::new(0, self.device.class.region_bytes);
        let opened = region.ok().map(|region| Store::open(Lent(flash), region));
        let Some(Ok(store)) = opened else {
            return self.unusable("the store cannot be opened");
        };
        let mut agent = match Agent::new(configuration, store, Memory::new(memory)) {
            Ok(agent) => agent,
            Err(error) => return self.unusable(&format!("the agent cannot start: {error}")),
        };
        let end = self.run(&mut agent);
        self.tally.bytes_written += flash.bytes_written() - written;
        self.ended(end, flash);
    }

    /// A process that cannot start has no bundle; it is tried again after an hour.
    fn unusable(&mut self, words: &str) {
        self.oracle.unusable(self.now, words, &mut self.tally.checks);
        self.tell(|| words.to_owned());
        self.now += crate::tally::HOUR;
    }

    fn run(&mut self, agent: &mut Agent<'_, Lent<'_>>) -> End {
        let now = self.moment();
        if agent.store_mut().storage_mut().0.is_dead() {
            return End::PowerCut;
        }
        self.tell(|| format!("starts: release {}", installed(agent)));
        self.oracle.started(agent, now, self.now, &mut self.tally.checks);
        let mut step = self.on(agent, Event::Wake);
        loop {
            if let Some(end) = self.interruption(agent) {
                return end;
            }
            step = self.act(agent, step);
        }
    }

    /// Why the process must end now, if it must.
    fn interruption(&mut self, agent: &mut Agent<'_, Lent<'_>>) -> Option<End> {
        let flash = &mut *agent.store_mut().storage_mut().0;
        if flash.is_dead() {
            return Some(End::PowerCut);
        }
        let hours = (self.now - self.device.first_start) / crate::tally::HOUR + 1;
        if self.events > hours * EVENTS_AN_HOUR_MAX {
            self.oracle.restless(self.now, &mut self.tally.checks);
            self.now = self.world.scenario.end();
        }
        if self.now >= self.world.scenario.end() {
            return Some(End::Over);
        }
        self.power.strike(self.now, flash)
    }

    /// Makes the medium what the next process finds.
    fn ended(&mut self, end: End, flash: &mut Flash) {
        self.note(end as u64);
        if end == End::PowerCut && flash.is_doubtful() {
            self.oracle.doubts();
        }
        match end {
            End::Over => {}
            End::Restart => {
                self.tell(|| "is restarted".to_owned());
                self.now += 30_000;
                flash.find_after_restart();
            }
            End::PowerCut => {
                self.tally.power_cuts += 1;
                let (outcome, seed) = self.power.outcome();
                self.tell(|| {
                    format!("loses power; the medium keeps {outcome:?} of what was not synced").to_lowercase()
                });
                self.now += 60_000;
                flash.find_after_power_cut(outcome, seed);
            }
        }
    }

    fn finish(&mut self, flash: &Flash) {
        let facts = self.oracle.finish(self.world.scenario.end(), &mut self.tally.checks);
        self.tally.expected += u64::from(facts.is_expected);
        self.tally.on_goal += u64::from(facts.is_on_goal);
        self.tally.without_bundle += u64::from(facts.was_without_bundle);
        self.tally.installs += facts.installs;
        self.tally.reverts += facts.reverts;
        let [ever, still] = &mut self.tally.stolen;
        *ever += u64::from(facts.was_stolen);
        *still += u64::from(facts.is_stolen);
        self.tally.stolen_longest = self.tally.stolen_longest.max(facts.stolen_longest);
        let reached = facts.reached_goal.filter(|_| facts.is_expected);
        self.tally.last_on_goal = self.tally.last_on_goal.max(reached);
        self.note(flash.bytes_written());
        self.tally.history = self.tally.history.wrapping_add(self.digest);
    }

    /// The moment as the engine is told it.
    fn moment(&self) -> Now {
        let uptime_seconds = (self.now - self.started) / 1_000;
        let clock = self.device.clock(self.world.time(self.now), uptime_seconds);
        Now { uptime_seconds, clock }
    }

    /// Mixes something that happened into the digest of this life.
    fn note(&mut self, what: u64) {
        // FNV-1a over words: one different event is another sum.
        for word in [self.now, what] {
            self.digest = (self.digest ^ word).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    fn tell(&mut self, words: impl FnOnce() -> String) {
        if let Some(story) = &mut self.story {
            story.tell(self.now, words());
        }
    }
}

/// The release that applications read, in words.
fn installed(agent: &Agent<'_, Lent<'_>>) -> String {
    match agent.installed() {
        Some(content) => {
            format!("{}{}", content.order, if agent.record().phase.is_trial() { " on trial" } else { "" })
        }
        None => "none".to_owned(),
    }
}
