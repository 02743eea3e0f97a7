//! Tests of bad servers: whatever one does, the bundle stays, the reason is stable, and the next good check works.

use std::{error::Error, fmt};

use rustls::version::{TLS12, TLS13};
use system_tests::{
    pki::{Authority, identity},
    tls_service::{Identity, server_config},
};

use crate::{
    app::bytes_written,
    each::each,
    figures::Figures,
    hostile::{Deed, Hostile, Kind},
    lab::{HOST, Lab, TREE_HOST, YEARS, control, put, served},
    scene::Scene,
    test::{Observation, Test, Tier, require},
};

/// The tests of bad servers.
pub(crate) const TESTS: [Test; 3] = [
    Test { name: "whatever a server answers, the bundle stays and says why", tier: Tier::Fast, act: answers },
    Test {
        name: "a server that does not prove itself carries signed files and nothing else",
        tier: Tier::Fast,
        act: unproven,
    },
    Test { name: "the network goes and comes back", tier: Tier::Fast, act: network },
];

struct Case {
    name: &'static str,
    deed: Deed,
    reason: &'static str,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// An answer of 200 with these further lines.
pub(crate) fn head(lines: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\n{lines}\r\n").into_bytes()
}

/// An answer without a body.
pub(crate) fn status(line: &str) -> Vec<u8> {
    format!("HTTP/1.1 {line}\r\nContent-Length: 0\r\n\r\n").into_bytes()
}

/// A head and its body.
pub(crate) fn with(head: &[u8], body: &[u8]) -> Vec<u8> {
    [head, body].concat()
}

/// Every answer, with what the agent says of it; `body` is the right one.
fn cases(body: &[u8]) -> Vec<Case> {
    let mut all = endings(body);
    all.extend(lengths(body));
    all.extend(documents(body));
    all
}

const fn case(name: &'static str, deed: Deed, reason: &'static str) -> Case {
    Case { name, deed, reason }
}

/// Answers that do not come, do not come to an end, or come too early to one.
fn endings(body: &[u8]) -> Vec<Case> {
    let length = body.len();
    let half = body.get(..length / 2).unwrap_or_default();
    let chunked = || head("Transfer-Encoding: chunked\r\n");
    vec![
        case("silent", Deed::Silent, "unreachable"),
        case("hangs up", Deed::Hangup, "unreachable"),
        case(
            "stops in the body",
            Deed::SendAndHold(with(&head(&format!("Content-Length: {length}\r\n")), half)),
            "answer_truncated",
        ),
        case(
            "closes in the body",
            Deed::Send(with(&head(&format!("Content-Length: {length}\r\n")), half)),
            "answer_truncated",
        ),
        case(
            "endless head",
            Deed::Endless(b"HTTP/1.1 200 OK\r\n".to_vec(), b"X-A: b\r\n".to_vec()),
            "server_failed",
        ),
        case(
            "endless field",
            Deed::Endless(b"HTTP/1.1 200 OK\r\nX: ".to_vec(), vec![b'x'; 512]),
            "server_failed",
        ),
        case(
            "endless chunks",
            Deed::Endless(chunked(), b"10\r\n0123456789abcdef\r\n".to_vec()),
            "answer_too_large",
        ),
        case("endless chunk line", Deed::Endless(chunked(), vec![b'0'; 64]), "server_failed"),
    ]
}

/// Answers that lie about their length.
fn lengths(body: &[u8]) -> Vec<Case> {
    let length = body.len();
    vec![
        case("promises a gigabyte", Deed::Send(head("Content-Length: 1073741824\r\n")), "answer_too_large"),
        case(
            "says less than it sends",
            Deed::Send(with(&head(&format!("Content-Length: {}\r\n", length / 2)), body)),
            "head_malformed",
        ),
        case("no length", Deed::Send(with(&head(""), body)), "server_failed"),
        case(
            "two lengths",
            Deed::Send(with(&head(&format!("Content-Length: {length}\r\nContent-Length: 1\r\n")), body)),
            "server_failed",
        ),
        case(
            "length and chunks",
            Deed::Send(with(
                &head(&format!("Content-Length: {length}\r\nTransfer-Encoding: chunked\r\n")),
                body,
            )),
            "server_failed",
        ),
    ]
}

/// Answers of another kind, and the right one in the smallest pieces.
fn documents(body: &[u8]) -> Vec<Case> {
    let length = body.len();
    vec![
        case(
            "compressed",
            Deed::Send(with(&head(&format!("Content-Length: {length}\r\nContent-Encoding: gzip\r\n")), body)),
            "server_failed",
        ),
        case(
            "redirects",
            Deed::Send(status("302 Found\r\nLocation: https://elsewhere.example/")),
            "server_failed",
        ),
        case("not modified", Deed::Send(status("304 Not Modified")), "server_failed"),
        case("not found", Deed::Send(status("404 Not Found")), "not_found"),
        case("no HTTP", Deed::Send(b"220 mail.example ESMTP\r\n\r\n".to_vec()), "server_failed"),
        case(
            "another document",
            Deed::Send(with(&head("Content-Length: 9\r\n"), b"not this!")),
            "head_malformed",
        ),
        case(
            "tiny pieces",
            Deed::Pieces(with(&head(&format!("Content-Length: {length}\r\n")), body)),
            "up_to_date",
        ),
    ]
}

fn answers(scene: &Scene, _: &mut Figures) -> Observation {
    let (lab, file) = Lab::prepared(scene, "answers")?;
    let proof = lab.tree_identity();
    let body = lab.publisher.tree.get("prod-mcu/head").cloned().unwrap_or_default();
    let cases = cases(&body);
    each(&cases, |case| one_answer(&lab, &file, &proof, case))?;
    let seen: Vec<String> = cases.iter().map(|case| format!("{}: {}", case.name, case.reason)).collect();
    Ok(seen.join("; "))
}

fn one_answer(lab: &Lab<'_>, file: &[u8], proof: &Identity, case: &Case) -> Result<(), Box<dyn Error>> {
    // It spoils the head alone: that a head is no keyring is not what is asked here.
    let (config, tree) = (server_config(proof, &[&TLS13])?, lab.publisher.tree.clone());
    let server = Hostile::spoiling(config, tree, Kind::Head, case.deed.clone())?;
    let url = format!("https://{TREE_HOST}:{}/", server.address().port());
    let board = case.name.replace(' ', "-");
    let mut boot = lab.boot_with(&board, &[url], &[TREE_HOST, HOST]);
    boot.hosts.push(served(TREE_HOST, server.address()));
    put(&boot, file)?;
    let app = lab.start(&boot)?;
    let cycle = app.wait("cycle", &[])?;
    require(cycle.value("reason") == case.reason, || {
        format!("{} and not {}\n{}", cycle.value("reason"), case.reason, app.log())
    })?;
    require(cycle.value("release") == "0.1", || format!("{cycle:?}"))?;
    let written = bytes_written(&app.operations()?);
    require(written == 0, || format!("{written} bytes were written"))?;
    app.stop()?;
    let app = lab.start(&lab.boot(&board))?;
    app.wait("cycle", &[("reason", "up_to_date")])?;
    app.stop()?;
    Ok(())
}

fn unproven(scene: &Scene, _: &mut Figures) -> Observation {
    let lab = Lab::with_update(scene, "unproven")?;
    // A server whose root no bundle has: the same server goes on, unauthenticated.
    let stranger = Authority::root("Somebody's Root", YEARS);
    let web = lab.another_web(&identity(&stranger, TREE_HOST, YEARS))?;
    let mut boot = lab.boot_with("stranger", &[web.url(TREE_HOST)], &[TREE_HOST, HOST]);
    boot.hosts.push(served(TREE_HOST, web.address()));
    let app = lab.start(&boot)?;
    app.wait("cycle", &[("release", "0.2"), ("phase", "confirmed"), ("unauthenticated", "1")])?;
    app.stop()?;
    // One that speaks TLS 1.2 alone: the second URL is asked.
    let old = Hostile::start(server_config(&lab.tree_identity(), &[&TLS12])?, Deed::Hangup)?;
    let urls = [format!("https://{TREE_HOST}:{}/", old.address().port()), lab.web.url(TREE_HOST)];
    let mut boot = lab.boot_with("old", &urls, &[TREE_HOST, HOST]);
    boot.hosts.push(served(TREE_HOST, old.address()));
    let app = lab.start(&boot)?;
    app.wait("cycle", &[("release", "0.2"), ("phase", "confirmed"), ("unauthenticated", "0")])?;
    app.stop()?;
    Ok("an unknown root: unauthenticated; TLS 1.2 alone: the second URL".to_owned())
}

fn network(scene: &Scene, _: &mut Figures) -> Observation {
    let lab = Lab::with_update(scene, "network")?;
    let mut boot = lab.boot("board");
    boot.environment.push(("BOARD_NETWORK".to_owned(), "down".to_owned()));
    let app = lab.start(&boot)?;
    app.wait("cycle", &[("release", "0.1"), ("reason", "unreachable")])?;
    control(&boot.directory, "network up")?;
    // The app's own connection comes first, and its service asks for a check.
    app.wait("service", &[("verdict", "verified")])?;
    lab.hub.nudge();
    app.wait("cycle", &[("release", "0.2"), ("phase", "confirmed")])?;
    app.stop()?;
    Ok("unreachable while it was down; release 2 in the same process".to_owned())
}
