//! Static programs: the product's own code, its C, Rust's library and musl in one file that asks nothing of a system.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use super::{expect, target::Target};
use crate::{
    arm::{rust::Rust, toolchain, zig::Zig},
    failure::Failure,
    files, process,
    setup::{self, Consent},
    workspace,
};

/// The profile of what is shipped.
const PROFILE: &str = "shipped";
/// Where everything is built, in the folder of what is made.
const FOLDER: &str = "build";
/// musl as of version 1.2.3, whose time has 64 bits on every machine: without it, a 32-bit device stops in 2038.
const TIME_64_BITS: &str = "RUST_LIBC_UNSTABLE_MUSL_V1_2_3";
/// zig brings musl, the first and last objects of a program and the unwinder; Rust's own would come twice.
const LINK_FLAGS: [&str; 2] = ["-Clink-self-contained=no", "-Ctarget-feature=-crt-static"];

/// What builds programs for every machine.
pub(super) struct Builder {
    rust: Rust,
    library: String,
    zig: Zig,
    folder: PathBuf,
    epoch: u64,
}

impl Builder {
    /// Finds the compilers, and installs them where that is allowed; `epoch` is the time that everything is dated.
    ///
    /// # Errors
    /// [`Failure::Missing`] with the line that installs what is missing.
    pub(super) fn find(
        targets: &[Target],
        folder: &Path,
        epoch: u64,
        consent: Consent,
    ) -> Result<Self, Failure> {
        let arm = toolchain::folder();
        files::create_folder(&arm)?;
        setup::require(&[setup::COMPILER], consent)?;
        let triples: Vec<&str> = targets.iter().map(|target| target.triple()).collect();
        let rust = Rust::for_targets(&triples, consent)?;
        let zig = Zig::find(&arm, consent)?;
        Ok(Self { rust, library: rust.folder()?, zig, folder: folder.join(FOLDER), epoch })
    }

    /// Builds the program of a package's name for every one of these machines at once, so that no core waits.
    ///
    /// # Errors
    /// The build fails.
    pub(super) fn programs(
        &self,
        targets: &[Target],
        package: &str,
        mut watch: impl FnMut(&str),
    ) -> Result<(), Failure> {
        let mut cargo = self.rust.cargo();
        cargo.args(["build", "--locked", "--profile", PROFILE, "--package", package, "--bin", package]);
        cargo.arg("-Zbuild-std=std,panic_unwind").arg("--target-dir").arg(&self.folder);
        cargo.env("CARGO_ENCODED_RUSTFLAGS", self.flags().join("\u{1f}"));
        cargo.env(TIME_64_BITS, "1").env("SOURCE_DATE_EPOCH", self.epoch.to_string());
        for target in targets {
            let machine = target.c_machine();
            let zig = self.zig.for_machine(machine, &self.folder.join("tools").join(machine.rust))?;
            let variable = format!("CFLAGS_{}", machine.rust.replace('-', "_"));
            cargo.args(["--target", machine.rust]).envs(zig.environment());
            cargo.env(variable, self.c_flags().join(" "));
        }
        let result = process::run_quiet(&mut cargo, |line| watch(line))?;
        if result.passed {
            return Ok(());
        }
        Err(Failure::Check(format!("{}\nfailed: {}", result.lines.join("\n"), process::text(&cargo))))
    }

    /// Flags of the Rust compiler: folders of this machine do not stand in what is shipped.
    fn flags(&self) -> Vec<String> {
        let renamed = self.renamed_folders().map(|(from, to)| format!("--remap-path-prefix={from}={to}"));
        LINK_FLAGS.iter().map(|flag| (*flag).to_owned()).chain(renamed).collect()
    }

    fn c_flags(&self) -> Vec<String> {
        let renamed = self.renamed_folders().map(|(from, to)| format!("-ffile-prefix-map={from}={to}"));
        renamed.chain(["-fno-sanitize=undefined".to_owned()]).collect()
    }

    /// Folders of this machine, and what they are called instead.
    fn renamed_folders(&self) -> impl Iterator<Item = (String, &'static str)> + use<'_> {
        let crates = env::var_os("CARGO_HOME").map(PathBuf::from);
        let home = env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo"));
        let folders = [
            (Some(self.folder.clone()), "/build"),
            (Some(workspace::root()), "/source"),
            (crates.or(home), "/crates"),
            (Some(PathBuf::from(&self.library)), "/rust"),
        ];
        folders.into_iter().filter_map(|(from, to)| Some((from?.to_string_lossy().into_owned(), to)))
    }
}

/// Where a program is built.
pub(super) fn program(folder: &Path, target: Target, package: &str) -> PathBuf {
    folder.join(FOLDER).join(target.triple()).join(PROFILE).join(package)
}

/// Writes what a package brings beside its program: man pages and completions, from the program's own commands.
///
/// # Errors
/// The example that writes them cannot be built or run.
pub(super) fn manual(package: &str, folder: &Path) -> Result<(), Failure> {
    drop(fs::remove_dir_all(folder));
    let mut cargo = workspace::cargo();
    cargo.args(["run", "--locked", "--package", package, "--example", "manual", "--"]).arg(folder);
    expect(&mut cargo).map(drop)
}

/// The crates that a package's program is linked from, a line for each: name, version, licence.
///
/// # Errors
/// cargo does not say.
pub(super) fn linked(package: &str, target: Target) -> Result<String, Failure> {
    let mut cargo = workspace::cargo();
    cargo.args(["tree", "--locked", "--package", package, "--target", target.triple(), "--edges", "normal"]);
    cargo.args(["--prefix", "none", "--no-dedupe", "--format", "{p}|{l}"]);
    let mut crates: Vec<String> = expect(&mut cargo)?.iter().filter_map(|line| linked_crate(line)).collect();
    crates.sort();
    crates.dedup();
    Ok(crates.join("\n"))
}

/// `ring v0.17.14 (proc-macro)|MIT` without what stands between version and licence, such as a folder.
fn linked_crate(line: &str) -> Option<String> {
    let (of, licence) = line.split_once('|')?;
    let mut words = of.split(' ');
    Some(format!("{} {}: {licence}", words.next()?, words.next()?.trim_start_matches('v')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_is_named_with_version_and_licence_and_no_folder() {
        let line = "bundle v0.1.0 (/somewhere/crates/bundle)|Apache-2.0 OR MIT";
        assert_eq!(linked_crate(line).as_deref(), Some("bundle 0.1.0: Apache-2.0 OR MIT"));
        assert_eq!(linked_crate("warning: nothing"), None);
    }
}
