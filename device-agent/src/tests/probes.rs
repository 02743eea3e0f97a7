//! Invariant 10: what a probe may stop, what it may not, and what a denial does at once.

use bundle::Order;

use super::kit::{DAY, Device, Fleet, both, deny, manifest, outcome, service};
use crate::{ProbeOutcome, Reason, Verdict};

const REFUSED: Verdict = Verdict::Refused(Reason::ProbeChain);
const SILENT: Verdict = Verdict::Inconclusive(Reason::ProbeTimeout);

fn with_probe(probe: fn(&str, u32) -> ProbeOutcome) -> (Fleet, Device) {
    let mut fleet = Fleet::new();
    let mut device = Device::new(&fleet);
    device.check(&mut fleet);
    device.driver.probe = probe;
    (fleet, device)
}

#[test]
fn invariant_10_a_candidate_that_loses_a_verified_service_is_refused() {
    let (mut fleet, mut device) = with_probe(|_, _| outcome(Verdict::Verified, REFUSED));
    fleet.roll_out(&manifest(&["c"]));
    let slot = device.kept().1;
    let status = device.check(&mut fleet);
    assert_eq!(status.reason, Some(Reason::ProbeRegression));
    assert_eq!(status.installed.unwrap().order, Order::new(0, 1));
    let refused = status.refused.unwrap();
    assert_eq!(
        (refused.order, refused.reason, refused.attempts),
        (Order::new(0, 2), Reason::ProbeRegression, 1)
    );
    assert!(device.kept().1 == slot);
}

#[test]
fn invariant_10_only_a_refusal_where_the_present_bundle_verifies_blocks() {
    let harmless: [fn(&str, u32) -> ProbeOutcome; 6] = [
        |_, _| both(Verdict::Verified),
        |_, _| both(REFUSED),
        |_, _| both(SILENT),
        |_, _| outcome(REFUSED, Verdict::Verified),
        |_, _| outcome(SILENT, REFUSED),
        |_, _| outcome(Verdict::Verified, SILENT),
    ];
    for (number, probe) in harmless.into_iter().enumerate() {
        let (mut fleet, mut device) = with_probe(probe);
        fleet.roll_out(&manifest(&["c"]));
        let order = device.check(&mut fleet).installed.unwrap().order;
        assert_eq!(order, Order::new(0, 2), "case {number}");
    }
}

#[test]
fn invariant_10_a_loss_that_the_deny_list_explains_is_excused() {
    let (mut fleet, mut device) =
        with_probe(|_, _| ProbeOutcome { excused: true, ..outcome(Verdict::Verified, REFUSED) });
    let mut content = manifest(&["b"]);
    content.denials = [deny("a")].to_vec();
    fleet.roll_out(&content);
    assert_eq!(device.check(&mut fleet).installed.unwrap().order, Order::new(0, 2));
}

#[test]
fn invariant_10_a_refused_release_is_tried_again_from_an_hour_to_a_day_and_forgotten_at_the_next() {
    let (mut fleet, mut device) = with_probe(|_, _| outcome(Verdict::Verified, REFUSED));
    fleet.roll_out(&manifest(&["c"]));
    let mut tries = Vec::new();
    for hour in 0..60_u64 {
        device.probed.clear();
        device.check(&mut fleet);
        if !device.probed.is_empty() {
            tries.push(hour);
        }
        device.pass(&mut fleet, 3_600);
    }
    assert_eq!(tries, [0, 1, 3, 7, 15, 31, 55]);
    device.driver.probe = |_, _| both(Verdict::Verified);
    fleet.roll_out(&manifest(&["a", "c"]));
    let status = device.check(&mut fleet);
    assert_eq!(status.installed.unwrap().order, Order::new(0, 3));
    assert_eq!(status.refused, None);
    assert_eq!(device.agent.record().refusals.iter().count(), 0);
}

#[test]
fn invariant_10_a_refusal_outlives_a_restart_with_and_without_a_clock() {
    for clock_known in [true, false] {
        let (mut fleet, mut device) = with_probe(|_, _| outcome(Verdict::Verified, REFUSED));
        device.clock_known = clock_known;
        fleet.roll_out(&manifest(&["c"]));
        device.check(&mut fleet);
        let mut device = device.reboot();
        assert_eq!(device.check(&mut fleet).reason, Some(Reason::ProbeRegression));
        assert!(device.probed.is_empty());
        device.pass(&mut fleet, 3_600);
        device.check(&mut fleet);
        assert_eq!(device.probed.len(), 1, "clock known: {clock_known}");
    }
}

#[test]
fn invariant_10_denials_apply_at_once_and_stay_when_the_release_is_refused() {
    let (mut fleet, mut device) = with_probe(|_, _| outcome(Verdict::Verified, REFUSED));
    let mut content = manifest(&["c"]);
    content.denials = [deny("b")].to_vec();
    fleet.roll_out(&content);
    let status = device.check(&mut fleet);
    assert_eq!(status.reason, Some(Reason::ProbeRegression));
    assert_eq!((status.denials, status.generation), (1, 1));
    assert_eq!(device.exports, 2, "applications learn of the denial");
    let device = device.reboot();
    assert!(device.agent.denials().contains(&deny("b")));
}

#[test]
fn invariant_10_a_probed_service_cannot_be_dropped_while_it_verifies() {
    let (mut fleet, mut device) = with_probe(|_, number| ProbeOutcome {
        present: Some(Verdict::Verified),
        candidate: (number == 1).then_some(Verdict::Verified),
        excused: false,
    });
    let mut content = manifest(&["a", "b"]);
    content.services[0].name = "storage".into();
    fleet.roll_out(&content);
    assert_eq!(device.check(&mut fleet).reason, Some(Reason::ServiceDropped));
    // Leaving it unprobed first says that it is meant.
    let mut content = manifest(&["a", "b"]);
    content.services[0].probe = false;
    fleet.roll_out(&content);
    assert_eq!(device.check(&mut fleet).installed.unwrap().order, Order::new(0, 3));
    let mut content = manifest(&["a", "b"]);
    content.services[0].name = "storage".into();
    fleet.roll_out(&content);
    assert_eq!(device.check(&mut fleet).installed.unwrap().order, Order::new(0, 4));
}

#[test]
fn invariant_10_every_host_of_every_probed_service_is_probed_and_wildcards_by_local_names() {
    let mut fleet = Fleet::new();
    let mut device = Device::new(&fleet);
    device.check(&mut fleet);
    device.agent.configuration.local_hosts = &[
        crate::LocalHost { service: "hub", host: "mine.hubs.example:8883" },
        crate::LocalHost { service: "hub", host: "elsewhere.example" },
        crate::LocalHost { service: "storage", host: "mine.hubs.example" },
    ];
    let mut content = manifest(&["a", "b"]);
    content.services[0].hosts = ["*.hubs.example", "hub.example:444"].map(Into::into).to_vec();
    content.services.push(service("storage", &["a"]));
    fleet.roll_out(&content);
    device.check(&mut fleet);
    let mut probed = device.probed.clone();
    probed.sort();
    probed.dedup();
    assert_eq!(probed, ["hub hub.example:444", "hub mine.hubs.example:8883", "storage storage.example:443"]);
}

#[test]
fn an_offline_day_changes_no_refusal() {
    let (mut fleet, mut device) = with_probe(|_, _| outcome(Verdict::Verified, REFUSED));
    fleet.roll_out(&manifest(&["c"]));
    device.check(&mut fleet);
    device.driver.online = false;
    device.pass(&mut fleet, DAY);
    let status = device.check(&mut fleet);
    assert_eq!(status.reason, Some(Reason::Unreachable));
    assert_eq!(status.refused.unwrap().attempts, 1);
}
