//! What a machine must have: look for it, say what is missing, install it where that is allowed.

use std::{
    env,
    io::{self, IsTerminal as _},
    path::PathBuf,
    process::Command,
};

use crate::{failure::Failure, output, process};

/// A program that a task runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tool {
    /// Name of the program.
    program: &'static str,
    /// Debian packages that bring it.
    packages: &'static str,
    /// What it is for.
    purpose: &'static str,
}

impl Tool {
    /// A program, the Debian packages that bring it, and what it is for.
    pub(crate) const fn new(program: &'static str, packages: &'static str, purpose: &'static str) -> Self {
        Self { program, packages, purpose }
    }
}

/// The C compiler: `ring` and SQLite are partly written in C.
pub(crate) const COMPILER: Tool =
    Tool { program: "cc", packages: "gcc libc6-dev", purpose: "compiles the C parts of two dependencies" };
/// What takes libraries apart.
pub(crate) const BINUTILS: Tool =
    Tool { program: "objcopy", packages: "binutils", purpose: "closes the C library for applications" };
/// The C++ compiler: libFuzzer is written in C++.
pub(crate) const CPP_COMPILER: Tool =
    Tool { program: "c++", packages: "g++", purpose: "compiles libFuzzer, which the fuzz targets run in" };
/// curl: the application of demo and end-to-end tests that nobody changed.
pub(crate) const CURL: Tool =
    Tool { program: "curl", packages: "curl", purpose: "is the unmodified application of demo and tests" };
/// OpenSSL: reads the exported hashed directory, and makes the RSA keys of scenarios.
pub(crate) const OPENSSL: Tool = Tool {
    program: "openssl",
    packages: "openssl",
    purpose: "reads exported certificates in tests, and makes RSA keys",
};
/// SoftHSM: a token of software, which signers' tests sign with.
const SOFT_TOKEN: Tool =
    Tool { program: "softhsm2-util", packages: "softhsm2", purpose: "is the token that tests sign with" };
/// OpenSC's tool for tokens: what the program of a signer calls.
const TOKEN_TOOL: Tool =
    Tool { program: "pkcs11-tool", packages: "opensc", purpose: "signs with tokens, as the runbook has it" };
/// git: operators keep their repository in it.
pub(crate) const GIT: Tool =
    Tool { program: "git", packages: "git", purpose: "keeps the operator's repository" };
/// Python: splits a release by hand, as the README shows.
const PYTHON: Tool =
    Tool { program: "python3", packages: "python3-minimal", purpose: "runs the README's commands in tests" };
/// strace: records what programs do to files.
const STRACE: Tool =
    Tool { program: "strace", packages: "strace", purpose: "records what the agent does to files" };
/// Java, with its compiler: the JVM reads exported trust stores, and runs an adapter.
const JAVA: Tool = Tool {
    program: "javac",
    packages: "default-jdk-headless",
    purpose: "is the JVM that reads exported trust stores in tests",
};
/// Debian's store of anchors, and the program that makes it.
const SYSTEM_STORE: Tool = Tool {
    program: "/usr/sbin/update-ca-certificates",
    packages: "ca-certificates",
    purpose: "makes the system's store; tests add anchors to one of their own",
};
/// mount, in a namespace of a test's own.
const MOUNT: Tool = Tool { program: "mount", packages: "mount", purpose: "mounts small file systems" };
/// unshare: gives a test that namespace.
const UNSHARE: Tool =
    Tool { program: "unshare", packages: "util-linux", purpose: "keeps a test's mounts in private" };
/// pkg-config: says how C programs are compiled with a library.
const PKG_CONFIG: Tool =
    Tool { program: "pkg-config", packages: "pkg-config", purpose: "says how C programs are compiled" };
/// groff and mandoc: read the manual, each with findings of its own.
const GROFF: Tool = Tool { program: "groff", packages: "groff-base", purpose: "reads the manual" };
const MANDOC: Tool = Tool { program: "mandoc", packages: "mandoc", purpose: "reads the manual" };
/// A TLS stack that clients in C are compiled with, by a file of its package.
const fn stack(file: &'static str, packages: &'static str) -> Tool {
    Tool { program: file, packages, purpose: "is a TLS stack that clients in C are tested on" }
}
/// What the tests run.
pub(crate) const FOR_TESTS: [Tool; 23] = [
    COMPILER,
    CPP_COMPILER,
    BINUTILS,
    CURL,
    OPENSSL,
    GIT,
    PYTHON,
    STRACE,
    JAVA,
    MOUNT,
    UNSHARE,
    SYSTEM_STORE,
    PKG_CONFIG,
    VALGRIND,
    GROFF,
    MANDOC,
    SOFT_TOKEN,
    TOKEN_TOOL,
    stack("/usr/include/openssl/ssl.h", "libssl-dev"),
    stack("/usr/include/gnutls/gnutls.h", "libgnutls28-dev"),
    stack("/usr/include/wolfssl/ssl.h", "libwolfssl-dev"),
    stack("/usr/include/mbedtls/ssl.h", "libmbedtls-dev"),
    stack("curl-config", "libcurl4-openssl-dev"),
];
/// What the adapters of `device-agent/adapters` are built, packed and tested with.
pub(crate) const FOR_ADAPTERS: [Tool; 6] = [
    JAVA,
    Tool { program: "node", packages: "nodejs", purpose: "runs the adapter for Node.js" },
    Tool { program: "npm", packages: "npm", purpose: "packs the adapter for Node.js" },
    PIP,
    Tool {
        program: "/usr/lib/python3/dist-packages/requests/__init__.py",
        packages: "python3-requests",
        purpose: "is what the adapter for Python adapts",
    },
    Tool {
        program: "/usr/lib/python3/dist-packages/hatchling/__init__.py",
        packages: "python3-hatchling",
        purpose: "packs the adapter for Python",
    },
];
/// What makes a file system and shuts it down; mount and unshare come with every Debian.
pub(crate) const FOR_STORAGE: [Tool; 6] = [
    COMPILER,
    STRACE,
    PYTHON,
    Tool { program: "mke2fs", packages: "e2fsprogs", purpose: "makes a file system that loses its medium" },
    MOUNT,
    UNSHARE,
];
/// valgrind: counts instructions, and watches what a C program reads.
pub(crate) const VALGRIND: Tool =
    Tool { program: "valgrind", packages: "valgrind", purpose: "counts instructions, and watches memory" };
/// OpenSSL's headers, which pkg-config finds.
pub(crate) const OPENSSL_HEADERS: Tool = Tool {
    program: "pkg-config",
    packages: "pkg-config libssl-dev",
    purpose: "finds the OpenSSL that an example is built with",
};
/// Debian's Rust compiler, beside which rustup's usually comes first in `PATH`.
pub(crate) const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
/// Debian's cargo.
pub(crate) const DEBIAN_CARGO: &str = "/usr/bin/cargo";
/// The source of the library of Debian's compiler.
const DEBIAN_LIBRARY: &str = "/usr/lib/rustlib/src/rust/library/Cargo.lock";
/// What builds Rust for Arm where rustup cannot.
pub(crate) const FOR_ARM_RUST: [Tool; 3] = [
    Tool { program: DEBIAN_RUSTC, packages: "rustc-web", purpose: "compiles Rust for Arm" },
    Tool { program: DEBIAN_CARGO, packages: "cargo-web", purpose: "builds Rust for Arm" },
    Tool {
        program: DEBIAN_LIBRARY,
        packages: "rust-web-src",
        purpose: "is Rust's library for Arm, as source",
    },
];
/// The C compiler that links programs of the real-time cores.
pub(crate) const ARM_COMPILER: Tool = Tool {
    program: "arm-none-eabi-gcc",
    packages: "gcc-arm-none-eabi",
    purpose: "links programs of the real-time cores",
};
/// pip: unpacks what Python packages bring into the target folder.
pub(crate) const PIP: Tool = Tool {
    program: "pip3",
    packages: "python3 python3-pip",
    purpose: "unpacks the C compiler for the device, and the adapter for Python",
};
/// What runs programs for Arm, and what the emulated machine is put together with.
pub(crate) const FOR_BOARD: [Tool; 5] = [
    Tool { program: "qemu-arm", packages: "qemu-user", purpose: "runs the device's programs" },
    Tool { program: "qemu-system-arm", packages: "qemu-system-arm", purpose: "is the emulated machine" },
    Tool { program: "dpkg-deb", packages: "dpkg", purpose: "unpacks the emulated machine's kernel" },
    Tool { program: "mke2fs", packages: "e2fsprogs", purpose: "makes the emulated machine's file system" },
    OPENSSL,
];
/// What makes packages, looks at them and runs what is in them.
pub(crate) const FOR_PACKAGES: [Tool; 7] = [
    COMPILER,
    GIT,
    Tool { program: "qemu-aarch64", packages: "qemu-user", purpose: "runs programs of other machines" },
    Tool { program: "dpkg-deb", packages: "dpkg", purpose: "makes packages" },
    Tool { program: "lintian", packages: "lintian", purpose: "knows Debian's rules for packages" },
    Tool { program: "man", packages: "man-db", purpose: "reads man pages" },
    Tool { program: "systemd-analyze", packages: "systemd", purpose: "looks at units" },
];
/// The vendor's command for a kit that is attached; no Debian package brings its extension.
pub(crate) const SPHERE: Tool = Tool {
    program: "az",
    packages: "azure-cli",
    purpose: "drives the kit; it needs its azuresphere extension",
};

/// Who may say yes to an installation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Consent {
    /// `--yes`, or a build server (`CI=true`).
    Given,
    /// A person at a terminal, who is asked.
    Ask,
    /// Nobody.
    Withheld,
}

impl Consent {
    /// Consent as flag, environment and terminal have it.
    pub(crate) fn new(yes: bool) -> Self {
        if yes || env::var_os("CI").is_some_and(|value| value == "true") {
            Self::Given
        } else if io::stdin().is_terminal() && io::stderr().is_terminal() {
            Self::Ask
        } else {
            Self::Withheld
        }
    }
}

/// Makes sure that this machine has these tools.
///
/// # Errors
/// [`Failure::Missing`] with the one line that installs what is missing.
pub(crate) fn require(tools: &[Tool], consent: Consent) -> Result<(), Failure> {
    let missing: Vec<Tool> = tools.iter().copied().filter(|tool| find(tool.program).is_none()).collect();
    let names = |tools: &[Tool]| tools.iter().map(|tool| tool.program).collect::<Vec<_>>().join(", ");
    if missing.is_empty() {
        output::say(format_args!("set-up: {} found", names(tools)));
        return Ok(());
    }
    for tool in &missing {
        output::say(format_args!("set-up: {} is missing; it {}", tool.program, tool.purpose));
    }
    let packages: Vec<&str> = missing.iter().flat_map(|tool| tool.packages.split(' ')).collect();
    let line = remedy(&packages, is_root());
    let refused = || Failure::Missing { what: format!("missing: {}", names(&missing)), remedy: line.clone() };
    if find("apt-get").is_none() || !is_root() || !agreed(consent, &packages) {
        return Err(refused());
    }
    install(&packages)?;
    match missing.iter().find(|tool| find(tool.program).is_none()) {
        None => Ok(()),
        Some(_) => Err(refused()),
    }
}

/// The one line that installs packages.
fn remedy(packages: &[&str], root: bool) -> String {
    let packages = packages.join(" ");
    let sudo = if root { "" } else { "sudo " };
    format!(
        "install with: {sudo}apt-get update && {sudo}apt-get install -y --no-install-recommends {packages}"
    )
}

fn agreed(consent: Consent, packages: &[&str]) -> bool {
    agreed_to(&format!("install {} with apt-get", packages.join(" ")), consent)
}

/// Whether a deed that changes the machine, or fetches something, may be done.
pub(crate) fn agreed_to(deed: &str, consent: Consent) -> bool {
    match consent {
        Consent::Given => true,
        Consent::Withheld => false,
        Consent::Ask => {
            output::ask(&format!("{deed} now? [y/N] "));
            let mut answer = String::new();
            io::stdin().read_line(&mut answer).is_ok() && matches!(answer.trim(), "y" | "Y" | "yes")
        }
    }
}

fn install(packages: &[&str]) -> Result<(), Failure> {
    let apt = |arguments: &[&str]| {
        let mut command = Command::new("apt-get");
        command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
        output::say(format_args!("set-up: {}", process::text(&command)));
        process::run_quiet(&mut command, |_| {})
    };
    // An old list may still know the packages, so a failed update alone is no reason to stop.
    apt(&["update", "-q"])?;
    let mut arguments = vec!["install", "-q", "-y", "--no-install-recommends"];
    arguments.extend(packages);
    let result = apt(&arguments)?;
    if result.passed {
        return Ok(());
    }
    let what = format!("apt-get could not install {}:\n{}", packages.join(" "), result.lines.join("\n"));
    Err(Failure::Missing { what, remedy: remedy(packages, true) })
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Where `PATH` has a program; an absolute path is looked at itself.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let folders = env::var_os("PATH")?;
    env::split_paths(&folders).map(|folder| folder.join(program)).find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABSENT: Tool =
        Tool { program: "no-such-program", packages: "no-such-package", purpose: "is absent" };

    #[test]
    fn a_missing_tool_without_consent_stops_with_the_line_that_installs_it() {
        let failure = require(&[ABSENT], Consent::Withheld).unwrap_err();
        assert_eq!(failure.exit(), 2);
        assert!(failure.to_string().contains("apt-get install -y --no-install-recommends no-such-package"));
    }

    #[test]
    fn who_is_not_root_is_told_to_use_sudo() {
        assert!(remedy(&["curl"], false).contains("sudo apt-get install"));
        assert!(!remedy(&["curl"], true).contains("sudo"));
    }

    #[test]
    fn a_tool_that_is_there_needs_no_consent() {
        let shell = Tool { program: "sh", packages: "dash", purpose: "is always there" };
        assert!(require(&[shell], Consent::Withheld).is_ok());
    }
}
