//! What a judgement says.

use alloc::vec::Vec;
use core::fmt;

use bundle::{AnchorIndex, Sha256, UnixSeconds};

use crate::Refusal;

/// The judgement on one served chain under one bundle, with what is told of the path that verifies.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Verdict<V = Path> {
    /// The chain could not be judged; that speaks neither for the bundle nor against it.
    Inconclusive(Inconclusive),
    /// No path is acceptable; the reason is the most useful one of all that were found.
    Refused(Refusal),
    /// There is an acceptable path.
    Verified(V),
}

/// Why a chain could not be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Inconclusive {
    /// What was served takes more work to judge than the limits allow. An attacker on the path can make any
    /// chain so, and could otherwise veto a release with it.
    TooComplex,
}

/// What a handshake needs to know of an acceptable path: that there is one, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acceptance {
    /// Place of the path's anchor in its manifest.
    pub anchor: AnchorIndex,
    /// As [`Path::valid_until`].
    pub valid_until: UnixSeconds,
}

/// A path from the served certificate to an anchor, on which everything holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    pub(crate) anchor: AnchorIndex,
    /// From the leaf to the anchor, both included.
    pub(crate) certificates: Vec<Sha256>,
    pub(crate) valid_until: UnixSeconds,
}

impl<V> Verdict<V> {
    /// True where the chain verifies.
    #[must_use]
    pub const fn is_verified(&self) -> bool {
        matches!(self, Self::Verified(_))
    }

    /// The stable code for reports: `verified`, or that of the refusal or the inconclusive outcome.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Inconclusive(why) => why.code(),
            Self::Refused(refusal) => refusal.code(),
            Self::Verified(_) => "verified",
        }
    }
}

impl Inconclusive {
    /// The stable code for reports.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooComplex => "too_complex",
        }
    }
}

impl Path {
    /// Place of the anchor in its manifest.
    #[must_use]
    pub const fn anchor(&self) -> AnchorIndex {
        self.anchor
    }

    /// SHA-256 of the anchor's certificate.
    #[must_use]
    pub fn anchor_sha256(&self) -> Sha256 {
        self.certificates.last().copied().unwrap_or(Sha256([0; 32]))
    }

    /// SHA-256 of every certificate, from the leaf to the anchor, both included.
    #[must_use]
    pub fn certificates(&self) -> &[Sha256] {
        &self.certificates
    }

    /// Last moment at which this path is still acceptable: the earliest notAfter of its certificates, or the
    /// end of the anchor's last constraint set that holds, if that comes first.
    #[must_use]
    pub const fn valid_until(&self) -> UnixSeconds {
        self.valid_until
    }
}

impl fmt::Display for Inconclusive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooComplex => f.write_str("the served chain takes more work to judge than is allowed"),
        }
    }
}

impl core::error::Error for Inconclusive {}
