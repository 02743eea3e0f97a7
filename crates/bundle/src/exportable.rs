//! Which anchors may leave a bundle as bare certificates, which say nothing of purposes and constraints.

use crate::{Anchor, Purposes, extension_id};

/// Why an anchor must not be exported in a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportLimit {
    /// It is trusted under constraints that the form would lose, and the manifest does not allow that.
    Constraints,
    /// It may not vouch for TLS servers, and whoever reads the form would let it.
    Purpose,
}

/// Succeeds where a form of this name carries everything that limits the anchor, or where the manifest allows the
/// loss by name ([`extension_id::EXPORT_WITHOUT_CONSTRAINTS`]).
///
/// # Errors
/// What the form would lose.
pub fn check_exportable(entry: &Anchor<'_>, form: &str) -> Result<(), ExportLimit> {
    if !entry.purposes.contains(Purposes::SERVER_AUTH) {
        return Err(ExportLimit::Purpose);
    }
    let is_allowed = entry.extensions.iter().any(|extension| {
        extension.id == extension_id::EXPORT_WITHOUT_CONSTRAINTS && extension.content == form.as_bytes()
    });
    if entry.constraints.is_empty() || is_allowed { Ok(()) } else { Err(ExportLimit::Constraints) }
}
