//! The watcher: real handshakes with every endpoint of the fleet's services, and what they say about the bundles.

mod calendar;
pub mod findings;
mod handshake;
mod metered;
mod metrics;
mod outbox;
mod recorder;
mod resolve;
mod scan;
mod target;
mod webhook;

pub use calendar::{Entry, calendar};
pub use handshake::{Limits, probe, sni};
pub use metrics::Metrics;
pub use outbox::{Outbox, Waiting};
pub use resolve::{ResolveTable, Resolved};
pub use scan::scan;
pub(crate) use target::of_hosts as endpoints_of;
pub use target::{Target, targets};
pub use webhook::{SIGNATURE_HEADER, TIME_HEADER, Webhook};
