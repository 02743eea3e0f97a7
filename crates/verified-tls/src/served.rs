//! The certificates that a server sent.

use alloc::vec::Vec;

use rustls_pki_types::CertificateDer;

/// A chain as a server served it, with the proof that the server holds the key of its first certificate. Nothing
/// else of it was judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServedChain {
    pub(crate) end_entity: CertificateDer<'static>,
    pub(crate) intermediates: Vec<CertificateDer<'static>>,
}

impl ServedChain {
    /// The server's own certificate.
    #[must_use]
    pub const fn end_entity(&self) -> &CertificateDer<'static> {
        &self.end_entity
    }

    /// Whatever else it sent, in the order in which it sent it.
    #[must_use]
    pub fn intermediates(&self) -> &[CertificateDer<'static>] {
        &self.intermediates
    }
}
