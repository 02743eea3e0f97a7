//! Who is told what the watcher found, and what is drafted of it.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chain::pki::Authority;
use cloud_updater::watch::{SIGNATURE_HEADER, TIME_HEADER};

use crate::kit::{World, write};
use crate::loopback::{BOTH, Loopback};
use crate::runbook::fleet;

const SECRET: &str = "a secret of the receiver";

/// One request that a receiver got.
#[derive(Clone, Debug)]
struct Request {
    head: String,
    body: Vec<u8>,
}

impl Request {
    fn header(&self, name: &str) -> &str {
        let line = self.head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
        line.unwrap_or_else(|| panic!("no {name}: {}", self.head))
    }

    fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// A receiver of alerts that answers with this status line and headers.
fn receiver(answer: &'static str) -> (Loopback, Arc<Mutex<Vec<Request>>>) {
    let requests = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&requests);
    let server = Loopback::raw(move |stream| {
        if let Some(request) = read(stream, answer) {
            kept.lock().unwrap().push(request);
        }
    });
    (server, requests)
}

fn read(mut stream: TcpStream, answer: &str) -> Option<Request> {
    let mut bytes = Vec::new();
    let mut part = [0; 4_096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "))?;
            if body.len() >= length.parse().ok()? {
                let response = format!("HTTP/1.1 {answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                stream.write_all(response.as_bytes()).ok()?;
                return Some(Request { head: head.to_owned(), body: body.as_bytes().to_vec() });
            }
        }
        let count = stream.read(&mut part).ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&part[..count]);
    }
}

/// A fleet whose hub shows a chain under a root that nobody trusts, root included, and the file with the secret.
fn betrayed() -> (World, Loopback, Authority) {
    let stranger = Authority::root("Stranger", 2020..2040);
    let leaf = stranger.leaf("localhost", 2020..2040);
    let server = Loopback::tls(&leaf, &[stranger.certificate()], BOTH);
    let world = fleet();
    let port = server.address.port();
    let text = format!("[services.iot-hub]\nhosts = ['localhost:{port}']\nanchors = ['old-root']\n");
    write(&world.repository().join("services.toml"), &text);
    write(&world.path("secret"), &format!("{SECRET}\n"));
    fs::set_permissions(world.path("secret"), fs::Permissions::from_mode(0o600)).unwrap();
    (world, server, stranger)
}

fn watch(world: &World, webhook: &Loopback) -> crate::kit::Said {
    let url = format!("http://{}/alerts/token-of-a-path", webhook.address);
    world.updater(&["watch", "--once", "--webhook", &url, "--webhook-secret-file", "../secret"])
}

#[test]
fn an_alert_is_signed_and_said_once_when_it_comes_and_once_when_it_goes() {
    let (world, _hub, _) = betrayed();
    let (webhook, requests) = receiver("204 No Content");
    for _ in 0..2 {
        assert_eq!(watch(&world, &webhook).code, 1);
    }
    let got = requests.lock().unwrap().clone();
    assert_eq!(got.len(), 1, "said once");
    let alert = got[0].json();
    assert_eq!((&alert["schema"], &alert["fleet"]), (&"cloud-updater.alert.1".into(), &"example".into()));
    assert_eq!(alert["findings"][0]["rule"], "root-not-in-bundle");
    // Whoever has the secret can tell that it is genuine, and how old.
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, SECRET.as_bytes());
    let signed = [got[0].header(TIME_HEADER).as_bytes(), b".", &got[0].body].concat();
    let signature = got[0].header(SIGNATURE_HEADER).strip_prefix("sha256=").unwrap();
    let signature: [u8; 32] = cloud_updater::hexadecimal::parse(signature).unwrap();
    ring::hmac::verify(&key, &signed, &signature).unwrap();
    // The hub is taken out: what was found is over.
    write(&world.repository().join("services.toml"), "");
    watch(&world, &webhook);
    let got = requests.lock().unwrap().clone();
    assert_eq!(got.len(), 2);
    let over = got[1].json()["over"].to_string();
    assert!(over.contains("root-not-in-bundle"), "{over}");
}

#[test]
fn a_webhook_that_is_down_loses_nothing_and_is_said_once() {
    let (world, _hub, _) = betrayed();
    let (down, tried) = receiver("503 Service Unavailable");
    let said = watch(&world, &down);
    assert_eq!(said.code, 5, "{said:?}");
    assert_eq!(tried.lock().unwrap().len(), 3, "it is tried again");
    assert_eq!(said.err.matches("takes no alerts, 1 wait").count(), 1, "{said:?}");
    assert!(!said.err.contains("token-of-a-path") && !said.err.contains(SECRET), "{said:?}");
    assert!(said.out.contains("root-not-in-bundle"), "the round is told all the same: {said:?}");
    let (up, requests) = receiver("200 OK");
    assert_eq!(watch(&world, &up).code, 1);
    assert_eq!(watch(&world, &up).code, 1);
    let bodies: Vec<Vec<u8>> = requests.lock().unwrap().iter().map(|request| request.body.clone()).collect();
    assert_eq!(bodies, [tried.lock().unwrap()[0].body.clone()], "the same alert, once");
}

#[test]
fn a_webhook_that_leads_elsewhere_is_not_followed() {
    let (world, _hub, _) = betrayed();
    let (moved, _) = receiver("307 Temporary Redirect\r\nLocation: http://localhost:9/");
    let said = watch(&world, &moved);
    assert_eq!(said.code, 5, "{said:?}");
    assert!(said.err.contains("it answers 307"), "{said:?}");
}

#[test]
fn a_secret_comes_from_a_file_of_its_own_or_a_credential() {
    let (world, _hub, _) = betrayed();
    let (webhook, requests) = receiver("200 OK");
    let url = format!("http://{}/", webhook.address);
    let none = world.updater(&["watch", "--once", "--webhook", &url]);
    assert_eq!(none.code, 2, "{none:?}");
    assert!(none.err.contains("--webhook-secret-file"), "{none:?}");
    write(&world.path("credentials/webhook.secret"), SECRET);
    fs::set_permissions(world.path("credentials/webhook.secret"), fs::Permissions::from_mode(0o600)).unwrap();
    let mut command = world.command(&["watch", "--once", "--webhook", &url]);
    command.env("CREDENTIALS_DIRECTORY", world.path("credentials"));
    assert_eq!(command.output().unwrap().status.code(), Some(1));
    assert_eq!(requests.lock().unwrap().len(), 1);
    fs::set_permissions(world.path("secret"), fs::Permissions::from_mode(0o644)).unwrap();
    let open = watch(&world, &webhook);
    assert_eq!(open.code, 3, "{open:?}");
    assert!(open.err.contains("everybody can read this secret"), "{open:?}");
    let credentials = world.updater(&["watch", "--once", "--webhook", "https://me:pass@localhost/"]);
    assert_eq!(credentials.code, 2, "{credentials:?}");
}

#[test]
fn gauges_are_written_for_prometheus() {
    let (world, hub, _) = betrayed();
    let said = world.updater(&["watch", "--once", "--metrics", "../watch.prom", "--vantage", "plant"]);
    assert_eq!(said.code, 1, "{said:?}");
    let text = fs::read_to_string(world.path("watch.prom")).unwrap();
    for line in [
        "cloud_updater_watch_findings{vantage=\"plant\",severity=\"error\"} 1",
        "cloud_updater_watch_endpoints{vantage=\"plant\",channel=\"staging\",state=\"seen\"} 1",
        "cloud_updater_watch_alerts_waiting{vantage=\"plant\"} 0",
    ] {
        assert!(text.lines().any(|known| known == line), "{line}\n{text}");
    }
    let well_formed = |line: &str| {
        line.starts_with("# HELP cloud_updater_watch_")
            || line.starts_with("# TYPE cloud_updater_watch_")
            || line.rsplit_once("} ").is_some_and(|(_, value)| value.parse::<u64>().is_ok())
    };
    assert!(text.lines().all(well_formed), "{text}");
    drop(hub);
}

#[test]
fn a_missing_root_is_drafted_with_where_it_came_from_and_people_sign_it() {
    let (world, hub, stranger) = betrayed();
    let told = world.json(1, &["watch", "--once", "--propose", "--channel", "staging"]);
    let proposal = &told["proposals"][0];
    let sha256 = chain::pki::sha256(stranger.certificate()).to_string();
    assert_eq!(proposal["sha256"], sha256.as_str(), "{told:#}");
    assert_eq!(proposal["draft"], "channels/staging/drafts/2.draft");
    let listed = world.good("anchor list");
    assert!(listed.contains("stranger-"), "{listed}");
    let record = world.shell("cat anchors/stranger-*.toml").out;
    assert!(record.contains("state = \"next\""), "{record}");
    let endpoint = format!("proposed by watch: localhost:{} leads to it", hub.address.port());
    assert!(record.contains(&endpoint), "{record}");
    // A proposal is signed by nobody, so it is published by nobody.
    assert_eq!(world.updater(&["publish"]).code, 4);
    let matrix = world.json(0, &["coverage", "--channel", "staging"]);
    assert_eq!(matrix["services"][0]["candidate"]["verdict"], "verified", "{matrix:#}");
    // Proposed once: what waits is somebody's to look at.
    let again = world.json(1, &["watch", "--once", "--propose", "--channel", "staging"]);
    assert_eq!(again["proposals"], serde_json::json!([]));
}

#[test]
fn a_root_that_was_not_served_is_found_among_candidates_and_a_bad_one_is_not_drafted() {
    let (root, old) = (Authority::root("Listed", 2020..2040), Authority::root("Ended", 2001..2002));
    let world = fleet();
    let pem = |root: &Authority| {
        let text = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, root.certificate());
        format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
    };
    write(&world.path("store.pem"), &format!("{}{}", pem(&old), pem(&root)));
    let server = Loopback::tls(&root.leaf("localhost", 2020..2040), &[], BOTH);
    let port = server.address.port();
    let text = format!("[services.iot-hub]\nhosts = ['localhost:{port}']\nanchors = ['old-root']\n");
    write(&world.repository().join("services.toml"), &text);
    let line = ["watch", "--once", "--propose", "--candidates", "../store.pem", "--channel", "staging"];
    // A dry run asks and keeps nothing, so it has nothing to propose from.
    let dry = world.json(0, &[&line[..], &["--dry-run"]].concat());
    assert_eq!((&dry["served"], &dry["proposals"]), (&2.into(), &serde_json::json!([])));
    let told = world.json(1, &line);
    assert_eq!(told["proposals"][0]["anchor"], "CN=Listed");
    assert!(told["proposals"][0]["provenance"].as_str().unwrap().contains("out of store.pem"), "{told:#}");
    assert_eq!(told["proposals"].as_array().unwrap().len(), 1);
}

#[test]
fn the_watcher_goes_on_until_it_is_told_to_end() {
    let (world, _hub, _) = betrayed();
    let mut child = world
        .command(&["watch", "--vantage", "plant"])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let path = world.repository().join("observations/plant.json");
    let deadline = Instant::now() + Duration::from_secs(30);
    while !path.exists() {
        assert!(Instant::now() < deadline && child.try_wait().unwrap().is_none(), "no observation");
        std::thread::yield_now();
    }
    assert!(world.shell(&format!("kill -TERM {}", child.id())).code == 0);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let asked = world.updater(&["watch", "--dry-run"]);
    assert_eq!(asked.code, 2, "{asked:?}");
}
