//! The clients of `tests/apps/clients`: each TLS stack without the library, and with it.

use std::fs;

use bundle::write::ConstraintContent;
use bundle::{Pin, PinKind};
use chain::pki::{Authority, Content, denial, january, sha256};

use crate::device::Device;
use crate::process::Process;
use crate::server::Server;
use crate::staged::{Linked, root, staged};

/// Longer than tests are run.
const YEARS: std::ops::Range<i32> = 2020..2045;

/// A device, its old and its new root, and a server under each.
struct Scene {
    device: Device,
    old: Authority,
    new: Authority,
    under_old: Server,
    under_new: Server,
}

impl Scene {
    /// Only the old root is installed.
    fn new(stack: &str) -> Self {
        let (old, new) = (Authority::root("Old", YEARS), Authority::root("New", YEARS));
        // wolfSSL 5.5 ends a connection over a ticket whose nonce is longer than 8 bytes, as those of rustls are.
        let tickets = if stack == "wolfssl" { 0 } else { 2 };
        let server = |root: &Authority| Server::start(&root.leaf("localhost", YEARS), tickets);
        let (under_old, under_new) = (server(&old), server(&new));
        Self { device: Device::with(&content(&[&old])), old, new, under_old, under_new }
    }

    /// A client that runs on, of a stack and in a mode.
    fn client(&self, stack: &str, packages: &[&str], mode: &str) -> Process {
        self.client_under(&[], stack, packages, mode)
    }

    /// As [`Scene::client`], run by another program.
    fn client_under(&self, runner: &[&str], stack: &str, packages: &[&str], mode: &str) -> Process {
        let source = root().join("tests/apps/clients").join(stack).join("client.c");
        let program = staged().compile(&source, packages, Linked::Shared);
        let mut command = program.command_under(runner);
        command.arg(mode).env("TRUST_FILE", self.device.path("hub.pem"));
        command.env("TRUST_STORE", self.device.path("store")).env("TRUST_SERVICE", "hub");
        // Its folder goes with the program; a process that runs keeps its file.
        let client = Process::start(&mut command);
        assert!(client.line().starts_with(&format!("ready {stack} ")));
        client
    }

    /// Writes the file of certificates for those who know nothing of the store.
    fn write_file(&self, root: &Authority) {
        let pem = pem(root.certificate());
        let mut file = fs::File::create(self.device.path("hub.pem")).unwrap();
        std::io::Write::write_all(&mut file, pem.as_bytes()).unwrap();
    }
}

fn content(roots: &[&Authority]) -> Content {
    let content = roots.iter().fold(Content::default(), |content, root| content.anchor(root.certificate()));
    content.service("hub", &[])
}

fn pem(der: &[u8]) -> String {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
}

/// Asks for a connection, and expects an answer that begins like this.
fn check(client: &mut Process, server: &Server, expect: &str) -> String {
    let answer = client.ask(&format!("connect localhost {}", server.port));
    assert!(answer.starts_with(expect), "{answer}, not {expect}");
    answer
}

/// A rotation and a removal while the client runs on.
fn follows(stack: &str, packages: &[&str]) {
    let mut scene = Scene::new(stack);
    let mut client = scene.client(stack, packages, "adapted");
    check(&mut client, &scene.under_old, "accepted");
    check(&mut client, &scene.under_new, "refused ");
    scene.device.install(&content(&[&scene.old, &scene.new]));
    check(&mut client, &scene.under_old, "accepted");
    check(&mut client, &scene.under_new, "accepted");
    scene.device.install(&content(&[&scene.new]));
    // By the stack, which comes first: it has forgotten the old root itself, and does not leave that to the judge.
    let answer = check(&mut client, &scene.under_old, "refused ");
    assert!(!answer.starts_with("refused chain: "), "{answer}");
    check(&mut client, &scene.under_new, "accepted");
    // A denial needs no release.
    scene.device.deny(&[denial(scene.new.certificate())]);
    check(&mut client, &scene.under_new, "refused ");
    scene.device.deny(&[]);
    check(&mut client, &scene.under_new, "accepted");
    client.end();
}

/// What no file of certificates can carry: the judge enforces it, and says by which reason.
fn enforces(stack: &str, packages: &[&str]) {
    let mut scene = Scene::new(stack);
    let mut client = scene.client(stack, packages, "adapted");
    let pinned = Content::default().anchor(scene.old.certificate()).service_with("hub", &[], |service| {
        let (kind, sha256) = (PinKind::Certificate, sha256(scene.new.certificate()));
        service.pins = vec![Pin { kind, sha256, until: january(YEARS.end) }];
    });
    scene.device.install(&pinned);
    check(&mut client, &scene.under_old, "refused pin: ");
    let elsewhere = Content::default()
        .anchor_with(scene.old.certificate(), |anchor| anchor.constraints = constrained_to("other.example"))
        .service("hub", &[]);
    scene.device.install(&elsewhere);
    check(&mut client, &scene.under_old, "refused constraint: ");
    let here = Content::default()
        .anchor_with(scene.old.certificate(), |anchor| anchor.constraints = constrained_to("localhost"))
        .service("hub", &[]);
    scene.device.install(&here);
    check(&mut client, &scene.under_old, "accepted");
    client.end();
}

fn constrained_to(subtree: &str) -> Vec<ConstraintContent> {
    vec![ConstraintContent { subtrees: vec![subtree.to_owned()], ..ConstraintContent::default() }]
}

/// As the stack's documentation says, with a file: what the process read at its start it trusts until it ends.
fn stays_as_it_was(stack: &str, packages: &[&str]) {
    let scene = Scene::new(stack);
    scene.write_file(&scene.old);
    let mut client = scene.client(stack, packages, "untouched");
    check(&mut client, &scene.under_old, "accepted");
    check(&mut client, &scene.under_new, "refused ");
    scene.write_file(&scene.new);
    check(&mut client, &scene.under_old, "accepted");
    check(&mut client, &scene.under_new, "refused ");
    client.end();
}

#[test]
fn a_client_on_openssl_follows_a_rotation_and_a_removal() {
    follows("openssl", &["openssl"]);
}

#[test]
fn a_client_on_openssl_enforces_what_certificates_cannot_carry() {
    enforces("openssl", &["openssl"]);
}

/// Without the kernel's own functions, and with every byte looked at.
#[test]
fn a_program_under_valgrind_judges_and_reads_nothing_that_is_not_its_own() {
    let scene = Scene::new("openssl");
    let runner = ["valgrind", "--quiet", "--error-exitcode=9"];
    let mut client = scene.client_under(&runner, "openssl", &["openssl"], "adapted");
    check(&mut client, &scene.under_old, "accepted");
    check(&mut client, &scene.under_new, "refused ");
    client.end();
}

#[test]
fn openssl_by_itself_stays_as_it_was() {
    stays_as_it_was("openssl", &["openssl"]);
}

#[test]
fn a_client_on_gnutls_follows_a_rotation_and_a_removal() {
    follows("gnutls", &["gnutls"]);
}

#[test]
fn a_client_on_gnutls_enforces_what_certificates_cannot_carry() {
    enforces("gnutls", &["gnutls"]);
}

#[test]
fn gnutls_by_itself_stays_as_it_was() {
    stays_as_it_was("gnutls", &["gnutls"]);
}

#[test]
fn a_client_on_wolfssl_follows_a_rotation_and_a_removal() {
    follows("wolfssl", &["wolfssl"]);
}

#[test]
fn a_client_on_wolfssl_enforces_what_certificates_cannot_carry() {
    enforces("wolfssl", &["wolfssl"]);
}

#[test]
fn wolfssl_by_itself_stays_as_it_was() {
    stays_as_it_was("wolfssl", &["wolfssl"]);
}

#[test]
fn a_client_on_mbedtls_follows_a_rotation_and_a_removal() {
    follows("mbedtls", &["mbedtls"]);
}

#[test]
fn a_client_on_mbedtls_enforces_what_certificates_cannot_carry() {
    enforces("mbedtls", &["mbedtls"]);
}

#[test]
fn mbedtls_by_itself_stays_as_it_was() {
    stays_as_it_was("mbedtls", &["mbedtls"]);
}

#[test]
fn a_client_on_libcurl_follows_a_rotation_and_a_removal() {
    follows("curl", &["libcurl"]);
}

#[test]
fn libcurl_by_itself_stays_as_it_was() {
    stays_as_it_was("curl", &["libcurl"]);
}

#[test]
fn a_client_that_judges_no_chain_goes_without_constrained_anchors() {
    let mut scene = Scene::new("curl");
    let mut client = scene.client("curl", &["libcurl"], "adapted");
    let constrained = content(&[&scene.new])
        .anchor_with(scene.old.certificate(), |anchor| anchor.constraints = constrained_to("localhost"));
    scene.device.install(&constrained);
    check(&mut client, &scene.under_old, "refused ");
    check(&mut client, &scene.under_new, "accepted");
    client.end();
}
