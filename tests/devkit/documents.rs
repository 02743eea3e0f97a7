//! Tests of bad answers to every kind of document: whatever a server does to one of them, the bundle stays or the new one
//! comes whole, the reason is stable, and the next good check ends at the newest release.

use std::{
    error::Error,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::Duration,
};

use bundle::Order;
use rustls::version::TLS13;
use system_tests::{
    board::kit::Boot,
    signers::{self, KEYRING_KEYS},
    tls_service::server_config,
};

use crate::{
    app::mutable,
    each::each,
    figures::Figures,
    found::Found,
    hostile::{Deed, Hostile, Kind},
    lab::{HOST, Lab, Root, TREE_HOST, control, put, served},
    scene::Scene,
    servers::{head, status, with},
    test::{Observation, Test, Tier, require},
};

/// The tests of this file.
pub(crate) const TESTS: [Test; 2] = [
    Test { name: "a bad answer to any document leaves one whole bundle", tier: Tier::Fast, act: documents },
    Test {
        name: "a server that sends a byte now and then is left at the deadline",
        tier: Tier::Fast,
        act: trickle,
    },
];

/// Kinds of bad answers.
const ANSWERS: usize = 12;
/// Seconds that a fetch may take at most, as the agent counts them.
const FETCH_SECONDS: u32 = 180;
/// Seconds that pass at once: fewer than a silence that ends a connection.
const STEP_SECONDS: u32 = 10;
/// Steps after which the server must still be waited for.
const STEPS_PATIENT: u32 = 10;
/// Looks at the server, a tenth of a second each, for its next byte that was read.
const WAITS_MAX: u32 = 600;

/// What a server does to a document, with the right one at hand.
fn answers(body: &[u8]) -> [(&'static str, Deed); ANSWERS] {
    let length = body.len();
    let right = head(&format!("Content-Length: {length}\r\n"));
    let half = with(&right, body.get(..length / 2).unwrap_or_default());
    let noise: Vec<u8> = body.iter().map(|byte| byte ^ 0x5A).collect();
    let less = head(&format!("Content-Length: {}\r\n", length / 2));
    let endless =
        Deed::Endless(head("Transfer-Encoding: chunked\r\n"), b"10\r\n0123456789abcdef\r\n".to_vec());
    [
        ("resets before its answer ends to begin", Deed::Reset(b"HTTP/1.1 200 OK\r\nContent-".to_vec())),
        ("resets in the body", Deed::Reset(half.clone())),
        ("closes in the body", Deed::Send(half.clone())),
        ("falls silent in the body", Deed::SendAndHold(half)),
        ("promises a gigabyte", Deed::Send(head("Content-Length: 1073741824\r\n"))),
        ("never ends", endless),
        ("says less than it sends", Deed::Send(with(&less, body))),
        ("sends noise", Deed::Send(with(&right, &noise))),
        ("sends another document", Deed::Send(with(&head("Content-Length: 9\r\n"), b"not this!"))),
        ("redirects", Deed::Send(status("302 Found\r\nLocation: https://elsewhere.example/"))),
        ("fails", Deed::Send(status("500 Internal Server Error"))),
        ("has no such file", Deed::Send(status("404 Not Found"))),
    ]
}

/// A fleet whose next release needs a kind of document.
struct Fleet<'s> {
    lab: Lab<'s>,
    /// The mutable file of a board of it.
    file: Vec<u8>,
    /// The right document of the kind.
    document: Vec<u8>,
}

/// One bad answer, and what the cycle ends with.
struct Case<'f> {
    fleet: &'f Fleet<'f>,
    kind: Kind,
    name: &'static str,
    deed: Deed,
    end: &'static str,
}

impl fmt::Display for Case<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}", self.kind, self.name)
    }
}

/// A fleet whose next release needs every kind of document: a newer keyring, and, where the update is not what is spoilt,
/// the manifest and its certificates one by one.
fn fleet<'s>(scene: &'s Scene, name: &'static str, kind: Kind) -> Result<Fleet<'s>, Box<dyn Error>> {
    let (mut lab, file) = Lab::prepared(scene, name)?;
    if kind == Kind::Keyring {
        let keyring = signers::first_keyring();
        lab.publisher.publish_keyring(&keyring, None, Order::new(0, 2), &KEYRING_KEYS[..2]);
    }
    lab.publish(&[Root::Old, Root::New]);
    if matches!(kind, Kind::Manifest | Kind::Blob) {
        lab.publisher.tree.retain(|path, _| !Kind::Update.is(path));
        lab.serve();
    }
    let document =
        lab.publisher.tree.iter().rfind(|(path, _)| kind.is(path)).map(|(_, document)| document.clone());
    Ok(Fleet { lab, file, document: document.ok_or("no such document is published")? })
}

fn documents(scene: &Scene, _: &mut Figures) -> Observation {
    let fleets =
        Kind::ALL.iter().map(|kind| fleet(scene, kind.folder(), *kind)).collect::<Result<Vec<_>, _>>()?;
    let cases: Vec<Case<'_>> =
        Kind::ALL.into_iter().zip(&fleets).flat_map(|(kind, fleet)| all(kind, fleet)).collect();
    each(&cases, one)?;
    Ok(format!("{} bad answers to {} kinds of document", cases.len(), Kind::ALL.len()))
}

/// Every bad answer to one kind of document.
fn all<'f>(kind: Kind, fleet: &'f Fleet<'_>) -> impl Iterator<Item = Case<'f>> {
    let pairs = answers(&fleet.document).into_iter().zip(ends(kind));
    pairs.map(move |((name, deed), end)| Case { fleet, kind, name, deed, end })
}

/// A board that follows a server which spoils one kind of document.
fn board(fleet: &Fleet<'_>, name: &str, kind: Kind, deed: &Deed) -> Result<(Boot, Hostile), Box<dyn Error>> {
    let lab = &fleet.lab;
    let config = server_config(&lab.tree_identity(), &[&TLS13])?;
    let server = Hostile::spoiling(config, lab.publisher.tree.clone(), kind, deed.clone())?;
    let url = format!("https://{TREE_HOST}:{}/", server.address().port());
    let mut boot = lab.boot_with(name, &[url], &[TREE_HOST, HOST]);
    boot.hosts.push(served(TREE_HOST, server.address()));
    put(&boot, &fleet.file)?;
    Ok((boot, server))
}

fn one(case: &Case<'_>) -> Result<(), Box<dyn Error>> {
    let (lab, name) = (&case.fleet.lab, case.to_string().replace(' ', "-"));
    let (boot, _server) = board(case.fleet, &name, case.kind, &case.deed)?;
    let app = lab.start(&boot)?;
    let cycle = app.wait("cycle", &[])?;
    let end = format!("{} {}", cycle.value("release"), cycle.value("reason"));
    let log = app.stop()?.join("\n");
    // A server that hangs up behind its answer may take the last bytes back: the file is then cut off, and refused for that.
    let is_cut = case.end.ends_with("certificate_mismatch") && end == "0.1 answer_truncated";
    // A reset may take back all that came before it.
    let is_lost = case.name.starts_with("resets") && end == "0.1 unreachable";
    require(end == case.end || is_cut || is_lost, || format!("{end} and not {}\n{log}", case.end))?;
    let found = Found::of(&mutable(&boot.directory)?)?.release_word();
    require(end.starts_with(&found), || format!("{end}, and {found} on the medium"))?;
    // The next good check.
    let app = lab.start(&lab.boot(&name))?;
    app.wait("cycle", &[("release", "0.2"), ("phase", "confirmed")])?;
    app.stop()?;
    Ok(())
}

fn trickle(scene: &Scene, _: &mut Figures) -> Observation {
    // Where the answer itself has not begun, nobody was reached, and the next server's turn comes; one that has begun is
    // laid at the server that never ends it.
    let cases = [
        ("beginning-trickles", Kind::Head, "unreachable"),
        ("head-trickles", Kind::Head, "answer_truncated"),
        ("manifest-trickles", Kind::Manifest, "answer_truncated"),
        ("blob-trickles", Kind::Blob, "answer_truncated"),
    ];
    for (name, kind, reason) in cases {
        let fleet = fleet(scene, name, kind)?;
        let (lab, document) = (&fleet.lab, &fleet.document);
        let taken = Arc::new(AtomicU32::new(0));
        let beginning = head(&format!("Content-Length: {}\r\n", document.len()));
        let deed = if reason == "unreachable" {
            Deed::Trickle(Vec::new(), with(&beginning, document), Arc::clone(&taken))
        } else {
            Deed::Trickle(beginning, document.clone(), Arc::clone(&taken))
        };
        let (boot, _server) = board(&fleet, "trickled", kind, &deed)?;
        let app = lab.start(&boot)?;
        // A byte now and then is never silence: nothing but the end of all patience ends it.
        // Time passes in steps that are no silence, each once the device has read a byte after the last.
        for step in 0..=FETCH_SECONDS / STEP_SECONDS {
            require(step > STEPS_PATIENT || !app.log().contains("DA cycle"), || app.log())?;
            let before = taken.load(Ordering::Acquire);
            for _ in 0..WAITS_MAX {
                if taken.load(Ordering::Acquire) > before || app.log().contains("DA cycle") {
                    break;
                }
                thread::sleep(Duration::from_millis(100));
            }
            control(&boot.directory, &format!("uptime {}", STEP_SECONDS * (step + 1)))?;
        }
        app.wait("cycle", &[("release", "0.1"), ("reason", reason)])?;
        app.stop()?;
        let app = lab.start(&lab.boot("trickled"))?;
        app.wait("cycle", &[("release", "0.2"), ("phase", "confirmed")])?;
        app.stop()?;
    }
    Ok(format!(
        "left after {FETCH_SECONDS} s, before an answer and in head, manifest and certificate; the next check installs"
    ))
}

/// What the cycle of each bad answer ends with: release and reason. Nothing that is wrong with an update keeps the device
/// from the release, but a connection that breaks in it.
const fn ends(kind: Kind) -> [&'static str; ANSWERS] {
    const LOST: &str = "0.1 unreachable";
    const CUT: &str = "0.1 answer_truncated";
    const LARGE: &str = "0.1 answer_too_large";
    const FAILED: &str = "0.1 server_failed";
    const MISSING: &str = "0.1 not_found";
    const DONE: &str = "0.2 confirmed";
    let ([less, noise, other], endless, missing) = match kind {
        Kind::Head => (["0.1 head_malformed"; 3], LARGE, MISSING),
        Kind::Keyring => (["0.1 keyring_refused"; 3], LARGE, "0.1 keyring_unavailable"),
        Kind::Update => {
            return [LOST, CUT, CUT, CUT, DONE, DONE, DONE, DONE, DONE, DONE, DONE, DONE];
        }
        Kind::Manifest => (["0.1 release_malformed"; 3], LARGE, MISSING),
        Kind::Blob => {
            let (short, mismatch) = ("0.1 answer_truncated", "0.1 certificate_mismatch");
            ([short, mismatch, short], mismatch, MISSING)
        }
    };
    [LOST, CUT, CUT, CUT, LARGE, endless, less, noise, other, FAILED, FAILED, missing]
}
