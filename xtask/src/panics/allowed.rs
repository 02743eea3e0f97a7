//! The allowlist: `panics.toml`.

use std::cell::Cell;

use serde::Deserialize;

use super::Finding;
use crate::failure::Failure;

const FILE: &str = include_str!("../../panics.toml");

/// `panics.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Allowlist {
    /// Functions that can panic, as the linker sees it, and never do.
    allowed: Vec<Entry>,
    /// Functions of the language's library that lead to a panic and are never told to: nobody who calls them is a
    /// finding for it.
    library: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// A path, or the beginning of one and `*`.
    function: String,
    /// Why it never panics.
    reason: String,
    /// Whether anything was found that it is for.
    #[serde(skip)]
    is_needed: Cell<bool>,
}

impl Entry {
    fn covers(&self, function: &str) -> bool {
        let covers = self
            .function
            .strip_suffix('*')
            .map_or_else(|| function == self.function, |beginning| function.starts_with(beginning));
        self.is_needed.set(self.is_needed.get() || covers);
        covers
    }
}

impl Allowlist {
    pub(super) fn load() -> Result<Self, Failure> {
        toml::from_str(FILE).map_err(|error| Failure::Unreadable {
            what: "xtask/panics.toml".to_owned(),
            message: error.to_string(),
        })
    }

    /// True for a function of the language's library that is never told to panic.
    pub(super) fn ends(&self, function: &str) -> bool {
        self.library.iter().any(|entry| entry.covers(function))
    }

    /// What is found and not allowed.
    pub(super) fn complaints(&self, found: &[Finding]) -> Vec<String> {
        // Every entry is asked: the same function may be covered twice.
        let is_allowed = |finding: &Finding| {
            self.allowed.iter().filter(|entry| entry.covers(&finding.function)).count() > 0
        };
        let new = found.iter().filter(|finding| !is_allowed(finding));
        new.map(|finding| format!("{} can panic: it refers to {}", finding.function, finding.callee))
            .collect()
    }

    /// What is allowed and was not found in any search, or has no reason.
    pub(super) fn in_vain(&self) -> Vec<String> {
        let entries = self.allowed.iter().chain(&self.library);
        let in_vain = entries.filter_map(|Entry { function, reason, is_needed }| {
            if reason.is_empty() {
                return Some(format!("xtask/panics.toml: {function} has no reason"));
            }
            (!is_needed.get()).then(|| format!("xtask/panics.toml: {function} cannot panic any more"))
        });
        in_vain.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(allowed: &[&str], library: &[&str]) -> Allowlist {
        let entry = |name: &&str| Entry {
            function: (*name).to_owned(),
            reason: "never".to_owned(),
            is_needed: Cell::new(false),
        };
        Allowlist {
            allowed: allowed.iter().map(entry).collect(),
            library: library.iter().map(entry).collect(),
        }
    }

    fn check(allowed: &[&str], found: &[&str], expect: &[&str]) {
        let finding =
            |name: &&str| Finding { function: (*name).to_owned(), callee: "core::panic".to_owned() };
        let list = list(allowed, &[]);
        let mut complaints = list.complaints(&found.iter().map(finding).collect::<Vec<_>>());
        complaints.extend(list.in_vain());
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

    #[test]
    fn a_function_of_the_library_that_is_never_told_to_panic_ends_the_search() {
        let list = list(&[], &["core::slice::memchr::*"]);
        assert!(!list.ends("core::panicking::panic"));
        assert_eq!(list.in_vain().len(), 1);
        assert!(list.ends("core::slice::memchr::memchr_aligned"));
        assert_eq!(list.in_vain(), Vec::<String>::new());
    }
}
