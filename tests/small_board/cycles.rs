//! Whole cycles of the driver over TLS 1.3 and keep-alive.

use device_agent::{Reason, Transport};
use system_tests::tls_service::ALL_VERSIONS;

use crate::board::{Board, Ended, authenticated};
use crate::scene::{SIGNED, Scene, UPDATES};
use crate::server::{Manner, Server};

/// A cycle over a transport that proves nothing.
const fn unauthenticated(reason: Reason) -> Ended {
    Ended { reason, transport: Some(Transport::Unauthenticated) }
}

/// Runs the first cycle, which asks the day's questions too, and forgets what it asked.
fn settle(scene: &Scene, board: &mut Board) {
    assert_eq!(board.cycle(), authenticated(Reason::UpToDate), "{:?}", board.world.lines.borrow());
    for server in &scene.servers {
        server.take_requests();
        server.take_connections();
    }
}

#[test]
fn a_check_without_news_is_one_request() {
    let scene = Scene::new();
    let mut board = Board::new(&scene);
    settle(&scene, &mut board);
    let before = board.bytes();
    assert_eq!(board.cycle(), authenticated(Reason::UpToDate));
    let [one, two] = &scene.servers;
    assert_eq!((one.take_requests(), one.take_connections()), (vec!["prod/head".to_owned()], 1));
    assert_eq!((two.take_requests(), two.take_connections()), (Vec::new(), 0));
    assert!(board.bytes() == before, "a check without news writes nothing");
}

#[test]
fn all_files_of_a_cycle_come_over_one_connection_and_a_404_keeps_it() {
    let scene = Scene::new();
    let mut board = Board::new(&scene);
    assert_eq!(board.cycle(), authenticated(Reason::UpToDate));
    let requests = scene.servers[0].take_requests();
    assert!(
        requests.iter().any(|path| path == "keyring/2"),
        "the day's questions are answered by a 404: {requests:?}"
    );
    assert!(requests.len() >= 3, "{requests:?}");
    assert_eq!(scene.servers[0].take_connections(), 1);
}

#[test]
fn a_rotation_is_followed_from_the_old_root_to_the_new_one() {
    let mut scene = Scene::new();
    let mut board = Board::new(&scene);
    settle(&scene, &mut board);
    assert_eq!(board.world.changes.borrow().len(), 1, "what the image carries is told of at the start");
    scene.publish_both();
    assert_eq!(board.cycle(), authenticated(Reason::Confirmed), "{:?}", board.world.lines.borrow());
    assert_eq!(board.release(), 2);
    assert!(board.has_logged("present=verified candidate=verified"), "{:?}", board.world.lines.borrow());
    let new = scene.vendor.new_identity(crate::scene::HUB);
    scene.hub.switch(&new).unwrap();
    for (server, host) in scene.servers.iter().zip(UPDATES) {
        server.identify(&scene.vendor.new_identity(host), ALL_VERSIONS);
    }
    scene.publish_new();
    assert_eq!(board.cycle(), authenticated(Reason::Confirmed), "{:?}", board.world.lines.borrow());
    assert_eq!((board.release(), board.world.changes.borrow().len()), (3, 3));
    assert_eq!(board.cycle(), authenticated(Reason::UpToDate));
}

#[test]
fn a_release_without_an_update_file_is_put_together_from_its_parts() {
    let mut scene = Scene::new();
    let mut board = Board::new(&scene);
    settle(&scene, &mut board);
    scene.publish_both();
    scene.publisher.tree.retain(|path, _| !path.contains("/update/"));
    scene.show();
    assert_eq!(board.cycle(), authenticated(Reason::Confirmed), "{:?}", board.world.lines.borrow());
    let requests = scene.servers[0].take_requests();
    assert!(requests.iter().any(|path| path == "prod/release/2"), "{requests:?}");
    assert!(requests.iter().any(|path| path.starts_with("prod/blob/")), "{requests:?}");
}

#[test]
fn servers_that_forbid_what_they_do_not_have_keep_nobody_from_the_release() {
    let mut scene = Scene::new();
    let mut board = Board::new(&scene);
    settle(&scene, &mut board);
    for server in &scene.servers {
        server.behave(Manner::Forbids);
    }
    scene.publish_both();
    scene.publisher.tree.retain(|path, _| !path.contains("/update/"));
    scene.show();
    assert_eq!(board.cycle().reason, Reason::Confirmed, "{:?}", board.world.lines.borrow());
    assert_eq!(board.release(), 2);
}

#[test]
fn a_release_that_loses_a_service_is_refused() {
    let mut scene = Scene::new();
    let mut board = Board::new(&scene);
    settle(&scene, &mut board);
    scene.publish_new();
    assert_eq!(board.cycle(), authenticated(Reason::ProbeRegression), "{:?}", board.world.lines.borrow());
    assert_eq!((board.release(), board.world.changes.borrow().len()), (1, 1));
}

#[test]
fn where_a_server_does_not_verify_the_other_one_is_asked() {
    let scene = Scene::new();
    let mut board = Board::new(&scene);
    scene.servers[0].identify(&scene.vendor.new_identity(UPDATES[0]), ALL_VERSIONS);
    assert_eq!(board.cycle(), authenticated(Reason::UpToDate));
    assert_eq!(scene.servers[0].take_requests(), Vec::<String>::new(), "nothing is asked of it");
    assert!(board.has_logged("the server does not verify"), "{:?}", board.world.lines.borrow());
}

#[test]
fn a_server_with_the_name_of_another_does_not_verify() {
    let scene = Scene::new();
    let mut board = Board::new(&scene);
    scene.servers[0].identify(&scene.vendor.old_identity(UPDATES[1]), ALL_VERSIONS);
    assert_eq!(board.cycle(), authenticated(Reason::UpToDate));
    assert!(board.has_logged("the server does not verify"), "{:?}", board.world.lines.borrow());
}

#[test]
fn without_a_server_that_verifies_signed_files_are_fetched_all_the_same_and_nothing_is_reported() {
    let mut scene = Scene::new();
    let mut board = Board::new(&scene);
    board.world.takes_reports.set(true);
    for (server, host) in scene.servers.iter().zip(UPDATES) {
        server.identify(&scene.vendor.new_identity(host), ALL_VERSIONS);
    }
    scene.publish_both();
    assert_eq!(board.cycle(), unauthenticated(Reason::Confirmed), "{:?}", board.world.lines.borrow());
    assert_eq!(board.release(), 2, "and it repairs what was broken");
    assert_eq!(*board.world.reports.borrow(), [], "but says nothing of itself to strangers");
}

#[test]
fn a_tree_over_plain_http_is_followed_and_nothing_is_reported() {
    let mut scene = Scene::new();
    let plain = Server::plain(&scene.tree, &scene.quiet);
    let url = format!("http://{}", plain.address());
    let mut board = Board::follow(&scene, &[&url], None);
    board.world.takes_reports.set(true);
    scene.publish_both();
    assert_eq!(board.cycle(), unauthenticated(Reason::Confirmed), "{:?}", board.world.lines.borrow());
    assert_eq!(*board.world.reports.borrow(), []);
}

#[test]
fn a_kept_connection_that_the_server_closed_is_made_again() {
    let mut scene = Scene::new();
    scene.servers[0].behave(Manner::ClosesAfter(1));
    let mut board = Board::new(&scene);
    assert_eq!(board.cycle(), authenticated(Reason::UpToDate), "{:?}", board.world.lines.borrow());
    scene.publish_both();
    assert_eq!(board.cycle(), authenticated(Reason::Confirmed), "{:?}", board.world.lines.borrow());
    let (requests, connections) = (scene.servers[0].take_requests(), scene.servers[0].take_connections());
    assert_eq!(requests.len(), connections, "one answer a connection: {requests:?}");
    assert_eq!(scene.servers[1].take_connections(), 0, "the other server is not needed");
}

#[test]
fn answers_in_chunks_of_whatever_size_are_read() {
    for bytes in [1, 7, 700, 10_000] {
        let mut scene = Scene::new();
        scene.servers[0].behave(Manner::Chunked(bytes));
        let mut board = Board::new(&scene);
        scene.publish_both();
        assert_eq!(board.cycle(), authenticated(Reason::Confirmed), "{:?}", board.world.lines.borrow());
        assert_eq!(scene.servers[1].take_connections(), 0, "chunks of {bytes}");
    }
}

#[test]
fn hosts_that_the_image_does_not_allow_are_not_connected_to() {
    let mut scene = Scene::new();
    scene.publish_both();
    let urls = scene.urls();
    let mut board = Board::follow(&scene, &[&urls[0], &urls[1]], Some(&["TWO.updates.example"]));
    assert_eq!(board.cycle().reason, Reason::OnTrial, "{:?}", board.world.lines.borrow());
    assert_eq!((scene.servers[0].take_connections(), scene.hub.completed()), (0, 0));
    assert!(
        board.has_logged("present=not_allowed candidate=not_allowed"),
        "{:?}",
        board.world.lines.borrow()
    );
}

#[test]
fn a_nudge_is_granted_once_a_minute_and_between_cycles_only() {
    let scene = Scene::new();
    let mut board = Board::new(&scene);
    settle(&scene, &mut board);
    let heads = |scene: &Scene| scene.servers[0].take_requests().len();
    let uptime = board.uptime_milliseconds();
    board.driver.nudge();
    board.cycle();
    assert_eq!((heads(&scene), board.uptime_milliseconds()), (1, uptime), "at once");
    board.driver.nudge();
    assert!(matches!(board.driver.step(), device_agent::mt3620::Pace::Wait { descriptor: None, .. }));
    board.pass(60_000);
    board.driver.nudge();
    board.driver.step();
    // In the middle of the cycle nobody needs another one.
    board.driver.nudge();
    board.cycle();
    assert_eq!((heads(&scene), board.driver.cycles()), (1, 3));
}

#[test]
fn a_clock_that_becomes_known_starts_a_cycle_within_a_minute() {
    let scene = Scene::new();
    let mut board = Board::new(&scene);
    board.world.is_clock_unknown.set(true);
    board.cycle();
    board.world.is_clock_unknown.set(false);
    let uptime = board.uptime_milliseconds();
    assert_eq!(board.cycle(), authenticated(Reason::UpToDate), "{:?}", board.world.lines.borrow());
    assert!(board.uptime_milliseconds() - uptime <= 60_000);
    assert!(board.driver.moment().clock != device_agent::Clock::Unknown && SIGNED.0 > 0);
}

#[test]
fn a_step_checks_at_most_one_signature_and_a_cycle_is_many_steps() {
    let mut scene = Scene::new();
    let mut board = Board::new(&scene);
    scene.publish_both();
    let (mut steps, mut signatures) = (0_u32, board.driver.agent().signatures_checked());
    let cycles = board.driver.cycles();
    while board.driver.cycles() == cycles {
        board.driver.step();
        let now = board.driver.agent().signatures_checked();
        assert!(now - signatures <= 1, "{} signatures in one step", now - signatures);
        (steps, signatures) = (steps + 1, now);
        assert!(steps < 10_000_000);
        std::thread::yield_now();
    }
    assert!(signatures >= 3, "head, and two of the release: {signatures}");
    assert_eq!(board.release(), 2);
}
