//! The stacks: what each needs, how its client is built, and how it runs untouched and adapted.

use crate::{
    build::Places,
    stack::{Build, Means, Peers, Plan, Stack, Variant, View},
};

/// Debian's Python with its package of requests.
const PYTHON_REQUESTS: &[&str] = &["/usr/bin/python3", "/usr/lib/python3/dist-packages/requests/__init__.py"];

/// Names a newer Node.js, which can replace its default certificates itself; `cargo xtask` sets it.
const NEWER_NODE: &str = "SYSTEM_TESTS_NODE";

/// Every stack, in the order of the table.
pub(crate) fn all(places: &Places) -> Vec<Stack> {
    let mut stacks: Vec<Stack> = C.iter().map(|library| c(library, places)).collect();
    stacks.extend(interpreted(places));
    stacks.push(go(places));
    stacks.extend(rust(places));
    stacks.push(container(places));
    stacks
}

/// A C library: name, folder of its client, the header that must be there, packages and libraries.
type Library = (&'static str, &'static str, &'static [&'static str], &'static [&'static str]);

const C: [Library; 5] = [
    ("libcurl on OpenSSL, C", "curl", &["cc", "pkg-config", "curl-config"], &["libcurl", "trust_store"]),
    (
        "OpenSSL, C",
        "openssl",
        &["cc", "pkg-config", "/usr/include/openssl/ssl.h"],
        &["openssl", "trust_store"],
    ),
    (
        "GnuTLS, C",
        "gnutls",
        &["cc", "pkg-config", "/usr/include/gnutls/gnutls.h"],
        &["gnutls", "trust_store"],
    ),
    (
        "wolfSSL, C",
        "wolfssl",
        &["cc", "pkg-config", "/usr/include/wolfssl/ssl.h"],
        &["wolfssl", "trust_store"],
    ),
    (
        "mbedTLS, C",
        "mbedtls",
        &["cc", "pkg-config", "/usr/include/mbedtls/ssl.h"],
        &["trust_store", "-lmbedtls", "-lmbedx509", "-lmbedcrypto"],
    ),
];

fn c(&(name, folder, needs, libraries): &Library, places: &Places) -> Stack {
    let program = text(&places.built(folder));
    Stack {
        name,
        needs,
        build: Build::C { folder, libraries },
        rows: both(&[program], Means::Library),
        peers: if folder == "wolfssl" { Peers::WithoutTickets } else { Peers::Named },
    }
}

/// What an interpreter or a virtual machine runs; the adapters are those of `device-agent/adapters`.
fn interpreted(places: &Places) -> Vec<Stack> {
    let stack = |name, folder, needs, build| Stack {
        name,
        needs,
        build,
        rows: both(&[text(&places.client(folder).join("run"))], Means::Library),
        peers: Peers::Named,
    };
    let jar = text(&places.built("trust-adapter.jar"));
    let adapter = text(&places.adapter("java").join("build.sh"));
    let build =
        Build::Commands { folder: "java", commands: vec![words(&["sh", &adapter, &text(&places.built)])] };
    let mut java = stack("Java, HttpsURLConnection", "java", &["java", "javac"], build);
    java.rows = java.rows.into_iter().map(|plan| plan.with("TRUST_ADAPTER_JAR", &jar)).collect();
    let newer = std::env::var(NEWER_NODE).ok();
    let needs: &[&str] = if newer.is_some() { &[] } else { &["Node of npm's registry"] };
    let mut node = stack("Node 24, https", "node", needs, Build::Ready);
    node.rows =
        node.rows.into_iter().map(|plan| plan.with("NODE", newer.as_deref().unwrap_or_default())).collect();
    vec![
        stack("Python, ssl", "python-ssl", &["/usr/bin/python3"], Build::Ready),
        stack("Python, requests", "python-requests", PYTHON_REQUESTS, Build::Ready),
        stack("Node, https", "node", &["node"], Build::Ready),
        node,
        java,
    ]
}

/// A program in a mount namespace of its own, as in a container: one that follows the mounted folder, and the same with
/// the one file mounted, which stays the file that it was.
fn container(places: &Places) -> Stack {
    let program = text(&places.built("go-client"));
    let plan =
        |variant, view| Plan::new(variant, Means::Hook, &[program.clone(), "adapted".into()]).seeing(view);
    Stack {
        name: "Go in a container",
        needs: &["go", "unshare", "mount"],
        build: Build::Ready,
        rows: vec![plan(Variant::Untouched, View::MountedFile), plan(Variant::Adapted, View::MountedFolder)],
        peers: Peers::Named,
    }
}

fn go(places: &Places) -> Stack {
    let program = text(&places.built("go-client"));
    Stack {
        name: "Go",
        needs: &["go"],
        build: Build::Commands { folder: "go", commands: vec![words(&["go", "build", "-o", &program, "."])] },
        rows: both(&[program], Means::Hook),
        peers: Peers::Named,
    }
}

fn rust(places: &Places) -> Vec<Stack> {
    let program = |name: &str| match system_tests::process::program(name) {
        Ok(path) => text(&path),
        Err(_) => name.to_owned(),
    };
    let build = || {
        let target = text(&places.built("native"));
        let commands = vec![words(&["cargo", "build", "--quiet", "--locked", "--target-dir", &target])];
        Build::Commands { folder: "native", commands }
    };
    let native = |name: &str| text(&places.built("native").join("debug").join(name));
    let untouched = |command: &[String]| Plan::new(Variant::Untouched, Means::ReRead, command);
    vec![
        Stack {
            name: "Rust on rustls",
            needs: &["cc"],
            build: Build::Ready,
            rows: both(&[program("rustls-client")], Means::Library),
            peers: Peers::Named,
        },
        Stack {
            name: "Rust on native-tls",
            needs: &["pkg-config", "/usr/include/openssl/ssl.h"],
            build: build(),
            rows: both(&[native("native-tls-client")], Means::Library),
            peers: Peers::Named,
        },
        Stack {
            name: "Rust on azure_iot_sdk",
            needs: &["pkg-config", "mosquitto", "/usr/include/openssl/ssl.h"],
            build: build(),
            rows: vec![
                // A folder of the system's would be trusted beside the file.
                untouched(&[native("azure-iot-client")])
                    .with("SSL_CERT_FILE", "{file}")
                    .with("SSL_CERT_DIR", "/nonexistent"),
                Plan::new(Variant::Adapted, Means::ReRead, &by_environment(native("azure-iot-client"))),
            ],
            peers: Peers::Brokers,
        },
        Stack {
            name: "Rust on embedded-tls",
            needs: &["cc"],
            build: Build::Ready,
            rows: both(&[program("embedded-tls-client")], Means::Library),
            peers: Peers::Named,
        },
    ]
}

/// A program that is started with the exported variables, as by systemd's `EnvironmentFile=`.
fn by_environment(program: String) -> Vec<String> {
    let script = r#"set -a && . "$TRUST_FOLDER/environment" && exec "$0""#;
    vec!["sh".into(), "-c".into(), script.into(), program]
}

/// Both rows of a client that takes its variant as its first argument.
fn both(command: &[String], adapted: Means) -> Vec<Plan> {
    let with = |word: &str| [command, &[word.to_owned()]].concat();
    vec![
        Plan::new(Variant::Untouched, Means::ReRead, &with("untouched")),
        Plan::new(Variant::Adapted, adapted, &with("adapted")),
    ]
}

fn text(path: &std::path::Path) -> String {
    path.to_string_lossy().into_owned()
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}
