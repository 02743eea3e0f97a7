//! Installing from a USB file: no server, the same proof.

use std::vec::Vec;

use bundle::{Order, Role, write::usb};

use super::kit::{DAY, Device, Fleet, manifest};
use crate::{Event, Freshness, Reason};

/// The file for the newest release, with the keyrings from the second on, and with the head where asked for.
pub(crate) fn file(fleet: &Fleet, with_head: bool) -> Vec<u8> {
    let last = fleet.keyring_order.number;
    let keyrings: Vec<u8> =
        (1..=last).flat_map(|number| fleet.tree[&std::format!("keyring/{number}")].clone()).collect();
    let (_, document) = fleet.releases.last().unwrap();
    let head = fleet.tree.get("prod/head").map(Vec::as_slice).filter(|_| with_head);
    usb(&keyrings, head, document, &fleet.blobs(document)).unwrap()
}

fn offline() -> (Fleet, Device) {
    let fleet = Fleet::new();
    let mut device = Device::new(&fleet);
    device.driver.online = false;
    (fleet, device)
}

#[test]
fn a_file_with_a_fresh_head_installs_like_a_check() {
    let (mut fleet, mut device) = offline();
    fleet.next_keyring(&[], Some(Role::Release));
    fleet.roll_out(&manifest(&["a", "c"]));
    let file = file(&fleet, true);
    let status = device.run(&mut fleet, Event::Install(&file));
    assert_eq!((status.reason, status.installed.unwrap().order), (Some(Reason::Confirmed), Order::new(0, 2)));
    assert!(matches!(status.freshness, Freshness::Fresh { .. }));
    assert!(fleet.requests.is_empty());
}

#[test]
fn without_a_fresh_head_a_release_above_the_floor_is_installed_and_its_freshness_is_unknown() {
    for expired in [false, true] {
        let (mut fleet, mut device) = offline();
        fleet.roll_out(&manifest(&["a", "c"]));
        let file = file(&fleet, expired);
        if expired {
            device.pass(&mut fleet, 20 * DAY);
        }
        let status = device.run(&mut fleet, Event::Install(&file));
        assert_eq!(status.reason, Some(Reason::OfflineFreshnessUnknown));
        assert_eq!(status.installed.unwrap().order, Order::new(0, 2));
        assert_eq!(status.freshness, Freshness::Unknown);
    }
}

#[test]
fn a_file_at_or_below_the_floor_changes_nothing() {
    let (mut fleet, mut device) = offline();
    fleet.roll_out(&manifest(&["a", "c"]));
    let old = file(&fleet, false);
    fleet.roll_out(&manifest(&["a", "d"]));
    let new = file(&fleet, false);
    device.run(&mut fleet, Event::Install(&new));
    let before = device.kept();
    let status = device.run(&mut fleet, Event::Install(&old));
    assert_eq!(status.reason, Some(Reason::FileNotNewer));
    assert!(device.kept() == before);
    assert_eq!(device.run(&mut fleet, Event::Install(&new)).reason, Some(Reason::UpToDate));
    assert!(device.kept() == before);
}

#[test]
fn invariant_05_a_broken_file_leaves_the_journal_bit_identical() {
    let (mut fleet, _) = offline();
    fleet.roll_out(&manifest(&["a", "c"]));
    let good = file(&fleet, true);
    let cuts = (0..good.len()).step_by(97).map(|at| good[..at].to_vec());
    let flips = (0..good.len()).step_by(61).map(|at| {
        let mut bytes = good.clone();
        bytes[at] ^= 0x20;
        bytes
    });
    let tail = core::iter::once([&good[..], b"x"].concat());
    let mut installed = 0;
    for bytes in cuts.chain(flips).chain(tail) {
        let (_, mut device) = offline();
        let before = device.kept();
        let status = device.run(&mut fleet, Event::Install(&bytes));
        if status.installed.unwrap().order == Order::new(0, 2) {
            // A spoilt head, or a spoilt signature too many, is not what the file lives by.
            installed += 1;
            continue;
        }
        assert!(device.kept() == before, "{:?}", device.agent.memo.result);
    }
    assert!(installed < 12, "{installed} broken files were installed");
}

#[test]
fn a_file_of_another_channel_is_refused() {
    let (mut fleet, mut device) = offline();
    let keys = fleet.threshold_of(Role::Release);
    let document = fleet.manifest_document(Order::new(0, 2), &manifest(&["a"]), &keys, "staging");
    let file = usb(&[], None, &document, &fleet.blobs(&document)).unwrap();
    let status = device.run(&mut fleet, Event::Install(&file));
    assert_eq!(status.reason, Some(Reason::ReleaseOfOtherChannel));
}
