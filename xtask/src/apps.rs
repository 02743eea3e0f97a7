//! `cargo xtask apps`: builds the product and an application on every TLS stack, and runs them through a rotation.

use std::{path::PathBuf, process::Command};

use crate::{
    c_library::{self, Layout},
    cli::AppsArgs,
    failure::Failure,
    node, output, process,
    setup::{self, Consent, Tool},
    test::PROGRAMS_VARIABLE,
    workspace,
};

/// Packages whose programs are built.
const PACKAGES: [&str; 3] = ["apps", "cloud-updater", "device-agent"];

/// What the stacks need. A stack whose tools cannot be had is listed and not counted, so none of these is required.
const TOOLS: [Tool; 14] = [
    setup::COMPILER,
    Tool::new("pkg-config", "pkg-config", "says how C programs are linked"),
    Tool::new("curl-config", "libcurl4-openssl-dev", "is the library of curl for C programs"),
    Tool::new("/usr/include/openssl/ssl.h", "libssl-dev", "is OpenSSL for C programs"),
    Tool::new("/usr/include/gnutls/gnutls.h", "libgnutls28-dev", "is GnuTLS for C programs"),
    Tool::new("/usr/include/wolfssl/ssl.h", "libwolfssl-dev", "is wolfSSL for C programs"),
    Tool::new("/usr/include/mbedtls/ssl.h", "libmbedtls-dev", "is mbedTLS for C programs"),
    Tool::new("/usr/bin/python3", "python3", "runs the Python clients"),
    Tool::new(
        "/usr/lib/python3/dist-packages/requests/__init__.py",
        "python3-requests",
        "is requests for Python",
    ),
    Tool::new("node", "nodejs", "runs the Node client"),
    Tool::new("javac", "default-jdk-headless", "compiles and runs the Java client"),
    Tool::new("go", "golang-go", "compiles the Go client"),
    Tool::new("mosquitto", "mosquitto", "is the broker that the client of an IoT hub connects to"),
    Tool::new("unshare", "util-linux", "makes the mount namespace of a client in a container"),
];

/// Builds everything and runs the matrix.
///
/// # Errors
/// A build that fails, a row that does not pass, or a README that says something else.
pub(crate) fn run(args: &AppsArgs, consent: Consent) -> Result<(), Failure> {
    install(consent);
    output::say("build: agent, publisher, and the clients in Rust");
    let mut build = workspace::cargo();
    build.args(["build", "--locked", "--bins"]);
    PACKAGES.iter().for_each(|package| {
        build.args(["--package", package]);
    });
    if !process::run(&mut build)? {
        return Err(Failure::Check(format!("the build failed: {}", process::text(&build))));
    }
    let built = workspace::target().join("apps");
    let prefix = built.join("prefix");
    output::say("build: the library for applications in C");
    let layout = Layout { destdir: PathBuf::new(), prefix: prefix.clone(), libdir: PathBuf::from("lib") };
    c_library::stage(&layout, "dev", |_| {})?;
    let mut apps = Command::new(workspace::programs().join("apps"));
    apps.current_dir(workspace::root()).env(PROGRAMS_VARIABLE, workspace::programs());
    apps.arg("--built").arg(&built).arg("--prefix").arg(&prefix);
    apps.envs(node::newer(consent)?.map(|program| (node::VARIABLE, program)));
    apps.args(args.json.then_some("--json")).args(args.write_readme.then_some("--write-readme"));
    if let Some(only) = &args.only {
        apps.args(["--only", only]);
    }
    if process::run(&mut apps)? {
        return Ok(());
    }
    Err(Failure::Check("a row did not pass, or the README says something else than was measured".to_owned()))
}

/// Installs what is missing where that is allowed: all at once, or else whatever can be had.
fn install(consent: Consent) {
    if setup::require(&TOOLS, consent).is_ok() {
        return;
    }
    for tool in TOOLS {
        if let Err(failure) = setup::require(&[tool], consent) {
            output::say(failure);
        }
    }
}
