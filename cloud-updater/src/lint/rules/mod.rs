//! The table of all rules: imports, drafts, `lint` and its documentation read this one.

pub mod bundle;
pub mod certificate;
pub mod encoding;
pub mod issuing;

use super::rule::Rule;

/// Every rule, certificates first.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    [encoding::RULES, certificate::RULES, issuing::RULES, bundle::RULES].into_iter().flatten().copied()
}

/// The rule of this name.
#[must_use]
pub fn named(id: &str) -> Option<&'static Rule> {
    all().find(|rule| rule.id == id)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_rule_has_one_name_a_text_a_source_and_advice() {
        let mut names = BTreeSet::new();
        for rule in all() {
            assert!(names.insert(rule.id), "{rule} stands there twice");
            assert!(
                rule.id
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            );
            assert_eq!(rule.code, rule.id.replace('-', "_"));
            for words in [rule.text, rule.source, rule.advice] {
                assert!(!words.is_empty() && !words.ends_with('.'), "{rule}: {words:?}");
            }
        }
        assert!(names.len() > 60, "{} rules", names.len());
    }

    #[test]
    fn the_names_that_records_hold_stay() {
        for id in ["duplicate", "expired", "not-ca", "not-yet-valid", "weak-key", "weak-signature"] {
            assert!(named(id).is_some_and(Rule::refuses), "{id}");
        }
    }
}
