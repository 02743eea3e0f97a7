//! Many seeds: each takes a scenario and makes a fleet, faults and attackers of its own of it. The operator's work stays
//! what the scenario has, so that its history is made once.

use crate::{
    luck::Luck,
    scenario::{Aim, Attacker, Class, ClockKind, Forged, Outage, OutageKind, Place, Scenario, Trick},
};

/// A scenario of this seed, made of one of these.
#[must_use]
pub fn scenario(bases: &[Scenario], seed: u64) -> Option<Scenario> {
    let mut luck = Luck::of(seed, u64::MAX, "swarm");
    let chosen = usize::try_from(luck.below(bases.len() as u64)).ok()?;
    let mut scenario = bases.get(chosen)?.clone();
    scenario.name = format!("{} of seed {seed}", scenario.name);
    for class in &mut scenario.classes {
        change(class, &mut luck);
    }
    let calm = calm_hours(&scenario);
    for _ in 0..luck.below(3) {
        scenario.outages.push(outage(calm, &mut luck));
    }
    for index in 0..luck.below(5) {
        scenario.attackers.push(attacker(index, calm, &mut luck));
    }
    Some(scenario)
}

/// The hours before the fleet must settle: what a seed adds ends there.
fn calm_hours(scenario: &Scenario) -> f64 {
    (scenario.goal.by_hours - scenario.goal.settle_hours - 6.0).max(12.0)
}

fn change(class: &mut Class, luck: &mut Luck) {
    class.weight *= 0.2 + 2.0 * luck.part();
    class.start_within_hours = class.start_within_hours.min(1.0 + 11.0 * luck.part());
    class.restarts_a_day = 1.5 * luck.part() * luck.part();
    class.power_cuts_a_day = 3.0 * luck.part() * luck.part();
    class.latency_milliseconds = 5 + luck.below(1_500);
    class.write_milliseconds = luck.below(500);
    if luck.happens(30.0) {
        class.failed_writes_a_day = 0.3 * luck.part();
        class.silent_corruptions_a_day = 0.2 * luck.part();
    }
    // One failed write may cost a device that was refused before a day of its own: it is late, and nothing worse.
    class.expected &= class.failed_writes_a_day + class.silent_corruptions_a_day == 0.0;
    if luck.happens(25.0) {
        class.loss_percent = 25.0 * luck.part();
        // So is one that loses every tenth answer: a round of questions must come through as a whole.
        class.expected &= class.loss_percent < 5.0;
    }
    if luck.happens(10.0) {
        class.clock = match luck.below(3) {
            0 => ClockKind::Unknown,
            1 => ClockKind::Late { minutes: 1 + luck.below(600) },
            // A clock in the past: one in the future makes every certificate of a service expire.
            _ => ClockKind::Wrong { days: -i64::try_from(1 + luck.below(9_000)).unwrap_or(1) },
        };
    }
}

fn window(calm: f64, luck: &mut Luck) -> (f64, f64) {
    let from = calm * luck.part();
    (from, from + (calm - from) * luck.part())
}

fn outage(calm: f64, luck: &mut Luck) -> Outage {
    let kinds = [OutageKind::Endpoints, OutageKind::Failing, OutageKind::Plain, OutageKind::Unreachable];
    let kind = kinds[usize::try_from(luck.below(4)).unwrap_or(0) % 4];
    let (from_hours, until_hours) = window(calm, luck);
    Outage { from_hours, until_hours, percent: 100.0 * luck.part(), kind }
}

/// An attacker without a threshold of keys.
fn attacker(index: u64, calm: f64, luck: &mut Luck) -> Attacker {
    let (from_hours, until_hours) = window(calm, luck);
    let forge = |what, keys: &[&str]| {
        Trick::Forge(Forged { what, keys: keys.iter().map(|key| (*key).to_owned()).collect() })
    };
    let trick = match luck.below(11) {
        0 => Trick::Corrupt,
        1 => Trick::Endless,
        2 => Trick::OtherChannel,
        3 => Trick::Replay { as_of_hours: from_hours * luck.part() },
        4 => Trick::Swap,
        5 => Trick::Truncate,
        6 => Trick::Withhold { paths: vec!["keyring/".into(), "prod/blob/".into()] },
        7 => Trick::Impersonate,
        8 => forge(Aim::Release, &["alice"]),
        9 => forge(Aim::Keyring, &["bob"]),
        _ => forge(Aim::Recovery, &["alice", "bob", "carol"]),
    };
    let place = if luck.below(2) == 0 { Place::Path } else { Place::Mirror };
    let name = format!("attacker {index}");
    Attacker { name, from_hours, until_hours, percent: 40.0 * luck.part(), place, trick }
}
