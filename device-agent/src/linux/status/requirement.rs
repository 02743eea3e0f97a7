//! What a service asks of a served chain beside an anchor: pins, and names that its certificate is expected to have.

use std::fmt;

use bundle::{Expectation, Pin, PinKind, Service, UnixSeconds};
use chain::AttributeType;
use serde::Serialize;

use crate::linux::clock::instant;

/// One pin, or one expectation of a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Requirement {
    /// What it looks at. Of those that look at the same and are in force, one must fit.
    pub kind: RequirementKind,
    /// What must be found there: a SHA-256, or attributes of a name.
    pub value: String,
    /// From when on it is ignored.
    pub until: String,
    /// False from then on.
    pub in_force: bool,
}

/// What a requirement looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RequirementKind {
    /// The certificates of the path.
    Certificate,
    /// The name of the CA that issued the peer's certificate.
    Issuer,
    /// The keys of the path.
    Spki,
    /// The name in the peer's certificate.
    Subject,
}

impl Requirement {
    /// Everything that `service` asks; `earliest` is a moment that is certainly past.
    pub(super) fn all(service: &Service<'_>, earliest: UnixSeconds) -> Vec<Self> {
        let pins = service.pins.iter().map(|pin| Self::of_pin(&pin, earliest));
        let names = service.expectations().iter().map(|expectation| Self::of_name(&expectation, earliest));
        pins.chain(names).collect()
    }

    fn of_pin(pin: &Pin, earliest: UnixSeconds) -> Self {
        let kind = match pin.kind {
            PinKind::Certificate => RequirementKind::Certificate,
            PinKind::Spki => RequirementKind::Spki,
        };
        Self::new(kind, pin.sha256.to_string(), pin.until, earliest)
    }

    fn of_name(expectation: &Expectation<'_>, earliest: UnixSeconds) -> Self {
        let kind = match expectation.name {
            bundle::ExpectedName::Issuer => RequirementKind::Issuer,
            bundle::ExpectedName::Subject => RequirementKind::Subject,
        };
        let attributes = expectation.attributes.iter();
        let attributes =
            attributes.map(|it| format!("{}={}", AttributeType(it.oid), it.value.escape_debug()));
        Self::new(kind, attributes.collect::<Vec<_>>().join(", "), expectation.until, earliest)
    }

    fn new(kind: RequirementKind, value: String, until: UnixSeconds, earliest: UnixSeconds) -> Self {
        Self { kind, value, until: instant(until), in_force: earliest < until }
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            RequirementKind::Certificate => "pinned certificate",
            RequirementKind::Issuer => "expected issuer",
            RequirementKind::Spki => "pinned key",
            RequirementKind::Subject => "expected subject",
        };
        let Self { value, until, .. } = self;
        if self.in_force {
            write!(f, "{what} {value}, until {until}")
        } else {
            write!(f, "{what} {value}, ended at {until} and is ignored")
        }
    }
}
