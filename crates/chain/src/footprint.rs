//! What a judgement takes of the heap, said before it is made: a small device asks whether it has as much.

use bundle::Sha256;
use rustls_pki_types::{AlgorithmIdentifier, CertificateDer, ServerName, TrustAnchor};
use webpki::ALL_VERIFICATION_ALGS;

use crate::anchor_set::SetAnchor;
use crate::link::Link;
use crate::paths::{NAMES_SHOWN_MAX, PATH_CERTIFICATES_MAX};
use crate::steps::{STEPS_BYTES, Stepped};
use crate::text::TEXT_BYTES_MAX;
use crate::{AnchorSet, Certificate, Served};

/// Big numbers of a key's size that ring holds while it verifies an RSA signature, one more than was measured, and the
/// key itself in two errors of webpki, of which one takes the other's place.
const KEY_COPIES: usize = 8;
/// An algorithm that webpki does not know, in two errors.
const ALGORITHM_COPIES: usize = 2;
/// Bytes that webpki's error takes for each byte of extended key usages: every purpose becomes a list of numbers, at
/// worst one of four for every three bytes, and there are two errors.
const KEY_USAGES_FACTOR: usize = 48;
/// A path: its certificates in a list, then with their hashes, and the hashes that are told of it.
const PATH_BYTES: usize =
    PATH_CERTIFICATES_MAX * (size_of::<usize>() + size_of::<Link<'static, 'static>>() + size_of::<Sha256>());
/// Refusals that are compared, each with the name of one certificate.
const LABELS: usize = 3;
/// Bytes of one certificate that may be part of a path: as it is read and as webpki takes it, twice, and a moment.
const CERTIFICATE_BYTES: usize =
    2 * size_of::<Certificate<'static>>() + 2 * size_of::<CertificateDer<'static>>() + 16;
/// Bytes of one anchor, as webpki takes it.
const ANCHOR_BYTES: usize = 2 * size_of::<TrustAnchor<'static>>() + size_of::<&SetAnchor>() + 16;
/// Bytes of one algorithm that looks signatures up before it checks them.
const ALGORITHM_BYTES: usize =
    size_of::<Stepped<'static, 'static>>() + 2 * size_of::<usize>() + 2 * size_of::<AlgorithmIdentifier>();
/// Bytes of the list of names in a refusal.
const NAMES_BYTES: usize = NAMES_SHOWN_MAX * 2 * size_of::<alloc::string::String>();
/// Bytes of what is small: lists that begin, a signature's other spelling.
const REST_BYTES: usize = 768;

/// The largest of what certificates have.
#[derive(Clone, Copy, Debug, Default)]
struct Largest {
    key: usize,
    algorithm: usize,
    key_usages: usize,
    subject: usize,
}

impl AnchorSet {
    /// Bytes of the heap that one judgement of `served` under this set takes at most, whatever stands in the
    /// certificates: [`AnchorSet::verdict_step`], or a step about denials.
    ///
    /// It is an upper bound, and grows with the number of certificates, the size of their keys and their purposes.
    #[must_use]
    pub fn judging_bytes(&self, served: &Served<'_>) -> usize {
        let count = served.intermediates.len().saturating_add(self.intermediates.len()).saturating_add(1);
        let largest = self.largest(served);
        [
            count.saturating_mul(CERTIFICATE_BYTES),
            self.anchors.len().saturating_mul(ANCHOR_BYTES),
            ALL_VERIFICATION_ALGS.len().saturating_mul(ALGORITHM_BYTES),
            largest.key.saturating_mul(KEY_COPIES),
            largest.algorithm.saturating_mul(ALGORITHM_COPIES),
            largest.key_usages.saturating_mul(KEY_USAGES_FACTOR),
            largest.subject.saturating_mul(LABELS),
            names_bytes(served),
            PATH_BYTES + STEPS_BYTES + REST_BYTES,
        ]
        .into_iter()
        .fold(0, usize::saturating_add)
    }

    fn largest(&self, served: &Served<'_>) -> Largest {
        let ders = core::iter::once(served.end_entity).chain(served.intermediates).chain(&self.intermediates);
        let certificates = ders.filter_map(|der| Certificate::parse(der).ok());
        let largest = certificates.fold(Largest::default(), |largest, certificate| Largest {
            key: largest.key.max(certificate.spki().len()),
            algorithm: largest.algorithm.max(certificate.signature_algorithm_length()),
            key_usages: largest.key_usages.max(certificate.extensions().key_usages_length()),
            subject: largest.subject.max(text_bytes(certificate.subject().content().len())),
        });
        let largest = Largest { subject: largest.subject.max(self.expected_bytes(served)), ..largest };
        self.anchors.iter().fold(largest, |largest, anchor| Largest {
            key: largest.key.max(anchor.trust_anchor.subject_public_key_info.len()),
            subject: largest.subject.max(anchor.label.subject.len()),
            ..largest
        })
    }
}

impl AnchorSet {
    /// The refusal of a name that was not expected: what was presented.
    fn expected_bytes(&self, served: &Served<'_>) -> usize {
        let Some(leaf) = self.expects_names().then(|| Certificate::parse(served.end_entity).ok()).flatten()
        else {
            return 0;
        };
        text_bytes(leaf.issuer().content().len().max(leaf.subject().content().len()))
    }
}

/// The refusal of a name: the one that was asked for, and some of those that were served.
fn names_bytes(served: &Served<'_>) -> usize {
    let asked = match served.server_name {
        Some(ServerName::DnsName(name)) => name.as_ref().len(),
        _ => TEXT_BYTES_MAX,
    };
    let names = Certificate::parse(served.end_entity).map_or(0, |leaf| leaf.extensions().names_length());
    let shown = names.min(NAMES_SHOWN_MAX.saturating_mul(text_bytes(usize::MAX)));
    asked.saturating_add(shown).saturating_add(NAMES_BYTES)
}

/// Bytes of a text of so many bytes as it is kept: cut, with an ellipsis.
fn text_bytes(bytes: usize) -> usize {
    // A name is shown with words between its parts, which may be as long as the parts.
    bytes.saturating_mul(2).min(TEXT_BYTES_MAX.saturating_add('…'.len_utf8()))
}
