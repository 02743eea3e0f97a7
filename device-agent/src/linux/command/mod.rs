//! The commands, one module each.

pub(super) mod applications;
pub(super) mod channel;
pub(super) mod completions;
pub(super) mod export;
pub(super) mod install;
pub(super) mod key;
pub(super) mod probe;
pub(super) mod run;
pub(super) mod status;
