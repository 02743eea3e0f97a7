//! What a judgement takes of the heap, said before it is made: a small device asks whether it has as much.

use bundle::Sha256;
use rustls_pki_types::{CertificateDer, TrustAnchor};

use crate::anchor_set::SetAnchor;
use crate::paths::PATH_CERTIFICATES_MAX;
use crate::text::TEXT_BYTES_MAX;
use crate::{AnchorSet, Certificate, Served};

/// Big numbers of a key's size that ring holds while it verifies an RSA signature, one more than was measured, and
/// beside them the key and the signature as they stand.
const RSA_NUMBERS: usize = 8;
/// Two paths and what they are made of: each certificate by itself, by its key, and by two other spellings.
const PATHS_BYTES: usize = 2 * 6 * PATH_CERTIFICATES_MAX * size_of::<Sha256>();
/// Texts of two refusals: the names of a certificate that was served, the one that was asked for, and a label.
const REFUSALS_BYTES: usize = 7 * (TEXT_BYTES_MAX + 32);
/// The list of algorithms, wrapped and as webpki takes it, the signatures that are known, which grow, and what webpki
/// itself says of algorithms that it does not know.
const STEPS_BYTES: usize = 3_584;

impl AnchorSet {
    /// Bytes of the heap that one judgement of `served` under this set takes at most, whatever stands in the
    /// certificates: [`AnchorSet::verdict_step`], or a step about denials.
    ///
    /// It is an upper bound, and grows with the number of certificates and the size of their keys.
    #[must_use]
    pub fn judging_bytes(&self, served: &Served<'_>) -> usize {
        let count = served.intermediates.len().saturating_add(self.intermediates.len()).saturating_add(1);
        // Candidates and those of them that are reached, and the same again as webpki takes them.
        let each = 2 * size_of::<Certificate<'_>>() + 2 * size_of::<CertificateDer<'_>>() + 16;
        let anchor = 2 * size_of::<TrustAnchor<'_>>() + size_of::<&SetAnchor>() + 16;
        let lists = count.saturating_mul(each).saturating_add(self.anchors.len().saturating_mul(anchor));
        let fixed = PATHS_BYTES + REFUSALS_BYTES + STEPS_BYTES;
        lists.saturating_add(self.key_bytes(served).saturating_mul(RSA_NUMBERS)).saturating_add(fixed)
    }

    /// Bytes of the largest key that a signature may be checked with.
    fn key_bytes(&self, served: &Served<'_>) -> usize {
        let served = core::iter::once(served.end_entity).chain(served.intermediates);
        let certificates = served.chain(&self.intermediates).filter_map(|der| Certificate::parse(der).ok());
        let keys = certificates.map(|certificate| certificate.spki().len());
        let anchors = self.anchors.iter().map(|anchor| anchor.trust_anchor.subject_public_key_info.len());
        keys.chain(anchors).max().unwrap_or(0)
    }
}
