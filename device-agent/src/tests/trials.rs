//! Trials: confirmed by proof, reverted by evidence, left open by silence.

use bundle::Order;

use super::kit::{Device, Fleet, both, deny, manifest, outcome};
use crate::{Phase, ProbeOutcome, Reason, Verdict};

const REFUSED: Verdict = Verdict::Refused(Reason::ProbeChain);
const SILENT: Verdict = Verdict::Inconclusive(Reason::ProbeTcp);

/// A device with release 2 on trial, left open because no endpoint answered.
fn on_trial() -> (Fleet, Device) {
    let mut fleet = Fleet::new();
    let mut device = Device::new(&fleet);
    device.check(&mut fleet);
    device.driver.probe = |_, _| both(SILENT);
    fleet.roll_out(&manifest(&["a", "c"]));
    let status = device.check(&mut fleet);
    assert_eq!((status.phase, status.reason), (Phase::Trial, Some(Reason::OnTrial)));
    assert_eq!(status.installed.unwrap().order, Order::new(0, 2));
    (fleet, device)
}

#[test]
fn no_network_leaves_the_trial_open_and_the_floor_where_it_was() {
    let (mut fleet, mut device) = on_trial();
    device.driver.online = false;
    for _ in 0..20 {
        device.pass(&mut fleet, 3_600);
        assert_eq!(device.check(&mut fleet).phase, Phase::Trial);
    }
    assert_eq!(device.agent.status(device.now(&fleet)).floors.release, Order::new(0, 1));
    device.driver.probe = |_, _| both(Verdict::Verified);
    let status = device.check(&mut fleet);
    assert_eq!((status.phase, status.floors.release), (Phase::Idle, Order::new(0, 2)));
}

#[test]
fn evidence_reverts_after_three_rounds_whatever_reboots_lie_between() {
    for reboots in [false, true] {
        let (mut fleet, mut device) = on_trial();
        let probe: fn(&str, u32) -> ProbeOutcome = |_, _| outcome(Verdict::Verified, REFUSED);
        device.driver.probe = probe;
        for round in 1..3 {
            assert_eq!(device.check(&mut fleet).conclusive_failures, round);
            if reboots {
                device = device.reboot();
            }
        }
        let status = device.check(&mut fleet);
        assert_eq!(status.phase, Phase::Idle);
        assert_eq!(status.installed.unwrap().order, Order::new(0, 1));
        assert_eq!(status.refused.unwrap().reason, Reason::TrialFailed);
        assert_eq!(status.reason, Some(Reason::TrialFailed), "it is not tried again at once");
        assert_eq!(status.floors.release, Order::new(0, 1));
    }
}

#[test]
fn a_server_that_fails_both_bundles_is_no_evidence() {
    let (mut fleet, mut device) = on_trial();
    device.driver.probe = |_, _| both(REFUSED);
    for _ in 0..5 {
        let status = device.check(&mut fleet);
        assert_eq!((status.phase, status.conclusive_failures), (Phase::Trial, 0));
    }
}

#[test]
fn a_trial_goes_on_after_a_restart_and_is_confirmed() {
    let (mut fleet, device) = on_trial();
    let mut device = device.reboot();
    assert_eq!(device.agent.status(device.now(&fleet)).phase, Phase::Trial);
    device.driver.probe = |_, _| both(Verdict::Verified);
    let status = device.check(&mut fleet);
    assert_eq!((status.phase, status.floors.release), (Phase::Idle, Order::new(0, 2)));
}

#[test]
fn a_newer_release_is_staged_over_the_trial_never_over_the_fallback() {
    let (mut fleet, mut device) = on_trial();
    // Make release 1 the fallback in the store, not the seed: confirm 2, then put 3 on trial, then roll 4 out.
    device.driver.probe = |_, _| both(Verdict::Verified);
    device.check(&mut fleet);
    device.driver.probe = |_, _| both(SILENT);
    fleet.roll_out(&manifest(&["a", "d"]));
    assert_eq!(device.check(&mut fleet).fallback, Some(Order::new(0, 2)));
    let record = device.agent.record();
    let trial_slot = record.phase.active().unwrap();
    let fallback = *record.entry(trial_slot.other()).unwrap();
    fleet.roll_out(&manifest(&["a", "e"]));
    let status = device.check(&mut fleet);
    assert_eq!(status.installed.unwrap().order, Order::new(0, 4));
    assert_eq!(status.fallback, Some(Order::new(0, 2)));
    let record = device.agent.record();
    assert_eq!(record.phase.active(), Some(trial_slot));
    assert_eq!(record.entry(trial_slot.other()), Some(&fallback));
    assert!(fleet.requests.contains(&"prod/update/2-4".into()), "the update starts from the fallback");
}

#[test]
fn a_broken_newer_release_leaves_the_trial_alone() {
    let (mut fleet, mut device) = on_trial();
    fleet.roll_out(&manifest(&["a", "d"]));
    fleet.tree.retain(|path, _| !path.starts_with("prod/update/"));
    fleet.tree.insert("prod/release/3".into(), b"garbage".to_vec());
    let before = device.kept();
    let status = device.check(&mut fleet);
    assert_eq!((status.phase, status.reason), (Phase::Trial, Some(Reason::ReleaseMalformed)));
    assert!(device.kept() == before);
    device.driver.probe = |_, _| both(Verdict::Verified);
    fleet.tree.remove("prod/head");
    let status = device.check(&mut fleet);
    assert_eq!(status.floors.release, Order::new(0, 2), "and it can still be confirmed");
}

#[test]
fn a_revert_keeps_denials_and_keyring() {
    let mut fleet = Fleet::new();
    let mut device = Device::new(&fleet);
    device.check(&mut fleet);
    device.driver.probe = |_, _| both(SILENT);
    let mut content = manifest(&["a", "c"]);
    content.denials = [deny("b")].to_vec();
    fleet.next_keyring(&[], None);
    fleet.roll_out(&content);
    device.check(&mut fleet);
    device.driver.probe = |_, _| outcome(Verdict::Verified, REFUSED);
    for _ in 0..3 {
        device.check(&mut fleet);
    }
    let status = device.agent.status(device.now(&fleet));
    assert_eq!(status.refused.unwrap().reason, Reason::TrialFailed);
    assert_eq!((status.denials, status.keyring), (1, Order::new(0, 2)));
}

#[test]
fn a_trial_without_probed_services_is_confirmed_at_once() {
    let mut fleet = Fleet::new();
    let mut device = Device::new(&fleet);
    device.driver.probe = |_, _| both(SILENT);
    let mut content = manifest(&["a", "b"]);
    content.services[0].probe = false;
    fleet.roll_out(&content);
    let status = device.check(&mut fleet);
    assert_eq!((status.phase, status.floors.release), (Phase::Idle, Order::new(0, 2)));
    assert!(device.probed.is_empty());
}

#[test]
fn a_dropped_service_still_speaks_for_the_fallback_during_the_trial() {
    let mut fleet = Fleet::new();
    let mut device = Device::new(&fleet);
    device.driver.probe = |_, _| both(SILENT);
    let mut content = manifest(&["a", "b"]);
    content.services.clear();
    fleet.roll_out(&content);
    assert_eq!(device.check(&mut fleet).phase, Phase::Trial, "nobody answered");
    device.driver.probe =
        |_, _| ProbeOutcome { present: Some(Verdict::Verified), candidate: None, excused: false };
    assert_eq!(device.check(&mut fleet).conclusive_failures, 1);
}

#[test]
fn a_rotten_trial_slot_is_reverted() {
    let (mut fleet, mut device) = on_trial();
    let offset = 100;
    device.agent.store_mut().storage_mut().flip(offset, 1);
    let mut device = device.reboot();
    assert_eq!(device.agent.status(device.now(&fleet)).installed.unwrap().order, Order::new(0, 1));
    let status = device.check(&mut fleet);
    assert_eq!(status.phase, Phase::Idle);
    assert_eq!(status.refused.unwrap().reason, Reason::StoreMismatch);
}

#[test]
fn revoking_everything_needs_no_probe_and_only_the_keyring_threshold() {
    let mut fleet = Fleet::new();
    let mut device = Device::new(&fleet);
    device.check(&mut fleet);
    let empty = bundle::write::ManifestContent { denials: [deny("a")].to_vec(), ..Default::default() };
    let keys = fleet.threshold_of(bundle::Role::Release);
    fleet.release_as(Order::new(0, 2), &empty, &keys, super::kit::CHANNEL);
    fleet.publish_head();
    assert_eq!(device.check(&mut fleet).reason, Some(Reason::ReleaseUnsigned));
    fleet.releases.pop();
    let keys = fleet.threshold_of(bundle::Role::Keyring);
    fleet.release_as(Order::new(0, 2), &empty, &keys, super::kit::CHANNEL);
    fleet.publish_head();
    device.probed.clear();
    device.driver.probe = |_, _| outcome(Verdict::Verified, REFUSED);
    let status = device.check(&mut fleet);
    assert_eq!(status.installed.unwrap().order, Order::new(0, 2));
    assert_eq!(status.floors.release, Order::new(0, 2));
    assert!(device.probed.is_empty());
}
