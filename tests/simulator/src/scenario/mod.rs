//! The scenario: fleet classes, services with their chains over time, what the operator does, faults, attackers, and
//! what must come of it. One TOML file; an unknown field is an error.

mod act;
mod attacker;
mod class;
mod goal;
mod outage;
mod service;

use std::{
    fs,
    path::{Path, PathBuf},
};

use bundle::UnixSeconds;
use serde::{Deserialize, Serialize};

pub use act::{Act, Role};
pub use attacker::{Aim, Attacker, Forged, Place, Trick};
pub use class::{Class, ClockKind};
pub use goal::{Expected, Goal, Load};
pub use outage::{Outage, OutageKind};
pub use service::{Served, Service};

use crate::Error;

/// Most hours of a scenario: a year and a day.
const HOURS_MAX: f64 = 24.0 * 366.0;

/// A scenario, as its file has it. Times are hours since the start.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Scenario {
    /// Its name, for reports.
    pub name: String,
    /// What it shows, in a sentence.
    pub about: String,
    /// The moment of hour 0, as RFC 3339 has it.
    pub start: jiff::Timestamp,
    /// How long it lasts.
    pub hours: f64,
    /// Hours between two heads of the publisher.
    #[serde(default = "daily")]
    pub head_hours: f64,
    /// What must come of it.
    pub goal: Goal,
    /// Limits on what the fleet asks of the servers.
    #[serde(default)]
    pub load: Load,
    /// The services that devices talk to.
    #[serde(rename = "service")]
    pub services: Vec<Service>,
    /// What the operator does; the first act makes release 1, which is the seed in every image.
    #[serde(rename = "act")]
    pub acts: Vec<Act>,
    /// The classes of the fleet.
    #[serde(rename = "class")]
    pub classes: Vec<Class>,
    /// When servers do not answer.
    #[serde(default, rename = "outage")]
    pub outages: Vec<Outage>,
    /// Who else answers.
    #[serde(default, rename = "attacker")]
    pub attackers: Vec<Attacker>,
}

const fn daily() -> f64 {
    24.0
}

/// Hours as milliseconds since the start; a negative number is the start.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a scenario lasts a year at most, which is far from where milliseconds end"
)]
pub fn milliseconds(hours: f64) -> u64 {
    (hours * 3_600_000.0).clamp(0.0, 1e15) as u64
}

impl Scenario {
    /// Reads a scenario.
    ///
    /// # Errors
    /// The file cannot be read, is no TOML, has a field that is unknown or wrong, or describes what cannot be.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = fs::read_to_string(path).map_err(Error::file(path))?;
        Self::parse(path, &text)
    }

    /// Reads the text of a scenario; `file` is where it came from.
    ///
    /// # Errors
    /// As [`Scenario::read`].
    pub fn parse(file: &Path, text: &str) -> Result<Self, Error> {
        let scenario: Self = toml::from_str(text).map_err(|error| Error::Scenario {
            file: PathBuf::from(file),
            field: "toml".into(),
            fault: error.to_string(),
        })?;
        let wrong = |(field, fault): (&str, String)| Error::Scenario {
            file: PathBuf::from(file),
            field: field.into(),
            fault,
        };
        scenario.check().map_err(wrong)?;
        Ok(scenario)
    }

    /// The start, as documents count time.
    #[must_use]
    pub fn start(&self) -> UnixSeconds {
        UnixSeconds(u64::try_from(self.start.as_second()).unwrap_or(0))
    }

    /// The end, in milliseconds since the start.
    #[must_use]
    pub fn end(&self) -> u64 {
        milliseconds(self.hours)
    }

    /// The roots that any part of the scenario names.
    #[must_use]
    pub fn roots(&self) -> Vec<&str> {
        let served =
            self.services.iter().flat_map(|service| service.served_by.iter().map(|served| &*served.root));
        let added = self.acts.iter().flat_map(|act| act.add.iter().map(String::as_str));
        let mut names: Vec<&str> = served.chain(added).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    fn check(&self) -> Result<(), (&'static str, String)> {
        let within = |field, hours: f64| {
            let fault = || format!("{hours} is not from 0 to {HOURS_MAX} hours");
            if (0.0..=HOURS_MAX).contains(&hours) { Ok(()) } else { Err((field, fault())) }
        };
        within("hours", self.hours)?;
        within("goal.by-hours", self.goal.by_hours)?;
        if self.head_hours < 1.0 {
            return Err(("head-hours", "is below 1: the publisher signs heads every hour at most".into()));
        }
        if self.classes.iter().map(|class| class.weight).sum::<f64>() <= 0.0 {
            return Err(("class.weight", "no class has a weight above 0, so there is no fleet".into()));
        }
        match self.acts.first() {
            Some(act) if act.hours == 0.0 && act.releases() => {}
            _ => {
                return Err((
                    "act",
                    "the first one must be at hour 0 and make a release: it is the seed".into(),
                ));
            }
        }
        if !self.acts.is_sorted_by(|first, second| first.hours <= second.hours) {
            return Err(("act.hours", "acts must stand in the order of their hours".into()));
        }
        if self.services.iter().any(|service| service.served_by.is_empty()) {
            return Err(("service.served-by", "a service must be served by a root from the start".into()));
        }
        Ok(())
    }
}
