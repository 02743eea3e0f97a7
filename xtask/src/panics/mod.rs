//! `cargo xtask panics`: nothing in the device's core can panic, as relocations show, but for an allowlist with reasons.
//!
//! The library is built with `panic=abort` and a handler that calls a function that nobody defines. From what the
//! library exports, every reference is followed as a linker follows it to drop what nobody needs; a function outside the
//! language's own library that refers to one inside it which leads to that function is a finding. A second build with
//! one `unwrap` more shows that the search finds what it should.

mod allowed;
mod graph;

use std::{fs, path::PathBuf};

use crate::{
    arm::{Library, Toolchain, Variant},
    failure::Failure,
    output,
    setup::Consent,
    steps::Steps,
    workspace,
};
use allowed::Allowlist;
use graph::Graph;

/// Steps of the run.
const STEPS: usize = 2;
/// The crate that reaches all of the core, a workspace of its own.
const MANIFEST: &str = "tests/bare/Cargo.toml";
/// What it exports begins with this.
const EXPORTS: &str = "bare_";
/// The function that holds the `unwrap` of the second build.
const SEEDED: &str = "bare_seeded_unwrap";

/// Searches for panics.
///
/// # Errors
/// A build fails, a function that is not allowed can panic, or the search is blind.
pub(crate) fn run(consent: Consent) -> Result<(), Failure> {
    let toolchain = Toolchain::find(consent)?;
    let mut steps = Steps::new(STEPS);
    steps.step("a seeded unwrap is found", |bar| {
        let found = search(&toolchain, &["seeded-unwrap"], |line| bar.set_message(line.trim().to_owned()))?;
        if found.iter().any(|finding| finding.function == SEEDED) {
            return Ok(());
        }
        Err(Failure::Check("the search does not see an unwrap that is there".to_owned()))
    });
    steps.step("format, store and engine cannot panic", |bar| {
        let found = search(&toolchain, &[], |line| bar.set_message(line.trim().to_owned()))?;
        let complaints = Allowlist::load()?.complaints(&found);
        if complaints.is_empty() {
            output::line(format_args!("{} functions can panic, all of them allowed", found.len()));
            return Ok(());
        }
        Err(Failure::Check(complaints.join("\n")))
    });
    steps.end()
}

/// A function that can panic.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Finding {
    /// Its path.
    pub(super) function: String,
    /// The function of the language's library that it refers to.
    pub(super) callee: String,
}

fn search(
    toolchain: &Toolchain,
    features: &[&str],
    watch: impl FnMut(&str),
) -> Result<Vec<Finding>, Failure> {
    copy_lock()?;
    let library = Library { manifest: MANIFEST, package: "bare", features };
    let archive = toolchain.static_library(library, Variant::Panics, watch)?;
    Graph::read(&archive)?.findings(EXPORTS)
}

/// The crate is built from the same versions as the rest.
fn copy_lock() -> Result<(), Failure> {
    let root = workspace::root();
    let to: PathBuf = root.join(MANIFEST).with_file_name("Cargo.lock");
    let copied = fs::copy(root.join("Cargo.lock"), &to);
    copied.map(drop).map_err(|source| Failure::File { action: "copy the lock file there", path: to, source })
}
