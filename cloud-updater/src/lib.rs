//! Publishes trust bundles: drafts, signatures, releases, heads, the published tree and its server.

#![forbid(unsafe_code)]

pub mod acceptance;
pub mod audit;
pub mod census;
pub mod certificate;
pub mod cli;
pub mod clock;
mod context;
pub mod coverage;
pub mod date;
pub mod diff;
pub mod document;
pub mod durable;
mod error;
pub mod explain;
pub mod finding;

pub mod fleet;
pub mod forecast;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
pub mod head;
pub mod hexadecimal;
mod http_url;
pub mod input;
pub mod key;
pub mod lint;
pub mod lock;
mod losses;
mod names;
pub mod notice;
pub mod observation;
mod output;
mod printable;
pub mod publish;
pub mod repository;
mod requirement;
pub mod server;
pub mod source;
pub mod watch;
mod word;

pub use context::Context;
pub use error::{Error, ErrorReport, Exit};
pub use output::Output;
