//! A whole server on loopback: real sockets, real TLS, real clients.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::{Client, StatusCode, header};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::args::{Options, Place};
use super::instance::{Address, Instance, Notices};
use super::kit::{TestAuthority, put};
use super::limits::HEAD_READ;
use super::log::LogWriter;
use super::report::Intake;
use crate::fleet::kit::{TestFleet, frame, report};

/// Connections that the test servers allow.
const CONNECTIONS: usize = 8;

/// A running server over a small published tree.
struct TestServer {
    folder: TempDir,
    addresses: Vec<Address>,
    stop: watch::Sender<bool>,
    reload: mpsc::Sender<()>,
    notices: mpsc::UnboundedReceiver<String>,
    log: Sink,
    task: JoinHandle<()>,
}

/// Bytes that somebody can look at while they are written.
#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Notices for mpsc::UnboundedSender<String> {
    fn notice(&self, line: &str) {
        self.send(line.to_owned()).unwrap();
    }

    fn trouble(&self, line: &str) {
        self.send(format!("trouble: {line}")).unwrap();
    }
}

fn place(tls: bool, tree: bool, reports: bool) -> Place {
    Place { address: "127.0.0.1:0".parse().unwrap(), tls, tree, reports }
}

impl TestServer {
    async fn start(
        places: &[Place],
        identity: Option<(PathBuf, PathBuf)>,
        fleet: Option<&TestFleet>,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), "prod/head", b"the head");
        put(folder.path(), "prod/release/7", b"the release");
        let options = Options {
            folder: folder.path().to_owned(),
            bytes_max: 1 << 20,
            places: places.to_vec(),
            identity,
            database: None,
            log: true,
            poll: Duration::from_secs(3_600),
            connections: CONNECTIONS,
        };
        let log = Sink::default();
        let intake = fleet.map(|fleet| Intake::open(&fleet.path()).unwrap());
        let instance =
            Instance::start(options, intake, Some(LogWriter::start(log.clone()).unwrap())).await.unwrap();
        let addresses = instance.addresses();
        let (stop, stopped) = watch::channel(false);
        let (reload, reloads) = mpsc::channel(1);
        let (sender, notices) = mpsc::unbounded_channel();
        let task = tokio::spawn(instance.run(stopped, reloads, Arc::new(sender)));
        Self { folder, addresses, stop, reload, notices, log, task }
    }

    async fn plain() -> Self {
        Self::start(&[place(false, true, false)], None, None).await
    }

    fn url(&self, index: usize, path: &str) -> String {
        format!("{}{path}", self.addresses[index].url)
    }

    fn socket(&self) -> &str {
        self.addresses[0].url.strip_prefix("http://").unwrap()
    }

    /// Stops the server and returns the request log.
    async fn finish(self) -> Vec<String> {
        self.stop.send(true).unwrap();
        self.task.await.unwrap();
        let text = String::from_utf8(self.log.0.lock().unwrap().clone()).unwrap();
        text.lines().map(str::to_owned).collect()
    }
}

/// A client that trusts `authority` alone.
fn client(authority: Option<&TestAuthority>) -> Client {
    let mut roots = RootCertStore::empty();
    if let Some(authority) = authority {
        roots.add(CertificateDer::from_pem_slice(authority.pem().as_bytes()).unwrap()).unwrap();
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_root_certificates(roots).with_no_client_auth();
    Client::builder().no_proxy().tls_backend_preconfigured(config).build().unwrap()
}

#[tokio::test]
async fn the_tree_is_served_with_etags_and_the_log_says_so() {
    let server = TestServer::plain().await;
    let client = client(None);
    let first = client.get(server.url(0, "/prod/head")).send().await.unwrap();
    assert_eq!(first.headers()[header::CONTENT_TYPE], "application/octet-stream");
    assert_eq!(first.headers()[header::CONTENT_LENGTH], "8");
    let etag = first.headers()[header::ETAG].clone();
    assert_eq!(first.bytes().await.unwrap().as_ref(), b"the head");
    let again =
        client.get(server.url(0, "/prod/head")).header(header::IF_NONE_MATCH, etag).send().await.unwrap();
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    let head = client.head(server.url(0, "/prod/release/7")).send().await.unwrap();
    assert_eq!(head.headers()[header::CONTENT_LENGTH], "11");
    assert_eq!(client.get(server.url(0, "/keyring/9")).send().await.unwrap().status(), StatusCode::NOT_FOUND);
    assert_eq!(
        server.finish().await,
        [
            "GET /prod/head 200 8",
            "GET /prod/head 304 0",
            "HEAD /prod/release/7 200 0",
            "GET /keyring/9 404 10"
        ]
    );
}

#[tokio::test]
async fn plain_and_tls_are_served_at_once() {
    let files = tempfile::tempdir().unwrap();
    let authority = TestAuthority::new();
    let identity = authority.server_files(files.path());
    let server =
        TestServer::start(&[place(false, true, false), place(true, true, false)], Some(identity), None).await;
    let port = server.addresses[1].url.rsplit_once(':').unwrap().1.to_owned();
    let url = format!("https://localhost:{port}/prod/head");
    let answer = client(Some(&authority)).get(&url).send().await.unwrap();
    assert_eq!(answer.bytes().await.unwrap().as_ref(), b"the head");
    let stranger = client(Some(&TestAuthority::new())).get(&url).send().await;
    assert!(stranger.unwrap_err().is_connect(), "another authority vouches for nothing here");
    let plain = client(None).get(server.url(0, "/prod/head")).send().await.unwrap();
    assert_eq!(plain.status(), StatusCode::OK);
    // A client that speaks HTTP to the TLS port is dropped, and the next one is served.
    let mut wrong = TcpStream::connect(format!("127.0.0.1:{port}")).await.unwrap();
    wrong.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    let _ = wrong.read_to_end(&mut answer).await;
    assert!(!answer.starts_with(b"HTTP"));
    assert!(client(Some(&authority)).get(&url).send().await.is_ok());
}

#[tokio::test]
async fn reading_again_takes_up_what_was_published() {
    let mut server = TestServer::plain().await;
    put(server.folder.path(), "prod/head", b"the next head");
    server.reload.send(()).await.unwrap();
    let notice = server.notices.recv().await.unwrap();
    assert!(notice.ends_with("2 files, 24 bytes; channels: prod"), "{notice}");
    let answer = client(None).get(server.url(0, "/prod/head")).send().await.unwrap();
    assert_eq!(answer.bytes().await.unwrap().as_ref(), b"the next head");
}

#[tokio::test]
async fn a_damaged_folder_is_reported_and_the_old_content_goes_on() {
    let mut server = TestServer::plain().await;
    put(server.folder.path(), &format!("prod/blob/{}", "00".repeat(32)), b"no certificate of this name");
    server.reload.send(()).await.unwrap();
    let notice = server.notices.recv().await.unwrap();
    assert!(notice.starts_with("trouble: ") && notice.contains("prod/blob/00"), "{notice}");
    let client = client(None);
    assert_eq!(client.get(server.url(0, "/prod/head")).send().await.unwrap().status(), StatusCode::OK);
    let ready = client.get(server.url(0, "/readyz")).send().await.unwrap();
    assert_eq!(ready.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(ready.text().await.unwrap().contains("\"folder_not_loaded\""));
    assert_eq!(client.get(server.url(0, "/livez")).send().await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn reports_go_to_their_own_listener() {
    let fleet = TestFleet::of([1]);
    let server =
        TestServer::start(&[place(false, true, false), place(false, false, true)], None, Some(&fleet)).await;
    let client = client(None);
    let report = frame(1, &report("device-1", 1, 1));
    let post = |index: usize, body: Vec<u8>| client.post(server.url(index, "/report")).body(body).send();
    assert_eq!(post(0, report.clone()).await.unwrap().status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(post(1, report.clone()).await.unwrap().status(), StatusCode::NO_CONTENT);
    assert_eq!(post(1, vec![0; 100_000]).await.unwrap().status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(post(1, b"TBRP".to_vec()).await.unwrap().status(), StatusCode::BAD_REQUEST);
    let get = client.get(server.url(1, "/report")).send().await.unwrap();
    assert_eq!(get.headers()[header::ALLOW], "POST");
    let tree = client.get(server.url(1, "/prod/head")).send().await.unwrap();
    assert_eq!(tree.status(), StatusCode::NOT_FOUND);
    server.finish().await;
    let count = "SELECT count(*) FROM report";
    let count: i64 = fleet.connection().query_row(count, [], |row| row.get(0)).unwrap();
    assert_eq!(count, 1);
}

#[tokio::test]
async fn a_stopped_server_lets_go_of_its_address() {
    let server = TestServer::plain().await;
    let address = server.socket().to_owned();
    let mut idle = TcpStream::connect(&address).await.unwrap();
    idle.write_all(b"GET /prod/head HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let mut answer = vec![0; 12];
    idle.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, b"HTTP/1.1 200");
    server.finish().await;
    let mut rest = Vec::new();
    idle.read_to_end(&mut rest).await.unwrap();
    assert!(rest.ends_with(b"the head"), "the answer was out before the connection was closed");
    assert!(TcpStream::connect(&address).await.is_err());
}

/// Sends `request` as it is and returns all that comes back until the server closes.
async fn raw(server: &TestServer, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(server.socket()).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    // A reset after the answer is as good as an end.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn a_path_that_climbs_finds_nothing() {
    let server = TestServer::plain().await;
    put(Path::new(server.folder.path()), "secret", b"not published");
    for path in
        ["/../secret", "/prod/../secret", "/secret", "/%2e%2e/secret", "//etc/passwd", "/prod/head%00"]
    {
        let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        let answer = raw(&server, request.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 404 "), "{path}: {answer}");
        assert!(!answer.contains("not published"));
    }
}

#[tokio::test]
async fn long_headers_are_refused() {
    let server = TestServer::plain().await;
    let request = format!("GET /prod/head HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "x".repeat(20_000));
    let answer = raw(&server, request.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_finishes_its_request_is_let_go() {
    let server = TestServer::plain().await;
    // Time is paused and jumps ahead whenever everybody waits: no real second passes here.
    let before = Instant::now();
    let answer = raw(&server, b"GET /prod/head HTTP/1.1\r\nHost").await;
    assert!(!answer.contains("the head"), "{answer}");
    assert!(before.elapsed() < HEAD_READ * 5 / 4, "{:?}", before.elapsed());
    let fine = raw(&server, b"GET /prod/head HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
    assert!(fine.ends_with("the head"), "{fine}");
}

#[tokio::test(start_paused = true)]
async fn a_report_that_never_ends_is_let_go() {
    let fleet = TestFleet::of([1]);
    let server = TestServer::start(&[place(false, true, true)], None, Some(&fleet)).await;
    let request = b"POST /report HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 100\r\n\r\nTBRP";
    let answer = raw(&server, request).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn one_connection_too_many_waits_for_another_to_end() {
    let server = TestServer::plain().await;
    let mut idle = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut stream = TcpStream::connect(server.socket()).await.unwrap();
        stream.write_all(b"GET /prod/head HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        stream.read_exact(&mut [0; 12]).await.unwrap();
        idle.push(stream);
    }
    // No other connection is closed, so that only the time limit of an idle one can make room.
    let before = Instant::now();
    let answer = raw(&server, b"GET /prod/head HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
    assert!(answer.ends_with("the head"), "{answer}");
    assert!(before.elapsed() >= HEAD_READ / 2, "{:?}", before.elapsed());
}
