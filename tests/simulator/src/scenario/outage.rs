//! When the published tree does not answer.

use serde::{Deserialize, Serialize};

/// A time in which a part of the fleet does not get what it asks for.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Outage {
    /// When it begins.
    pub from_hours: f64,
    /// When it ends.
    pub until_hours: f64,
    /// The part of the fleet that it strikes, in percent.
    pub percent: f64,
    /// How it shows.
    pub kind: OutageKind,
}

/// How an outage shows.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutageKind {
    /// Endpoints of services do not answer; the tree does.
    Endpoints,
    /// The servers answer with a 5xx.
    Failing,
    /// The trust that the update path stands on is lost: the tree is there over plain HTTP alone.
    Plain,
    /// Nobody answers.
    Unreachable,
}
