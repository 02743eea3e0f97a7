//! One build that yields the shared and the static library.

use std::{env, path::PathBuf};

use serde::Deserialize;

use crate::{failure::Failure, process, workspace};

/// What a build made.
#[derive(Debug)]
pub(super) struct Built {
    pub(super) archive: PathBuf,
    pub(super) shared: PathBuf,
}

/// The line of cargo's report that says what was made.
#[derive(Debug, Deserialize)]
struct Artifact {
    reason: String,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

/// Builds both libraries.
pub(super) fn build(soname: &str, profile: &str, mut watch: impl FnMut(&str)) -> Result<Built, Failure> {
    let mut cargo = workspace::cargo();
    // The package is a library for Rust, and becomes these two for this build alone.
    cargo.args(["rustc", "--lib", "--crate-type", "cdylib,staticlib", "--locked"]);
    cargo.args(["--package", "c-trust-store", "--profile", profile]);
    cargo.arg("--message-format=json-render-diagnostics");
    // A thread of the library may still be ending when a program unloads it: its code stays.
    cargo.args(["--", &format!("-Clink-arg=-Wl,-soname,{soname}"), "-Clink-arg=-Wl,-z,nodelete"]);
    // What cargo tells the program it runs is no business of this build: dependencies would be built anew for it.
    let of_cargo = |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
    for (name, _) in env::vars_os().filter(|(name, _)| name.to_str().is_some_and(of_cargo)) {
        cargo.env_remove(name);
    }
    let mut made = Vec::new();
    let result = process::run_quiet(&mut cargo, |line| match files(line) {
        Some(files) => made = files,
        None if line.starts_with('{') => {}
        None => watch(line),
    })?;
    let with_ending =
        |ending: &str| made.iter().find(|path| path.extension().is_some_and(|e| e == ending)).cloned();
    match (with_ending("a"), with_ending("so")) {
        (Some(archive), Some(shared)) if result.passed => Ok(Built { archive, shared }),
        _ => {
            let told: Vec<String> = result.lines.into_iter().filter(|line| !line.starts_with('{')).collect();
            Err(Failure::Check(format!("{}\nfailed: {}", told.join("\n"), process::text(&cargo))))
        }
    }
}

/// The files that a line of cargo's report names; the last ones are those of the package itself.
fn files(line: &str) -> Option<Vec<PathBuf>> {
    let artifact: Artifact = serde_json::from_str(line).ok()?;
    (artifact.reason == "compiler-artifact").then_some(artifact.filenames)
}
