//! The local configuration, `agent.toml`: read as written, then as meant. Nothing fetched can change it.

mod application;
mod base_url;
mod endpoint;
mod export;
mod file;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod hook;
mod own_folders;
mod settings;
#[cfg(test)]
mod tests;
mod toml_text;

pub use application::{Application, Follows, TrustChoice};
pub use base_url::BaseUrl;
pub use endpoint::{Override, ResolveTable, split_endpoint};
pub use export::{Export, SystemStore};
pub use hook::{Hook, SignalName, SignalTarget, UnitAction};
pub use settings::{LocalService, Poll, Probe, ReportTarget, Settings, SignedOnlyTransport, StoreLocation};
