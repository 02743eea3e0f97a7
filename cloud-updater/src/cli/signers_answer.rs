//! Who has signed a document, and who still can: as several commands answer.

use serde::Serialize;

use crate::document::Requirement;

/// One role's signatures.
#[derive(Serialize)]
pub(super) struct SignersAnswer {
    pub(super) role: String,
    pub(super) threshold: u8,
    pub(super) signed: Vec<String>,
    pub(super) missing: Vec<String>,
}

impl SignersAnswer {
    pub(super) fn of(requirement: &Requirement, signatures: &[bundle::write::Signature]) -> Self {
        let (signed, missing) = requirement.split(signatures);
        let owned = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect();
        Self {
            role: requirement.label.clone(),
            threshold: requirement.threshold,
            signed: owned(signed),
            missing: owned(missing),
        }
    }

    /// True where enough keys have signed.
    pub(super) fn is_met(&self) -> bool {
        self.signed.len() >= usize::from(self.threshold)
    }
}

impl std::fmt::Display for SignersAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { role, threshold, signed, missing } = self;
        write!(f, "{role}: {} of {threshold}", signed.len())?;
        if !signed.is_empty() {
            write!(f, " (signed: {})", signed.join(", "))?;
        }
        if !self.is_met() { write!(f, ", can still sign: {}", missing.join(", ")) } else { Ok(()) }
    }
}
