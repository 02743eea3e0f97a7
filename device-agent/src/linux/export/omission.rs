//! The forms of exports, and the anchors that are in none.

use serde::Serialize;

/// A form that certificates are exported in. None of them carries purposes or constraints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Form {
    /// `anchors.der`, `der/` and `services/<name>.der`.
    Der,
    /// `hashed/`.
    Hashed,
    /// `whole.pem` and `services/<name>.pem`.
    Pem,
    /// `truststore.p12` and `services/<name>.p12`.
    Pkcs12,
}

/// An anchor that is in no file, which is what the bundle asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Omission {
    /// SHA-256 of the certificate, in hexadecimal.
    pub sha256: String,
    /// The most telling part of its subject.
    pub subject: String,
    /// Why.
    pub reason: OmissionReason,
}

/// Why an anchor is in no file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OmissionReason {
    /// The deny list names it.
    Denied,
    /// It cannot be read, or carries a critical extension that this version does not know.
    Unusable,
}

impl Form {
    /// The name by which a manifest allows it ([`bundle::extension_id::EXPORT_WITHOUT_CONSTRAINTS`]).
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Der => "der",
            Self::Hashed => "hashed",
            Self::Pem => "pem",
            Self::Pkcs12 => "pkcs12",
        }
    }
}

impl OmissionReason {
    /// The sentence for people.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Denied => "it is on the deny list",
            Self::Unusable => "it cannot be read by this version",
        }
    }
}
