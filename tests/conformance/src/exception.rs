//! Cases of which something else comes, on purpose, each with its reason. What is excepted must differ: where it does not
//! any more, the exception is wrong.

use serde::Deserialize;

use crate::{error::Error, verifier::Verifier};

/// All of them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Exceptions {
    #[serde(default, rename = "exception")]
    list: Vec<Exception>,
}

/// Some cases that differ for one reason.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Exception {
    /// Under which verifier.
    pub(crate) verifier: Verifier,
    pub(crate) difference: Difference,
    cases: Vec<String>,
    pub(crate) reason: String,
}

/// How it differs.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Difference {
    /// A chain verifies that should not.
    TooLenient,
    /// A chain does not verify that should.
    TooStrict,
}

impl Exceptions {
    /// Those that are kept beside this program.
    ///
    /// # Errors
    /// The file is malformed.
    pub(crate) fn kept() -> Result<Self, Error> {
        toml::from_str(include_str!("../exceptions.toml")).map_err(Error::Exceptions)
    }

    /// The exception for a case.
    pub(crate) fn find(&self, verifier: Verifier, case: &str) -> Option<&Exception> {
        let has = |exception: &&Exception| exception.cases.iter().any(|excepted| excepted == case);
        self.list.iter().filter(|exception| exception.verifier == verifier).find(has)
    }

    /// Cases with an exception that the collection does not have.
    pub(crate) fn without_case<'e>(
        &'e self,
        has: impl Fn(&str) -> bool + 'e,
    ) -> impl Iterator<Item = &'e str> {
        let cases = self.list.iter().flat_map(|exception| &exception.cases).map(String::as_str);
        cases.filter(move |case| !has(case))
    }
}
