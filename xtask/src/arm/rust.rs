//! The Rust compiler for other machines: rustup's where it can add the targets, else Debian's, which brings its library
//! as source.

use std::{path::Path, process::Command, sync::OnceLock};

use super::{CORE_TARGET, DEVICE_TARGET};
use crate::{
    failure::Failure,
    output, process,
    setup::{self, Consent},
    workspace,
};

/// The oldest Debian compiler that is known to build this workspace, as major and minor version.
const DEBIAN_VERSION_MIN: (u32, u32) = (1, 95);

/// Where compiler and library come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// rustup has the targets and the source of the library.
    Rustup,
    /// Debian's packages.
    Debian,
}

/// A Rust compiler that builds for other machines, its library with it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rust {
    origin: Origin,
}

impl Rust {
    /// The compiler for the device and its real-time cores: asks rustup once in a run, and takes Debian's packages
    /// where it cannot.
    ///
    /// # Errors
    /// [`Failure::Missing`] where neither is to be had.
    pub(crate) fn find(consent: Consent) -> Result<Self, Failure> {
        static RUSTUP: OnceLock<bool> = OnceLock::new();
        let has = *RUSTUP.get_or_init(|| rustup_builds_for(&[DEVICE_TARGET, CORE_TARGET], consent));
        Self::of(has, consent)
    }

    /// The compiler for these targets.
    ///
    /// # Errors
    /// As [`Rust::find`].
    pub(crate) fn for_targets(targets: &[&str], consent: Consent) -> Result<Self, Failure> {
        Self::of(rustup_builds_for(targets, consent), consent)
    }

    fn of(rustup_builds: bool, consent: Consent) -> Result<Self, Failure> {
        if rustup_builds {
            return Ok(Self { origin: Origin::Rustup });
        }
        setup::require(&setup::FOR_ARM_RUST, consent)?;
        let version = version_line(Path::new(setup::DEBIAN_RUSTC))?;
        if version_of(&version).is_none_or(|version| version < DEBIAN_VERSION_MIN) {
            let (major, minor) = DEBIAN_VERSION_MIN;
            return Err(Failure::Missing {
                what: format!("{} is `{version}`, and {major}.{minor} is needed", setup::DEBIAN_RUSTC),
                remedy: "install Debian's packages rustc-web, cargo-web and rust-web-src in place of rustc"
                    .to_owned(),
            });
        }
        Ok(Self { origin: Origin::Debian })
    }

    /// A cargo that builds for other machines, in the root folder, with what it must know in its environment.
    pub(crate) fn cargo(self) -> Command {
        let mut command = match self.origin {
            Origin::Rustup => workspace::cargo(),
            Origin::Debian => {
                let mut command = Command::new(setup::DEBIAN_CARGO);
                command.current_dir(workspace::root()).env("RUSTC", setup::DEBIAN_RUSTC);
                // rustup points the loader at its own compiler's libraries, which are of another build.
                command.env_remove("LD_LIBRARY_PATH");
                command
            }
        };
        // Building the library from source is not a stable flag; the compiler is.
        command.env("RUSTC_BOOTSTRAP", "1").env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
        command
    }

    /// The folder of the compiler and its library, whose source the library names in messages.
    ///
    /// # Errors
    /// The compiler cannot be run.
    pub(crate) fn folder(self) -> Result<String, Failure> {
        let compiler = match self.origin {
            Origin::Rustup => "rustc",
            Origin::Debian => setup::DEBIAN_RUSTC,
        };
        let mut rustc = Command::new(compiler);
        rustc.current_dir(workspace::root()).args(["--print", "sysroot"]);
        Ok(process::run_quiet(&mut rustc, |_| {})?.lines.join(""))
    }

    /// Where the compiler comes from, in words.
    pub(crate) const fn origin(self) -> &'static str {
        match self.origin {
            Origin::Rustup => "rustup's compiler",
            Origin::Debian => "Debian's compiler",
        }
    }
}

/// True where rustup has, or could add, the targets and the source of the library.
fn rustup_builds_for(targets: &[&str], consent: Consent) -> bool {
    let added = |arguments: &[&str]| {
        let mut command = Command::new("rustup");
        command.current_dir(workspace::root()).args(arguments);
        // What it says of a mirror without these files is long and says nothing to whoever builds.
        process::run_quiet(&mut command, |_| {}).is_ok_and(|result| result.passed)
    };
    if setup::find("rustup").is_none() {
        return false;
    }
    let here = ["target", "list", "--installed"];
    let mut command = Command::new("rustup");
    command.current_dir(workspace::root()).args(here);
    let installed = process::run_quiet(&mut command, |_| {}).map(|result| result.lines).unwrap_or_default();
    let missing: Vec<&str> =
        targets.iter().copied().filter(|target| !installed.iter().any(|line| line == target)).collect();
    if !missing.is_empty() {
        if !setup::agreed_to("rustup target add", consent) {
            return false;
        }
        output::say(format_args!("set-up: rustup target add {}", missing.join(" ")));
        if !added(&[&["target", "add"], missing.as_slice()].concat()) {
            output::say("set-up: rustup cannot add them here; Debian's compiler builds for them instead");
            return false;
        }
    }
    added(&["component", "add", "rust-src"])
}

/// What a compiler says of itself.
fn version_line(rustc: &Path) -> Result<String, Failure> {
    let result = process::run_quiet(Command::new(rustc).arg("--version"), |_| {})?;
    Ok(result.lines.into_iter().next().unwrap_or_default())
}

/// Major and minor version in a line like `rustc 1.96.0 (…)`.
fn version_of(line: &str) -> Option<(u32, u32)> {
    let mut parts = line.split_whitespace().nth(1)?.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_a_compiler_is_read_from_its_line() {
        assert_eq!(version_of("rustc 1.96.0 (ac68faa20 2026-05-25)"), Some((1, 96)));
        assert_eq!(version_of("rustc 1.63.0"), Some((1, 63)));
        assert_eq!(version_of(""), None);
        assert!(version_of("rustc 1.63.0") < Some(DEBIAN_VERSION_MIN));
    }
}
