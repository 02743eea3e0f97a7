//! The layout of the root folder, and the documents that must be there.

use std::{collections::BTreeSet, fs};

use crate::workspace;

/// What a person sees in the root folder.
const VISIBLE: [&str; 8] =
    ["Cargo.lock", "Cargo.toml", "README.md", "cloud-updater", "crates", "device-agent", "tests", "xtask"];
/// Lines of the rule sheet: what one reads before a first change.
const RULE_SHEET_LINES_MAX: usize = 60;

#[test]
fn the_visible_root_is_exactly_the_plan() {
    let entries = fs::read_dir(workspace::root()).unwrap().map(|entry| entry.unwrap().file_name());
    let names = entries.map(|name| name.to_string_lossy().into_owned());
    // `target` is cargo's, and no part of the tree that is kept.
    let found: BTreeSet<String> = names.filter(|name| !name.starts_with('.') && name != "target").collect();
    assert_eq!(found, VISIBLE.map(str::to_owned).into());
}

#[test]
fn the_rule_sheet_is_there_and_short() {
    let text = fs::read_to_string(workspace::root().join(".github/CONTRIBUTING.md")).unwrap();
    let lines = text.lines().count();
    assert!((1..=RULE_SHEET_LINES_MAX).contains(&lines), "{lines} lines");
}

#[test]
fn the_readme_names_the_two_commands_and_every_crate() {
    let text = fs::read_to_string(workspace::root().join("README.md")).unwrap();
    for word in [
        "cargo xtask demo",
        "cargo xtask test",
        "Architecture Invariants",
        "crates/bundle",
        "crates/store",
        "crates/chain",
        "crates/intercore",
        "crates/trust-store",
        "crates/verified-tls",
        "device-agent/",
        "cloud-updater/",
        "xtask/",
        "tests/",
    ] {
        assert!(text.contains(word), "README.md says nothing of {word}");
    }
}

#[test]
fn the_build_server_runs_what_developers_run() {
    let text = fs::read_to_string(workspace::root().join(".ci/run")).unwrap();
    assert!(text.contains("cargo xtask ci"));
}
