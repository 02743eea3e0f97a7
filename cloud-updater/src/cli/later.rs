//! Commands whose place is fixed and whose work comes later: they answer so, instead of doing nothing.

use clap::Args;

use crate::Error;

/// Whatever stands behind it.
#[derive(Clone, Debug, Args)]
pub(super) struct Anything {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    rest: Vec<String>,
}

/// The answer of a command that is not there.
pub(super) fn not_in_this_version(name: &str) -> Error {
    let error = Error::usage("not_in_this_version", format!("{name} is not part of this version"));
    error.hint("cloud-updater --help lists what is")
}
