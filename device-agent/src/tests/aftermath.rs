//! After a theft, as the model of the protocol found it: what replaced keys have left behind, and what hides a keyring.

use std::vec::Vec;

use bundle::{ChannelId, Floor, Order, Role, write::ManifestContent};

use super::kit::{CHANNEL, DAY, Device, Fleet, Setup, both, deny, manifest, outcome};
use crate::{Reason, Verdict};

const SILENT: Verdict = Verdict::Inconclusive(Reason::ProbeTimeout);
/// What an attacker on the path brings about, whose anchor only the present bundle has.
const LOST: (Verdict, Verdict) = (Verdict::Verified, Verdict::Refused(Reason::ProbeChain));

/// A device at release 1, and its fleet.
fn following() -> (Fleet, Device) {
    let mut fleet = Fleet::new();
    let mut device = Device::new(&fleet);
    device.check(&mut fleet);
    (fleet, device)
}

/// The release and head keys are stolen: the device takes release 900, which denies the operator's `a`.
fn robbed(fleet: &Fleet, device: &mut Device) {
    let mut thief = fleet.clone();
    let keys = thief.threshold_of(Role::Release);
    let mut evil = manifest(&["evil"]);
    evil.denials = Vec::from([deny("a")]);
    thief.release_as(Order::new(0, 900), &evil, &keys, CHANNEL);
    thief.head_number += 10;
    thief.publish_head();
    assert_eq!(device.check(&mut thief).installed.unwrap().order, Order::new(0, 900));
}

/// Every release key is replaced, and the floor is restated at release 1.
fn restated(fleet: &mut Fleet) {
    let floor = Floor { channel: ChannelId::of(CHANNEL), role: Role::Release, epoch: 0, number: 1 };
    fleet.next_keyring(&[floor], Some(Role::Release));
    fleet.head_number += 20;
}

#[test]
fn invariant_10_the_first_deny_list_after_a_thief_holds_at_once() {
    let (mut fleet, mut device) = following();
    robbed(&fleet, &mut device);
    restated(&mut fleet);
    let mut next = manifest(&["a", "c"]);
    next.denials = Vec::from([deny("evil")]);
    fleet.roll_out(&next);
    // The thief is still on the path: the manifest arrives, its certificates do not.
    fleet.tree.retain(|path, _| !path.contains("/update/") && !path.contains("/blob/"));
    device.check(&mut fleet);
    assert!(device.agent.denials().contains(&deny("evil")));
    assert!(!device.agent.denials().contains(&deny("a")));
}

#[test]
fn invariant_10_going_back_to_the_release_before_keeps_the_denials_of_a_refused_one() {
    let (mut fleet, mut device) = following();
    let denying = |anchors: &[&str], denied: &[&str]| ManifestContent {
        denials: denied.iter().map(|name| deny(name)).collect(),
        ..manifest(anchors)
    };
    fleet.roll_out(&denying(&["a", "c"], &["x", "y"]));
    device.check(&mut fleet);
    let before = fleet.release(&denying(&["a", "d"], &["x"]));
    device.driver.probe = |_, _| outcome(LOST.0, LOST.1);
    fleet.roll_out(&denying(&["e"], &["x", "y"]));
    assert_eq!(device.check(&mut fleet).reason, Some(Reason::ProbeRegression));
    device.driver.probe = |_, _| both(Verdict::Verified);
    fleet.share = 0;
    fleet.publish_head();
    assert_eq!(device.check(&mut fleet).installed.unwrap().order, before);
    assert!(device.agent.denials().contains(&deny("y")));
}

#[test]
fn a_thiefs_bundle_has_no_veto_against_the_release_after_him() {
    let (mut fleet, mut device) = following();
    robbed(&fleet, &mut device);
    restated(&mut fleet);
    device.driver.probe = |_, _| outcome(LOST.0, LOST.1);
    fleet.roll_out(&manifest(&["a", "c"]));
    assert_eq!(device.check(&mut fleet).installed.unwrap().order, Order::new(0, 2));
    for _ in 0..5 {
        device.pass(&mut fleet, DAY);
        assert_eq!(device.check(&mut fleet).installed.unwrap().order, Order::new(0, 2));
    }
    device.driver.probe = |_, _| both(Verdict::Verified);
    assert_eq!(device.check(&mut fleet).floors.release, Order::new(0, 2));
}

#[test]
fn a_bundle_of_keys_in_force_keeps_its_veto_after_a_restated_floor() {
    let (mut fleet, mut device) = following();
    fleet.roll_out(&manifest(&["a", "b", "c"]));
    device.check(&mut fleet);
    let floor = Floor { channel: ChannelId::of(CHANNEL), role: Role::Release, epoch: 0, number: 2 };
    fleet.next_keyring(&[floor], Some(Role::Release));
    device.driver.probe = |_, _| outcome(LOST.0, LOST.1);
    fleet.roll_out(&manifest(&["d"]));
    assert_eq!(device.check(&mut fleet).reason, Some(Reason::ProbeRegression));
}

#[test]
fn the_first_trial_of_a_thief_gives_way_to_the_seed() {
    let (mut fleet, mut device) = following();
    device.driver.probe = |_, _| both(SILENT);
    robbed(&fleet, &mut device);
    restated(&mut fleet);
    // The operator has replaced the keys, and has no other release yet.
    fleet.publish_head();
    assert_eq!(device.check(&mut fleet).installed.unwrap().order, Order::new(0, 1));
    assert_eq!(device.agent.record().phase, store::Phase::Empty);
}

/// A device that the thief of everything but the recovery keys has run away with, and the fleet's recovery.
fn recovered() -> (Fleet, Device) {
    let (mut fleet, mut device) = following();
    robbed(&fleet, &mut device);
    let floor = |role| Floor { channel: ChannelId::of(CHANNEL), role, epoch: 1, number: 1 };
    fleet.recover(&[floor(Role::Release), floor(Role::Head)]);
    fleet.head_number = 1;
    (fleet, device)
}

#[test]
fn a_thiefs_bundle_has_no_veto_after_a_recovery() {
    let (mut fleet, mut device) = recovered();
    device.driver.probe = |_, _| outcome(LOST.0, LOST.1);
    let order = fleet.roll_out(&manifest(&["a", "c"]));
    assert_eq!(device.check(&mut fleet).installed.unwrap().order, order);
}

#[test]
fn a_recovery_ends_the_trial_of_an_epoch_before() {
    let (mut fleet, mut device) = following();
    device.driver.probe = |_, _| both(SILENT);
    robbed(&fleet, &mut device);
    let floor = Floor { channel: ChannelId::of(CHANNEL), role: Role::Release, epoch: 1, number: 1 };
    fleet.recover(&[floor]);
    fleet.publish_head();
    assert_eq!(device.check(&mut fleet).installed.unwrap().order, Order::new(0, 1));
    assert_eq!(device.agent.record().phase, store::Phase::Empty);
}

#[test]
fn an_image_that_skips_a_restated_floor_brings_it_along() {
    let (mut fleet, mut device) = following();
    robbed(&fleet, &mut device);
    // The floor is restated in keyring 2, and the image is made with keyring 3.
    restated(&mut fleet);
    fleet.next_keyring(&[], None);
    let order = fleet.release(&manifest(&["a", "c"]));
    let document = fleet.releases[1].1.clone();
    let image = bundle::write::seed(&fleet.tree["keyring/3"], &document, &fleet.blobs(&document));
    let setup = Setup { seed: image, ..Setup::of(&fleet) };
    let mut device = setup.boot(device.agent.into_store().into_storage());
    assert_eq!(device.agent.record().floors.release, order);
    let order = fleet.roll_out(&manifest(&["a", "c", "d"]));
    assert_eq!(device.check(&mut fleet).installed.unwrap().order, order);
}

#[test]
fn an_image_whose_keyring_keeps_the_keys_moves_no_floor() {
    let (mut fleet, mut device) = following();
    fleet.roll_out(&manifest(&["a", "c"]));
    device.check(&mut fleet);
    fleet.next_keyring(&[], Some(Role::Head));
    fleet.next_keyring(&[], Some(Role::Keyring));
    let document = fleet.releases[0].1.clone();
    let image = bundle::write::seed(&fleet.tree["keyring/3"], &document, &fleet.blobs(&document));
    let setup = Setup { seed: image, ..Setup::of(&fleet) };
    let device = setup.boot(device.agent.into_store().into_storage());
    assert_eq!(device.agent.record().floors.release, Order::new(0, 2));
}

/// A head's file that says nothing new hides no keyring for longer than a day.
fn check_keyring_is_found(spoil: fn(&mut Fleet)) {
    let (mut fleet, mut device) = following();
    fleet.publish_head();
    device.check(&mut fleet);
    fleet.next_keyring(&[], Some(Role::Head));
    spoil(&mut fleet);
    device.pass(&mut fleet, DAY / 2);
    assert_eq!(device.check(&mut fleet).keyring, Order::new(0, 1));
    device.pass(&mut fleet, DAY / 2);
    assert_eq!(device.check(&mut fleet).keyring, Order::new(0, 2));
}

#[test]
fn invariant_07_an_older_head_hides_no_keyring() {
    check_keyring_is_found(|fleet| {
        let thief = { Fleet { keyring_order: Order::new(0, 1), generations: [0; 4], ..fleet.clone() } };
        let document = thief.head_document(
            Order::new(0, 1),
            &thief.head_content(),
            &thief.threshold_of(Role::Head),
            CHANNEL,
        );
        fleet.tree.insert("prod/head".into(), document);
    });
}

#[test]
fn invariant_07_a_head_that_is_none_hides_no_keyring() {
    check_keyring_is_found(|fleet| drop(fleet.tree.insert("prod/head".into(), b"garbage".to_vec())));
}

#[test]
fn invariant_07_a_head_that_is_gone_hides_no_keyring() {
    check_keyring_is_found(|fleet| drop(fleet.tree.remove("prod/head")));
}

#[test]
fn invariant_07_an_endless_head_hides_no_keyring() {
    check_keyring_is_found(|fleet| drop(fleet.tree.insert("prod/head".into(), [0; 20_000].to_vec())));
}
