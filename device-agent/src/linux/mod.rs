//! The driver for Linux: it does what the engine asks for, on tokio and rustls, and is the command line.
//!
//! | part | what it is |
//! |---|---|
//! | [`applications`] | who is told that something changed, by hooks |
//! | [`cli`] | the command tree, and how a run ends |
//! | [`configuration`] | `agent.toml` |
//! | [`driver`] | the loop of action, port and event; one cycle, or cycles until a signal |
//! | [`export`] | files for applications that do not link `trust-store` |
//! | [`probe`] | handshakes, and the judgement on what they served |
//! | [`report`] | what the device says of itself |
//! | [`transport`] | files of the published tree over HTTP |
//! | [`trust`] | what is installed, for the driver itself |

pub mod applications;
pub mod cli;
pub mod clock;
mod command;
pub mod configuration;
pub mod device_key;
pub mod driver;
mod durable;
mod entropy;
pub mod error;
pub mod export;
mod journal_file;
#[cfg(test)]
pub(crate) mod kit;
pub mod output;
pub mod probe;
pub mod report;
pub mod status;
pub mod transport;
pub mod trust;
