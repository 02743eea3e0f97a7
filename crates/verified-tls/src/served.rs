//! The certificates that a server sent.

use alloc::sync::Arc;
use alloc::vec::Vec;

use rustls_pki_types::CertificateDer;

/// A chain as a server served it, with the proof that the server holds the key of its first certificate. Nothing
/// else of it was judged.
///
/// A clone shares the certificates: while they are judged the connection keeps them too, and a small device has room
/// for them once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServedChain {
    chain: Arc<Chain>,
}

#[derive(Debug, PartialEq, Eq)]
struct Chain {
    end_entity: CertificateDer<'static>,
    intermediates: Vec<CertificateDer<'static>>,
}

impl ServedChain {
    /// Bytes of the heap that it takes beside the certificates and their list: itself, and two counters.
    pub(crate) const BYTES: usize = size_of::<Chain>() + 2 * size_of::<usize>();

    pub(crate) fn new(
        end_entity: CertificateDer<'static>,
        intermediates: Vec<CertificateDer<'static>>,
    ) -> Self {
        Self { chain: Arc::new(Chain { end_entity, intermediates }) }
    }

    /// The server's own certificate.
    #[must_use]
    pub fn end_entity(&self) -> &CertificateDer<'static> {
        &self.chain.end_entity
    }

    /// Whatever else it sent, in the order in which it sent it.
    #[must_use]
    pub fn intermediates(&self) -> &[CertificateDer<'static>] {
        &self.chain.intermediates
    }
}
