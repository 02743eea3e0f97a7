//! Certificates as operators import them: read out of many kinds of file, described, and judged by named rules.

mod description;
mod pkcs7;
mod rule;
pub mod source;

pub use description::{Certificate, PublicKeyKind};
pub use rule::{Problem, Rule, judge};
