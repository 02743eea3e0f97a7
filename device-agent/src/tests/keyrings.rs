//! Invariant 7: lost and stolen keys are survivable.

use bundle::{ChannelId, Floor, Order, Role};

use super::kit::{CHANNEL, DAY, Device, Fleet, both, manifest};
use crate::{Phase, Reason, Verdict};

fn floor(role: Role, epoch: u16, number: u32) -> Floor {
    Floor { channel: ChannelId::of(CHANNEL), role, epoch, number }
}

#[test]
fn invariant_07_a_device_that_slept_through_n_generations_catches_up_in_n_by_64_requests() {
    for (generations, packs) in [(1, 1), (3, 1), (64, 1), (65, 2), (130, 3)] {
        let mut fleet = Fleet::new();
        let mut device = Device::new(&fleet);
        device.check(&mut fleet);
        for generation in 0..generations {
            let role = [Role::Keyring, Role::Release, Role::Head][generation % 3];
            fleet.next_keyring(&[], Some(role));
        }
        fleet.publish_packs();
        fleet.roll_out(&manifest(&["a", "c"]));
        fleet.requests.clear();
        let status = device.check(&mut fleet);
        assert_eq!(status.installed.unwrap().order, Order::new(0, 2), "{generations} generations");
        assert_eq!(status.keyring, fleet.keyring_order);
        let asked = fleet.requests.iter().filter(|path| path.starts_with("keyring/")).count();
        assert_eq!(asked, packs, "{generations} generations: {:?}", fleet.requests);
    }
}

#[test]
fn invariant_07_without_packs_single_generations_do() {
    let mut fleet = Fleet::new();
    let mut device = Device::new(&fleet);
    device.check(&mut fleet);
    for _ in 0..10 {
        fleet.next_keyring(&[], Some(Role::Release));
    }
    fleet.roll_out(&manifest(&["a", "c"]));
    let status = device.check(&mut fleet);
    assert_eq!(status.installed.unwrap().order, Order::new(0, 2));
    assert_eq!(status.keyring, Order::new(0, 11));
}

#[test]
fn invariant_07_a_stolen_head_key_cannot_hide_a_keyring_for_longer_than_a_day() {
    let mut fleet = Fleet::new();
    let mut device = Device::new(&fleet);
    device.check(&mut fleet);
    // The thief shows the old head for ever; the operator replaces the head keys.
    let frozen = fleet.tree["prod/head"].clone();
    fleet.next_keyring(&[], Some(Role::Head));
    fleet.roll_out(&manifest(&["a", "c"]));
    let good = fleet.tree.insert("prod/head".into(), frozen).unwrap();
    device.pass(&mut fleet, DAY / 2);
    assert_eq!(device.check(&mut fleet).keyring, Order::new(0, 1));
    device.pass(&mut fleet, DAY / 2);
    let status = device.check(&mut fleet);
    assert_eq!(status.keyring, Order::new(0, 2), "the next keyring is asked for once a day");
    assert_eq!(status.reason, Some(Reason::HeadUnsigned), "the thief's head is no head any more");
    fleet.tree.insert("prod/head".into(), good);
    assert_eq!(device.check(&mut fleet).installed.unwrap().order, Order::new(0, 2));
}

#[test]
fn invariant_07_a_head_that_is_ignored_or_refused_hides_no_keyring_for_longer_than_a_day() {
    for (is_older, reason) in [(true, Reason::HeadOlder), (false, Reason::HeadMalformed)] {
        let mut fleet = Fleet::new();
        let mut device = Device::new(&fleet);
        device.check(&mut fleet);
        let older = fleet.tree["prod/head"].clone();
        fleet.publish_head();
        // The head of the day is written down, and is the floor of heads from now on.
        device.pass(&mut fleet, DAY);
        device.check(&mut fleet);
        let before = device.agent.record().sequence;
        fleet.next_keyring(&[], None);
        fleet.tree.insert("prod/head".into(), if is_older { older } else { b"no head".to_vec() });
        device.pass(&mut fleet, DAY / 2);
        let status = device.check(&mut fleet);
        assert_eq!((status.keyring, status.reason), (Order::new(0, 1), Some(reason)));
        device.pass(&mut fleet, DAY / 2);
        let status = device.check(&mut fleet);
        assert_eq!((status.keyring, status.reason), (Order::new(0, 2), Some(reason)));
        let written = device.agent.record().sequence - before;
        assert_eq!(written, 1, "{reason:?}: the keyring is written, and nothing of the head");
    }
}

#[test]
fn invariant_07_a_stolen_head_key_installs_nothing_that_the_release_threshold_did_not_sign() {
    let mut fleet = Fleet::new();
    let mut device = Device::new(&fleet);
    device.check(&mut fleet);
    let order = Order::new(0, 2);
    let keys = fleet.threshold_of(Role::Head);
    fleet.release_as(order, &manifest(&["a", "evil"]), &keys, CHANNEL);
    fleet.publish_head();
    let status = device.check(&mut fleet);
    assert_eq!(status.reason, Some(Reason::ReleaseUnsigned));
    assert_eq!(status.installed.unwrap().order, Order::new(0, 1));
}

#[test]
fn invariant_07_everything_in_a_head_is_clamped() {
    let mut fleet = Fleet::new();
    let mut device = Device::new(&fleet);
    for (asked, expect) in [(0, 60), (u32::MAX, 604_800)] {
        let mut content = fleet.head_content();
        content.refresh_seconds = asked;
        fleet.head_number += 1;
        let number = fleet.head_number;
        fleet.publish_head_as(number, &content);
        let wait = device.check(&mut fleet).next_check_seconds;
        assert!((expect * 9 / 10..=expect * 11 / 10).contains(&wait), "{wait} for {asked}");
    }
}

#[test]
fn invariant_07_a_fleet_that_a_thief_ran_away_with_comes_back_by_its_recovery_keys() {
    let mut fleet = Fleet::new();
    let mut device = Device::new(&fleet);
    device.check(&mut fleet);
    let mut honest = fleet.clone();
    // The thief has the keyring and release thresholds: ten generations of his own, and a release far ahead.
    for _ in 0..10 {
        fleet.next_keyring(&[], Some(Role::Keyring));
    }
    fleet.next_keyring(&[], Some(Role::Release));
    fleet.publish_packs();
    let keys = fleet.threshold_of(Role::Release);
    fleet.head_number = 1_000_000;
    fleet.release_as(Order::new(0, 60_000), &manifest(&["evil"]), &keys, CHANNEL);
    fleet.publish_head();
    assert_eq!(device.check(&mut fleet).installed.unwrap().order, Order::new(0, 60_000));
    assert_eq!(device.agent.record().floors.keyring, Order::new(0, 12));
    // The operator never had those keyrings; the recovery follows the last honest one.
    honest.now = fleet.now;
    honest.recover(&[floor(Role::Release, 1, 1), floor(Role::Head, 1, 1)]);
    honest.head_number = 1;
    honest.roll_out(&manifest(&["a", "b", "c"]));
    let status = device.check(&mut honest);
    assert_eq!(status.keyring, Order::new(1, 2));
    assert_eq!(status.installed.unwrap().order, Order::new(1, 2));
    assert_eq!(status.reason, Some(Reason::Confirmed));
    assert_eq!(status.floors.release, Order::new(1, 2));
    // And the thief's tree is worth nothing any more.
    let before = device.kept();
    assert_eq!(device.check(&mut fleet).installed.unwrap().order, Order::new(1, 2));
    assert!(device.kept() == before);
}

#[test]
fn invariant_07_a_broken_keyring_file_does_not_hide_the_recovery() {
    let mut fleet = Fleet::new();
    let mut device = Device::new(&fleet);
    device.check(&mut fleet);
    fleet.recover(&[floor(Role::Release, 1, 1), floor(Role::Head, 1, 1)]);
    fleet.tree.insert("keyring/2".into(), b"garbage".to_vec());
    fleet.head_number = 1;
    fleet.roll_out(&manifest(&["a", "c"]));
    let status = device.check(&mut fleet);
    assert_eq!(status.keyring, Order::new(1, 2));
    assert_eq!(status.installed.unwrap().order, Order::new(1, 2));
}

#[test]
fn invariant_07_an_image_with_a_newer_keyring_counts_from_the_start() {
    let mut fleet = Fleet::new();
    let mut device = Device::new(&fleet);
    fleet.roll_out(&manifest(&["a", "c"]));
    device.check(&mut fleet);
    fleet.next_keyring(&[], Some(Role::Release));
    let (_, document) = fleet.releases[1].clone();
    let keys = fleet.threshold_of(Role::Release);
    let document = {
        // The release is signed anew for the image, by keys of the new keyring.
        let envelope = bundle::Envelope::parse_whole(&document).unwrap();
        super::kit::sign(&bundle::write::Unsigned::of(&envelope), &keys)
    };
    let image = bundle::write::seed(&fleet.tree["keyring/2"], &document, &fleet.blobs(&document));
    let mut setup = super::kit::Setup::of(&fleet);
    setup.seed = image;
    let medium = device.agent.into_store().into_storage();
    let device = setup.boot(medium);
    assert_eq!(device.agent.record().floors.keyring, Order::new(0, 2));
    assert_eq!(device.agent.status(device.now(&fleet)).installed.unwrap().origin, crate::Origin::Slot);
}

#[test]
fn invariant_07_a_clock_that_stands_still_hides_no_keyring() {
    let mut fleet = Fleet::new();
    let mut device = Device::new(&fleet);
    device.check(&mut fleet);
    let frozen = fleet.tree["prod/head"].clone();
    fleet.next_keyring(&[], Some(Role::Head));
    fleet.tree.insert("prod/head".into(), frozen);
    device.uptime_seconds += DAY;
    assert_eq!(device.check(&mut fleet).keyring, Order::new(0, 2));
}

#[test]
fn invariant_07_a_floor_restated_below_a_trial_ends_it_and_frees_its_number() {
    let mut fleet = Fleet::new();
    let mut device = Device::new(&fleet);
    fleet.roll_out(&manifest(&["a", "c"]));
    device.check(&mut fleet);
    // A thief of the release keys signs release 3; it stays on trial.
    device.driver.probe = |_, _| both(Verdict::Inconclusive(Reason::ProbeTcp));
    fleet.roll_out(&manifest(&["evil"]));
    assert_eq!(device.check(&mut fleet).phase, Phase::Trial);
    // The operator replaces the keys, restates the floor, and uses the number for a release of his own.
    fleet.releases.pop();
    fleet.next_keyring(&[floor(Role::Release, 0, 2)], Some(Role::Release));
    let order = fleet.release(&manifest(&["a", "d"]));
    fleet.publish_head();
    device.driver.probe = |_, _| both(Verdict::Verified);
    let status = device.check(&mut fleet);
    assert_eq!((status.reason, status.floors.release), (Some(Reason::Confirmed), order));
    assert_eq!(order, Order::new(0, 3));
}

#[test]
fn a_keyring_that_nobody_can_follow_is_said_even_where_there_is_nothing_new() {
    let mut fleet = Fleet::new();
    let mut device = Device::new(&fleet);
    device.check(&mut fleet);
    fleet.tree.insert("keyring/2".into(), b"garbage".to_vec());
    device.pass(&mut fleet, DAY);
    let status = device.check(&mut fleet);
    assert_eq!((status.reason, status.keyring), (Some(Reason::KeyringRefused), Order::new(0, 1)));
    // A release that comes in spite of it is what matters more, and a good generation ends the matter.
    fleet.roll_out(&manifest(&["a", "c"]));
    device.pass(&mut fleet, DAY);
    assert_eq!(device.check(&mut fleet).reason, Some(Reason::Confirmed));
    fleet.next_keyring(&[], None);
    device.pass(&mut fleet, DAY);
    let status = device.check(&mut fleet);
    assert_eq!((status.reason, status.keyring), (Some(Reason::UpToDate), Order::new(0, 2)));
}

#[test]
fn a_chain_without_end_costs_a_check_no_more_than_its_generations() {
    let mut fleet = Fleet::new();
    let mut device = Device::new(&fleet);
    device.check(&mut fleet);
    let per_check = crate::limits::GENERATIONS_PER_CHECK_MAX;
    for _ in 0..per_check + 50 {
        fleet.next_keyring(&[], None);
    }
    fleet.publish_packs();
    fleet.roll_out(&manifest(&["a", "c"]));
    let status = device.check(&mut fleet);
    assert_eq!(
        (status.reason, status.keyring),
        (Some(Reason::KeyringUnavailable), Order::new(0, 1 + per_check))
    );
    let status = device.check(&mut fleet);
    assert_eq!((status.reason, status.keyring), (Some(Reason::Confirmed), fleet.keyring_order));
}
