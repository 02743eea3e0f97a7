//! The differences that are known, each with its reason: data, in `exceptions.toml`.

use serde::Deserialize;

/// One known kind of difference.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Exception {
    /// Who differs from what `chain` says.
    pub parser: String,
    /// The field.
    pub field: String,
    /// How many of the certificates that are compared show it: fewer is as wrong as more.
    pub certificates: usize,
    /// Why it is as it should be.
    pub reason: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct File {
    exceptions: Vec<Exception>,
}

/// All of them.
///
/// # Panics
/// Where the file does not say what it should.
#[must_use]
pub fn exceptions() -> Vec<Exception> {
    let text = include_str!("../../exceptions.toml");
    toml::from_str::<File>(text).expect("exceptions.toml can be read").exceptions
}
