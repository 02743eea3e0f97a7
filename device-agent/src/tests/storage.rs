//! Invariant 9: never an empty or useless bundle, never none at all.

use bundle::{Order, Sha256, write::ServiceAnchors};
use store::{
    Condition, Floors, Storage as _,
    fault::{Fault, Medium},
};

use super::kit::{DAY, Device, Fleet, Setup, anchor, both, deny, manifest, outcome};
use crate::{Event, Origin, Reason, Verdict};

fn checked() -> (Fleet, Device) {
    let mut fleet = Fleet::new();
    let mut device = Device::new(&fleet);
    device.check(&mut fleet);
    (fleet, device)
}

#[test]
fn invariant_09_a_probed_service_without_a_usable_anchor_counts_as_empty() {
    let mut denied = manifest(&["a", "b"]);
    denied.denials = [deny("a"), deny("b")].to_vec();
    let mut useless = manifest(&["a"]);
    useless.anchors[0].purposes = bundle::Purposes::CODE_SIGNING;
    let mut elsewhere = manifest(&["a", "b"]);
    elsewhere.anchors[0].purposes = bundle::Purposes::EMAIL;
    elsewhere.services[0].anchors = ServiceAnchors::Listed([anchor("a").sha256].to_vec());
    let mut unknown = manifest(&["a"]);
    let critical = bundle::write::ExtensionContent { id: 999, critical: true, content: [].to_vec() };
    unknown.anchors[0].extensions = [critical].to_vec();
    for content in [denied, useless, elsewhere, unknown] {
        let (mut fleet, mut device) = checked();
        device.driver.probe = |_, _| both(Verdict::Inconclusive(Reason::ProbeDns));
        fleet.roll_out(&content);
        let status = device.check(&mut fleet);
        assert_eq!(status.reason, Some(Reason::ServiceWithoutAnchor));
        assert_eq!(status.installed.unwrap().order, Order::new(0, 1));
    }
}

#[test]
fn invariant_09_an_anchor_whose_key_is_denied_serves_nobody() {
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(Vec::new()).unwrap().self_signed(&key).unwrap();
    let der = certificate.der().to_vec();
    let spki = rcgen::PublicKeyData::subject_public_key_info(&key);
    let denial = |what| bundle::Denial { kind: bundle::DenialKind::Spki, sha256: Sha256::of(&[what]) };
    for (what, expect) in [(&spki[..], Reason::ServiceWithoutAnchor), (b"another key", Reason::Confirmed)] {
        let (mut fleet, mut device) = checked();
        let mut content = manifest(&["real"]);
        content.anchors[0].sha256 = Sha256::of(&[&der]);
        content.anchors[0].length = u32::try_from(der.len()).unwrap();
        content.services[0].anchors = ServiceAnchors::All;
        content.denials = [denial(what)].to_vec();
        fleet.certificates.push(der.clone());
        fleet.roll_out(&content);
        assert_eq!(device.check(&mut fleet).reason, Some(expect));
    }
}

#[test]
fn invariant_09_a_service_that_is_not_probed_may_lose_its_anchors() {
    let (mut fleet, mut device) = checked();
    let mut content = manifest(&["a", "b"]);
    content.services[0].probe = false;
    content.denials = [deny("a"), deny("b")].to_vec();
    fleet.roll_out(&content);
    assert_eq!(device.check(&mut fleet).installed.unwrap().order, Order::new(0, 2));
}

#[test]
fn invariant_09_a_lost_store_falls_back_to_the_seed_says_so_and_recovers() {
    let (mut fleet, mut device) = checked();
    fleet.roll_out(&manifest(&["a", "c"]));
    device.check(&mut fleet);
    let mut medium = device.agent.into_store().into_storage();
    medium.flip(49_152 + 300, 1);
    medium.flip(57_344 + 300, 1);
    let mut device = Setup::of(&fleet).boot(medium);
    let status = device.agent.status(device.now(&fleet));
    assert_eq!((status.store, status.reason), (Condition::Lost, Some(Reason::StoreLost)));
    assert_eq!(status.installed.unwrap().origin, Origin::Seed);
    let status = device.check(&mut fleet);
    assert_eq!(status.installed.unwrap().order, Order::new(0, 2));
    assert_eq!(status.store, Condition::Lost, "until the next start it is known that the store was lost");
}

#[test]
fn invariant_09_a_store_of_a_newer_format_is_honoured_and_never_written() {
    let (mut fleet, mut device) = checked();
    fleet.roll_out(&manifest(&["a", "c"]));
    device.check(&mut fleet);
    let mut medium = device.agent.into_store().into_storage();
    let mut block = medium.bytes()[49_152..57_344].to_vec();
    block[4] = 2;
    let crc = crc32(&block[..7_650]).to_le_bytes();
    block[7_650..7_654].copy_from_slice(&crc);
    medium.write(49_152, &block).unwrap();
    medium.sync().unwrap();
    let image = medium.bytes().to_vec();
    let mut device = Setup::of(&fleet).boot(medium);
    fleet.roll_out(&manifest(&["a", "d"]));
    let status = device.check(&mut fleet);
    assert_eq!(status.reason, Some(Reason::StoreNewerFormat));
    assert_eq!(status.installed.unwrap().origin, Origin::Seed);
    assert!(device.agent.into_store().into_storage().bytes() == image);
}

#[test]
fn invariant_09_a_rotten_slot_is_replaced_by_the_same_release() {
    let (mut fleet, mut device) = checked();
    fleet.roll_out(&manifest(&["a", "c"]));
    device.check(&mut fleet);
    device.agent.store_mut().storage_mut().flip(200, 4);
    let mut device = device.reboot();
    assert_eq!(device.agent.status(device.now(&fleet)).installed.unwrap().origin, Origin::Seed);
    let status = device.check(&mut fleet);
    assert_eq!(
        (status.installed.unwrap().order, status.installed.unwrap().origin),
        (Order::new(0, 2), Origin::Slot)
    );
}

#[test]
fn invariant_09_an_image_newer_than_the_store_is_what_applications_read() {
    let (mut fleet, mut device) = checked();
    fleet.roll_out(&manifest(&["a", "c"]));
    device.check(&mut fleet);
    fleet.roll_out(&manifest(&["a", "d"]));
    let (_, document) = &fleet.releases[2];
    let image = bundle::write::seed(&fleet.tree["keyring/1"], document, &fleet.blobs(document));
    let setup = Setup { seed: image, ..Setup::of(&fleet) };
    let mut device = setup.boot(device.agent.into_store().into_storage());
    let status = device.check(&mut fleet);
    assert_eq!((status.installed.unwrap().order, status.reason), (Order::new(0, 3), Some(Reason::UpToDate)));
    // An older image brings nothing back: the floor is the store's.
    let order = fleet.roll_out(&manifest(&["a", "e"]));
    device.check(&mut fleet);
    let mut device = Setup::of(&fleet).boot(device.agent.into_store().into_storage());
    assert_eq!(device.check(&mut fleet).installed.unwrap().order, order);
}

#[test]
fn invariant_09_floors_of_the_image_hold_where_they_are_higher() {
    let (mut fleet, device) = checked();
    fleet.roll_out(&manifest(&["a", "c"]));
    fleet.next_keyring(&[], None);
    let old = (fleet.tree["prod/head"].clone(), fleet.head_number);
    let floors = Floors {
        keyring: Order::new(0, 2),
        release: Order::new(0, 3),
        head: Order::new(0, old.1 + 1),
        ..Floors::default()
    };
    let setup = Setup { floors, ..Setup::of(&fleet) };
    let before = device.agent.record().floors;
    let mut device = setup.boot(device.agent.into_store().into_storage());
    assert!(device.agent.floors().holds(&floors) && device.agent.floors().holds(&before));
    // The head is older than the floor, and the release that a newer one names is, too.
    assert_eq!(device.check(&mut fleet).reason, Some(Reason::HeadOlder));
    fleet.publish_head();
    let status = device.check(&mut fleet);
    assert_eq!(status.reason, Some(Reason::ReleaseOlder));
    // What is installed stays readable all the same.
    assert_eq!(status.installed.unwrap().order, Order::new(0, 1));
    assert_eq!(status.keyring, Order::new(0, 2), "a keyring below the floor catches up first");
    let order = fleet.roll_out(&manifest(&["a", "d"]));
    assert_eq!(device.check(&mut fleet).installed.unwrap().order, order);
    // Lower ones change nothing.
    let mut device = Setup::of(&fleet).boot(device.agent.into_store().into_storage());
    assert_eq!(device.check(&mut fleet).floors.release, order);
}

#[test]
fn a_keyring_below_the_floor_judges_nothing() {
    let (mut fleet, device) = checked();
    fleet.roll_out(&manifest(&["a", "c"]));
    let floors = Floors { keyring: Order::new(0, 2), ..Floors::default() };
    let setup = Setup { floors, ..Setup::of(&fleet) };
    let mut device = setup.boot(device.agent.into_store().into_storage());
    let status = device.check(&mut fleet);
    assert_eq!(status.reason, Some(Reason::KeyringUnavailable));
    assert_eq!(status.installed.unwrap().order, Order::new(0, 1));
    let file = super::files::file(&fleet, true);
    assert_eq!(device.run(&mut fleet, Event::Install(&file)).reason, Some(Reason::KeyringUnavailable));
    fleet.next_keyring(&[], None);
    assert_eq!(device.check(&mut fleet).reason, Some(Reason::Confirmed));
}

#[test]
fn staging_that_fails_three_times_waits_and_a_new_release_does_not() {
    let (mut fleet, mut device) = checked();
    fleet.roll_out(&manifest(&["a", "c"]));
    fleet.tree.remove("prod/update/1-2");
    let blob = fleet.tree.keys().find(|path| {
        path.starts_with("prod/blob/") && path.ends_with(&std::format!("{}", anchor("c").sha256))
    });
    let (path, good) = (blob.unwrap().clone(), fleet.tree[blob.unwrap()].clone());
    fleet.tree.insert(path.clone(), good[..50].to_vec());
    for _ in 0..3 {
        fleet.requests.clear();
        assert_eq!(device.check(&mut fleet).reason, Some(Reason::AnswerTruncated));
        assert!(fleet.requests.contains(&path));
    }
    fleet.requests.clear();
    device.check(&mut fleet);
    assert_eq!(fleet.requests, ["prod/head"], "the fourth time it waits");
    fleet.tree.insert(path, good);
    device.pass(&mut fleet, 3_700);
    assert_eq!(device.check(&mut fleet).installed.unwrap().order, Order::new(0, 2));
}

#[test]
fn a_medium_that_fails_once_makes_no_release_wait() {
    let (mut fleet, mut device) = checked();
    let mut content = manifest(&["a", "c"]);
    content.denials = [deny("b")].to_vec();
    fleet.roll_out(&content);
    // The first thing that is written of a release is its deny list.
    let medium = device.agent.store_mut().storage_mut();
    medium.fail_at(medium.operations() + 1, Fault::InputOutput);
    assert_eq!(device.check(&mut fleet).reason, Some(Reason::StoreFailed));
    assert_eq!(device.check(&mut fleet).reason, Some(Reason::Confirmed));
}

#[test]
fn a_medium_that_fails_once_adds_no_wait_to_that_of_a_probe() {
    let (mut fleet, mut device) = checked();
    device.driver.probe = |_, _| outcome(Verdict::Verified, Verdict::Refused(Reason::ProbeChain));
    fleet.roll_out(&manifest(&["c", "d"]));
    for _ in 0..6 {
        device.pass(&mut fleet, DAY);
        assert_eq!(device.check(&mut fleet).reason, Some(Reason::ProbeRegression));
    }
    device.pass(&mut fleet, DAY);
    device.driver.probe = |_, _| both(Verdict::Verified);
    let medium = device.agent.store_mut().storage_mut();
    // The first write of this check is the note of the day, the next one the slot's.
    medium.fail_at(medium.operations() + 1, Fault::InputOutput);
    assert_eq!(device.check(&mut fleet).reason, Some(Reason::StoreFailed));
    assert_eq!(device.check(&mut fleet).reason, Some(Reason::Confirmed));
}

/// Runs a device over somebody else's store, through a check without news and one with: it lives on its image's seed,
/// says why, and writes nothing.
fn check_foreign(fleet: &mut Fleet, medium: Medium) {
    let found = medium.bytes().to_vec();
    let mut device = Setup::of(fleet).boot(medium);
    let status = device.agent.status(device.now(fleet));
    assert_eq!((status.store, status.reason), (Condition::Foreign, Some(Reason::StoreOfOtherChannel)));
    let status = device.check(fleet);
    assert_eq!(status.reason, Some(Reason::StoreOfOtherChannel), "without news");
    let installed = status.installed.unwrap();
    assert_eq!((installed.order, installed.origin), (Order::new(0, 1), Origin::Seed));
    assert_eq!(device.reports, 1, "the fleet is told");
    fleet.roll_out(&manifest(&["a", "d"]));
    fleet.next_keyring(&[], None);
    let status = device.check(fleet);
    assert_eq!((status.reason, status.store), (Some(Reason::StoreOfOtherChannel), Condition::Foreign));
    assert_eq!(status.installed.unwrap().origin, Origin::Seed);
    assert!(device.agent.into_store().into_storage().bytes() == found, "the other's floors stand");
}

#[test]
fn a_store_of_another_channel_is_set_aside_and_not_touched() {
    let (mut fleet, device) = checked();
    let mut store = device.agent.into_store();
    store.change(|change| change.change_channel(bundle::ChannelId::of("staging"))).unwrap();
    check_foreign(&mut fleet, store.into_storage());
}

#[test]
fn a_store_of_another_fleet_is_set_aside_and_not_touched() {
    // Its channel has the same name, and its keyring the same order.
    let mut other = Fleet::with_keys([9; 4]);
    let mut device = Device::new(&other);
    device.check(&mut other);
    check_foreign(&mut Fleet::new(), device.agent.into_store().into_storage());
}

#[test]
fn a_blank_medium_needs_a_keyring_from_somewhere() {
    let fleet = Fleet::new();
    let setup = Setup { seed: Vec::new(), ..Setup::of(&fleet) };
    let error = setup.start(Medium::new(4_096)).map(drop).unwrap_err();
    assert_eq!(error, crate::StartError::KeyringMissing);
}

#[test]
fn a_device_with_a_keyring_and_no_release_takes_everything_at_once() {
    let mut fleet = Fleet::new();
    let setup =
        Setup { seed: Vec::new(), keyring: Some(fleet.tree["keyring/1"].clone()), ..Setup::of(&fleet) };
    let mut device = setup.boot(Medium::new(4_096));
    let status = device.check(&mut fleet);
    assert_eq!(status.installed.unwrap().order, Order::new(0, 1));
    assert!(fleet.requests.contains(&"prod/update/0-1".into()));
}

/// CRC-32 (ISO-HDLC), bit by bit: an implementation of its own keeps the test honest.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
    })
}
