//! Invariant 4: order only grows, by bounded steps, and one number has one content.

use bundle::{Order, Role, Sha256};

use super::kit::{CHANNEL, Device, Fleet, manifest};
use crate::Reason;

/// A device with release 2 confirmed.
fn at_release_2() -> (Fleet, Device) {
    let mut fleet = Fleet::new();
    let mut device = Device::new(&fleet);
    fleet.roll_out(&manifest(&["a", "c"]));
    assert_eq!(device.check(&mut fleet).reason, Some(Reason::Confirmed));
    (fleet, device)
}

fn check_refused(fleet: &mut Fleet, device: &mut Device, expect: Reason) {
    let before = device.kept();
    assert_eq!(device.check(fleet).reason, Some(expect));
    assert!(device.kept() == before, "{expect:?}: journal and readable slot stay bit-identical");
}

#[test]
fn invariant_04_an_older_head_is_ignored() {
    let (mut fleet, mut device) = at_release_2();
    let newest = fleet.tree["prod/head"].clone();
    let content = fleet.head_content();
    fleet.publish_head_as(1, &content);
    check_refused(&mut fleet, &mut device, Reason::HeadOlder);
    fleet.tree.insert("prod/head".into(), newest);
    assert_eq!(device.check(&mut fleet).reason, Some(Reason::UpToDate));
}

#[test]
fn invariant_04_a_head_of_the_same_number_and_another_content_is_equivocation() {
    let (mut fleet, mut device) = at_release_2();
    let mut content = fleet.head_content();
    content.refresh_seconds += 1;
    fleet.publish_head_as(fleet.head_number, &content);
    check_refused(&mut fleet, &mut device, Reason::HeadEquivocation);
    let mut device = device.reboot();
    check_refused(&mut fleet, &mut device, Reason::HeadEquivocation);
}

#[test]
fn invariant_04_a_head_that_jumps_too_far_is_refused() {
    let (mut fleet, mut device) = at_release_2();
    let content = fleet.head_content();
    fleet.publish_head_as(fleet.head_number + 1_048_577, &content);
    check_refused(&mut fleet, &mut device, Reason::HeadFastForward);
}

#[test]
fn invariant_04_a_newer_head_that_names_an_older_release_is_refused() {
    let (mut fleet, mut device) = at_release_2();
    let (order, digest) = (Order::new(0, 1), super::kit::decoded(&fleet.releases[0].1).digest());
    let mut content = fleet.head_content();
    (content.release, content.release_digest, content.previous) = (order, digest, None);
    fleet.publish_head_as(fleet.head_number + 1, &content);
    check_refused(&mut fleet, &mut device, Reason::ReleaseOlder);
}

#[test]
fn invariant_04_a_release_of_the_same_number_and_another_digest_is_equivocation() {
    let (mut fleet, mut device) = at_release_2();
    let mut content = fleet.head_content();
    content.release_digest = Sha256([7; 32]);
    fleet.publish_head_as(fleet.head_number + 1, &content);
    check_refused(&mut fleet, &mut device, Reason::ReleaseEquivocation);
}

#[test]
fn invariant_04_a_release_that_jumps_too_far_is_refused() {
    let (mut fleet, mut device) = at_release_2();
    let keys = fleet.threshold_of(Role::Release);
    fleet.release_as(Order::new(0, 65_539), &manifest(&["a", "d"]), &keys, CHANNEL);
    fleet.publish_head();
    check_refused(&mut fleet, &mut device, Reason::ReleaseFastForward);
}

#[test]
fn invariant_04_rolling_content_back_is_a_higher_number() {
    let (mut fleet, mut device) = at_release_2();
    let order = fleet.roll_out(&manifest(&["a", "b"]));
    let status = device.check(&mut fleet);
    assert_eq!(status.installed.unwrap().order, order);
    assert_eq!(status.floors.release, order);
}

#[test]
fn invariant_04_only_a_keyring_that_replaces_the_keys_moves_a_floor_back() {
    let (mut fleet, mut device) = at_release_2();
    // A thief of the release and head keys runs the numbers up.
    let keys = fleet.threshold_of(Role::Release);
    fleet.release_as(Order::new(0, 60_000), &manifest(&["a", "t"]), &keys, CHANNEL);
    fleet.head_number = 900_000;
    fleet.publish_head();
    assert_eq!(device.check(&mut fleet).floors.release, Order::new(0, 60_000));
    // The operator replaces the keys of both roles and restates both floors.
    fleet.releases.retain(|(order, _)| order.number < 60_000);
    let floor =
        |role, number| bundle::Floor { channel: bundle::ChannelId::of(CHANNEL), role, epoch: 0, number };
    fleet.next_keyring(&[floor(Role::Release, 2)], Some(Role::Release));
    fleet.next_keyring(&[floor(Role::Head, 2)], Some(Role::Head));
    fleet.head_number = 2;
    fleet.roll_out(&manifest(&["a", "c", "d"]));
    let status = device.check(&mut fleet);
    assert_eq!(status.reason, Some(Reason::Confirmed));
    assert_eq!(status.installed.unwrap().order, Order::new(0, 3));
    assert_eq!(status.floors.release, Order::new(0, 3));
    assert_eq!(status.head, Some(Order::new(0, 3)));
}
