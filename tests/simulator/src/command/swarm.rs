//! Many seeds: a small fleet for each, in a scenario made at random.

use std::time::Instant;

use simulator::{Error, fleet, scenario::Scenario, swarm, tally::Tally, world::World};

use super::{Arguments, Verdict, one, output};

/// Devices of each seed's fleet, unless the arguments say less.
const DEVICES_MAX: u64 = 150;

/// Seeds after which a run without an end says how far it has come: whoever reads its log sees no bar.
const SAID_EVERY: u64 = 100;

/// Lives one fleet for each seed, or until this process is ended; stops at the first seed that breaks an invariant.
pub(super) fn run(arguments: &Arguments, seeds: Option<u64>) -> Result<Verdict, Error> {
    let read = arguments.scenarios.iter().map(|file| Scenario::read(file));
    let bases = read.collect::<Result<Vec<Scenario>, Error>>()?;
    let devices = arguments.devices.min(DEVICES_MAX);
    let publisher = arguments.publisher()?;
    let bar = output::bar(seeds.unwrap_or(u64::MAX), "seeds");
    let began = Instant::now();
    let mut sum: Option<(World, Tally)> = None;
    let end = seeds.map_or(u64::MAX, |count| arguments.seed.saturating_add(count));
    for seed in arguments.seed..end {
        let Some(scenario) = swarm::scenario(&bases, seed) else { break };
        bar.set_message(scenario.name.clone());
        let world = World::new(scenario, seed, &publisher)?;
        let tally = fleet::run(&world, devices, &|_| {});
        bar.inc(1);
        if let Some(breach) = tally.checks.breaches().first() {
            bar.finish_and_clear();
            let replay = one::replay(arguments, seed, Some(1), devices);
            output::results(
                &one::results(&world, &tally, replay, began.elapsed().as_secs_f64()),
                arguments.json,
            );
            one::explain(&world, arguments, breach)?;
            return Ok(Verdict::Broken);
        }
        if seeds.is_none() && (seed - arguments.seed + 1).is_multiple_of(SAID_EVERY) {
            bar.suspend(|| output::come_to(arguments.seed, seed));
        }
        match &mut sum {
            Some((_, sum)) => sum.add(&tally),
            None => sum = Some((world, tally)),
        }
    }
    bar.finish_and_clear();
    let Some((mut world, tally)) = sum else { return Ok(Verdict::Held) };
    world.scenario.name = format!("a swarm of {} seeds", seeds.unwrap_or(0));
    let replay = one::replay(arguments, arguments.seed, seeds, devices);
    output::results(&one::results(&world, &tally, replay, began.elapsed().as_secs_f64()), arguments.json);
    Ok(Verdict::Held)
}
