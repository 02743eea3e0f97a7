//! The ordinary life of a device: what a check costs, what an update takes, whom a rollout reaches.

use std::{format, vec, vec::Vec};

use bundle::Order;

use super::kit::{CHANNEL, DAY, Device, Fleet, Setup, manifest};
use crate::{Mode, Origin, Phase, Reason};

const RELEASE_2: Order = Order::new(0, 2);

fn checked() -> (Fleet, Device) {
    let mut fleet = Fleet::new();
    let mut device = Device::new(&fleet);
    device.check(&mut fleet);
    fleet.requests.clear();
    (fleet, device)
}

#[test]
fn the_seed_is_in_use_before_the_first_check() {
    let fleet = Fleet::new();
    let device = Device::new(&fleet);
    let status = device.agent.status(device.now(&fleet));
    let installed = status.installed.unwrap();
    assert_eq!((installed.order, installed.origin), (Order::new(0, 1), Origin::Seed));
    assert_eq!(status.keyring, Order::new(0, 1));
}

#[test]
fn a_release_is_fetched_probed_committed_and_confirmed_in_one_cycle() {
    let (mut fleet, mut device) = checked();
    fleet.roll_out(&manifest(&["a", "c"]));
    let status = device.check(&mut fleet);
    assert_eq!(status.reason, Some(Reason::Confirmed));
    assert_eq!(status.installed.unwrap().order, RELEASE_2);
    assert_eq!(status.floors.release, RELEASE_2);
    assert_eq!(status.phase, Phase::Idle);
    assert_eq!(fleet.requests, ["prod/head", "prod/update/1-2"]);
    assert_eq!(device.probed.len(), 2, "once before the commit, once on trial");
}

#[test]
fn an_unchanged_check_is_one_request_and_writes_nothing() {
    let (mut fleet, mut device) = checked();
    fleet.roll_out(&manifest(&["a", "c"]));
    device.check(&mut fleet);
    fleet.requests.clear();
    let writes = device.agent.store_mut().storage_mut().operations();
    let before = device.kept();
    for _ in 0..3 {
        device.pass(&mut fleet, 21_600);
        assert_eq!(device.check(&mut fleet).reason, Some(Reason::UpToDate));
    }
    assert_eq!(fleet.requests, ["prod/head", "prod/head", "prod/head"]);
    assert_eq!(device.agent.store_mut().storage_mut().operations(), writes);
    assert!(device.kept() == before);
    assert!(fleet.tree["prod/head"].len() <= 200);
}

#[test]
fn an_unchanged_check_after_a_restart_is_one_request_too() {
    let (mut fleet, device) = checked();
    let mut device = device.reboot();
    device.check(&mut fleet);
    assert_eq!(fleet.requests, ["prod/head"]);
}

#[test]
fn a_check_once_a_day_writes_head_and_result_down() {
    let (mut fleet, mut device) = checked();
    let sequence = device.agent.record().sequence;
    for _ in 0..8 {
        device.pass(&mut fleet, 21_600);
        device.check(&mut fleet);
    }
    assert_eq!(device.agent.record().sequence, sequence + 2);
}

#[test]
fn without_an_update_file_manifest_and_missing_certificates_lead_to_the_same_release() {
    let (mut fleet, mut device) = checked();
    fleet.roll_out(&manifest(&["a", "c", "d"]));
    fleet.tree.remove("prod/update/1-2");
    let status = device.check(&mut fleet);
    assert_eq!(status.installed.unwrap().order, RELEASE_2);
    assert_eq!(fleet.requests[..3], ["prod/head", "prod/update/1-2", "prod/release/2"]);
    let blobs = fleet.requests[3..].iter().filter(|path| path.starts_with("prod/blob/")).count();
    assert_eq!((blobs, fleet.requests.len()), (2, 5), "only the two certificates that were not there");
}

#[test]
fn every_chunk_size_leads_to_the_same_slot() {
    let slot = |chunk_bytes| {
        let (mut fleet, mut device) = checked();
        device.driver.chunk_bytes = chunk_bytes;
        fleet.roll_out(&manifest(&["a", "c", "d"]));
        assert_eq!(device.check(&mut fleet).installed.unwrap().order, RELEASE_2);
        device.kept().1
    };
    let expected = slot(1 << 20);
    for chunk_bytes in [1, 2, 67, 1_000] {
        assert!(slot(chunk_bytes) == expected, "chunks of {chunk_bytes} bytes");
    }
}

#[test]
fn releases_follow_each_other_between_both_slots() {
    let (mut fleet, mut device) = checked();
    for round in 0..6_u32 {
        let names = [format!("r{round}"), format!("r{}", round + 1)];
        let names: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
        let order = fleet.roll_out(&manifest(&names));
        assert_eq!(device.check(&mut fleet).installed.unwrap().order, order);
    }
}

#[test]
fn a_device_that_missed_a_release_goes_straight_to_the_newest() {
    let (mut fleet, mut device) = checked();
    for names in [["c", "d"], ["e", "f"]] {
        fleet.release(&manifest(&names));
    }
    fleet.publish_head();
    assert_eq!(device.check(&mut fleet).installed.unwrap().order, Order::new(0, 3));
    assert_eq!(fleet.requests[1], "prod/update/1-3");
}

#[test]
fn a_rollout_reaches_each_device_once_and_for_ever() {
    let mut fleet = Fleet::new();
    let setup = Setup::of(&fleet);
    let names = (0..40).map(|number| format!("device-{number}"));
    let mut devices: Vec<Device> =
        names.map(|name| Setup { name, ..setup.clone() }.boot(store::fault::Medium::new(4_096))).collect();
    fleet.release(&manifest(&["a", "c"]));
    let mut reached = vec![];
    for share in [0, 2_500, 6_000, 1_000, 10_000] {
        fleet.share = share;
        fleet.publish_head();
        let orders = devices.iter_mut().map(|device| {
            let status = device.check(&mut fleet);
            let expected = [Some(Reason::NotInShare), Some(Reason::Confirmed), Some(Reason::UpToDate)];
            assert!(expected.contains(&status.reason), "{:?}", status.reason);
            status.installed.unwrap().order == RELEASE_2
        });
        reached.push(orders.filter(|has_it| *has_it).count());
    }
    assert_eq!(reached[0], 0);
    assert!((4..17).contains(&reached[1]) && (16..33).contains(&reached[2]), "{reached:?}");
    assert_eq!(reached[3], reached[2], "a lower share undoes nothing");
    assert_eq!(reached[4], 40);
}

#[test]
fn a_device_outside_the_share_takes_the_release_before() {
    let (mut fleet, mut device) = checked();
    fleet.release(&manifest(&["a", "c"]));
    fleet.release(&manifest(&["a", "d"]));
    fleet.share = 0;
    fleet.publish_head();
    assert_eq!(device.check(&mut fleet).installed.unwrap().order, RELEASE_2);
    assert_eq!(device.check(&mut fleet).reason, Some(Reason::NotInShare));
}

#[test]
fn observe_mode_verifies_stages_and_probes_and_changes_nothing_that_applications_read() {
    let mut fleet = Fleet::new();
    let setup = Setup { mode: Mode::Observe, ..Setup::of(&fleet) };
    let mut device = setup.boot(store::fault::Medium::new(4_096));
    device.check(&mut fleet);
    fleet.roll_out(&manifest(&["a", "c"]));
    let status = device.check(&mut fleet);
    assert_eq!(status.reason, Some(Reason::Observed));
    assert_eq!(status.installed.unwrap().origin, Origin::Seed);
    assert_eq!(status.generation, 0);
    assert_eq!((device.probed.len(), device.exports), (1, 0));
    fleet.requests.clear();
    assert_eq!(device.check(&mut fleet).reason, Some(Reason::Observed));
    assert_eq!(fleet.requests, ["prod/head"], "a release is observed once");
}

#[test]
fn the_exports_are_made_at_the_start_and_at_every_change() {
    let (mut fleet, mut device) = checked();
    assert_eq!(device.exports, 1);
    device.check(&mut fleet);
    assert_eq!(device.exports, 1);
    fleet.roll_out(&manifest(&["a", "c"]));
    device.check(&mut fleet);
    assert_eq!(device.exports, 2);
}

#[test]
fn a_daemon_waits_for_the_refresh_of_the_head_and_for_a_minute_after_a_failure() {
    let (mut fleet, mut device) = checked();
    let wait = device.check(&mut fleet).next_check_seconds;
    assert!((19_440..=23_760).contains(&wait), "{wait}");
    device.driver.online = false;
    let waits: Vec<u64> = (0..12).map(|_| device.check(&mut fleet).next_check_seconds).collect();
    assert!((54..=66).contains(&waits[0]) && (108..=132).contains(&waits[1]), "{waits:?}");
    assert!((19_440..=23_760).contains(&waits[11]), "{waits:?}");
}

#[test]
fn a_release_above_the_slot_is_refused_and_not_fetched_again_at_every_check() {
    let (mut fleet, mut device) = checked();
    let names: Vec<_> = (0..60).map(|number| format!("certificate-{number}")).collect();
    fleet.roll_out(&manifest(&names.iter().map(|name| name.as_str()).collect::<Vec<_>>()));
    assert_eq!(device.check(&mut fleet).reason, Some(Reason::ReleaseTooLarge));
    fleet.requests.clear();
    assert_eq!(device.check(&mut fleet).reason, Some(Reason::ReleaseTooLarge));
    assert_eq!(fleet.requests, [format!("{CHANNEL}/head")]);
    device.pass(&mut fleet, DAY);
    device.check(&mut fleet);
    assert!(fleet.requests.contains(&format!("{CHANNEL}/update/1-2")), "it is tried again, a day later");
}
