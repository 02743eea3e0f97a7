//! What leaves the device: requests for files, and reports.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};

use bundle::{Algorithm, Key, ReportFrame};
use device_agent::Reason;
use device_agent::linux::device_key::DeviceKey;
use system_tests::listener::Listener;
use system_tests::web::Web;

use crate::lab::{Lab, Root};

/// A server that keeps every request and always answers the same.
pub(crate) struct Ear {
    listener: Listener,
    heard: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Ear {
    pub(crate) fn new(answer: &'static str) -> Self {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let requests = Arc::clone(&heard);
        let listener = Listener::start(move |mut connection| {
            if let Some(request) = read(&mut connection) {
                requests.lock().unwrap().push(request);
                drop(connection.write_all(answer.as_bytes()));
            }
        })
        .unwrap();
        Self { listener, heard }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.listener.address())
    }

    pub(crate) fn heard(&self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.heard.lock().unwrap())
    }
}

/// One request, head and body.
fn read(connection: &mut TcpStream) -> Option<Vec<u8>> {
    let mut request = Vec::new();
    let mut buffer = [0; 4_096];
    loop {
        let end = request.windows(4).position(|window| window == b"\r\n\r\n");
        if let Some(end) = end {
            let head = String::from_utf8_lossy(&request[..end]).to_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
            if request.len() >= end + 4 + length.unwrap_or(0_usize) {
                return Some(request);
            }
        }
        match connection.read(&mut buffer) {
            Ok(0) | Err(_) => return None,
            Ok(length) => request.extend_from_slice(&buffer[..length]),
        }
    }
}

fn body(request: &[u8]) -> &[u8] {
    let end = request.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    &request[end + 4..]
}

pub(crate) const NO_CONTENT: &str = "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n";

#[test]
fn a_request_without_authenticated_tls_names_nothing_and_follows_no_redirect() {
    let mut lab = Lab::new();
    let ear = Ear::new(
        "HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\nset-cookie: a=b\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
    );
    lab.only_url(&ear.url("/tree/"));
    let ended = lab.cycle();
    assert_eq!((ended.reason, ended.exit.number()), (Some(Reason::ServerFailed), 5), "{:?}", ended.record);
    let heard = ear.heard();
    assert_eq!(heard.len(), 1, "a redirect is a failure, not a new address");
    let text = String::from_utf8(heard[0].clone()).unwrap();
    assert!(text.starts_with("GET /tree/prod/head HTTP/1.1\r\n"), "{text}");
    let names: Vec<String> = text
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(": "))
        .map(|(name, _)| name.to_lowercase())
        .collect();
    assert!(names.iter().all(|name| matches!(name.as_str(), "host" | "accept")), "{names:?}");
}

#[test]
fn a_report_goes_to_this_machine_signed_by_the_devices_key() {
    let mut lab = Lab::new();
    let ear = Ear::new(NO_CONTENT);
    let key = DeviceKey::create(&lab.path("device.key")).unwrap();
    lab.configure(&format!("[report]\nurl = \"{}\"\nplain-on-loopback = true\n", ear.url("/report")));
    lab.publish(&[Root::Old, Root::New]);
    let ended = lab.cycle();
    assert_eq!(ended.reason, Some(Reason::Confirmed), "{:?}", ended.record);
    let heard = ear.heard();
    assert_eq!(heard.len(), 1);
    let public = key.public_bytes();
    let enrolled = Key { algorithm: Algorithm::ED25519, bytes: &public, name: "device-1" };
    let frame = ReportFrame::parse(body(&heard[0])).unwrap();
    let report = frame.verify(&enrolled).unwrap().unwrap();
    assert_eq!((report.device, report.release_number, report.counter), ("device-1", 2, 1));
    assert_eq!(report.reason, Reason::Confirmed.number());
    let probes: Vec<_> =
        report.probes.iter().map(|probe| (probe.endpoint, probe.present, probe.candidate)).collect();
    assert_eq!(probes, [("hub.test:443", 0, 0)]);
}

#[test]
fn a_report_that_is_refused_blocks_nothing_and_is_noted() {
    let mut lab = Lab::new();
    let ear = Ear::new("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    DeviceKey::create(&lab.path("device.key")).unwrap();
    lab.configure(&format!("[report]\nurl = \"{}\"\nplain-on-loopback = true\n", ear.url("/report")));
    let ended = lab.cycle();
    assert_eq!((ended.reason, ended.exit.number()), (Some(Reason::UpToDate), 0));
    assert!(ended.record.notes.iter().any(|note| note.contains("503")), "{:?}", ended.record.notes);
}

#[test]
fn over_authenticated_tls_a_report_is_sent_to_a_server_that_the_release_vouches_for() {
    let mut lab = Lab::new();
    DeviceKey::create(&lab.path("device.key")).unwrap();
    lab.configure("[report]\nurl = \"https://updates.test/report\"\n");
    lab.cycle();
    assert_eq!(lab.tls.take_requests().iter().filter(|request| request.path == "report").count(), 1);
}

#[test]
fn without_authenticated_tls_no_report_leaves_the_device() {
    let mut lab = Lab::new();
    DeviceKey::create(&lab.path("device.key")).unwrap();
    lab.configure("[report]\nurl = \"https://updates.test/report\"\n");
    let strange = system_tests::pki::Vendor::new();
    lab.tls = Web::tls(lab.tree.clone(), &strange.old_identity("updates.test")).unwrap();
    let ended = lab.cycle();
    assert_eq!(ended.reason, Some(Reason::UpToDate));
    assert!(lab.tls.take_requests().iter().all(|request| !request.path.starts_with("report")));
}

#[test]
fn an_answer_that_promises_too_much_is_not_read() {
    let mut lab = Lab::new();
    let ear = Ear::new("HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\nconnection: close\r\n\r\n");
    lab.only_url(&ear.url("/"));
    let ended = lab.cycle();
    assert_eq!((ended.reason, ended.exit.number()), (Some(Reason::AnswerTooLarge), 5), "{:?}", ended.record);
}

#[test]
fn a_server_that_falls_silent_in_the_middle_is_left_for_the_next_one() {
    let mut lab = Lab::new();
    let silent = Listener::start(|mut connection| {
        drop(read(&mut connection));
        drop(connection.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 158\r\n\r\nTBDL"));
        // Until the other side has had enough.
        drop(connection.read(&mut [0]));
    })
    .unwrap();
    let whole = lab.plain.url("127.0.0.1");
    lab.urls(&[&format!("http://{}/", silent.address()), &whole]);
    lab.configure("[poll]\ntimeout-seconds = 1\n");
    lab.publish(&[Root::Old, Root::New]);
    let ended = lab.cycle();
    assert_eq!(ended.reason, Some(Reason::Confirmed), "{:?}", ended.record);
}

#[test]
fn a_single_run_asks_another_server_where_one_shows_nothing_of_use() {
    let mut lab = Lab::new();
    let bad = lab.publish_beside_nonsense();
    let ended = lab.cycle();
    assert_eq!(ended.reason, Some(Reason::Confirmed), "{:?}", ended.record);
    assert!(!bad.take_requests().is_empty());
    // Each server is asked once, and what the last one shows is what the run ends with.
    lab.urls(&[&bad.url("127.0.0.1")]);
    assert_eq!(lab.cycle().reason, Some(Reason::HeadMalformed));
    assert_eq!(bad.take_requests().iter().filter(|request| request.path.ends_with("/head")).count(), 1);
}

#[test]
fn where_one_server_is_down_the_next_url_is_asked() {
    let mut lab = Lab::new();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    lab.urls(&[&format!("http://{closed}/"), &lab.plain.url("127.0.0.1")]);
    let ended = lab.cycle();
    assert_eq!((ended.reason, ended.exit.number()), (Some(Reason::UpToDate), 0), "{:?}", ended.record);
    assert!(ended.record.notes[0].contains(&closed.to_string()), "{:?}", ended.record.notes);
}

#[test]
fn a_device_with_a_keyring_alone_takes_its_first_release_without_any_tls_root() {
    let mut lab = Lab::new();
    lab.keyring_alone();
    let ended = lab.cycle();
    assert_eq!(ended.reason, Some(Reason::Confirmed), "{:?}", ended.record);
    assert_eq!(ended.record.transport.as_deref(), Some("unauthenticated"));
    assert_eq!(lab.exported("whole.pem").matches("BEGIN CERTIFICATE").count(), 1);
    assert_eq!(
        lab.cycle().record.transport.as_deref(),
        Some("authenticated"),
        "what it installed vouches now"
    );
}
