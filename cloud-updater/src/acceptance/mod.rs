//! `verify`: acts as a device on a file, a folder or a URL, and says what a device would say.
//!
//! Nothing is believed but what the given keyring, and the generations that follow from it, vouch for. Without a
//! keyring the header is shown and nothing is verified.

mod args;
mod chain;
pub(crate) mod device;
mod document;
mod explain;
pub(crate) mod fetch;
mod file;
mod head;
#[cfg(test)]
mod kit;
pub(crate) mod origin;
mod packs;
mod record;
mod release;
mod run;
#[cfg(test)]
mod tests;
mod tree;
mod trust;
mod updates;

pub use args::VerifyArgs;
pub use record::{Check, Grade};
pub use run::run;
