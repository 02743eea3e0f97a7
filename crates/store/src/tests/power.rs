//! Power cuts, kills and failing media at every operation of whole install cycles.

use std::{println, vec::Vec};

use super::{
    Outcome as Done, TestStore, channel, commit, confirm, denials, head, install, next_keyring, open,
    readable, refusal, stage,
};
use crate::{
    Condition, Floors, Reader,
    fault::{Fault, Medium, Outcome},
    tests::region,
};

type Step = fn(&mut TestStore) -> Done;

/// Two installs, of which the first is confirmed and the second reverted, with everything that rides along.
const CYCLE: &[Step] = &[
    |store| next_keyring(store, 2),
    |store| store.change(|change| change.replace_denials(&denials(2))),
    |store| stage(store, 2).map(drop),
    |store| commit(store, 2),
    |store| store.change(|change| change.record_failure()).map(drop),
    |store| {
        store.change(|change| {
            change.note_head(head(20));
            change.confirm()
        })
    },
    |store| commit(store, 3),
    |store| {
        store.change(|change| {
            change.record_refusal(refusal(3));
            change.revert()
        })
    },
    |store| install(store, 4),
];

/// What the cycle starts from: one confirmed release.
fn start(block_bytes: usize) -> Medium {
    let mut store = open(Medium::new(block_bytes));
    store.change(|change| change.change_channel(channel())).unwrap();
    install(&mut store, 1).unwrap();
    store.into_storage()
}

/// The releases that may be readable while each step runs: the one before it, and those it makes readable.
fn allowed(step: usize) -> &'static [u32] {
    [&[1_u32][..], &[1], &[1], &[1, 2], &[2], &[2], &[2, 3], &[3, 2], &[2, 4], &[4]][step]
}

/// Runs the cycle from `from` until a step fails; the number of the step that did.
fn run(store: &mut TestStore, from: usize, floors: &mut Floors) -> usize {
    for (number, step) in CYCLE.iter().enumerate().skip(from) {
        if step(store).is_err() {
            return number;
        }
        *floors = store.record().floors;
    }
    CYCLE.len()
}

/// Exactly one whole verified bundle is readable, an allowed one, by the writer and by applications alike.
fn check(store: &mut TestStore, allowed: &[u32], floors: &Floors) {
    let number = readable(store).expect("a whole bundle is readable");
    assert!(allowed.contains(&number), "release {number} is readable, expected one of {allowed:?}");
    assert!(store.record().floors.holds(floors), "{:?} is below {floors:?}", store.record().floors);
    let mut reader = Reader::new(store.storage_mut(), region());
    let mut buffer = [0; 24_576];
    let snapshot = reader.read(&mut buffer).unwrap();
    let (_, entry) = snapshot.content.expect("applications find a bundle");
    assert_eq!(entry.release.order.number, number);
}

fn operations_of_the_cycle(block_bytes: usize) -> (u64, u64) {
    let medium = start(block_bytes);
    let before = medium.operations();
    let mut store = open(medium);
    assert_eq!(run(&mut store, 0, &mut Floors::default()), CYCLE.len());
    (before, store.into_storage().operations())
}

#[test]
fn invariant_09_a_power_cut_at_every_operation_leaves_one_whole_bundle_and_no_lower_floor() {
    let mut states = 0_u32;
    for block_bytes in [4_096, 8_192] {
        let (before, after) = operations_of_the_cycle(block_bytes);
        for operation in before + 1..=after {
            let mut medium = start(block_bytes);
            medium.fail_at(operation, Fault::PowerCut);
            let (mut store, mut floors) = (open(medium), Floors::default());
            let step = run(&mut store, 0, &mut floors);
            let dead = store.into_storage();
            for (outcome, seed) in outcomes() {
                let mut store = open(dead.restart(outcome, seed + operation));
                assert_eq!(store.condition(), Condition::Ready);
                check(&mut store, allowed(step), &floors);
                finish_trial(&mut store).and_then(|()| install(&mut store, 9)).unwrap();
                check(&mut store, &[9], &floors);
                states += 1;
            }
        }
    }
    println!("{states} states after power cuts, each with one whole bundle and no lower floor");
}

#[test]
fn a_killed_process_may_lose_power_later_at_any_operation() {
    let (before, after) = operations_of_the_cycle(4_096);
    for killed_at in before + 1..=after {
        let mut medium = start(4_096);
        medium.fail_at(killed_at, Fault::PowerCut);
        let (mut store, mut floors) = (open(medium), Floors::default());
        let step = run(&mut store, 0, &mut floors);
        let killed = store.into_storage().kill();
        cut_everywhere_after(&open(killed), allowed(step), floors);
    }
}

#[test]
fn a_failed_write_or_sync_is_survived_and_a_later_power_cut_too() {
    let (before, after) = operations_of_the_cycle(4_096);
    for fault in [Fault::InputOutput, Fault::Short] {
        for failed_at in before + 1..=after {
            let mut medium = start(4_096);
            medium.fail_at(failed_at, fault);
            let (mut store, mut floors) = (open(medium), Floors::default());
            let step = run(&mut store, 0, &mut floors);
            check(&mut store, allowed(step), &floors);
            cut_everywhere_after(&store, allowed(step), floors);
        }
    }
}

/// Installs release 9 and cuts the power at every operation of that.
fn cut_everywhere_after(store: &TestStore, allowed: &[u32], floors: Floors) {
    let allowed: Vec<u32> = allowed.iter().copied().chain([9]).collect();
    let before = store.clone().into_storage().operations();
    for operation in before + 1.. {
        let mut store = store.clone();
        store.storage_mut().fail_at(operation, Fault::PowerCut);
        let done = finish_trial(&mut store).and_then(|()| install(&mut store, 9));
        if done.is_ok() {
            return;
        }
        let dead = store.into_storage();
        for (outcome, seed) in outcomes() {
            check(&mut open(dead.restart(outcome, seed + operation)), &allowed, &floors);
        }
    }
}

fn finish_trial(store: &mut TestStore) -> Done {
    if store.record().phase.is_trial() { confirm(store) } else { Ok(()) }
}

fn outcomes() -> impl Iterator<Item = (Outcome, u64)> {
    let lucky = (0..8_u64).map(|seed| (Outcome::Mixed, seed * 7_919 + 1));
    Outcome::ALL.into_iter().map(|outcome| (outcome, 11)).chain(lucky)
}
