//! Everything that builds for Arm: found once, and handed to whoever builds.

use std::path::PathBuf;

use super::{rust::Rust, zig::Zig};
use crate::{
    failure::Failure,
    files, output,
    setup::{self, Consent},
    workspace,
};

/// The compilers for Arm and the folder they work in.
#[derive(Debug)]
pub(crate) struct Toolchain {
    /// The Rust compiler.
    pub(crate) rust: Rust,
    /// The C compiler for the device.
    pub(crate) zig: Zig,
    /// `target/arm`: the one folder that is written.
    pub(crate) folder: PathBuf,
}

impl Toolchain {
    /// Finds the compilers, and installs what is missing where that is allowed.
    ///
    /// # Errors
    /// [`Failure::Missing`] with the line that installs what is missing; a folder that cannot be written.
    pub(crate) fn find(consent: Consent) -> Result<Self, Failure> {
        let folder = folder();
        files::create_folder(&folder)?;
        setup::require(&[setup::COMPILER, setup::ARM_COMPILER], consent)?;
        let rust = Rust::find(consent)?;
        let zig = Zig::find(&folder, consent)?;
        output::say(format_args!("set-up: Rust for Arm by {}, C by zig", rust.origin()));
        Ok(Self { rust, zig, folder })
    }
}

/// `target/arm`.
pub(crate) fn folder() -> PathBuf {
    workspace::target().join("arm")
}
