//! Servers that lie, hang, flood and drip: every cycle ends in its time, changes nothing, and the next one is good.

use device_agent::mt3620::limits;
use device_agent::{Clock, Reason};
use rustls::version::TLS12;
use system_tests::tls_service::{ALL_VERSIONS, TlsService};

use crate::board::{Board, authenticated};
use crate::scene::{HUB, SIGNED, Scene, UPDATES};
use crate::server::{Manner, Server, Then};

/// What a cycle comes to whose servers both behave in this manner.
fn check(manner: &Manner, expect: Reason, seconds: u64) {
    let scene = Scene::new();
    let mut board = Board::new(&scene);
    let before = board.bytes();
    for server in &scene.servers {
        server.behave(manner.clone());
    }
    let ended = board.cycle();
    let lines = board.world.lines.borrow().join("\n");
    assert_eq!(ended.reason, expect, "{manner:?}\n{lines}");
    assert!(board.bytes() == before, "{manner:?} changed the store\n{lines}");
    assert_eq!(board.uptime_milliseconds() / 1_000, seconds, "{manner:?}\n{lines}");
    assert!(board.uptime_milliseconds() <= limits::FETCH_MILLISECONDS);
    for server in &scene.servers {
        server.behave(Manner::Kept);
    }
    assert_eq!(
        board.cycle(),
        authenticated(Reason::UpToDate),
        "after {manner:?}: {:?}",
        board.world.lines.borrow()
    );
}

fn says(text: &str, then: Then) -> Manner {
    Manner::Says(text.replace('\n', "\r\n").into_bytes(), then)
}

#[test]
fn a_server_that_says_nothing_is_left_after_its_time() {
    check(&Manner::Mute(Then::Silence), Reason::Unreachable, 60);
    check(&says("", Then::Silence), Reason::Unreachable, 60);
    check(&says("HTTP/1.1 200 OK\n", Then::Silence), Reason::Unreachable, 40);
}

#[test]
fn a_server_that_closes_or_resets_is_left_at_once() {
    check(&Manner::Mute(Then::Close), Reason::Unreachable, 0);
    check(&says("", Then::Close), Reason::Unreachable, 0);
    check(&says("HTTP/1.1 200 OK\nContent-Length: 10\n", Then::Close), Reason::Unreachable, 0);
}

#[test]
fn what_is_no_tls_is_no_connection() {
    check(&Manner::Blurts(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(), Then::Close), Reason::Unreachable, 0);
    check(&Manner::Mute(Then::Flood), Reason::Unreachable, 0);
    check(&Manner::Blurts(vec![0x16, 3, 3, 0xff, 0xff], Then::Flood), Reason::Unreachable, 0);
    check(&Manner::Blurts(vec![0x16, 3, 3, 0, 0], Then::Close), Reason::Unreachable, 0);
    check(&Manner::Blurts(vec![0x15, 3, 3, 0, 2, 2, 40], Then::Close), Reason::Unreachable, 0);
}

#[test]
fn a_handshake_that_drips_ends_after_its_time() {
    check(&Manner::Mute(Then::Drip), Reason::Unreachable, 60);
}

#[test]
fn an_answer_that_drips_ends_after_the_time_of_a_fetch() {
    check(&says("HTTP/1.1 200 OK\nX: ", Then::Drip), Reason::Unreachable, 180);
    check(&says("HTTP/1.1 200 OK\nContent-Length: 10000\n\n", Then::Drip), Reason::AnswerTruncated, 180);
}

#[test]
fn endless_answers_are_cut_off() {
    check(&says("HTTP/1.1 200 OK\nX: ", Then::Flood), Reason::ServerFailed, 0);
    check(
        &says("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\nfffffff\n", Then::Flood),
        Reason::AnswerTooLarge,
        0,
    );
    check(&says(&"HTTP/1.1 100 Continue\n\n".repeat(10), Then::Close), Reason::ServerFailed, 0);
    check(
        &says(&format!("HTTP/1.1 200 OK\n{}\n", "X: y\n".repeat(60)), Then::Close),
        Reason::ServerFailed,
        0,
    );
}

#[test]
fn lies_about_the_length_are_no_answers() {
    for (length, expect) in [
        ("Content-Length: 99999999999", Reason::AnswerTooLarge),
        ("Content-Length: 99999999999999999999999999", Reason::ServerFailed),
        ("Content-Length: -1", Reason::ServerFailed),
        ("Content-Length: 5\nContent-Length: 6", Reason::ServerFailed),
        ("Content-Length: 5\nTransfer-Encoding: chunked", Reason::ServerFailed),
        ("Transfer-Encoding: gzip", Reason::ServerFailed),
        ("Content-Encoding: gzip\nContent-Length: 5", Reason::ServerFailed),
        ("Date: today", Reason::ServerFailed),
    ] {
        check(&says(&format!("HTTP/1.1 200 OK\n{length}\n\nhello"), Then::Close), expect, 0);
    }
}

#[test]
fn what_is_no_http_or_no_success_is_no_answer() {
    for text in [
        "SSH-2.0-OpenSSH_9.6\n",
        "HTTP/1.1 301 Moved Permanently\nLocation: http://127.0.0.1:1/\nContent-Length: 0\n\n",
        "HTTP/1.1 304 Not Modified\n\n",
        "HTTP/1.1 500 Internal Server Error\nContent-Length: 0\n\n",
        "HTTP/1.1 101 Switching Protocols\nUpgrade: h2c\n\n",
        "HTTP/1.1 204 No Content\n\n",
        "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\nhello\n",
    ] {
        check(&says(text, Then::Close), Reason::ServerFailed, 0);
    }
}

#[test]
fn a_head_that_is_none_is_refused() {
    check(&says("HTTP/1.1 200 OK\nContent-Length: 5\n\nhello", Then::Close), Reason::HeadMalformed, 0);
    check(&says("HTTP/1.1 200 OK\nContent-Length: 0\n\n", Then::Close), Reason::HeadMalformed, 0);
    check(&Manner::Halfway("prod/head", Then::Flood), Reason::HeadUnsigned, 0);
}

#[test]
fn a_head_that_breaks_off_is_not_read() {
    check(&Manner::Halfway("prod/head", Then::Close), Reason::AnswerTruncated, 0);
    check(&Manner::Halfway("prod/head", Then::Silence), Reason::AnswerTruncated, 20);
}

#[test]
fn a_server_whose_answers_never_end_hides_no_other_one() {
    for then in [Then::Close, Then::Silence] {
        let scene = Scene::new();
        let mut board = Board::new(&scene);
        scene.servers[0].behave(Manner::Halfway("prod/head", then));
        assert_eq!(board.cycle().reason, Reason::AnswerTruncated, "{:?}", board.world.lines.borrow());
        assert_eq!(board.cycle(), authenticated(Reason::UpToDate), "{:?}", board.world.lines.borrow());
    }
}

#[test]
fn a_404_for_the_head_leads_to_the_other_server() {
    let scene = Scene::new();
    let mut board = Board::new(&scene);
    scene.servers[0].behave(says("HTTP/1.1 404 Not Found\nContent-Length: 3\n\nno\n", Then::Close));
    assert_eq!(board.cycle(), authenticated(Reason::UpToDate), "{:?}", board.world.lines.borrow());
    check(&says("HTTP/1.1 404 Not Found\nContent-Length: 0\n\n", Then::Close), Reason::NotFound, 0);
}

#[test]
fn a_server_that_speaks_only_tls_1_2_is_left_for_one_that_speaks_tls_1_3() {
    let scene = Scene::new();
    let mut board = Board::new(&scene);
    scene.servers[0].identify(&scene.vendor.old_identity(UPDATES[0]), &[&TLS12]);
    assert_eq!(board.cycle(), authenticated(Reason::UpToDate));
    assert!(board.has_logged("TLS failed"), "{:?}", board.world.lines.borrow());
    scene.servers[0].identify(&scene.vendor.old_identity(UPDATES[0]), ALL_VERSIONS);
    assert_eq!(board.cycle(), authenticated(Reason::UpToDate));
}

#[test]
fn a_port_that_nobody_listens_at_is_left_at_once() {
    let scene = Scene::new();
    let closed = Server::plain(&scene.tree, &scene.quiet).address();
    let urls = scene.urls();
    let mut board = Board::follow(&scene, &[&format!("https://{closed}/"), &urls[1]], None);
    assert_eq!(board.cycle(), authenticated(Reason::UpToDate));
    assert_eq!(board.uptime_milliseconds(), 0);
}

#[test]
fn bytes_behind_an_answer_are_not_taken_for_the_next_one() {
    let mut scene = Scene::new();
    scene.publish_both();
    let mut board = Board::new(&scene);
    scene.servers[0].behave(Manner::Appends(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"));
    assert_eq!(board.cycle(), authenticated(Reason::Confirmed), "{:?}", board.world.lines.borrow());
    let (requests, connections) = (scene.servers[0].take_requests(), scene.servers[0].take_connections());
    assert!(requests.iter().any(|path| path.contains("/update/")), "{requests:?}");
    assert_eq!(connections, requests.len(), "a connection that says too much is closed: {requests:?}");
    assert!(!requests.iter().any(|path| path.contains("/release/")), "the update was there: {requests:?}");
}

#[test]
fn a_transfer_that_breaks_off_changes_nothing_that_is_read_and_is_made_up_for() {
    for (path, then) in [("/update/", Then::Close), ("/update/", Then::Silence), ("/update/", Then::Flood)] {
        let mut scene = Scene::new();
        scene.publish_both();
        let mut board = Board::new(&scene);
        for server in &scene.servers {
            server.behave(Manner::Halfway(path, then));
        }
        let ended = board.cycle();
        if ended.reason != Reason::Confirmed {
            assert_eq!(board.release(), 1, "{ended:?}");
            for server in &scene.servers {
                server.behave(Manner::Kept);
            }
            assert_eq!(board.cycle(), authenticated(Reason::Confirmed), "{:?}", board.world.lines.borrow());
        }
        assert_eq!(board.release(), 2);
    }
}

#[test]
fn an_endpoint_that_hangs_or_speaks_no_tls_1_3_says_nothing_of_the_release() {
    let check = |port: u16, mut scene: Scene, candidate: &str| {
        let mut content = scene.content(&[&scene.vendor.old_root, &scene.vendor.new_root]);
        content.services[0].hosts = vec![format!("{HUB}:{port}")];
        scene.publish(&content);
        let mut board = Board::new(&scene);
        assert_eq!(board.cycle().reason, Reason::OnTrial, "{:?}", board.world.lines.borrow());
        assert!(board.has_logged(&format!("candidate={candidate}")), "{:?}", board.world.lines.borrow());
        assert_eq!(board.release(), 2);
    };
    let scene = Scene::new();
    let mute = Server::plain(&scene.tree, &scene.quiet);
    mute.behave(Manner::Mute(Then::Silence));
    check(mute.address().port(), scene, "timeout");
    let scene = Scene::new();
    let old = TlsService::start(&scene.vendor.old_identity(HUB), &[&TLS12]).unwrap();
    check(old.address().port(), scene, "tls");
    let scene = Scene::new();
    let closed = Server::plain(&scene.tree, &scene.quiet).address().port();
    check(closed, scene, "tcp");
}

#[test]
fn a_404_of_whatever_length_is_an_answer() {
    for bytes in [0, 5_000, 100_000] {
        let scene = Scene::new();
        let mut board = Board::new(&scene);
        scene.servers[0].behave(Manner::Explains(bytes));
        assert_eq!(
            board.cycle(),
            authenticated(Reason::UpToDate),
            "{bytes}: {:?}",
            board.world.lines.borrow()
        );
        assert_eq!(scene.servers[1].take_connections(), 0, "{bytes}");
    }
}

#[test]
fn servers_that_say_nothing_do_not_hide_one_that_works() {
    let scene = Scene::new();
    let mute: Vec<Server> = (0..6).map(|_| Server::plain(&scene.tree, &scene.quiet)).collect();
    for server in &mute {
        server.behave(Manner::Mute(Then::Silence));
    }
    let mut urls: Vec<String> = mute.iter().map(|server| format!("https://{}/", server.address())).collect();
    urls.extend(scene.urls());
    let mut board = Board::follow(&scene, &urls.iter().map(String::as_str).collect::<Vec<_>>(), None);
    assert_eq!(board.cycle().reason, Reason::Unreachable);
    assert_eq!(board.uptime_milliseconds(), limits::FETCH_MILLISECONDS);
    assert_eq!(board.cycle(), authenticated(Reason::UpToDate), "{:?}", board.world.lines.borrow());
}

#[test]
fn a_calendar_that_jumps_stops_nothing() {
    let mut scene = Scene::new();
    let mut board = Board::new(&scene);
    for seconds in [1, u64::MAX, 0, u64::MAX / 2, SIGNED.0] {
        board.world.calendar.set(Some(seconds));
        board.cycle();
        assert_eq!(board.release(), 1, "{seconds}: {:?}", board.world.lines.borrow());
        let is_unknown = board.driver.moment().clock == Clock::Unknown;
        assert_eq!(is_unknown, seconds < 2, "{seconds}: before the image was made it was never set");
    }
    board.world.calendar.set(None);
    scene.publisher.now = SIGNED.plus(board.uptime_milliseconds() / 1_000);
    scene.publish_both();
    assert_eq!(board.cycle(), authenticated(Reason::Confirmed), "{:?}", board.world.lines.borrow());
}
