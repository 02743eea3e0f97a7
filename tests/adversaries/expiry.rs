//! What expires and what does not: heads alone do, softly, and nothing that is old on a device keeps the new from it.

use bundle::{UnixSeconds, write::KeyringContent};
use device_agent::{Clock, Freshness, Reason};
use system_tests::signers::{self, role};

use crate::scene::{CERTIFICATES, DAY, START, Scene};

const YEAR: u64 = 365 * DAY;

fn is_stale(scene: &Scene) -> bool {
    matches!(scene.device.status().freshness, Freshness::Stale { .. })
}

#[test]
fn the_clock_of_a_test_decides_what_has_expired() {
    let mut scene = Scene::following();
    assert!(!is_stale(&scene));
    scene.device.pass(14 * DAY);
    assert!(is_stale(&scene));
}

#[test]
fn a_keyring_of_ten_years_ago_is_followed() {
    let mut scene = Scene::following();
    scene.next_keyring(&KeyringContent { release: role(1, &[14]), ..signers::first_keyring() });
    scene.publisher.release_signers = vec![14];
    scene.pass(10 * YEAR);
    scene.release(&CERTIFICATES);
    assert_eq!((scene.check(), scene.installed()), (Some(Reason::Confirmed), 3));
    assert_eq!(scene.keyring().number, 2);
}

#[test]
fn a_new_head_that_has_expired_makes_the_device_stale_and_takes_nothing_away() {
    let mut scene = Scene::following();
    scene.publisher.sign_head();
    let before = scene.trust();
    scene.device.pass(30 * DAY);
    assert_eq!(scene.check(), Some(Reason::Stale));
    assert!(is_stale(&scene));
    assert_eq!(scene.trust(), system_tests::device::TrustState { floors: scene.trust().floors, ..before });
    scene.publisher.now = scene.publisher.now.plus(30 * DAY);
    scene.publisher.sign_head();
    assert_eq!(scene.check(), Some(Reason::UpToDate));
    assert!(!is_stale(&scene));
}

#[test]
fn a_release_under_an_expired_head_is_installed_and_the_device_says_stale() {
    let mut scene = Scene::following();
    scene.release(&CERTIFICATES);
    scene.device.pass(30 * DAY);
    scene.check();
    assert_eq!(scene.installed(), 3);
    assert!(is_stale(&scene));
}

#[test]
fn a_release_of_years_ago_is_good_under_a_fresh_head() {
    let mut scene = Scene::following();
    scene.release(&CERTIFICATES);
    scene.pass(5 * YEAR);
    scene.publisher.sign_head();
    assert_eq!((scene.check(), scene.installed()), (Some(Reason::Confirmed), 3));
    assert!(!is_stale(&scene));
}

#[test]
fn a_device_that_lay_in_a_drawer_for_ten_years_goes_on() {
    let mut scene = Scene::following();
    for generation in 0_u8..12 {
        let keys = [40 + generation, 60 + generation];
        scene.next_keyring(&KeyringContent { release: role(2, &keys), ..signers::first_keyring() });
        scene.publisher.release_signers = keys.to_vec();
    }
    scene.pass(10 * YEAR);
    scene.release(&CERTIFICATES);
    scene.device = scene.device.restart();
    assert!(is_stale(&scene), "what it kept has expired");
    assert_eq!((scene.check(), scene.installed()), (Some(Reason::Confirmed), 3));
    assert_eq!(scene.keyring().number, 13);
}

#[test]
fn an_expired_head_on_the_device_hides_no_update() {
    let mut scene = Scene::following();
    scene.pass(40 * DAY);
    scene.device = scene.device.restart();
    assert!(is_stale(&scene));
    scene.release(&CERTIFICATES);
    assert_eq!((scene.check(), scene.installed()), (Some(Reason::Confirmed), 3));
    assert!(!is_stale(&scene));
}

#[test]
fn a_clock_that_is_wrong_by_decades_keeps_no_release_out() {
    for clock in [
        Clock::Unknown,
        Clock::Known(UnixSeconds(0)),
        Clock::Known(START.plus(50 * YEAR)),
        Clock::Known(START),
    ] {
        let mut scene = Scene::following();
        scene.release(&CERTIFICATES);
        scene.device.set_clock(clock);
        scene.check();
        assert_eq!(scene.installed(), 3, "{clock:?}");
    }
}

#[test]
fn a_replay_is_refused_without_any_clock() {
    let mut scene = Scene::following();
    let old = scene.publisher.tree.clone();
    scene.release(&CERTIFICATES);
    scene.check();
    for clock in [Clock::Unknown, Clock::Known(UnixSeconds(0))] {
        scene.device.set_clock(clock);
        scene.device = scene.device.restart();
        let before = scene.trust();
        assert_eq!(scene.check_against(&old), Some(Reason::HeadOlder), "{clock:?}");
        assert_eq!((scene.trust(), scene.installed()), (before, 3));
    }
}
