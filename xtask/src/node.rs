//! A newer Node.js beside the machine's: it can replace its default certificates itself, so the adapter works another way.

use std::{
    env::consts::{ARCH, OS},
    path::PathBuf,
    process::Command,
};

use crate::{failure::Failure, output, process, setup::Consent, workspace};

/// Names the newer runtime to the tests.
pub(crate) const VARIABLE: &str = "SYSTEM_TESTS_NODE";
/// The first line with long support that has `tls.setDefaultCACertificates`.
const VERSION: &str = "24.22.3";

/// The newer runtime in the target folder, fetched there with npm where that was agreed to; where there is none, the tests
/// run without it, and that is said.
///
/// # Errors
/// npm cannot be started.
pub(crate) fn newer(consent: Consent) -> Result<Option<PathBuf>, Failure> {
    let Some(package) = package() else {
        output::say(format_args!(
            "skipped: the adapter on Node.js {VERSION}, which npm has not for {OS} on {ARCH}"
        ));
        return Ok(None);
    };
    let folder = workspace::target().join(format!("node-{VERSION}"));
    let program = folder.join("node_modules").join(&package).join("bin/node");
    if program.is_file() {
        return Ok(Some(program));
    }
    let mut npm = Command::new("npm");
    npm.args(["install", "--silent", "--no-save", "--no-audit", "--prefix"]).arg(&folder);
    npm.arg(format!("{package}@{VERSION}"));
    if consent != Consent::Given {
        output::say(format_args!(
            "skipped: the adapter on Node.js {VERSION}; --yes has {}",
            process::text(&npm)
        ));
        return Ok(None);
    }
    output::say(format_args!("set-up: {}", process::text(&npm)));
    let result = process::run_quiet(&mut npm, |_| {})?;
    if program.is_file() {
        return Ok(Some(program));
    }
    output::say(format_args!("skipped: the adapter on Node.js {VERSION}: {}", result.lines.join("\n")));
    Ok(None)
}

/// The package that brings the program for this machine.
fn package() -> Option<String> {
    let processor = match ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        _ => return None,
    };
    (OS == "linux").then(|| format!("node-{OS}-{processor}"))
}
