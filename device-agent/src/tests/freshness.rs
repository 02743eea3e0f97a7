//! Invariants 6 and 11: what expires, what time may do, and what neither can.

use bundle::{Order, UnixSeconds};

use super::kit::{DAY, Device, Fleet, START, manifest};
use crate::{Clock, Freshness, JudgingTime, Now, Reason};

fn checked() -> (Fleet, Device) {
    let mut fleet = Fleet::new();
    let mut device = Device::new(&fleet);
    device.check(&mut fleet);
    (fleet, device)
}

#[test]
fn invariant_06_an_expired_head_makes_the_device_stale_and_deletes_nothing() {
    let (mut fleet, mut device) = checked();
    let before = device.kept().1;
    device.pass(&mut fleet, 15 * DAY);
    let status = device.check(&mut fleet);
    assert_eq!(status.reason, Some(Reason::Stale));
    assert_eq!(status.freshness, Freshness::Stale { since: UnixSeconds(START + 14 * DAY) });
    assert_eq!(status.installed.unwrap().order, Order::new(0, 1));
    assert!(device.kept().1 == before);
}

#[test]
fn invariant_06_a_stale_device_still_moves_forward_with_a_full_threshold() {
    let (mut fleet, mut device) = checked();
    let head_time = fleet.now;
    fleet.release(&manifest(&["a", "c"]));
    fleet.publish_head();
    device.pass(&mut fleet, 30 * DAY);
    let status = device.check(&mut fleet);
    assert_eq!(status.installed.unwrap().order, Order::new(0, 2));
    assert_eq!(status.freshness, Freshness::Stale { since: UnixSeconds(head_time + 14 * DAY) });
}

#[test]
fn invariant_06_the_same_head_again_is_not_fresher_and_silence_extends_nothing() {
    let (mut fleet, mut device) = checked();
    let until = Freshness::Fresh { until: UnixSeconds(START + 14 * DAY) };
    for _ in 0..3 {
        device.pass(&mut fleet, DAY);
        assert_eq!(device.check(&mut fleet).freshness, until);
    }
    fleet.tree.remove("prod/head");
    assert_eq!(device.check(&mut fleet).freshness, until, "a 404 is no answer");
    let status = device.reboot();
    assert_eq!(status.agent.status(status.now(&fleet)).freshness, until, "a restart is no answer either");
}

#[test]
fn invariant_11_a_head_cannot_raise_the_time_floor_nor_vouch_beyond_its_lifetime() {
    let (mut fleet, mut device) = checked();
    let floor = device.check(&mut fleet).floors.time;
    // A thief of the head key dates the head a hundred years ahead.
    let today = fleet.now;
    fleet.now += 36_500 * DAY;
    fleet.publish_head();
    fleet.now = today;
    let status = device.check(&mut fleet);
    assert_eq!(status.floors.time, floor);
    let until = Freshness::Fresh { until: UnixSeconds(today + 14 * DAY) };
    assert_eq!(status.freshness, until);
    // Neither the same head again nor a restart makes it vouch for longer.
    device.pass(&mut fleet, 3 * DAY);
    assert_eq!(device.check(&mut fleet).freshness, until);
    let mut device = device.reboot();
    assert_eq!(device.check(&mut fleet).freshness, until);
}

#[test]
fn invariant_11_the_time_floor_rises_with_releases_and_never_moves_back() {
    let (mut fleet, mut device) = checked();
    device.pass(&mut fleet, 10 * DAY);
    fleet.roll_out(&manifest(&["a", "c"]));
    assert_eq!(device.check(&mut fleet).floors.time, UnixSeconds(START + 10 * DAY));
    // A release dated before the newest one is as good as any, and moves nothing.
    fleet.now -= 5 * DAY;
    fleet.roll_out(&manifest(&["a", "d"]));
    fleet.now += 5 * DAY;
    let status = device.check(&mut fleet);
    assert_eq!(status.installed.unwrap().order, Order::new(0, 3));
    assert_eq!(status.floors.time, UnixSeconds(START + 10 * DAY));
}

#[test]
fn invariant_11_an_unknown_clock_is_a_state_of_its_own() {
    let mut fleet = Fleet::new();
    let mut device = Device::new(&fleet);
    device.clock_known = false;
    fleet.roll_out(&manifest(&["a", "c"]));
    let status = device.check(&mut fleet);
    assert!(status.clock_unknown);
    assert_eq!(status.freshness, Freshness::Unknown);
    assert_eq!(status.installed.unwrap().order, Order::new(0, 2));
    assert_eq!(status.installed.unwrap().committed_at, None);
}

#[test]
fn invariant_11_chains_are_judged_at_the_clock_or_at_the_floor() {
    let (fleet, device) = checked();
    let at = |clock| device.agent.judging_time(Now { uptime_seconds: 0, clock });
    let floor = UnixSeconds(START);
    assert_eq!(at(Clock::Known(UnixSeconds(fleet.now + 5))), JudgingTime::Known(UnixSeconds(START + 5)));
    assert_eq!(at(Clock::Unknown), JudgingTime::AtLeast(floor));
    assert_eq!(
        at(Clock::Known(UnixSeconds(0))),
        JudgingTime::AtLeast(floor),
        "a clock behind the floor knows nothing"
    );
}

#[test]
fn invariant_11_a_floor_beyond_the_expiry_proves_staleness_without_a_clock() {
    let (mut fleet, mut device) = checked();
    fleet.now += 40 * DAY;
    fleet.release(&manifest(&["a", "c"]));
    fleet.now -= 40 * DAY;
    fleet.publish_head();
    device.clock_known = false;
    let status = device.check(&mut fleet);
    assert_eq!(status.floors.time, UnixSeconds(START + 40 * DAY));
    assert_eq!(status.freshness, Freshness::Stale { since: UnixSeconds(START + 14 * DAY) });
}

#[test]
fn invariant_11_a_head_from_before_the_clock_was_set_counts_from_the_first_known_moment() {
    let mut fleet = Fleet::new();
    let mut device = Device::new(&fleet);
    device.clock_known = false;
    let today = fleet.now;
    fleet.now += 36_500 * DAY;
    fleet.publish_head();
    fleet.now = today;
    device.check(&mut fleet);
    device.clock_known = true;
    let until = Freshness::Fresh { until: UnixSeconds(today + 14 * DAY) };
    assert_eq!(device.check(&mut fleet).freshness, until);
}
