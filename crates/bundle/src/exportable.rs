//! Which anchors may leave a bundle as bare certificates, which say nothing of purposes and constraints.

use crate::{Anchor, ExportChoice, ExportPolicy, Purposes, Unexportable, extension_id};

/// Why an anchor must not be exported in a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportLimit {
    /// It is trusted under constraints that the form would lose, and nobody allows that.
    Constraints,
    /// It may not vouch for TLS servers, and whoever reads the form would let it.
    Purpose,
}

/// Succeeds where a form of this name carries everything that limits the anchor, or where the loss is allowed: by the
/// policy of the service that the form is for, or, where that says nothing, by the anchor, by name
/// ([`extension_id::EXPORT_WITHOUT_CONSTRAINTS`]).
///
/// # Errors
/// What the form would lose.
pub fn check_exportable(entry: &Anchor<'_>, policy: ExportPolicy<'_>, form: &str) -> Result<(), ExportLimit> {
    if !entry.purposes.contains(Purposes::SERVER_AUTH) {
        return Err(ExportLimit::Purpose);
    }
    let is_named = || {
        entry.extensions.iter().any(|extension| {
            extension.id == extension_id::EXPORT_WITHOUT_CONSTRAINTS && extension.content == form.as_bytes()
        })
    };
    let is_allowed = || match policy.choice(Unexportable::Constraints) {
        Some(choice) => choice == ExportChoice::Keep,
        None => is_named(),
    };
    if entry.constraints.is_empty() || is_allowed() { Ok(()) } else { Err(ExportLimit::Constraints) }
}
