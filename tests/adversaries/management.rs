//! What RFC 6024 asks of whoever manages trust anchors: list, add, remove, replace, and reach whom one means to reach.

use std::collections::BTreeSet;

use bundle::{Sha256, write::GroupContent};
use device_agent::Reason;
use system_tests::{
    device::{Device, Image, all_verify},
    publisher::{Publisher, Tree},
};

use crate::scene::{CERTIFICATES, REGION_BYTES, START, Scene, content, publisher};

fn hashes(certificates: &[&[u8]]) -> BTreeSet<Sha256> {
    certificates.iter().map(|certificate| Sha256::of(&[certificate])).collect()
}

/// A device of the channel with these groups, which has the first release as its seed.
fn member(id: &str, channel: &str, groups: &[&str], publisher: &Publisher) -> Device {
    let seed = publisher.seed(1);
    let image = Image { seed: Some(&seed), groups, ..Image::default() };
    Device::start(id, channel, image, START, REGION_BYTES).unwrap()
}

fn installed_after_check(device: &mut Device, tree: &Tree) -> u32 {
    device.pass(3_600);
    device.cycle(&mut |path| tree.get(path).cloned(), &mut all_verify);
    device.status().installed.map_or(0, |installed| installed.order.number)
}

#[test]
fn anchors_are_listed_added_removed_and_replaced_as_a_whole() {
    let mut scene = Scene::fresh();
    assert_eq!(scene.device.anchors(), hashes(&CERTIFICATES[..2]), "listed");
    for (certificates, what) in [
        (&CERTIFICATES[..4], "two are added"),
        (&CERTIFICATES[1..3], "two are removed"),
        (&CERTIFICATES[3..], "all are replaced"),
    ] {
        scene.release(certificates);
        assert_eq!(scene.check(), Some(Reason::Confirmed), "{what}");
        assert_eq!(scene.device.anchors(), hashes(certificates), "{what}");
    }
}

#[test]
fn a_release_reaches_every_device_of_its_channel_and_none_of_another() {
    let mut prod = publisher();
    let mut staging = Publisher::new("staging", START);
    let first = content(&staging, &CERTIFICATES[..1]);
    staging.publish(&first, &CERTIFICATES[..1]);
    let mut devices = [1, 2, 3].map(|number| member(&format!("device-{number}"), "prod", &[], &prod));
    let mut other = member("device-4", "staging", &[], &staging);
    let next = content(&prod, &CERTIFICATES);
    prod.publish(&next, &CERTIFICATES);
    let mut tree = prod.tree.clone();
    tree.extend(staging.tree.clone());
    assert_eq!(devices.each_mut().map(|device| installed_after_check(device, &tree)), [2, 2, 2]);
    assert_eq!(installed_after_check(&mut other, &tree), 1);
}

#[test]
fn a_release_reaches_the_groups_that_are_named_and_nobody_else() {
    let mut publisher = publisher();
    let members = [("device-1", &["pumps"][..]), ("device-2", &["gates", "pumps"]), ("device-3", &["gates"])];
    let mut devices = members.map(|(id, groups)| member(id, "prod", groups, &publisher));
    let next = content(&publisher, &CERTIFICATES);
    publisher.publish(&next, &CERTIFICATES);
    let mut head = publisher.head.take().unwrap();
    head.share = 0;
    head.previous = publisher.previous(1);
    head.groups = vec![GroupContent { name: "pumps".into(), share: bundle::limits::SHARE_MAX }];
    publisher.head = Some(head);
    publisher.sign_head();
    let tree = publisher.tree.clone();
    assert_eq!(devices.each_mut().map(|device| installed_after_check(device, &tree)), [2, 2, 1]);
}

#[test]
fn a_release_reaches_one_device_by_a_group_of_its_own() {
    let mut publisher = publisher();
    let names = ["device-1", "device-2", "device-3"];
    let mut devices = names.map(|id| member(id, "prod", &[id], &publisher));
    let next = content(&publisher, &CERTIFICATES);
    publisher.publish(&next, &CERTIFICATES);
    let mut head = publisher.head.take().unwrap();
    head.share = 0;
    head.groups = vec![GroupContent { name: "device-2".into(), share: bundle::limits::SHARE_MAX }];
    publisher.head = Some(head);
    publisher.sign_head();
    let tree = publisher.tree.clone();
    assert_eq!(devices.each_mut().map(|device| installed_after_check(device, &tree)), [1, 2, 1]);
}

#[test]
fn a_constraint_that_nobody_can_meet_is_no_way_to_cut_a_service_off() {
    // RFC 6024, section 4: a slip in a constraint is a denial of service. The probe of the candidate sees it.
    use device_agent::{ProbeOutcome, Verdict};
    let mut scene = Scene::following();
    let mut next = content(&scene.publisher, &CERTIFICATES);
    let slip = bundle::write::ConstraintContent { subtrees: vec!["exmaple".into()], ..Default::default() };
    next.anchors.iter_mut().for_each(|anchor| anchor.constraints = vec![slip.clone()]);
    scene.publisher.publish(&next, &CERTIFICATES);
    let tree = scene.publisher.tree.clone();
    let before = scene.trust();
    let mut handshake = |_: &str| ProbeOutcome {
        present: Some(Verdict::Verified),
        candidate: Some(Verdict::Refused(Reason::ProbeConstraint)),
        excused: false,
    };
    assert_eq!(scene.check_with(&tree, &mut handshake), Some(Reason::ProbeRegression));
    assert_eq!(scene.trust().readable, before.readable);
}
