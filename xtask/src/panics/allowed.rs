//! The allowlist: `panics.toml`.

use serde::Deserialize;

use super::Finding;
use crate::failure::Failure;

const FILE: &str = include_str!("../../panics.toml");

/// `panics.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Allowlist {
    allowed: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// A path, or the beginning of one and `*`.
    function: String,
    /// Why it never panics.
    reason: String,
}

impl Entry {
    fn covers(&self, finding: &Finding) -> bool {
        self.function.strip_suffix('*').map_or_else(
            || finding.function == self.function,
            |beginning| finding.function.starts_with(beginning),
        )
    }
}

impl Allowlist {
    pub(super) fn load() -> Result<Self, Failure> {
        toml::from_str(FILE).map_err(|error| Failure::Unreadable {
            what: "xtask/panics.toml".to_owned(),
            message: error.to_string(),
        })
    }

    /// What is found and not allowed, and what is allowed and not found.
    pub(super) fn complaints(&self, found: &[Finding]) -> Vec<String> {
        let is_allowed = |finding: &&Finding| self.allowed.iter().any(|entry| entry.covers(finding));
        let new = found.iter().filter(|finding| !is_allowed(finding));
        let mut complaints: Vec<String> = new
            .map(|finding| format!("{} can panic: it refers to {}", finding.function, finding.callee))
            .collect();
        for entry in &self.allowed {
            if entry.reason.is_empty() {
                complaints.push(format!("xtask/panics.toml: {} has no reason", entry.function));
            }
            if !found.iter().any(|finding| entry.covers(finding)) {
                complaints.push(format!("xtask/panics.toml: {} cannot panic any more", entry.function));
            }
        }
        complaints
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(allowed: &[&str], found: &[&str], expect: &[&str]) {
        let entry = |name: &&str| Entry { function: (*name).to_owned(), reason: "never".to_owned() };
        let finding =
            |name: &&str| Finding { function: (*name).to_owned(), callee: "core::panic".to_owned() };
        let list = Allowlist { allowed: allowed.iter().map(entry).collect() };
        let complaints = list.complaints(&found.iter().map(finding).collect::<Vec<_>>());
        assert_eq!(complaints.len(), expect.len(), "{complaints:?}");
        for (complaint, text) in complaints.iter().zip(expect) {
            assert!(complaint.contains(text), "{complaint}");
        }
    }

    #[test]
    fn what_is_not_allowed_and_what_is_allowed_in_vain_are_both_found() {
        check(&["sha2::*"], &["sha2::update"], &[]);
        check(&[], &["bundle::parse"], &["bundle::parse can panic"]);
        check(&["bundle::parse"], &["bundle::parse_all"], &["bundle::parse_all", "cannot panic any more"]);
        check(&["sha2::*"], &[], &["sha2::* cannot panic any more"]);
    }
}
