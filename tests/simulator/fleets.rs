//! Small fleets through the kept scenarios: the same history every time, every invariant, and failures made small.

#![expect(clippy::unwrap_used, reason = "what a test cannot go on without stops it")]

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use simulator::{
    fleet,
    invariant::Invariant,
    operator::Publisher,
    scenario::Scenario,
    shrink::shrink,
    story::Story,
    tally::{HOUR, Tally},
    world::World,
};

/// Devices of a fleet: enough for every class and every attacker.
const DEVICES: u64 = 24;
/// Devices of a fleet that is stolen from: a tenth of it is still a few.
const DEVICES_OF_A_THEFT: u64 = 60;

fn scenarios() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn named(name: &str) -> Scenario {
    Scenario::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("scenarios/{name}.toml"))).unwrap()
}

/// The publisher, as the test runner built it: in the folder that it names, or beside this program.
fn publisher() -> Publisher {
    let folder = env::var_os("SYSTEM_TESTS_PROGRAMS").map(PathBuf::from);
    let beside = || env::current_exe().unwrap().parent().unwrap().parent().unwrap().to_path_buf();
    Publisher::new(folder.unwrap_or_else(beside).join("cloud-updater"), None).unwrap()
}

fn lived(scenario: Scenario, seed: u64) -> Tally {
    fleet::run(&World::new(scenario, seed, &publisher()).unwrap(), DEVICES, &|_| {})
}

#[test]
fn one_seed_is_one_history_and_another_seed_is_another() {
    let of_seed = |seed| lived(named("siege"), seed);
    let (first, again, other) = (of_seed(7), of_seed(7), of_seed(8));
    assert_eq!((first.history, first.events), (again.history, again.events));
    assert_eq!((first.by_release, first.requests), (again.by_release, again.requests));
    assert_ne!(first.history, other.history);
}

#[test]
fn every_invariant_holds_in_every_scenario_and_all_are_looked_at() {
    let mut sum: Option<Tally> = None;
    for file in scenarios() {
        let tally = lived(Scenario::read(&file).unwrap(), 3);
        assert!(tally.checks.hold(), "{}: {:?}", file.display(), tally.checks.breaches());
        match &mut sum {
            Some(sum) => sum.add(&tally),
            None => sum = Some(tally),
        }
    }
    let sum = sum.unwrap();
    // The load of a handful of devices says nothing.
    for invariant in Invariant::ALL.into_iter().filter(|invariant| *invariant != Invariant::LoadSpread) {
        assert!(sum.checks.count(invariant).checked > 0, "{} was never looked at", invariant.name());
    }
}

#[test]
fn a_goal_that_nobody_reaches_is_a_breach_which_is_made_small() {
    let mut scenario = named("siege");
    scenario.goal.release = 99;
    let world = World::new(scenario, 1, &publisher()).unwrap();
    let tally = fleet::run(&world, DEVICES, &|_| {});
    let breach = tally.checks.breaches().first().unwrap();
    assert_eq!(breach.invariant, Invariant::GoalReached);
    let shrunk = shrink(&world, breach).unwrap().unwrap();
    // Whatever else happens to the device, that release does not exist.
    assert_eq!((shrunk.needed.len(), shrunk.breach.invariant), (0, Invariant::GoalReached));
    assert!(shrunk.removed.len() >= 14 && !shrunk.log.is_empty(), "{:?}", shrunk.removed);
}

/// What a theft comes to: devices that ever followed the thief, those that do in the end, and the longest time in hours.
fn theft(name: &str) -> (u64, u64, u64) {
    let tally = fleet::run(&World::new(named(name), 1, &publisher()).unwrap(), DEVICES_OF_A_THEFT, &|_| {});
    assert!(tally.checks.hold(), "{name}: {:?}", tally.checks.breaches());
    let [ever, still] = tally.stolen;
    (ever, still, tally.stolen_longest / HOUR)
}

#[test]
fn keys_below_every_threshold_get_no_device() {
    assert_eq!(theft("siege"), (0, 0, 0));
}

#[test]
fn a_stolen_head_key_gets_no_device() {
    assert_eq!(theft("stolen-head-key"), (0, 0, 0));
}

#[test]
fn a_stolen_threshold_gets_devices_until_the_recovery_is_heard_of() {
    let (ever, still, hours) = theft("stolen-threshold");
    assert!(ever > 0 && still == 0, "{ever} devices followed the thief, {still} still do");
    // Stolen at 30 h, recovered at 72 h, and kept from it by the thief's own hand until 90 h at most.
    assert!((24..100).contains(&hours), "{hours} h");
}

#[test]
fn a_stolen_recovery_threshold_keeps_the_devices_that_it_reaches() {
    let (ever, still, _) = theft("stolen-recovery");
    assert!(ever > 0 && still == ever, "{ever} devices followed the thief, {still} still do");
    assert!(ever < DEVICES_OF_A_THEFT / 4, "{ever} devices: more than the thief's part");
}

#[test]
fn a_lost_keyring_threshold_is_replaced_by_the_recovery_keys() {
    assert_eq!(theft("lost-keys"), (0, 0, 0));
}

#[test]
fn a_story_tells_what_a_device_did_up_to_the_goal() {
    let world = World::new(named("stolen-root"), 1, &publisher()).unwrap();
    let (story, _) = Story::of(&world, 0);
    let told = story.to_string();
    for words in ["asks for prod/head", "installs release 2, on trial", "confirms release 3"] {
        assert!(told.contains(words), "{words}\n{told}");
    }
}

#[test]
fn a_scenario_with_an_unknown_field_or_without_a_seed_is_refused_by_name() {
    let text =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/siege.toml")).unwrap();
    let refused = |text: &str| Scenario::parse(Path::new("x.toml"), text).unwrap_err().to_string();
    assert!(refused(&format!("speed = 3\n{text}")).contains("speed"));
    assert!(refused(&text.replace("add = [\"old\"]", "share = 3.0")).contains("x.toml: act"));
}
