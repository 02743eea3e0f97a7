//! What a round of the watcher costs: a thousand endpoints on loopback, of which one in a hundred hangs.
//!
//! `cargo bench -p cloud-updater --bench watch` runs the program itself against servers of this process, and fails above
//! the limits. Servers and watcher share the machine, so that the figure is an upper bound.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints, and fails loudly")]

use std::fs::{self, File};
use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chain::pki::Authority;
use rustls::ServerConfig;
use rustls_pki_types::PrivateKeyDer;
use tokio::io::AsyncReadExt as _;
use tokio_rustls::TlsAcceptor;

/// Endpoints, and one in how many of them hangs.
const ENDPOINTS: usize = 1_000;
const ONE_HANGS_IN: usize = 100;
/// Hosts that one service may have.
const HOSTS_OF_A_SERVICE: usize = 16;
/// Longest round, and most memory at any moment, in KiB.
const ROUND_MAX: Duration = Duration::from_secs(60);
const MEMORY_KIB_MAX: u64 = 256 * 1_024;
/// Between two looks at the memory of the watcher.
const LOOK: Duration = Duration::from_millis(5);

fn main() {
    allow_many_files();
    let root = Authority::root("Benchmark Root", 2020..2040);
    let middle = root.intermediate("Benchmark Intermediate", 2020..2040);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let ports = serve(&runtime, &middle);
    let folder = tempfile::tempdir().unwrap();
    let repository = folder.path().join("fleet");
    describe(&repository, &ports, &root);
    let started = Instant::now();
    let mut child = updater(&repository)
        .args(["watch", "--once", "--json"])
        .stdout(Stdio::from(File::create(folder.path().join("answer")).unwrap()))
        .spawn()
        .unwrap();
    let mut memory = 0;
    while child.try_wait().unwrap().is_none() {
        memory = memory.max(peak_memory(child.id()));
        std::thread::sleep(LOOK);
    }
    let took = started.elapsed();
    let answer: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.path().join("answer")).unwrap()).unwrap();
    let hanging = ENDPOINTS / ONE_HANGS_IN;
    assert_eq!(answer["asked"], ENDPOINTS);
    assert_eq!(answer["served"], ENDPOINTS - hanging, "every other endpoint is seen");
    println!(
        "{ENDPOINTS} endpoints, {hanging} of them hang: {:.1} s, {} MiB at most, both versions of TLS asked for",
        took.as_secs_f64(),
        memory / 1_024
    );
    assert!(took <= ROUND_MAX, "a round takes {took:?}, at most {ROUND_MAX:?}");
    assert!(memory > 0 && memory <= MEMORY_KIB_MAX, "{memory} KiB, at most {MEMORY_KIB_MAX}");
}

/// A thousand listening sockets are more than many a shell allows at first.
fn allow_many_files() {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let most = rustix::process::Rlimit { current: limit.maximum, ..limit };
    rustix::process::setrlimit(rustix::process::Resource::Nofile, most).unwrap();
}

/// Starts the servers; returns their ports.
fn serve(runtime: &tokio::runtime::Runtime, middle: &Authority) -> Vec<u16> {
    let leaf = middle.leaf("localhost", 2020..2040);
    let chain = vec![leaf.certificate.clone(), middle.certificate().clone()];
    let key = PrivateKeyDer::try_from(leaf.key).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let _inside = runtime.enter();
    let start = |number: usize| {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        listener.set_nonblocking(true).unwrap();
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        let (acceptor, hangs) = (acceptor.clone(), number.is_multiple_of(ONE_HANGS_IN));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    if hangs {
                        // It listens, and says nothing, until the other side has had enough.
                        while stream.read(&mut [0; 1_024]).await.is_ok_and(|count| count > 0) {}
                    } else if let Ok(mut tls) = acceptor.accept(stream).await {
                        drop(tls.read(&mut [0; 1]).await);
                    }
                });
            }
        });
        port
    };
    (0..ENDPOINTS).map(start).collect()
}

/// A repository whose services are these endpoints.
fn describe(repository: &Path, ports: &[u16], root: &Authority) {
    let status = updater(repository.parent().unwrap())
        .args(["init", "fleet", "--fleet", "benchmark"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    assert!(status.unwrap().success(), "init");
    let services = ports.chunks(HOSTS_OF_A_SERVICE).enumerate().map(|(number, ports)| {
        let hosts: Vec<String> = ports.iter().map(|port| format!("\"localhost:{port}\"")).collect();
        format!("[services.s{number}]\nhosts = [{}]\nanchors = \"all\"\n\n", hosts.join(", "))
    });
    write(&repository.join("services.toml"), services.collect::<String>().as_bytes());
    write(&repository.join("root.der"), root.certificate());
    let add = ["anchor", "add", "root.der", "--reason", "for the benchmark"];
    let added = updater(repository).args(add).stdout(Stdio::null()).status();
    assert!(added.unwrap().success(), "anchor add");
}

fn write(path: &Path, bytes: &[u8]) {
    File::create(path).unwrap().write_all(bytes).unwrap();
}

fn updater(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cloud-updater"));
    command.current_dir(folder).env("CLOUD_UPDATER_AUTHOR", "benchmark");
    command
}

/// Most memory that a process has had so far, in KiB; none once it has ended.
fn peak_memory(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or_default()
}
