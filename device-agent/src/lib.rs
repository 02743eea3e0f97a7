//! The device agent's engine: it keeps a device's trust store current, and does no I/O.
//!
//! [`Agent::on`] takes an [`Event`] and returns the one [`Action`] to do next; storage is the port it owns, and
//! network, probes, exports, reports, time and entropy are events and actions. The same code runs under every
//! driver and in tests. `DESIGN.md` beside this crate has the state diagram and the reasons.
//!
//! ```text
//! Wake ─► check ─► catch up ─► fetch ─► verify ─► stage ─► probe ─► commit as trial ─► probe ─► confirm
//!           │  same release      │ not acceptable  │ fails   │ loses an endpoint          │ evidence against
//!           └─► report, wait ◄───┴─────────────────┴─────────┴──────────── revert ◄───────┘
//! ```
//!
//! | feature | adds |
//! |---|---|
//! | `judgement` | `judgement`: what a served chain says under the present bundle and the candidate, for drivers with a heap |
//! | `linux` | `linux`: the driver for Linux on tokio, and the command line |
//! | `mt3620` | `mt3620`: the driver for small boards: no `std`, no threads, nothing that blocks |

#![cfg_attr(not(any(test, feature = "linux")), no_std)]
#![forbid(unsafe_code)]
#![cfg_attr(
    not(any(test, feature = "linux")),
    warn(
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        clippy::indexing_slicing,
        clippy::std_instead_of_core
    )
)]

#[cfg(any(feature = "judgement", feature = "mt3620"))]
extern crate alloc;
#[cfg(any(test, feature = "linux"))]
extern crate std;

mod action;
mod agent;
mod configuration;
mod content;
mod coverage;
mod cycle;
mod endpoints;
mod event;
mod head;
mod held;
mod image;
#[cfg(feature = "judgement")]
pub mod judgement;
mod keyrings;
pub mod limits;
#[cfg(feature = "linux")]
pub mod linux;
#[cfg(feature = "mt3620")]
pub mod mt3620;
mod offline;
mod probing;
mod reason;
mod refusals;
mod report;
mod resource;
mod schedule;
mod staging;
mod start;
mod status;
mod target;
mod trial;
mod update;

#[cfg(test)]
mod tests;

pub use action::{Action, Endpoint};
pub use agent::Agent;
pub use configuration::{Configuration, LocalHost, Memory};
pub use content::{Content, JudgingTime, ReadError};
pub use endpoints::service_endpoints;
pub use event::{Clock, Event, FetchFailure, Now, ProbeOutcome, Transport, Verdict};
pub use held::{BundleRead, Held, OpenBundle, Unreadable};
pub use reason::Reason;
pub use report::{Reporting, probe_result, report};
pub use resource::{Resource, ResourcePath};
pub use start::{StartError, check_start};
pub use status::{Freshness, Installed, LastCheck, Mode, Origin, Phase, ProbeCounts, Refused, Status};
