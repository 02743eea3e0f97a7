//! One day on which an anchor stops being what it was.

use std::fmt;

use bundle::{Sha256, UnixSeconds};

use super::Announced;
use crate::date;

/// Something that is going to happen to an anchor.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Event {
    /// The day.
    pub day: UnixSeconds,
    /// What happens.
    pub kind: EventKind,
    /// Since when somebody could have known.
    pub known_since: UnixSeconds,
    /// The anchor.
    pub anchor: Sha256,
    /// What it is called.
    pub name: String,
}

/// What happens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EventKind {
    /// Its own notAfter.
    Expires,
    /// Mozilla takes it out of its store, for its key is old.
    MozillaTerm,
    /// Somebody announced it.
    Announced(Announced),
    /// The operator takes it out.
    Retires,
}

impl EventKind {
    /// Stable name in kebab-case.
    #[must_use]
    pub const fn id(&self) -> &'static str {
        match self {
            Self::Announced(announced) => announced.id(),
            Self::Expires => "not-after",
            Self::MozillaTerm => "mozilla-term",
            Self::Retires => "retire",
        }
    }

    /// What happens, in words.
    #[must_use]
    pub const fn words(&self) -> &'static str {
        match self {
            Self::Announced(announced) => announced.words(),
            Self::Expires => "expires",
            Self::MozillaTerm => "loses Mozilla's trust for TLS by the age of its key",
            Self::Retires => "is planned to leave",
        }
    }

    /// Who says so.
    #[must_use]
    pub fn basis(&self) -> &str {
        match self {
            Self::Announced(announced) => announced.source(),
            Self::Expires => "RFC 5280 §4.1.2.5, notAfter",
            Self::MozillaTerm => "Mozilla Root Store Policy §7.4",
            Self::Retires => "the anchor's record",
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { day, kind, known_since, name, .. } = self;
        let (day, known) = (date::day(*day), date::day(*known_since));
        write!(f, "{day}  {name} {} ({}, known since {known})", kind.words(), kind.basis())
    }
}
