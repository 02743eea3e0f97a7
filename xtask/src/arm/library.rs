//! A static library for the device: one package of this workspace, with everything that it links.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{DEVICE_TARGET, Toolchain};
use crate::{failure::Failure, process, workspace};

/// Flags of every build for the device: its processor, and the instruction set that its vendor's SDK uses, which is a
/// quarter smaller than the wider one.
const FLAGS: [&str; 4] = ["-Ctarget-cpu=cortex-a7", "-Ctarget-feature=+thumb-mode", "--cfg", SHA2_SMALL];
/// Hashing without unrolled rounds.
const SHA2_SMALL: &str = "sha2_backend_soft=\"compact\"";

/// The manifest of this workspace.
pub(crate) const WORKSPACE: &str = "Cargo.toml";

/// What a library is built for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Variant {
    /// To be shipped: a panic is an illegal instruction, without any code that tells of it.
    Device,
    /// To be searched for panics: they reach the panic handler, as a linker can see.
    Panics,
}

impl Variant {
    /// Its folder in `target/arm`.
    const fn folder(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Panics => "panics",
        }
    }

    /// The feature of the device's library that goes with it.
    const fn feature(self) -> Option<&'static str> {
        match self {
            Self::Device => None,
            Self::Panics => Some("panics"),
        }
    }

    const fn flags(self) -> &'static [&'static str] {
        match self {
            Self::Device => &["-Zunstable-options", "-Cpanic=immediate-abort"],
            Self::Panics => &["-Cpanic=abort"],
        }
    }
}

/// The package to build.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Library<'a> {
    /// Its manifest, from the root folder; the workspace's, where the package is a member of it.
    pub(crate) manifest: &'a str,
    /// Its name.
    pub(crate) package: &'a str,
    /// The features it is built with, instead of its default ones.
    pub(crate) features: &'a [&'a str],
}

/// The line of cargo's report that says what was made.
#[derive(Debug, Deserialize)]
struct Artifact {
    reason: String,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

impl Toolchain {
    /// Builds a static library for the device, and returns where it is; `watch` sees what cargo says.
    ///
    /// # Errors
    /// The build fails.
    pub(crate) fn static_library(
        &self,
        library: Library<'_>,
        variant: Variant,
        mut watch: impl FnMut(&str),
    ) -> Result<PathBuf, Failure> {
        let mut cargo = self.rust.cargo();
        // The package is a library for Rust too, and becomes a static one for this build alone.
        cargo.args(["rustc", "--lib", "--crate-type", "staticlib"]);
        cargo.args(["--profile", "device", "--target", DEVICE_TARGET]);
        cargo.args(["-Zbuild-std=core,alloc", "-Zbuild-std-features="]);
        cargo.arg("--message-format=json-render-diagnostics");
        // A workspace of its own has a copy of the root lock file, from which cargo drops what it does not need.
        cargo.args((library.manifest == WORKSPACE).then_some("--locked"));
        cargo.arg("--manifest-path").arg(workspace::root().join(library.manifest));
        cargo.args(["--package", library.package, "--no-default-features"]);
        // A package with a workspace of its own has a panic handler of its own too.
        let of_variant = variant.feature().filter(|_| library.manifest == WORKSPACE);
        let features: Vec<&str> = library.features.iter().copied().chain(of_variant).collect();
        cargo.args(["--features", &features.join(",")]);
        cargo.arg("--target-dir").arg(self.folder.join(variant.folder()));
        let flags: Vec<&str> = FLAGS.iter().chain(variant.flags()).copied().collect();
        cargo.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}")).envs(self.zig.environment());
        let mut made = None;
        let result = process::run_quiet(&mut cargo, |line| match archive(line) {
            Some(path) => made = Some(path),
            None if line.starts_with('{') => {}
            None => watch(line),
        })?;
        let told = result.lines.iter().filter(|line| !line.starts_with('{')).cloned().collect::<Vec<_>>();
        match made {
            Some(path) if result.passed => Ok(path),
            _ => Err(Failure::Check(format!("{}\nfailed: {}", told.join("\n"), process::text(&cargo)))),
        }
    }
}

/// The static library that a line of cargo's report names; the last one is that of the package itself.
fn archive(line: &str) -> Option<PathBuf> {
    let artifact: Artifact = serde_json::from_str(line).ok()?;
    let is_archive = |path: &&Path| path.extension().is_some_and(|ending| ending == "a");
    let named = artifact.filenames.iter().map(PathBuf::as_path).find(is_archive)?;
    (artifact.reason == "compiler-artifact").then(|| named.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_is_the_archive_that_cargo_reports() {
        let made = archive(r#"{"reason":"compiler-artifact","filenames":["/t/lib.rlib","/t/libagent.a"]}"#);
        assert_eq!(made, Some(PathBuf::from("/t/libagent.a")));
        assert_eq!(archive(r#"{"reason":"compiler-artifact","filenames":["/t/libcore.rlib"]}"#), None);
        assert_eq!(archive(r#"{"reason":"build-finished","success":true}"#), None);
        assert_eq!(archive("   Compiling core v0.0.0"), None);
    }
}
