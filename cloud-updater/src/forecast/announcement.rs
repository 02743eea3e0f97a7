//! What root programmes and CAs announced about an anchor, as data: sources and records bring it.

use bundle::{Sha256, UnixSeconds};

/// One announcement about one anchor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// The anchor.
    pub anchor: Sha256,
    /// What is going to happen.
    pub what: Announced,
    /// The day for which it was announced.
    pub day: UnixSeconds,
    /// The day on which it was said.
    pub said: UnixSeconds,
}

/// What was announced, and by whom.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Announced {
    /// Certificates issued after the day are not trusted: the anchor dies with the last older one.
    DistrustAfter {
        /// Who said so, and where.
        source: String,
    },
    /// A root program takes it out.
    Removal {
        /// Who said so, and where.
        source: String,
    },
    /// Chrome keeps it under constraints from that day on.
    ChromeConstraint {
        /// Who said so, and where.
        source: String,
    },
}

impl Announced {
    /// Stable name in kebab-case.
    #[must_use]
    pub const fn id(&self) -> &'static str {
        match self {
            Self::ChromeConstraint { .. } => "chrome-constraint",
            Self::DistrustAfter { .. } => "distrust-after",
            Self::Removal { .. } => "removal",
        }
    }

    /// What happens, in words.
    #[must_use]
    pub const fn words(&self) -> &'static str {
        match self {
            Self::ChromeConstraint { .. } => "is constrained in Chrome's store",
            Self::DistrustAfter { .. } => "is not trusted for certificates issued later",
            Self::Removal { .. } => "is taken out of a root program",
        }
    }

    /// Who said so.
    #[must_use]
    pub fn source(&self) -> &str {
        match self {
            Self::ChromeConstraint { source } | Self::DistrustAfter { source } | Self::Removal { source } => {
                source
            }
        }
    }
}
