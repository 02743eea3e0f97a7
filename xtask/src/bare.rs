//! Proof that the device crates need neither the standard library nor a heap: they are compiled into a static
//! library that has a panic handler of its own and no allocator.
//!
//! A static library is where the compiler insists on both: were `std` linked anywhere below, the panic handler would
//! stand there twice; were `alloc`, the missing allocator would be an error. No bare-metal target has to be installed.

use std::{fs, path::Path, process::Command};

use crate::{failure::Failure, workspace};

/// The crate that uses the device crates, in the root folder.
const PROOF_FOLDER: &str = "tests/bare";

/// The build that is the proof.
///
/// # Errors
/// The lock file cannot be copied.
pub(crate) fn command() -> Result<Command, Failure> {
    let root = workspace::root();
    copy_lock(&root)?;
    let mut command = workspace::cargo();
    command.current_dir(root.join(PROOF_FOLDER)).args(["build", "--offline"]);
    command.arg("--target-dir").arg(workspace::target().join("bare"));
    Ok(command)
}

/// The proof is a workspace of its own, for its panic strategy; it is built from the same versions as the rest.
fn copy_lock(root: &Path) -> Result<(), Failure> {
    let to = root.join(PROOF_FOLDER).join("Cargo.lock");
    let copied = fs::copy(root.join("Cargo.lock"), &to);
    copied.map(drop).map_err(|source| Failure::File { action: "copy the lock file there", path: to, source })
}
