//! What dependencies may be: licences, banned crates and features, crates that exist once.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::{
    failure::Failure,
    licence,
    metadata::{Metadata, Package},
};

const FILE: &str = include_str!("../policy.toml");

/// `policy.toml`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Policy {
    allowed_licences: Vec<String>,
    tools: Vec<Tool>,
    single_version: Vec<String>,
    banned_crates: Vec<BannedCrate>,
    banned_features: Vec<BannedFeature>,
}

/// A crate that only makes files, under a licence that what it makes is not under.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tool {
    name: String,
    licence: String,
    reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct BannedCrate {
    name: String,
    reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct BannedFeature {
    name: String,
    feature: String,
    reason: String,
}

/// Workspaces beside the root's, whose lock files no build of the root reads.
const OTHER_WORKSPACES: [&str; 2] = ["device-agent/samples/rtapp", "tests/apps/clients/native"];

/// Compares the dependencies with the policy, and those of other workspaces with its licences.
pub(crate) fn check() -> Result<(), Failure> {
    let policy = Policy::load()?;
    let mut violations = policy.violations(&Metadata::load()?);
    for folder in OTHER_WORKSPACES {
        // A lock file that is behind its manifests is refused here, before a slow build meets it.
        let metadata = Metadata::of(folder)?;
        violations.extend(metadata.chosen().filter_map(|(package, _)| policy.licence_fault(package)));
    }
    if violations.is_empty() { Ok(()) } else { Err(Failure::Check(violations.join("\n"))) }
}

impl Policy {
    fn load() -> Result<Self, Failure> {
        let unreadable = |error: toml::de::Error| Failure::Unreadable {
            what: "xtask/policy.toml".to_owned(),
            message: error.to_string(),
        };
        toml::from_str(FILE).map_err(unreadable)
    }

    fn violations(&self, metadata: &Metadata) -> Vec<String> {
        let mut found = Vec::new();
        let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (package, features) in metadata.chosen() {
            versions.entry(&package.name).or_default().push(&package.version);
            let label = format!("{} {}", package.name, package.version);
            found.extend(self.licence_fault(package));
            let banned = self.banned_crates.iter().find(|banned| banned.name == package.name);
            found.extend(banned.map(|banned| format!("{label} is banned: {}", banned.reason)));
            let feature =
                |banned: &&BannedFeature| banned.name == package.name && features.contains(&banned.feature);
            let banned = self.banned_features.iter().find(feature);
            found.extend(
                banned.map(|banned| format!("{label}: `{}` is banned: {}", banned.feature, banned.reason)),
            );
        }
        for name in &self.single_version {
            if let Some(versions) = versions.get(name.as_str()).filter(|versions| versions.len() > 1) {
                found.push(format!(
                    "{name} is built in {} versions: {}",
                    versions.len(),
                    versions.join(", ")
                ));
            }
        }
        found
    }

    /// What is wrong with the licence of one package.
    fn licence_fault(&self, package: &Package) -> Option<String> {
        let expression = package.license.as_deref().unwrap_or_default();
        let is_tool = self
            .tools
            .iter()
            .any(|tool| tool.name == package.name && tool.licence == expression && !tool.reason.is_empty());
        let is_fine = is_tool || licence::is_allowed(expression, &self.allowed_licences);
        (!is_fine).then(|| {
            let label = format!("{} {}", package.name, package.version);
            format!("{label}: licence `{expression}` is not allowed by xtask/policy.toml")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::{Node, Resolve};

    fn build(packages: &[(&str, &str, Option<&str>, &[&str])]) -> Metadata {
        let id = |name: &str, version: &str| format!("{name}@{version}");
        Metadata {
            packages: packages
                .iter()
                .map(|(name, version, license, _)| Package {
                    id: id(name, version),
                    name: (*name).into(),
                    version: (*version).into(),
                    license: license.map(Into::into),
                })
                .collect(),
            resolve: Resolve {
                nodes: packages
                    .iter()
                    .map(|(name, version, _, features)| Node {
                        id: id(name, version),
                        features: features.iter().map(|feature| (*feature).into()).collect(),
                    })
                    .collect(),
            },
        }
    }

    fn violations(packages: &[(&str, &str, Option<&str>, &[&str])], expect: &[&str]) {
        let found = Policy::load().unwrap().violations(&build(packages));
        assert_eq!(found.len(), expect.len(), "{found:?}");
        for (violation, start) in found.iter().zip(expect) {
            assert!(violation.starts_with(start), "{violation}");
        }
    }

    #[test]
    fn permissive_dependencies_pass() {
        violations(&[("serde", "1.0.0", Some("MIT OR Apache-2.0"), &["std"])], &[]);
    }

    #[test]
    fn a_licence_that_is_not_listed_is_found() {
        violations(&[("bad", "1.0.0", Some("GPL-3.0-only"), &[])], &["bad 1.0.0: licence `GPL-3.0-only`"]);
        violations(&[("none", "1.0.0", None, &[])], &["none 1.0.0: licence ``"]);
    }

    #[test]
    fn a_banned_crate_is_found() {
        violations(&[("openssl-sys", "0.9.0", Some("MIT"), &[])], &["openssl-sys 0.9.0 is banned"]);
    }

    #[test]
    fn malleable_signatures_cannot_be_switched_on() {
        violations(
            &[("ed25519-dalek", "3.0.0", Some("BSD-3-Clause"), &["legacy_compatibility"])],
            &["ed25519-dalek 3.0.0: `legacy_compatibility` is banned"],
        );
    }

    #[test]
    fn a_second_version_of_the_chain_verifier_is_found() {
        violations(
            &[("rustls-webpki", "0.102.0", Some("ISC"), &[]), ("rustls-webpki", "0.103.0", Some("ISC"), &[])],
            &["rustls-webpki is built in 2 versions: 0.102.0, 0.103.0"],
        );
    }

    #[test]
    fn what_this_workspace_builds_is_within_the_policy() {
        check().unwrap();
    }
}
