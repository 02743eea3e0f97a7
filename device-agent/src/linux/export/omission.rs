//! What an export form cannot carry, and therefore leaves out.

use bundle::{Anchor, ExportLimit, check_exportable};
use serde::Serialize;

/// A form that certificates are exported in. None of them carries purposes or constraints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// `anchors.der`, `der/` and `services/<name>.der`.
    Der,
    /// `hashed/`.
    Hashed,
    /// `whole.pem` and `services/<name>.pem`.
    Pem,
    /// `truststore.p12` and `services/<name>.p12`.
    Pkcs12,
}

/// An anchor that is not exported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Omission {
    /// SHA-256 of the certificate, in hexadecimal.
    pub sha256: String,
    /// The most telling part of its subject.
    pub subject: String,
    /// Why.
    pub reason: OmissionReason,
    /// The forms that it is missing from.
    pub forms: Vec<Form>,
}

/// Why an anchor is not exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OmissionReason {
    /// It is trusted under constraints that the form would lose.
    Constraints,
    /// The deny list names it.
    Denied,
    /// It may not vouch for TLS servers, and whoever reads the form would let it.
    Purpose,
    /// It cannot be read, or carries a critical extension that this version does not know.
    Unusable,
}

impl Form {
    /// Every form.
    pub const ALL: [Self; 4] = [Self::Der, Self::Hashed, Self::Pem, Self::Pkcs12];

    /// The name by which a manifest allows it ([`bundle::extension_id::EXPORT_WITHOUT_CONSTRAINTS`]).
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Der => "der",
            Self::Hashed => "hashed",
            Self::Pem => "pem",
            Self::Pkcs12 => "pkcs12",
        }
    }

    /// Succeeds where the form carries everything that limits the anchor, or the manifest says that it may not.
    pub(super) fn check(self, entry: &Anchor<'_>) -> Result<(), OmissionReason> {
        check_exportable(entry, self.name()).map_err(|limit| match limit {
            ExportLimit::Constraints => OmissionReason::Constraints,
            ExportLimit::Purpose => OmissionReason::Purpose,
        })
    }
}

impl OmissionReason {
    /// The sentence for people.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Constraints => "its constraints cannot be exported",
            Self::Denied => "it is on the deny list",
            Self::Purpose => "it is not for TLS servers",
            Self::Unusable => "it cannot be read by this version",
        }
    }
}
