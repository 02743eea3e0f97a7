//! The linter: certificates and bundles held to one table of rules, all problems at once.

pub mod bundle;
pub mod certificate;
pub mod file;
pub mod rule;
pub mod rules;
pub mod set;

pub use certificate::{Role, examine};
pub use rule::{Problem, Rule, Scope};
