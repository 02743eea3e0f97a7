//! The watcher: real handshakes with every endpoint of the fleet's services, and what they say about the bundles.

mod handshake;
mod metered;
mod recorder;
mod resolve;
mod scan;
mod target;

pub use handshake::{Limits, probe, sni};
pub use resolve::{ResolveTable, Resolved};
pub use scan::scan;
pub(crate) use target::of_hosts as endpoints_of;
pub use target::{Target, targets};
