//! Invariant 9: the power fails before every storage operation of whole update cycles, and the device comes back.

use std::{println, vec};

use bundle::{Manifest, Order};
use store::{
    Condition, Floors,
    fault::{Fault, Medium, Outcome},
};

use super::kit::{Device, Fleet, Setup, both, deny, manifest, outcome};
use crate::{Reason, Verdict};

const SILENT: Verdict = Verdict::Inconclusive(Reason::ProbeTcp);
const REFUSED: Verdict = Verdict::Refused(Reason::ProbeChain);

/// A way through the engine: what it starts from, what is done, where it must be able to end.
struct Story {
    name: &'static str,
    fleet: Fleet,
    start: Medium,
    act: fn(&mut Device, &mut Fleet),
    allowed: &'static [u32],
}

impl Story {
    /// The numbers of the storage operations that the story takes when nothing fails.
    fn operations(&self, setup: &Setup) -> core::ops::RangeInclusive<u64> {
        let mut device = setup.boot(self.start.kill());
        (self.act)(&mut device, &mut self.fleet.clone());
        let last = device.agent.into_store().into_storage().operations();
        let first = self.start.operations() + 1;
        assert!(last > first + 8, "{}: {first} to {last}", self.name);
        first..=last
    }
}

fn beginning() -> (Fleet, Device) {
    let mut fleet = Fleet::new();
    let mut device = Device::new(&fleet);
    fleet.roll_out(&manifest(&["a", "c"]));
    assert_eq!(device.check(&mut fleet).installed.unwrap().order, Order::new(0, 2));
    (fleet, device)
}

fn stories() -> [Story; 3] {
    let (mut fleet, device) = beginning();
    fleet.next_keyring(&[], None);
    let mut content = manifest(&["a", "d", "e"]);
    content.denials = [deny("b")].to_vec();
    fleet.roll_out(&content);
    let start = device.agent.into_store().into_storage();
    let update = Story {
        name: "a keyring and a release with a denial, confirmed",
        fleet: fleet.clone(),
        start: start.clone(),
        act: |device, fleet| {
            device.check(fleet);
        },
        allowed: &[2, 3],
    };
    let overtaken = Story {
        name: "a trial that stays open, and a newer release over it",
        fleet: fleet.clone(),
        start: start.clone(),
        act: |device, fleet| {
            device.driver.probe = |_, _| both(SILENT);
            device.check(fleet);
            fleet.roll_out(&manifest(&["a", "f"]));
            device.check(fleet);
        },
        allowed: &[2, 3, 4],
    };
    let reverted = Story {
        name: "a trial that is reverted by evidence",
        fleet,
        start,
        act: |device, fleet| {
            device.driver.probe = |_, _| both(SILENT);
            device.check(fleet);
            device.driver.probe = |_, _| outcome(Verdict::Verified, REFUSED);
            for _ in 0..3 {
                device.check(fleet);
            }
        },
        allowed: &[2, 3],
    };
    [update, overtaken, reverted]
}

/// Applications find one whole verified bundle, one of the allowed ones, and no floor is lower than before.
fn check(device: &mut Device, allowed: &[u32], floors: &Floors) {
    assert_eq!(device.agent.store.condition(), Condition::Ready);
    let content = device.agent.installed().expect("a bundle is readable");
    assert!(allowed.contains(&content.order.number), "{} is readable, expected {allowed:?}", content.order);
    let mut bytes = vec![0; content.total_bytes as usize];
    device.agent.read(&content, 0, &mut bytes).unwrap();
    let (document, blobs) = bytes.split_at(content.document_bytes as usize);
    Manifest::restored(document, content.digest).unwrap().verify_blobs(blobs).unwrap();
    let now = device.agent.record().floors;
    assert!(now.holds(floors), "{now:?} is below {floors:?}");
}

fn outcomes() -> impl Iterator<Item = (Outcome, u64)> {
    let lucky = (0..4_u64).map(|seed| (Outcome::Mixed, seed * 7_919 + 1));
    Outcome::ALL.into_iter().map(|outcome| (outcome, 11)).chain(lucky)
}

#[test]
fn invariant_09_a_power_cut_before_every_operation_of_a_cycle_leaves_a_whole_bundle_and_a_way_on() {
    let mut states = 0;
    for story in stories() {
        let setup = Setup::of(&story.fleet);
        for operation in story.operations(&setup) {
            let mut fleet = story.fleet.clone();
            let mut device = setup.boot(story.start.kill());
            let floors = device.agent.record().floors;
            device.agent.store_mut().storage_mut().fail_at(operation, Fault::PowerCut);
            (story.act)(&mut device, &mut fleet);
            let dead = device.agent.into_store().into_storage();
            for (outcome, seed) in outcomes() {
                let mut device = setup.boot(dead.restart(outcome, seed + operation));
                check(&mut device, story.allowed, &floors);
                go_on(device, fleet.clone(), story.allowed, &floors);
                states += 1;
            }
        }
    }
    println!(
        "{states} states after power cuts: each with one whole verified bundle, each with a way to the end"
    );
}

/// With the power back the device ends at a new release, whatever it was doing.
fn go_on(mut device: Device, mut fleet: Fleet, allowed: &[u32], floors: &Floors) {
    device.check(&mut fleet);
    check(&mut device, allowed, floors);
    let order = fleet.roll_out(&manifest(&["a", "z"]));
    let status = device.check(&mut fleet);
    assert_eq!((status.reason, status.floors.release), (Some(Reason::Confirmed), order));
    check(&mut device, &[order.number], floors);
}

#[test]
fn a_medium_that_fails_at_any_operation_is_survived_by_the_running_engine() {
    for fault in [Fault::InputOutput, Fault::Short] {
        for story in stories() {
            let setup = Setup::of(&story.fleet);
            for operation in story.operations(&setup) {
                let mut fleet = story.fleet.clone();
                let mut device = setup.boot(story.start.kill());
                let floors = device.agent.record().floors;
                device.agent.store_mut().storage_mut().fail_at(operation, fault);
                (story.act)(&mut device, &mut fleet);
                check(&mut device, story.allowed, &floors);
                device.driver.probe = |_, _| both(Verdict::Verified);
                go_on(device, fleet, story.allowed, &floors);
            }
        }
    }
}
