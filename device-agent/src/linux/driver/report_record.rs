//! What became of the newest report that was due, as the activity file keeps it.

use serde::{Deserialize, Serialize};

use crate::linux::clock::Moment;

/// The newest report that was due.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportRecord {
    /// What became of it.
    pub outcome: ReportOutcome,
    /// When.
    pub at: Moment,
    /// Where it goes.
    pub url: String,
    /// Why it was not delivered.
    pub why: Option<String>,
}

/// What became of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportOutcome {
    /// The server took it.
    Delivered,
    /// It was sent, and the server did not take it.
    Failed,
    /// It was held back: reports name the device, and nobody had proved to be the server.
    NotSent,
}
