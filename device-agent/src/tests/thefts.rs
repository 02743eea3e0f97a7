//! What a thief leaves behind: after the recovery nothing of it may stand in the way, and none of it wears a device out.

use std::vec::Vec;

use bundle::{Algorithm, ChannelId, Floor, Key, Order, Role, write::Signature};

use super::kit::{CHANNEL, DAY, Device, Fleet, Setup, both, deny, manifest, outcome, public, signer};
use crate::{Action, Event, Freshness, Reason, Resource, Transport, Verdict};

const SILENT: Verdict = Verdict::Inconclusive(Reason::ProbeTimeout);

fn floor(role: Role, epoch: u16, number: u32) -> Floor {
    Floor { channel: ChannelId::of(CHANNEL), role, epoch, number }
}

/// A device at release 1, and its fleet.
fn following() -> (Fleet, Device) {
    let mut fleet = Fleet::new();
    let mut device = Device::new(&fleet);
    device.check(&mut fleet);
    (fleet, device)
}

/// The release and head keys are stolen: the device takes release `number`, which denies the operator's `a`.
fn robbed(fleet: &Fleet, device: &mut Device, number: u32) {
    let mut thief = fleet.clone();
    let keys = thief.threshold_of(Role::Release);
    let mut evil = manifest(&["evil"]);
    evil.denials = Vec::from([deny("a")]);
    thief.release_as(Order::new(0, number), &evil, &keys, CHANNEL);
    thief.head_number += 10;
    thief.publish_head();
    assert_eq!(device.check(&mut thief).installed.unwrap().order, Order::new(0, number));
}

/// Every release key is replaced, and releases start again behind release 1.
fn restated(fleet: &mut Fleet) {
    fleet.next_keyring(&[floor(Role::Release, 0, 1)], Some(Role::Release));
    fleet.head_number += 20;
    fleet.roll_out(&manifest(&["a", "c"]));
}

#[test]
fn a_thiefs_trial_does_not_outlast_the_restated_floor() {
    let (mut fleet, mut device) = following();
    device.driver.probe = |_, _| both(SILENT);
    robbed(&fleet, &mut device, 900);
    restated(&mut fleet);
    assert_eq!(device.check(&mut fleet).installed.unwrap().order, Order::new(0, 2));
    device.driver.probe = |_, _| both(Verdict::Verified);
    let status = device.check(&mut fleet);
    assert_eq!(
        (status.installed.unwrap().order, status.floors.release),
        (Order::new(0, 2), Order::new(0, 2))
    );
}

#[test]
fn a_restated_floor_frees_the_numbers_that_a_thief_has_signed() {
    let (mut fleet, mut device) = following();
    robbed(&fleet, &mut device, 2);
    restated(&mut fleet);
    let status = device.check(&mut fleet);
    assert_eq!(status.reason, Some(Reason::Confirmed));
    assert_eq!(status.installed.unwrap().digest, super::kit::decoded(&fleet.releases[1].1).digest());
}

#[test]
fn the_deny_list_of_a_thief_is_replaced_by_the_first_release_after_him() {
    let (mut fleet, mut device) = following();
    robbed(&fleet, &mut device, 900);
    assert_eq!(device.agent.denials().count(), 1);
    restated(&mut fleet);
    assert_eq!(device.check(&mut fleet).installed.unwrap().order, Order::new(0, 2));
    assert_eq!(device.agent.denials().count(), 0);
}

#[test]
fn a_restated_release_floor_sets_the_time_floor_anew() {
    let (mut fleet, mut device) = following();
    let now = core::mem::replace(&mut fleet.now, u64::MAX);
    let evil = fleet.manifest_document(
        Order::new(0, 2),
        &manifest(&["evil"]),
        &fleet.threshold_of(Role::Release),
        CHANNEL,
    );
    fleet.now = now;
    let usb = bundle::write::usb(&[], None, &evil, &super::kit::certificate("evil")).unwrap();
    device.run(&mut fleet, Event::Install(&usb));
    assert_eq!(device.agent.record().floors.time.0, u64::MAX);
    restated(&mut fleet);
    device.check(&mut fleet);
    assert_eq!(device.agent.record().floors.time.0, fleet.now);
}

#[test]
fn a_thiefs_release_is_no_install_to_keep_outside_the_share() {
    let (mut fleet, mut device) = following();
    robbed(&fleet, &mut device, 900);
    restated(&mut fleet);
    fleet.share = 0;
    fleet.roll_out(&manifest(&["a", "d"]));
    assert_eq!(device.check(&mut fleet).installed.unwrap().order, Order::new(0, 2));
}

#[test]
fn a_device_that_slept_through_a_new_commitment_finds_the_recovery() {
    let (mut fleet, mut device) = following();
    fleet.next_recovery();
    fleet.recover(&[floor(Role::Release, 1, 1), floor(Role::Head, 1, 1)]);
    fleet.head_number = 1;
    fleet.roll_out(&manifest(&["a", "c"]));
    let status = device.check(&mut fleet);
    assert_eq!((status.keyring, status.installed.unwrap().order), (Order::new(1, 3), Order::new(1, 2)));
}

#[test]
fn invariant_09_the_only_bundle_of_a_device_does_not_give_way_to_one_that_never_comes() {
    let mut fleet = Fleet::new();
    let keyring = Some(fleet.keyring_document.clone());
    let setup = Setup { seed: Vec::new(), keyring, ..Setup::of(&fleet) };
    let mut device = setup.boot(store::fault::Medium::new(4_096));
    device.driver.probe = |_, _| both(SILENT);
    assert_eq!(device.check(&mut fleet).installed.unwrap().order, Order::new(0, 1));
    fleet.roll_out(&manifest(&["a", "c"]));
    fleet.tree.retain(|path, _| !path.contains("/update/") && !path.contains("/blob/"));
    assert_eq!(device.check(&mut fleet).installed.unwrap().order, Order::new(0, 1));
}

#[test]
fn a_clock_that_stands_still_hides_no_keyring() {
    let (mut fleet, mut device) = following();
    let stolen = fleet.head_content();
    fleet.next_keyring(&[], Some(Role::Release));
    for _ in 0..25 {
        device.uptime_seconds += 3_600;
        fleet.head_number += 1;
        let number = fleet.head_number;
        fleet.keyring_order.number = 1;
        fleet.publish_head_as(number, &stolen);
        device.check(&mut fleet);
    }
    assert_eq!(device.agent.status(device.now(&fleet)).keyring, Order::new(0, 2));
}

#[test]
fn a_head_that_names_a_keyring_nobody_has_writes_once_a_day() {
    let (mut fleet, mut device) = following();
    device.pass(&mut fleet, DAY);
    device.check(&mut fleet);
    let mut content = fleet.head_content();
    content.keyring_version = 1_000;
    fleet.publish_head_as(fleet.head_number + 1, &content);
    let before = device.agent.store_mut().storage_mut().operations();
    for _ in 0..60 {
        device.pass(&mut fleet, 60);
        device.check(&mut fleet);
    }
    assert_eq!(device.agent.store_mut().storage_mut().operations(), before);
}

#[test]
fn heads_that_name_two_releases_in_turn_do_not_stage_for_ever() {
    let (mut fleet, mut device) = following();
    let mut heads = Vec::new();
    for anchors in [["a", "c"], ["a", "d"]] {
        fleet.roll_out(&manifest(&anchors));
        heads.push(fleet.head_content());
    }
    fleet.tree.retain(|path, _| !path.contains("/update/") && !path.contains("/blob/"));
    let before = device.agent.store_mut().storage_mut().operations();
    for round in 0..40 {
        device.pass(&mut fleet, 60);
        fleet.head_number += 1;
        let number = fleet.head_number;
        fleet.publish_head_as(number, &heads[round % 2]);
        device.check(&mut fleet);
    }
    let operations = device.agent.store_mut().storage_mut().operations() - before;
    assert!(operations < 30, "{operations} writes and syncs in 40 checks");
}

#[test]
fn a_refused_pack_ends_at_its_first_bad_keyring() {
    let (mut fleet, mut device) = following();
    let mut content = fleet.head_content();
    content.keyring_version = 3;
    fleet.publish_head_as(fleet.head_number + 1, &content);
    // As many signatures as fit, all under the id of a key that is in force, none of them good.
    fleet.next_keyring(&[], None);
    let unsigned =
        bundle::write::Unsigned::of(&bundle::Envelope::parse_whole(&fleet.keyring_document).unwrap());
    let key = public(&signer("keyring", 0, 0));
    let key_id = Key { algorithm: key.algorithm, bytes: &key.bytes, name: "" }.id();
    let bad = |byte| Signature { key_id, algorithm: Algorithm::ED25519, bytes: Vec::from([byte; 64]) };
    let file = unsigned.assemble(&(0..16).map(bad).collect::<Vec<_>>()).unwrap();
    let now = device.now(&fleet);
    let mut action = device.on(now, Event::Nudge);
    if let Action::Export { .. } = action {
        action = device.on(now, Event::Exported { complete: true });
    }
    assert!(matches!(action, Action::Fetch { resource: Resource::Head, .. }), "{action:?}");
    let _ = device.on(now, Event::Opened(Transport::Authenticated));
    let _ = device.on(now, Event::Chunk(&fleet.tree["prod/head"]));
    let action = device.on(now, Event::End);
    assert!(matches!(action, Action::Fetch { resource: Resource::KeyringPack { .. }, .. }), "{action:?}");
    let _ = device.on(now, Event::Opened(Transport::Authenticated));
    assert_ne!(device.on(now, Event::Chunk(&file)), Action::Continue, "it waits for more of a refused pack");
}

#[test]
fn a_head_from_ahead_that_came_without_a_clock_is_fresh_from_the_first_known_moment() {
    let (mut fleet, mut device) = following();
    device.clock_known = false;
    let now = fleet.now;
    fleet.now += 3_000 * DAY;
    fleet.publish_head();
    fleet.now = now;
    device.check(&mut fleet);
    device.clock_known = true;
    device.driver.online = false;
    device.check(&mut fleet);
    device.pass(&mut fleet, 15 * DAY);
    assert!(matches!(device.check(&mut fleet).freshness, Freshness::Stale { .. }));
}

#[test]
fn a_clock_that_was_never_set_does_not_age_a_head() {
    let (mut fleet, mut device) = following();
    fleet.publish_head();
    let now = core::mem::replace(&mut fleet.now, 100);
    device.check(&mut fleet);
    fleet.now = now;
    assert!(matches!(device.check(&mut fleet).freshness, Freshness::Fresh { .. }));
}

#[test]
fn a_paused_rollout_is_not_polled_by_those_who_refused_it() {
    let (mut fleet, mut device) = following();
    device.driver.probe = |_, _| outcome(Verdict::Verified, Verdict::Refused(Reason::ProbeChain));
    fleet.roll_out(&manifest(&["a", "c"]));
    assert_eq!(device.check(&mut fleet).reason, Some(Reason::ProbeRegression));
    device.pass(&mut fleet, DAY);
    fleet.share = 0;
    fleet.publish_head();
    let status = device.check(&mut fleet);
    assert!(status.next_check_seconds > 10_000, "{} seconds", status.next_check_seconds);
}
