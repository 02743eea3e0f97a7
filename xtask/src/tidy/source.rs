//! The files of the workspace, as the rules read them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::workspace;

/// Folders that hold the sources, in the root folder.
const FOLDERS: [&str; 5] = ["crates", "device-agent", "cloud-updater", "xtask", "tests"];

/// A file with its text.
pub(super) struct Source {
    /// Its path from the root folder.
    pub(super) path: String,
    /// Its text.
    pub(super) text: String,
}

impl Source {
    /// The syntax tree of a Rust file.
    pub(super) fn syntax(&self) -> syn::File {
        syn::parse_file(&self.text).unwrap_or_else(|error| panic!("{}: {error}", self.path))
    }
}

/// Every Rust file of the workspace.
pub(super) fn rust() -> Vec<Source> {
    with_endings(&["rs"])
}

/// Every file with one of these endings, in the source folders and the root.
pub(super) fn with_endings(endings: &[&str]) -> Vec<Source> {
    let root = workspace::root();
    let mut paths = Vec::new();
    FOLDERS.iter().for_each(|folder| collect(&root.join(folder), &mut paths));
    paths.extend(
        ["README.md", "Cargo.toml", ".github/CONTRIBUTING.md", ".ci/run"].map(|name| root.join(name)),
    );
    paths
        .retain(|path| path.extension().is_some_and(|ending| endings.iter().any(|wanted| ending == *wanted)));
    paths.sort();
    assert!(!paths.is_empty(), "{}: no source was found", root.display());
    paths.iter().filter_map(|path| read(&root, path)).collect()
}

/// Files that disappear while they are listed, such as an editor's, are passed over.
fn read(root: &Path, path: &Path) -> Option<Source> {
    let text = fs::read_to_string(path).ok()?;
    let path = path.strip_prefix(root).unwrap_or(path).to_string_lossy().into_owned();
    Some(Source { path, text })
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, paths);
        } else {
            paths.push(path);
        }
    }
}

/// Fails with every finding on a line of its own.
pub(super) fn expect_none(findings: &[String]) {
    assert!(findings.is_empty(), "{} found:\n{}", findings.len(), findings.join("\n"));
}
