//! `serve`: the published tree over HTTP and TLS, and devices' reports.
//!
//! Files are loaded whole into memory and looked up by exact path, so that nothing outside the tree can be asked
//! for; the tree is exchanged as one when the folder changes. Loopback until told otherwise.

mod answer;
mod args;
mod error;
mod health;
mod instance;
#[cfg(test)]
pub(crate) mod kit;
pub mod limits;
mod listener;
mod log;
mod name;
mod report;
mod router;
mod run;
mod scan;
mod signals;
mod site;
#[cfg(test)]
mod tests;
mod tls;
mod tree;

pub use args::ServeArgs;
pub use error::{ServeError, TlsError, TlsFault, TreeError, TreeFault};
pub use instance::Address;
pub use name::PublishedName;
pub use run::run;
