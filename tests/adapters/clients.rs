//! Long-running programs with an adapter: they trust what comes and refuse what leaves, and are never restarted.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::PathBuf,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

use system_tests::tls_service::TlsService;

use crate::scene::{Scene, nodes, root};

/// How long a change may take to be noticed.
const PATIENCE: Duration = Duration::from_secs(20);

/// A program of the matrix of applications.
struct Client {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Client {
    fn start(stack: &str, scene: &Scene, runtime: &[(&str, PathBuf)]) -> Self {
        let mut command = Command::new(root().join("tests/apps/clients").join(stack).join("run"));
        command.arg("adapted").env("TRUST_FILE", scene.file()).envs(runtime.iter().cloned());
        if stack == "java" {
            command.env("TRUST_ADAPTER_JAR", scene.jar());
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let mut client = Self { child, input, output: BufReader::new(output) };
        let ready = client.line();
        assert!(ready.starts_with("ready "), "{stack}: {ready:?}");
        client
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line
    }

    /// Whether a new connection is accepted.
    fn accepts(&mut self, server: &TlsService) -> bool {
        writeln!(self.input, "connect localhost {}", server.address().port()).unwrap();
        let line = self.line();
        match line.split_whitespace().next() {
            Some("accepted") => true,
            Some("refused") => false,
            _ => panic!("{line}"),
        }
    }

    fn soon(&mut self, server: &TlsService, accepted: bool) {
        let deadline = Instant::now() + PATIENCE;
        while self.accepts(server) != accepted {
            assert!(Instant::now() < deadline, "accepted: {accepted}, within {PATIENCE:?}");
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn check(stack: &str, runtime: &[(&str, PathBuf)]) {
    let scene = Scene::new();
    let mut client = Client::start(stack, &scene, runtime);
    assert!(client.accepts(&scene.old), "{stack}: the first root");
    assert!(!client.accepts(&scene.new), "{stack}: the second root, before it comes");
    scene.export(2, &[&scene.vendor.old_root, &scene.vendor.new_root]);
    client.soon(&scene.new, true);
    assert!(client.accepts(&scene.old), "{stack}: both roots");
    scene.export(3, &[&scene.vendor.new_root]);
    client.soon(&scene.old, false);
    assert!(client.accepts(&scene.new), "{stack}: the second root alone");
}

#[test]
fn a_running_jvm_trusts_what_comes_and_refuses_what_leaves() {
    check("java", &[]);
}

#[test]
fn a_running_node_program_trusts_what_comes_and_refuses_what_leaves() {
    for node in nodes() {
        check("node", &[("NODE", node)]);
    }
}

#[test]
fn a_running_python_program_trusts_what_comes_and_refuses_what_leaves() {
    check("python-ssl", &[]);
}

#[test]
fn a_session_of_requests_trusts_what_comes_and_refuses_what_leaves() {
    check("python-requests", &[]);
}
