//! The agent over a network that proves nothing.

use std::{
    io::{Read as _, Write as _},
    sync::{Arc, Mutex, PoisonError},
};

use system_tests::listener::Listener;

use crate::scene::{Scene, TODAY};

/// Fields of a request that say nothing about who asks.
const ANONYMOUS_FIELDS: [&str; 5] = ["accept", "accept-encoding", "connection", "host", "user-agent"];

/// A server that keeps what it is sent, word for word, and gives every request the same answer.
struct Recorder {
    listener: Listener,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Recorder {
    fn new(answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let requests = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&requests);
        let listener = Listener::start(move |mut connection| {
            let mut request = vec![0; 16_384];
            let length = connection.read(&mut request).unwrap_or(0);
            let request = String::from_utf8_lossy(request.get(..length).unwrap_or_default()).into_owned();
            let answer = answer(&request);
            kept.lock().unwrap_or_else(PoisonError::into_inner).push(request);
            // A client may hang up early.
            drop(connection.write_all(&answer));
        });
        Self { listener: listener.unwrap(), requests }
    }

    fn url(&self) -> String {
        format!("http://{}/", self.listener.address())
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The published tree, served word by word.
fn answer(scene: &Scene) -> impl Fn(&str) -> Vec<u8> + Send + Sync + 'static {
    let tree = Arc::clone(&scene.tree);
    move |request| {
        let path = request.split(' ').nth(1).unwrap_or_default().trim_start_matches('/').to_owned();
        let tree = tree.read().unwrap_or_else(PoisonError::into_inner);
        let (status, body) =
            tree.get(&path).map_or(("404 Not Found", [].as_slice()), |body| ("200 OK", body));
        let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n", body.len());
        [format!("{head}Set-Cookie: device=7; Path=/\r\n\r\n").as_bytes(), body].concat()
    }
}

#[test]
fn invariant_08_without_authenticated_tls_the_agent_only_gets_published_files() {
    let mut scene = Scene::new();
    let web = Recorder::new(answer(&scene));
    let reports = Recorder::new(|_| b"HTTP/1.1 204 No Content\r\n\r\n".to_vec());
    let port = reports.listener.address().port();
    let report = format!("[report]\nurl = \"https://127.0.0.1:{port}/report\"\n");
    let device = scene.device(&web.url(), &report);
    device.agent(&["key", "new"]).unwrap().success().unwrap();
    scene.publish_both();
    for _ in 0..2 {
        device.check(TODAY).unwrap().success().unwrap();
    }
    let requests = web.requests();
    assert!(requests.len() >= 3, "{requests:?}");
    for request in &requests {
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("GET /") && body.is_empty(), "{request}");
        assert!(!request.contains("gateway-7"), "{request}");
        for field in head.lines().skip(1) {
            let name = field.split(':').next().unwrap_or_default().to_ascii_lowercase();
            assert!(ANONYMOUS_FIELDS.contains(&name.as_str()), "{field}");
        }
    }
    assert_eq!(reports.requests(), Vec::<String>::new(), "nothing is reported");
    let status = device.status(TODAY).unwrap().to_string();
    assert!(status.contains("unauthenticated"), "{status}");
}

#[test]
fn invariant_08_a_redirect_is_not_followed() {
    let scene = Scene::new();
    let elsewhere = Recorder::new(answer(&scene));
    let location = elsewhere.url();
    let web = Recorder::new(move |request| {
        let path = request.split(' ').nth(1).unwrap_or_default().trim_start_matches('/').to_owned();
        format!("HTTP/1.1 302 Found\r\nLocation: {location}{path}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").into_bytes()
    });
    let device = scene.device(&web.url(), "");
    assert_eq!(device.check(TODAY).unwrap().status.code(), Some(5));
    assert!(!web.requests().is_empty());
    assert_eq!(elsewhere.requests(), Vec::<String>::new());
}
