//! The direction of dependencies between the crates: `bundle` knows nobody, tests and tasks are known by nobody.

use std::{collections::BTreeSet, fs};

use toml::Table;

use crate::workspace;

/// Each package's folder, its name, and the packages of this workspace that it may depend on.
const MAY_DEPEND_ON: [(&str, &str, &[&str]); 22] = [
    ("crates/applibs", "applibs", &[]),
    ("crates/bundle", "bundle", &[]),
    ("crates/c-api", "c-api", &["bundle", "device-agent", "store"]),
    ("crates/c-trust-store", "c-trust-store", &["bundle", "chain", "trust-store"]),
    ("crates/store", "store", &["bundle"]),
    ("crates/chain", "chain", &["bundle"]),
    ("crates/intercore", "intercore", &["bundle"]),
    ("crates/trust-store", "trust-store", &["bundle", "chain", "store"]),
    ("crates/verified-tls", "verified-tls", &[]),
    ("device-agent", "device-agent", &["bundle", "chain", "store", "trust-store", "verified-tls"]),
    ("cloud-updater", "cloud-updater", &["bundle", "chain"]),
    ("device-agent/samples/rtapp", "rtapp", &["bundle", "intercore"]),
    (
        "tests",
        "system-tests",
        &[
            "bundle",
            "c-api",
            "store",
            "chain",
            "trust-store",
            "device-agent",
            "cloud-updater",
            "intercore",
            "tls-client",
        ],
    ),
    (
        "tests/fuzz",
        "fuzz",
        &["bundle", "chain", "cloud-updater", "device-agent", "intercore", "store", "verified-tls"],
    ),
    ("tests/apps", "apps", &["chain", "system-tests", "trust-store", "verified-tls"]),
    ("tests/conformance", "conformance", &["bundle", "chain"]),
    ("tests/interleavings", "interleavings", &[]),
    ("tests/model", "update-model", &["bundle", "store"]),
    ("tests/other_tls", "other-tls", &["bundle", "trust-store"]),
    ("tests/simulator", "simulator", &["bundle", "chain", "device-agent", "store"]),
    ("tests/tls_client", "tls-client", &["bundle", "chain", "device-agent", "store", "verified-tls"]),
    ("xtask", "xtask", &[]),
];

/// Libraries that devices without an operating system link, and the root file of each.
const WITHOUT_STD: [&str; 3] = ["crates/bundle", "crates/intercore", "crates/store"];

fn manifest(folder: &str) -> Table {
    let path = workspace::root().join(folder).join("Cargo.toml");
    toml::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn dependencies_point_one_way() {
    let names: BTreeSet<&str> = MAY_DEPEND_ON.iter().map(|(_, name, _)| *name).collect();
    for (folder, name, allowed) in MAY_DEPEND_ON {
        let manifest = manifest(folder);
        for section in ["dependencies", "build-dependencies"] {
            let Some(dependencies) = manifest.get(section).and_then(toml::Value::as_table) else { continue };
            for dependency in dependencies.keys().filter(|dependency| names.contains(dependency.as_str())) {
                assert!(allowed.contains(&dependency.as_str()), "{name} must not depend on {dependency}");
            }
        }
    }
}

#[test]
fn every_member_has_its_place_in_the_direction() {
    let root = manifest(".");
    let members = root["workspace"]["members"].as_array().unwrap();
    let members: BTreeSet<&str> = members.iter().filter_map(toml::Value::as_str).collect();
    assert_eq!(members, MAY_DEPEND_ON.iter().map(|(folder, _, _)| *folder).collect());
}

#[test]
fn format_and_store_are_without_std_and_unsafe_code() {
    for folder in WITHOUT_STD {
        let text = fs::read_to_string(workspace::root().join(folder).join("src/lib.rs")).unwrap();
        assert!(text.contains("no_std"), "{folder} must be no_std");
        assert!(text.contains("#![forbid(unsafe_code)]"), "{folder} must forbid unsafe code");
    }
}

#[test]
fn every_package_takes_its_lints_and_licence_from_the_workspace() {
    for (folder, name, _) in MAY_DEPEND_ON {
        let manifest = manifest(folder);
        assert_eq!(manifest["lints"]["workspace"].as_bool(), Some(true), "{name}");
        assert_eq!(manifest["package"]["license"]["workspace"].as_bool(), Some(true), "{name}");
    }
    let licence = manifest(".")["workspace"]["package"]["license"].as_str().map(str::to_owned);
    assert_eq!(licence.as_deref(), Some("Apache-2.0 OR MIT"));
}
