//! One scenario: the whole fleet, or one device's story.

use std::time::Instant;

use serde::Serialize;
use simulator::{
    Error, fleet,
    invariant::{Breach, Invariant},
    page::{self, Run},
    scenario::Scenario,
    shrink::{self, Shrunk},
    story::{Moment, Story},
    swarm,
    tally::{Tally, hours},
    world::World,
};

use super::{Arguments, Verdict, output};

/// What a run says to machines.
#[derive(Debug, Serialize)]
pub(super) struct Results {
    schema: &'static str,
    pub(super) passed: bool,
    pub(super) scenario: String,
    seed: u64,
    /// The same for the same seed and commit.
    history: String,
    /// The command that gives this history again.
    pub(super) replay: String,
    pub(super) invariants: Vec<Look>,
    pub(super) figures: Figures,
    pub(super) breaches: Vec<Seen>,
}

/// The looks at one invariant.
#[derive(Debug, Serialize)]
pub(super) struct Look {
    pub(super) name: &'static str,
    pub(super) checked: u64,
    pub(super) broken: u64,
}

/// Figures of a run.
#[derive(Debug, Serialize)]
pub(super) struct Figures {
    pub(super) devices: u64,
    pub(super) events: u64,
    pub(super) wall_seconds: f64,
    pub(super) peak_memory_bytes: u64,
    pub(super) devices_on_goal: u64,
    pub(super) devices_without_bundle: u64,
    devices_expected_on_goal: u64,
    pub(super) devices_ever_following_a_thief: u64,
    pub(super) devices_following_a_thief: u64,
    pub(super) longest_following_a_thief_hours: f64,
    pub(super) last_on_goal_hours: Option<f64>,
    installs: u64,
    reverts: u64,
    power_cuts: u64,
    bytes: u64,
    bytes_written: u64,
    requests: u64,
    microseconds_a_device: f64,
}

/// One breach.
#[derive(Debug, Serialize)]
pub(super) struct Seen {
    invariant: &'static str,
    device: Option<u64>,
    moment: String,
    seen: String,
}

/// Lives the whole fleet.
pub(super) fn run(arguments: &Arguments) -> Result<Verdict, Error> {
    let bar = output::bar(arguments.devices, "devices");
    bar.set_message("the operator publishes");
    let world = World::new(scenario(arguments)?, arguments.seed, &arguments.publisher()?)?;
    bar.set_message(world.scenario.name.clone());
    let began = Instant::now();
    let tally = fleet::run(&world, arguments.devices, &|done| bar.inc(done));
    let wall_seconds = began.elapsed().as_secs_f64();
    bar.finish_and_clear();
    let replay = replay(arguments, arguments.seed, None, arguments.devices);
    if let Some(path) = &arguments.report {
        let run = Run { world: &world, tally: &tally, replay: replay.clone(), wall_seconds };
        output::write_report(path, &page::page(&run))?;
    }
    let results = results(&world, &tally, replay, wall_seconds);
    output::results(&results, arguments.json);
    if results.passed {
        return Ok(Verdict::Held);
    }
    if let Some(breach) = tally.checks.breaches().first() {
        explain(&world, arguments, breach)?;
    }
    Ok(Verdict::Broken)
}

/// Tells one device's life.
pub(super) fn trace(arguments: &Arguments, device: u64) -> Result<Verdict, Error> {
    if device >= arguments.devices {
        return Err(Error::Device { device, devices: arguments.devices });
    }
    let world = World::new(scenario(arguments)?, arguments.seed, &arguments.publisher()?)?;
    let (story, tally) = Story::of(&world, device);
    output::story(&story, &tally, arguments.json);
    Ok(if tally.checks.hold() { Verdict::Held } else { Verdict::Broken })
}

/// Says how a breach came about: the command, and the least that breaks the invariant.
pub(super) fn explain(world: &World, arguments: &Arguments, breach: &Breach) -> Result<(), Error> {
    let Some(device) = breach.device else { return Ok(()) };
    let is_swarm = arguments.swarm.is_some() || arguments.nightly;
    let replay = replay(arguments, world.seed, is_swarm.then_some(1), device + 1);
    let shrunk: Option<Shrunk> = shrink::shrink(world, breach)?;
    output::explain(breach, &format!("{replay} --trace {device}"), shrunk.as_ref());
    Ok(())
}

pub(super) fn results(world: &World, tally: &Tally, replay: String, wall_seconds: f64) -> Results {
    let look = |invariant: &Invariant| {
        let count = tally.checks.count(*invariant);
        Look { name: invariant.name(), checked: count.checked, broken: count.broken }
    };
    let seen = |breach: &Breach| Seen {
        invariant: breach.invariant.name(),
        device: breach.device,
        moment: Moment(breach.at).to_string(),
        seen: breach.words.clone(),
    };
    Results {
        schema: "simulation/1",
        passed: tally.checks.hold() && tally.without_bundle == 0,
        scenario: world.scenario.name.clone(),
        seed: world.seed,
        history: format!("{:016x}", tally.history),
        replay,
        invariants: Invariant::ALL.iter().map(look).collect(),
        figures: figures(tally, wall_seconds),
        breaches: tally.checks.breaches().iter().map(seen).collect(),
    }
}

#[expect(clippy::cast_precision_loss, reason = "devices are counted, not measured")]
fn figures(tally: &Tally, wall_seconds: f64) -> Figures {
    let [ever, still] = tally.stolen;
    Figures {
        devices: tally.devices,
        events: tally.events,
        wall_seconds,
        peak_memory_bytes: output::peak_memory_bytes(),
        devices_on_goal: tally.on_goal,
        devices_without_bundle: tally.without_bundle,
        devices_expected_on_goal: tally.expected,
        devices_ever_following_a_thief: ever,
        devices_following_a_thief: still,
        longest_following_a_thief_hours: hours(tally.stolen_longest),
        last_on_goal_hours: tally.last_on_goal.map(hours),
        installs: tally.installs,
        reverts: tally.reverts,
        power_cuts: tally.power_cuts,
        bytes: tally.bytes.iter().sum(),
        bytes_written: tally.bytes_written,
        requests: tally.requests.iter().sum(),
        microseconds_a_device: wall_seconds * 1e6 / tally.devices.max(1) as f64,
    }
}

/// The command that gives a history again.
pub(super) fn replay(arguments: &Arguments, seed: u64, swarm: Option<u64>, devices: u64) -> String {
    let files: Vec<String> =
        arguments.scenarios.iter().map(|file| format!(" --scenario {}", file.display())).collect();
    let swarm = swarm.map(|seeds| format!(" --swarm {seeds}")).unwrap_or_default();
    format!("cargo xtask sim{swarm} --devices {devices} --seed {seed}{}", files.concat())
}

/// The scenario that the arguments name, or make of the ones that they name.
fn scenario(arguments: &Arguments) -> Result<Scenario, Error> {
    let read = arguments.scenarios.iter().map(|file| Scenario::read(file));
    let mut bases = read.collect::<Result<Vec<Scenario>, Error>>()?;
    let made = arguments.swarm.and_then(|_| swarm::scenario(&bases, arguments.seed));
    if let Some(scenario) = made {
        return Ok(scenario);
    }
    match (bases.pop(), bases.is_empty()) {
        (Some(scenario), true) => Ok(scenario),
        _ => Err(Error::Scenario {
            file: arguments.scenarios.first().cloned().unwrap_or_default(),
            field: "--scenario".into(),
            fault: "is given more than once: only a swarm is made of several".into(),
        }),
    }
}
