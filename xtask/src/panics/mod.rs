//! `cargo xtask panics`: nothing on the device can panic, as relocations show, but for an allowlist with reasons.
//!
//! The library is built with `panic=abort` and a handler that calls a function that nobody defines. From what the
//! library exports, every reference is followed as a linker follows it to drop what nobody needs; a function outside the
//! language's own library that refers to one inside it which leads to that function is a finding. A second build with
//! one `unwrap` more shows that the search finds what it should.

mod allowed;
mod graph;

use std::{fs, path::PathBuf};

use crate::{
    arm::{Library, Toolchain, Variant, library::WORKSPACE},
    failure::Failure,
    output,
    setup::Consent,
    steps::Steps,
    workspace,
};
use allowed::Allowlist;
use graph::Graph;

/// Steps of the run: two for each subject.
const STEPS: usize = 4;

/// What is searched.
struct Subject {
    /// What it is, in words.
    name: &'static str,
    manifest: &'static str,
    package: &'static str,
    features: &'static [&'static str],
    /// What it exports begins with this.
    exports: &'static str,
    /// The feature that adds one `unwrap`, and the function that then holds it.
    seeded: (&'static str, &'static str),
}

/// The crate that reaches all of format, store and engine, a workspace of its own.
const CORE: Subject = Subject {
    name: "format, store and engine",
    manifest: "tests/bare/Cargo.toml",
    package: "bare",
    features: &[],
    exports: "bare_",
    seeded: ("seeded-unwrap", "bare_seeded_unwrap"),
};

/// The whole library of the device, as an application links it.
const DEVICE: Subject = Subject {
    name: "the device's library",
    manifest: WORKSPACE,
    package: "c-api",
    features: &["standalone"],
    exports: "device_agent_",
    seeded: ("seeded-unwrap", "device_agent_seeded_unwrap"),
};

/// Searches for panics.
///
/// # Errors
/// A build fails, a function that is not allowed can panic, or the search is blind.
pub(crate) fn run(consent: Consent) -> Result<(), Failure> {
    let toolchain = Toolchain::find(consent)?;
    let allowlist = Allowlist::load()?;
    let mut steps = Steps::new(STEPS);
    for subject in [CORE, DEVICE] {
        steps.step(&format!("{}: a seeded unwrap is found", subject.name), |bar| {
            let (feature, function) = subject.seeded;
            let features = [subject.features, &[feature]].concat();
            let found = subject.search(&toolchain, &features, &allowlist, |line| {
                bar.set_message(line.trim().to_owned());
            })?;
            if found.iter().any(|finding| finding.function == function) {
                return Ok(());
            }
            Err(Failure::Check("the search does not see an unwrap that is there".to_owned()))
        });
        steps.step(&format!("{}: nothing else can panic", subject.name), |bar| {
            let found = subject.search(&toolchain, subject.features, &allowlist, |line| {
                bar.set_message(line.trim().to_owned());
            })?;
            let complaints = allowlist.complaints(&found);
            if complaints.is_empty() {
                output::line(format_args!("{} functions can panic, all of them allowed", found.len()));
                return Ok(());
            }
            Err(Failure::Check(complaints.join("\n")))
        });
    }
    let in_vain = allowlist.in_vain();
    if !in_vain.is_empty() {
        return Err(Failure::Check(in_vain.join("\n")));
    }
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

impl Subject {
    fn search(
        &self,
        toolchain: &Toolchain,
        features: &[&str],
        allowlist: &Allowlist,
        watch: impl FnMut(&str),
    ) -> Result<Vec<Finding>, Failure> {
        if self.manifest != WORKSPACE {
            copy_lock(self.manifest)?;
        }
        let library = Library { manifest: self.manifest, package: self.package, features };
        let archive = toolchain.static_library(library, Variant::Panics, watch)?;
        Graph::read(&archive)?.findings(self.exports, |function| allowlist.ends(function))
    }
}

/// The crate is built from the same versions as the rest.
fn copy_lock(manifest: &str) -> Result<(), Failure> {
    let root = workspace::root();
    let to: PathBuf = root.join(manifest).with_file_name("Cargo.lock");
    let copied = fs::copy(root.join("Cargo.lock"), &to);
    copied.map(drop).map_err(|source| Failure::File { action: "copy the lock file there", path: to, source })
}
