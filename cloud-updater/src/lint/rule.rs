//! A rule: what certificates and bundles are held to, who says so, and what to do where one is broken.

use std::fmt;

use serde::Serialize;

use crate::finding::{Finding, Severity};

/// One rule of the table. Its name is typed by people and kept in files: never rename.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// Stable name in kebab-case.
    pub id: &'static str,
    /// How much it matters; an error refuses an import or a draft, unless it is overridden by name and reason.
    pub severity: Severity,
    /// What it is about.
    pub scope: Scope,
    /// What it demands, in one sentence.
    pub text: &'static str,
    /// Who says so, with the section.
    pub source: &'static str,
    /// What to do where it is broken.
    pub advice: &'static str,
    /// The name as error codes have it, in snake_case.
    #[serde(skip)]
    pub(crate) code: &'static str,
}

/// What a rule looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// One certificate.
    Certificate,
    /// A certificate among others.
    Set,
    /// A whole bundle: anchors, services and what devices can hold.
    Bundle,
    /// What a release changes.
    Step,
}

/// A rule that is broken, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The rule.
    pub rule: &'static Rule,
    /// How it is broken: the rest of a sentence that starts with the certificate or service.
    pub message: String,
    /// Day on which it comes to that, where there is one.
    pub due: Option<bundle::UnixSeconds>,
}

impl Rule {
    /// The rule broken.
    #[must_use]
    pub fn broken(&'static self, message: impl Into<String>) -> Problem {
        Problem { rule: self, message: message.into(), due: None }
    }

    /// True where breaking it refuses an import or a draft.
    #[must_use]
    pub fn refuses(&self) -> bool {
        self.severity == Severity::Error
    }

    /// True where it is about certificates, by themselves or beside each other.
    #[must_use]
    pub const fn is_of_certificates(&self) -> bool {
        matches!(self.scope, Scope::Certificate | Scope::Set)
    }
}

impl Problem {
    /// The same, with the day on which it comes to that.
    #[must_use]
    pub fn due(mut self, due: bundle::UnixSeconds) -> Self {
        self.due = Some(due);
        self
    }

    /// As tools report it, about `subject`.
    #[must_use]
    pub fn finding(&self, subject: &str) -> Finding {
        let finding = Finding::new(self.rule.id, self.rule.severity, subject, &self.message);
        let finding = Finding { due: self.due, ..finding };
        finding.hint(format!("{} ({})", self.rule.advice, self.rule.source))
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Certificate => "certificate",
            Self::Set => "set",
            Self::Bundle => "bundle",
            Self::Step => "step",
        })
    }
}

/// A table of rules: each is a constant of its own, so that no check can name one that is not in the table.
macro_rules! rules {
    ($list:ident: $($name:ident $id:literal $code:literal $severity:ident $scope:ident, $text:literal, $source:literal, $advice:literal;)+) => {
        $(
            #[doc = $text]
            pub static $name: $crate::lint::rule::Rule = $crate::lint::rule::Rule {
                id: $id,
                severity: $crate::finding::Severity::$severity,
                scope: $crate::lint::rule::Scope::$scope,
                text: $text,
                source: $source,
                advice: $advice,
                code: $code,
            };
        )+
        /// All of them, in their order.
        pub(super) static $list: &[&$crate::lint::rule::Rule] = &[$(&$name),+];
    };
}
pub(crate) use rules;
