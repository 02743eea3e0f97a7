//! Extensions: how a device built today reads documents of the next ten years.

use serde::{Deserialize, Serialize};

use crate::{DecodeError, DecodeErrorKind, Item, Section, limits};

/// Numbers of the extensions that this version knows.
pub mod extension_id {
    /// On an anchor: the export form named in the content may carry it although the form loses its constraints.
    pub const EXPORT_WITHOUT_CONSTRAINTS: u16 = 1;
    /// On a service: how closely the certificates of its chains are looked at; the content is the name of a profile,
    /// `rfc5280` or `webpki`. Whoever does not know it, or the name, looks at them as at those of any other service.
    pub const PROFILE: u16 = 2;
    /// On a service: what is done where an exported file cannot say something of the bundle ([`crate::ExportPolicy`]);
    /// the content is `name=choice`, joined by commas. Whoever does not know it, or an entry, does as without it.
    pub const EXPORT_POLICY: u16 = 3;
    /// On a service: what the names in its certificate say; the content is a section of
    /// [`Expectation`](crate::Expectation)s. Never critical: whoever does not know it goes without.
    pub const EXPECTATIONS: u16 = 4;
}

/// One extension: an id, whether it may be ignored, and bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extension<'a> {
    /// What it is.
    pub id: u16,
    /// Whoever does not know the id must not use the anchor or the service that carries it.
    pub critical: bool,
    /// Its content.
    #[serde(borrow)]
    pub content: &'a [u8],
}

/// The extensions of a document, an anchor or a service.
pub type Extensions<'a> = Section<'a, Extension<'a>>;

impl Extension<'_> {
    /// True where this version knows the id.
    #[must_use]
    pub const fn is_known(&self) -> bool {
        matches!(
            self.id,
            extension_id::EXPORT_WITHOUT_CONSTRAINTS
                | extension_id::PROFILE
                | extension_id::EXPORT_POLICY
                | extension_id::EXPECTATIONS
        )
    }
}

impl<'a> Item<'a> for Extension<'a> {
    const FIELD: &'static str = "extension";
    const ITEMS_MAX: usize = limits::EXTENSIONS_MAX;

    fn check(&self, offset: usize) -> Result<(), DecodeError> {
        if self.content.len() > limits::EXTENSION_BYTES_MAX {
            return Err(DecodeError::new("extension.content", offset, DecodeErrorKind::TooLarge));
        }
        Ok(())
    }

    fn precedes(&self, next: &Self) -> bool {
        (self.id, self.content) < (next.id, next.content)
    }
}

/// True where an extension is critical and unknown: what carries it must not be used.
pub(crate) fn has_unknown_critical(extensions: Extensions<'_>) -> bool {
    extensions.iter().any(|extension| extension.critical && !extension.is_known())
}

/// Refuses any critical extension: on heads, keyrings and whole manifests none may stand.
pub(crate) fn check_none_critical(extensions: Extensions<'_>) -> Result<(), DecodeError> {
    extensions.check(0)?;
    if extensions.iter().any(|extension| extension.critical) {
        return Err(DecodeError::new("extensions", 0, DecodeErrorKind::CriticalExtension));
    }
    Ok(())
}
