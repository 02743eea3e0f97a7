//! What `cargo metadata` says of the dependencies: only what the policy looks at.

use std::process::Command;

use serde::Deserialize;

use crate::{failure::Failure, process, workspace};

/// The packages of the build and the features they are built with.
#[derive(Debug, Deserialize)]
pub(crate) struct Metadata {
    pub(crate) packages: Vec<Package>,
    pub(crate) resolve: Resolve,
}

/// One version of one crate.
#[derive(Debug, Deserialize)]
pub(crate) struct Package {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) license: Option<String>,
}

/// What the resolver chose.
#[derive(Debug, Deserialize)]
pub(crate) struct Resolve {
    pub(crate) nodes: Vec<Node>,
}

/// A package that is part of the build.
#[derive(Debug, Deserialize)]
pub(crate) struct Node {
    pub(crate) id: String,
    pub(crate) features: Vec<String>,
}

impl Metadata {
    /// Asks cargo, without a network, for the packages of this workspace that this machine builds.
    pub(crate) fn load() -> Result<Self, Failure> {
        Self::ask(workspace::cargo().args(["metadata", "--offline"]))
    }

    /// Asks cargo for those of another workspace, given by its folder: nothing may have fetched them yet.
    pub(crate) fn of(folder: &str) -> Result<Self, Failure> {
        let manifest = workspace::root().join(folder).join("Cargo.toml");
        Self::ask(workspace::cargo().args(["metadata", "--quiet", "--manifest-path"]).arg(manifest))
    }

    fn ask(command: &mut Command) -> Result<Self, Failure> {
        let unreadable = |message: String| Failure::Unreadable {
            what: "the answer of cargo metadata".to_owned(),
            message,
        };
        let host = capture(Command::new("rustc").arg("-vV"))?;
        let host = host.lines().find_map(|line| line.strip_prefix("host: "));
        let host = host.ok_or_else(|| unreadable("rustc -vV names no host".to_owned()))?;
        command.args(["--format-version", "1", "--locked", "--filter-platform", host]);
        serde_json::from_str(&capture(command)?).map_err(|error| unreadable(error.to_string()))
    }

    /// The packages that the resolver chose, with their features.
    pub(crate) fn chosen(&self) -> impl Iterator<Item = (&Package, &[String])> {
        self.resolve.nodes.iter().filter_map(|node| {
            let package = self.packages.iter().find(|package| package.id == node.id)?;
            Some((package, node.features.as_slice()))
        })
    }
}

/// Runs a command and returns what it wrote.
fn capture(command: &mut Command) -> Result<String, Failure> {
    let mut text = String::new();
    let passed = process::run_by_line(command, |line| {
        text.push_str(line);
        text.push('\n');
    })?;
    if passed { Ok(text) } else { Err(Failure::Check(format!("{} failed", process::text(command)))) }
}
