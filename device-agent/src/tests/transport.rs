//! Invariant 8: the update path needs no trust, and gives none away.

use bundle::Order;

use super::kit::{DAY, Device, Fleet, manifest};
use crate::{Event, FetchFailure, Reason, Transport};

#[test]
fn invariant_08_bundles_verify_over_a_transport_that_proves_nothing() {
    let mut fleet = Fleet::new();
    let mut device = Device::new(&fleet);
    device.driver.transport = Transport::Unauthenticated;
    fleet.next_keyring(&[], None);
    fleet.roll_out(&manifest(&["c", "d"]));
    let status = device.check(&mut fleet);
    assert_eq!((status.reason, status.installed.unwrap().order), (Some(Reason::Confirmed), Order::new(0, 2)));
    assert_eq!(status.last_check.unwrap().transport, Some(Transport::Unauthenticated));
}

#[test]
fn invariant_08_nothing_is_reported_without_authenticated_tls() {
    let mut fleet = Fleet::new();
    let mut device = Device::new(&fleet);
    device.driver.transport = Transport::Unauthenticated;
    fleet.roll_out(&manifest(&["a", "c"]));
    device.check(&mut fleet);
    assert_eq!(device.reports, 0);
    device.driver.transport = Transport::Authenticated;
    device.check(&mut fleet);
    assert_eq!(device.reports, 1, "what happened meanwhile is reported later");
}

#[test]
fn a_report_follows_every_change_and_every_day_and_nothing_else() {
    let mut fleet = Fleet::new();
    let mut device = Device::new(&fleet);
    for _ in 0..4 {
        device.check(&mut fleet);
    }
    assert_eq!(device.reports, 1);
    fleet.roll_out(&manifest(&["a", "c"]));
    device.check(&mut fleet);
    assert_eq!(device.reports, 2);
    device.check(&mut fleet);
    assert_eq!(device.reports, 3, "confirmed has become up to date");
    device.pass(&mut fleet, DAY);
    device.check(&mut fleet);
    assert_eq!(device.reports, 4);
}

#[test]
fn a_server_in_trouble_is_not_asked_twice_as_much() {
    let mut fleet = Fleet::new();
    let mut device = Device::new(&fleet);
    device.driver.is_failing = true;
    let mut asked = Vec::new();
    for _ in 0..9 {
        fleet.requests.clear();
        assert_eq!(device.check(&mut fleet).reason, Some(Reason::ServerFailed));
        asked.push(fleet.requests.len());
    }
    assert_eq!(asked, [2, 1, 1, 1, 2, 1, 1, 1, 2], "the next keyring is asked for at one check of four");
}

#[test]
fn an_answer_that_breaks_off_is_laid_at_its_server_and_silence_is_not() {
    let mut fleet = Fleet::new();
    let mut device = Device::new(&fleet);
    device.check(&mut fleet);
    let now = device.now(&fleet);
    for (begun, expect) in [(false, Reason::Unreachable), (true, Reason::AnswerTruncated)] {
        let _ = device.on(now, Event::Nudge);
        if begun {
            let _ = device.on(now, Event::Opened(Transport::Authenticated));
            let _ = device.on(now, Event::Chunk(b"TBDL"));
        }
        let _ = device.on(now, Event::Failed(FetchFailure::Unreachable));
        let reason = device.agent.status(now).last_check.unwrap().reason;
        assert_eq!((reason, reason.blames_the_server()), (expect, begun));
        assert!(reason.is_network(), "it is tried again soon");
    }
}
