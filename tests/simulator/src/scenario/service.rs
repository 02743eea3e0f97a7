//! A service, and who vouches for it when.

use serde::{Deserialize, Serialize};

/// A service of the fleet.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Service {
    /// Its name.
    pub name: String,
    /// Its host.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Whether devices probe it.
    #[serde(default = "yes")]
    pub probe: bool,
    /// Which root its chain leads to, from when on.
    pub served_by: Vec<Served>,
}

/// A chain that a service shows.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Served {
    /// From when on.
    pub from_hours: f64,
    /// The root, by name.
    pub root: String,
}

const fn yes() -> bool {
    true
}
