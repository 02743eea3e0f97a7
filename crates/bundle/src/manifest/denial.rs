//! The deny list and the distrust orders.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::{DecodeError, DecodeErrorKind, Item, Sha256, limits};

/// A certificate or public key that no path may hold, wherever it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Denial {
    /// What is hashed.
    pub kind: DenialKind,
    /// Its SHA-256.
    pub sha256: Sha256,
}

/// What a denial hashes. Numbers are on the wire: never reorder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum DenialKind {
    /// The whole certificate in DER.
    Certificate,
    /// The SubjectPublicKeyInfo in DER (RFC 5280 §4.1.2.7).
    Spki,
}

/// An anchor to be refused at once, even where a service is lost by it; never reverted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DistrustOrder<'a> {
    /// SHA-256 of the anchor's certificate, which also stands on the deny list.
    pub sha256: Sha256,
    /// Why, for people.
    #[serde(borrow)]
    pub reason: &'a str,
}

impl Denial {
    /// True where it denies the certificate with this SHA-256.
    #[must_use]
    pub fn names_certificate(&self, sha256: Sha256) -> bool {
        self.kind == DenialKind::Certificate && self.sha256 == sha256
    }

    /// True where it denies the public key with this SHA-256.
    #[must_use]
    pub fn names_spki(&self, sha256: Sha256) -> bool {
        self.kind == DenialKind::Spki && self.sha256 == sha256
    }
}

impl fmt::Display for DenialKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Certificate => "certificate",
            Self::Spki => "spki",
        })
    }
}

impl<'a> Item<'a> for Denial {
    const FIELD: &'static str = "denials";
    const ITEMS_MAX: usize = limits::DENIALS_MAX;

    fn check(&self, _offset: usize) -> Result<(), DecodeError> {
        Ok(())
    }

    fn precedes(&self, next: &Self) -> bool {
        self < next
    }
}

impl<'a> Item<'a> for DistrustOrder<'a> {
    const FIELD: &'static str = "distrust_orders";
    const ITEMS_MAX: usize = limits::DISTRUST_ORDERS_MAX;

    fn check(&self, offset: usize) -> Result<(), DecodeError> {
        if self.reason.len() > limits::NOTE_BYTES_MAX {
            return Err(DecodeError::new("distrust_order.reason", offset, DecodeErrorKind::TooLarge));
        }
        Ok(())
    }

    fn precedes(&self, next: &Self) -> bool {
        self.sha256 < next.sha256
    }
}
