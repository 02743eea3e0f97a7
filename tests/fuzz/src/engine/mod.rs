//! The whole engine, with a server, probes, a clock and a medium that do what the input says.

mod world;

use arbitrary::{Result, Unstructured};
use bundle::Order;
use device_agent::{
    Action, Agent, Clock, Event, FetchFailure, Memory, Now, ProbeOutcome, Reason, Transport, Verdict,
};
use store::{
    Floors, Store,
    fault::{Fault, Medium, Outcome},
};

use world::World;

/// Actions after which a run ends, wherever it is.
const ACTIONS_MAX: u32 = 160;
/// Bytes of the engine's memory: enough for the documents of this world.
const MEMORY_BYTES: usize = 3 * 8_192;

/// What happens to a device, step by step; where the input ends, everything is as it should be.
///
/// # Panics
/// Where the device is left without a whole bundle that was signed, or goes back on something.
pub fn engine(input: &[u8]) {
    // An input that ends early ends the run.
    let _ended = run(&mut Unstructured::new(input));
}

/// What a device must not go back on.
#[derive(Clone, Copy, Debug, Default)]
struct Held {
    floors: Floors,
    keyring: Order,
}

/// An action, without the engine's borrow.
enum Step {
    Continue,
    Export,
    Fetch(String),
    Probe,
    Proceed,
    Report,
    Wait(u64),
}

/// Why a run of one process ended.
enum Ended {
    /// The power goes.
    Power,
    /// The input has no more to say.
    Whole,
}

fn run(u: &mut Unstructured<'_>) -> Result<()> {
    let world = World::shared();
    let mut medium = world.medium(u)?;
    let mut held = Held::default();
    let mut now = Now { uptime_seconds: 0, clock: Clock::Known(world::START) };
    let mut actions = 0;
    loop {
        let mut buffer = vec![0; MEMORY_BYTES];
        let store = Store::open(medium, world::region()).expect("whatever stands there, a store opens");
        let started = Agent::new(world.configuration(u)?, store, Memory::new(&mut buffer));
        let mut agent = started.expect("an image with a good seed starts");
        let ended = live(&mut agent, &mut now, u, &mut held, &mut actions)?;
        medium = agent.into_store().into_storage();
        if matches!(ended, Ended::Whole) {
            return Ok(());
        }
        medium = medium.restart(*u.choose(&Outcome::ALL)?, u.arbitrary()?);
        now.uptime_seconds = 0;
        // What was not durable yet may be gone with the power; what is on the medium counts from here on.
        held = Held::default();
    }
}

/// One life of the process.
fn live(
    agent: &mut Agent<'_, Medium>,
    now: &mut Now,
    u: &mut Unstructured<'_>,
    held: &mut Held,
    actions: &mut u32,
) -> Result<Ended> {
    let mut installing: Option<Vec<u8>> = None;
    let mut step = step(agent.on(*now, Event::Proceed));
    while *actions < ACTIONS_MAX {
        *actions += 1;
        if !matches!(step, Step::Proceed) {
            check(agent, *now, held);
        }
        if u.ratio(1_u8, 40_u8)? {
            let medium = agent.store_mut().storage_mut();
            let fault = *u.choose(&[Fault::InputOutput, Fault::Short, Fault::PowerCut])?;
            medium.fail_at(medium.operations() + u.int_in_range(1..=6)?, fault);
        }
        step = match step {
            Step::Proceed => on(agent, *now, installing.as_deref().map_or(Event::Proceed, Event::Install)),
            Step::Continue => on(agent, *now, Event::End),
            Step::Export => on(agent, *now, Event::Exported { complete: !u.ratio(1_u8, 8_u8)? }),
            Step::Report => on(agent, *now, Event::Reported { delivered: u.arbitrary()? }),
            Step::Probe => on(agent, *now, Event::Probed(outcome(u)?)),
            Step::Fetch(path) => fetch(agent, *now, &path, u)?,
            Step::Wait(seconds) => {
                installing = None;
                if u.is_empty() {
                    return Ok(Ended::Whole);
                }
                match u.int_in_range(0..=7)? {
                    6 => return Ok(Ended::Power),
                    7 => {
                        let file = World::shared().file(u)?;
                        let next = on(agent, *now, Event::Install(&file));
                        installing = Some(file);
                        next
                    }
                    choice => wake(agent, now, seconds, choice, u)?,
                }
            }
        };
    }
    Ok(Ended::Whole)
}

fn wake(
    agent: &mut Agent<'_, Medium>,
    now: &mut Now,
    seconds: u64,
    choice: u8,
    u: &mut Unstructured<'_>,
) -> Result<Step> {
    let passed = if choice < 3 { seconds } else { u64::from(u.arbitrary::<u32>()?) };
    now.uptime_seconds = now.uptime_seconds.saturating_add(passed);
    now.clock = match (now.clock, choice) {
        (Clock::Known(time), 0..=4) => Clock::Known(time.plus(passed)),
        (_, 4) => Clock::Known(world::START),
        _ => Clock::Unknown,
    };
    let event = match choice {
        0 => Event::Nudge,
        5 => Event::ServiceResult { generation: u.int_in_range(0..=8)?, verdict: verdict(u)? },
        _ => Event::Wake,
    };
    Ok(on(agent, *now, event))
}

/// One answer of a server, in pieces, and perhaps something that nobody asked for in between.
fn fetch(agent: &mut Agent<'_, Medium>, now: Now, path: &str, u: &mut Unstructured<'_>) -> Result<Step> {
    let Some(body) = World::shared().answer(path, u)? else {
        let failures =
            [FetchFailure::NotFound, FetchFailure::Server, FetchFailure::TooLarge, FetchFailure::Unreachable];
        return Ok(on(agent, now, Event::Failed(*u.choose(&failures)?)));
    };
    let transport = if u.arbitrary()? { Transport::Unauthenticated } else { Transport::Authenticated };
    let mut next = on(agent, now, Event::Opened(transport));
    let piece = usize::from(u.int_in_range(0_u16..=999)?);
    // Where nothing is said of it, pieces are long.
    for chunk in body.chunks(1_000 - piece) {
        if u.ratio(1_u8, 60_u8)? {
            next = on(agent, now, stray(u)?);
        }
        while matches!(next, Step::Proceed) {
            next = on(agent, now, Event::Proceed);
        }
        if !matches!(next, Step::Continue) {
            return Ok(next);
        }
        next = on(agent, now, Event::Chunk(chunk));
    }
    while matches!(next, Step::Proceed) {
        next = on(agent, now, Event::Proceed);
    }
    Ok(if matches!(next, Step::Continue) { on(agent, now, Event::End) } else { next })
}

/// An event that no action asked for.
fn stray(u: &mut Unstructured<'_>) -> Result<Event<'static>> {
    Ok(match u.int_in_range(0..=6)? {
        0 => Event::Wake,
        1 => Event::Nudge,
        2 => Event::Proceed,
        3 => Event::Opened(Transport::Authenticated),
        4 => Event::Exported { complete: true },
        5 => Event::Reported { delivered: true },
        _ => Event::Probed(outcome(u)?),
    })
}

fn outcome(u: &mut Unstructured<'_>) -> Result<ProbeOutcome> {
    let present = Some(verdict(u)?);
    let candidate = if u.ratio(1_u8, 9_u8)? { None } else { Some(verdict(u)?) };
    Ok(ProbeOutcome { present, candidate, excused: u.ratio(1_u8, 9_u8)? })
}

fn verdict(u: &mut Unstructured<'_>) -> Result<Verdict> {
    Ok(match u.int_in_range(0..=4)? {
        0..=2 => Verdict::Verified,
        3 => Verdict::Refused(Reason::ProbeChain),
        _ => Verdict::Inconclusive(Reason::ProbeTooComplex),
    })
}

fn on(agent: &mut Agent<'_, Medium>, now: Now, event: Event<'_>) -> Step {
    step(agent.on(now, event))
}

fn step(action: Action<'_>) -> Step {
    match action {
        Action::Continue => Step::Continue,
        Action::Export { .. } => Step::Export,
        Action::Fetch { resource, .. } => Step::Fetch(resource.path(crate::fleet::CHANNEL).to_string()),
        Action::Probe(_) => Step::Probe,
        Action::Proceed => Step::Proceed,
        Action::Report => Step::Report,
        Action::Wait { seconds } => Step::Wait(seconds),
    }
}

/// What must hold whenever somebody looks.
fn check(agent: &mut Agent<'_, Medium>, now: Now, held: &mut Held) {
    let status = agent.status(now);
    let (floors, keyring) = (status.floors, status.keyring);
    assert!(floors.holds(&held.floors), "a floor went back: {floors:?} from {:?}", held.floors);
    assert!(keyring >= held.keyring, "the keyring went back");
    *held = Held { floors, keyring };
    let content = agent.installed().expect("a device with a seed always has a bundle");
    let mut bytes = vec![0; usize::try_from(content.total_bytes).expect("it fits a slot")];
    // A medium that fails, or that the power was cut from, reads nothing.
    if agent.read(&content, 0, &mut bytes).is_ok() {
        World::shared().is_whole(content.digest, content.document_bytes, &bytes);
    }
}
