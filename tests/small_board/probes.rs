//! Names, probes and reports that the application answers: in time, late, twice, or not at all.

use std::net::{IpAddr, Ipv4Addr};

use bundle::{AnchorMark, Order, Report, Sha256};
use device_agent::mt3620::{Answered, AppVerdict, Pace, Shown};
use device_agent::{Reason, Verdict};
use system_tests::report;

use crate::board::{Board, authenticated};
use crate::scene::{HUB, Scene, UPDATES};

const HERE: Option<IpAddr> = Some(IpAddr::V4(Ipv4Addr::LOCALHOST));

/// Answers the open name questions with `address`.
fn answer_names(board: &mut Board, address: Option<IpAddr>) -> bool {
    let names = std::mem::take(&mut *board.world.names.borrow_mut());
    for (ticket, _) in &names {
        assert_eq!(board.driver.resolved(*ticket, address), Answered::Taken);
        assert_eq!(board.driver.resolved(*ticket, None), Answered::Unknown, "answered already");
        assert_eq!(board.driver.resolved(ticket + 1, address), Answered::Unknown, "never asked");
    }
    !names.is_empty()
}

#[test]
fn a_name_that_the_application_resolves_is_waited_for() {
    let mut scene = Scene::new();
    scene.publish_both();
    let mut board = Board::new(&scene);
    board.world.resolves_later.set(true);
    let mut asked = Vec::new();
    let ended = board.cycle_with(|board| {
        asked.extend(board.world.names.borrow().iter().map(|(_, name)| name.clone()));
        answer_names(board, HERE)
    });
    assert_eq!(ended, authenticated(Reason::Confirmed), "{:?}", board.world.lines.borrow());
    assert_eq!(asked.first().map(String::as_str), Some(UPDATES[0]));
    assert!(asked.iter().any(|name| name == HUB), "{asked:?}");
}

#[test]
fn a_name_without_an_address_leads_to_the_other_server() {
    let scene = Scene::new();
    let mut board = Board::new(&scene);
    board.world.resolves_later.set(true);
    let ended = board.cycle_with(|board| {
        let is_first = board.world.names.borrow().iter().any(|(_, name)| name == UPDATES[0]);
        answer_names(board, if is_first { None } else { HERE })
    });
    assert_eq!(ended, authenticated(Reason::UpToDate));
    assert!(board.has_logged("the name does not resolve"));
    assert_eq!(scene.servers[0].take_connections(), 0);
}

#[test]
fn an_answer_that_comes_too_late_is_nobodys() {
    let scene = Scene::new();
    let mut board = Board::new(&scene);
    board.world.resolves_later.set(true);
    let mut late = None;
    let ended = board.cycle_with(|board| {
        let open = board.world.names.borrow().first().cloned();
        match (late, open) {
            // The first question is left open until its time is over.
            (None, Some((ticket, _))) => {
                late = Some(ticket);
                board.world.names.borrow_mut().clear();
                false
            }
            (Some(ticket), _) => {
                assert_eq!(board.driver.resolved(ticket, HERE), Answered::Unknown);
                answer_names(board, HERE)
            }
            (None, None) => false,
        }
    });
    assert_eq!(ended, authenticated(Reason::UpToDate), "{:?}", board.world.lines.borrow());
    assert_eq!(board.uptime_milliseconds(), 30_000, "the time for one name");
}

/// Runs the cycle in which release 2 is probed by the application; returns the probe that it was asked for.
fn probed(board: &mut Board, verdict: &AppVerdict) -> (Reason, Vec<String>) {
    board.world.probes_itself.set(true);
    let mut asked = Vec::new();
    let ended = board.cycle_with(|board| {
        let probes = std::mem::take(&mut *board.world.probes.borrow_mut());
        for (ticket, endpoint) in &probes {
            assert_eq!(board.driver.probed(ticket + 1, verdict.clone()), Answered::Unknown, "never asked");
            assert_eq!(board.driver.probed(*ticket, verdict.clone()), Answered::Taken);
            let nothing = AppVerdict::Judged { present: None, candidate: None };
            assert_eq!(board.driver.probed(*ticket, nothing), Answered::Unknown, "answered already");
            asked.push(endpoint.clone());
        }
        !probes.is_empty()
    });
    assert_eq!(board.driver.probed(1, verdict.clone()), Answered::Unknown, "too late");
    (ended.reason, asked)
}

fn chain_of(identity: &system_tests::tls_service::Identity) -> AppVerdict {
    let (end_entity, intermediates) = identity.chain.split_first().unwrap();
    AppVerdict::Chain(Shown { end_entity: end_entity.clone(), intermediates: intermediates.to_vec() })
}

#[test]
fn a_chain_that_the_application_was_shown_is_judged_under_both_bundles() {
    let mut scene = Scene::new();
    scene.publish_both();
    let mut board = Board::new(&scene);
    let (reason, asked) = probed(&mut board, &chain_of(&scene.vendor.old_identity(HUB)));
    assert_eq!(reason, Reason::Confirmed, "{:?}", board.world.lines.borrow());
    // Once before the commit, once on trial.
    assert_eq!(asked, vec![format!("iot-hub {HUB}:{}", scene.hub.address().port()); 2]);
    assert_eq!(scene.hub.completed(), 0, "the agent made no handshake of its own");
}

#[test]
fn a_chain_that_only_the_present_bundle_likes_refuses_the_release() {
    let mut scene = Scene::new();
    scene.publish_new();
    let mut board = Board::new(&scene);
    let (reason, _) = probed(&mut board, &chain_of(&scene.vendor.old_identity(HUB)));
    assert_eq!((reason, board.release()), (Reason::ProbeRegression, 1));
}

#[test]
fn verdicts_of_the_applications_own_stack_count() {
    let check = |present, candidate, expect: (Reason, u32)| {
        let mut scene = Scene::new();
        scene.publish_both();
        let mut board = Board::new(&scene);
        let (reason, _) = probed(&mut board, &AppVerdict::Judged { present, candidate });
        assert_eq!((reason, board.release()), expect, "{:?}", board.world.lines.borrow());
    };
    let (verified, refused) = (Some(Verdict::Verified), Some(Verdict::Refused(Reason::ProbeChain)));
    let unknown = Some(Verdict::Inconclusive(Reason::ProbeTls));
    check(verified, verified, (Reason::Confirmed, 2));
    check(refused, verified, (Reason::Confirmed, 2));
    check(verified, refused, (Reason::ProbeRegression, 1));
    check(unknown, unknown, (Reason::OnTrial, 2));
    check(None, None, (Reason::OnTrial, 2));
}

#[test]
fn a_probe_that_the_application_never_answers_ends_after_its_time() {
    let mut scene = Scene::new();
    scene.publish_both();
    let mut board = Board::new(&scene);
    board.world.probes_itself.set(true);
    let ended = board.cycle();
    assert_eq!(ended.reason, Reason::OnTrial, "silence neither proves nor disproves");
    assert_eq!(board.uptime_milliseconds(), 60_000, "two probes");
    assert!(board.has_logged("candidate=timeout"), "{:?}", board.world.lines.borrow());
}

#[test]
fn the_applications_own_connection_confirms_a_trial() {
    let mut scene = Scene::new();
    scene.publish_both();
    let mut board = Board::new(&scene);
    let nothing = AppVerdict::Judged { present: None, candidate: None };
    assert_eq!(probed(&mut board, &nothing).0, Reason::OnTrial);
    let generation = *board.world.changes.borrow().last().unwrap();
    let cycles = board.driver.cycles();
    let tell = |board: &mut Board, service: &str, generation| {
        board.driver.service_result(service, generation, Verdict::Verified)
    };
    assert_eq!(tell(&mut board, "nobody", generation), Answered::Unknown);
    assert_eq!(tell(&mut board, "iot-hub", generation - 1), Answered::Taken, "with what was trusted before");
    assert_eq!(board.driver.cycles(), cycles, "it says nothing of the trial");
    assert_eq!(tell(&mut board, "iot-hub", generation), Answered::Taken);
    probed(&mut board, &nothing);
    let now = board.driver.moment();
    let status = board.driver.agent().status(now);
    assert_eq!(status.floors.release, Order::new(0, 2), "the floor rises at confirm");
}

#[test]
fn a_connection_that_verifies_while_the_trial_is_still_probed_confirms_it_too() {
    let mut scene = Scene::new();
    scene.publish_both();
    let mut board = Board::new(&scene);
    board.world.probes_itself.set(true);
    let nothing = AppVerdict::Judged { present: None, candidate: None };
    let ended = board.cycle_with(|board| {
        let probes = std::mem::take(&mut *board.world.probes.borrow_mut());
        if board.release() == 2 {
            let generation = *board.world.changes.borrow().last().unwrap();
            let told = board.driver.service_result("iot-hub", generation, Verdict::Verified);
            assert_eq!(told, Answered::Taken);
        }
        for (ticket, _) in &probes {
            board.driver.probed(*ticket, nothing.clone());
        }
        !probes.is_empty()
    });
    assert_eq!(ended.reason, Reason::OnTrial);
    let uptime = board.uptime_milliseconds();
    probed(&mut board, &nothing);
    let now = board.driver.moment();
    assert_eq!(board.driver.agent().status(now).floors.release, Order::new(0, 2));
    assert_eq!(board.uptime_milliseconds(), uptime, "at once");
}

#[test]
fn an_answer_that_nobody_waits_for_does_not_end_the_wait() {
    let scene = Scene::new();
    let mut board = Board::new(&scene);
    board.cycle();
    let wait = board.driver.step();
    assert!(matches!(wait, Pace::Wait { descriptor: None, milliseconds: 1_000.. }), "{wait:?}");
    assert_eq!(board.driver.resolved(99, HERE), Answered::Unknown);
    assert_eq!(board.driver.reported(99, true), Answered::Unknown);
    assert_eq!(board.driver.pace(), wait);
}

/// Reads the bytes of a report as the server would, after an enrolled key has signed them.
pub(crate) fn check_report(bytes: &[u8], expect: impl FnOnce(&Report<'_>)) {
    report::read(bytes, "prod", expect).expect("the bytes are those that a key signs");
}

#[test]
fn a_report_is_handed_over_as_the_bytes_that_a_key_signs_until_it_is_delivered() {
    let mut scene = Scene::new();
    scene.publish_both();
    let mut board = Board::new(&scene);
    board.world.takes_reports.set(true);
    for is_delivered in [false, true] {
        let mut answered = 0_u32;
        board.cycle_with(|board| {
            let Some((ticket, _)) = board.world.reports.borrow().last().cloned() else { return false };
            if board.driver.reported(ticket, is_delivered) == Answered::Unknown {
                return false;
            }
            assert_eq!(board.driver.reported(ticket, true), Answered::Unknown, "answered already");
            answered += 1;
            true
        });
        assert_eq!(answered, 1, "a report that was not delivered is made again in the next cycle");
    }
    board.cycle();
    let reports = board.world.reports.borrow();
    assert_eq!(reports.len(), 2, "what was delivered is not said again");
    check_report(&reports[0].1, |report| {
        assert_eq!((report.device, report.release_number, report.counter), ("board-1", 2, 1));
        assert_eq!(report.reason, Reason::Confirmed.number());
        let endpoints: Vec<&str> = report.probes.iter().map(|probe| probe.endpoint).collect();
        assert_eq!(endpoints, [format!("{HUB}:{}", scene.hub.address().port())]);
        let census = report.census().unwrap().expect("the owner asked for it");
        let seen: Vec<_> =
            census.observed.iter().map(|seen| (seen.service, seen.anchors().collect(), seen.hours)).collect();
        let old = AnchorMark::of(&Sha256::of(&[scene.vendor.old_root.certificate()]));
        assert_eq!((census.services, seen), (1, vec![("iot-hub", vec![old], 0)]));
    });
}

#[test]
fn an_application_that_cannot_report_now_is_asked_in_the_next_cycle() {
    let scene = Scene::new();
    let mut board = Board::new(&scene);
    board.cycle();
    board.cycle();
    assert_eq!(board.world.reports.borrow().len(), 2);
}
