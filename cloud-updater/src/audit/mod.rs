//! The audit log: one entry for each act that changes what devices can be told, each with the hash of those before it.

mod chain;
mod entry;

pub use chain::{Chain, Fault, Line};
pub use entry::{Act, Entry};
