//! A path that webpki has verified, certificate by certificate, with the hashes that denials and pins know them by.
//!
//! Beside a handshake's signatures, hashing is most of what a judgement costs. So nothing is hashed before a denial, a
//! pin or a caller asks for it, and nothing twice.

use alloc::vec::Vec;
use core::cell::Cell;

use bundle::{Denial, DenialKind, Pin, PinKind, Sha256, UnixSeconds};

use crate::anchor_set::SetAnchor;
use crate::twin::twin;
use crate::{Certificate, KeyAlgorithm, Path};

/// A path on which everything holds, up to its anchor.
pub(crate) struct Links<'p, 'a> {
    /// From the leaf upwards, without the anchor.
    pub(crate) links: Vec<Link<'p, 'a>>,
    pub(crate) anchor: &'p SetAnchor,
    pub(crate) valid_until: UnixSeconds,
}

/// One certificate of a path.
pub(crate) struct Link<'p, 'a> {
    pub(crate) certificate: &'p Certificate<'a>,
    /// The key that verified its signature.
    issuer_key: KeyAlgorithm,
    sha256: Cell<Option<Sha256>>,
    spki_sha256: Cell<Option<Sha256>>,
    /// Its SHA-256 under the other spelling of its signature, where there is one.
    twin: Cell<Option<Option<Sha256>>>,
}

impl<'p, 'a> Links<'p, 'a> {
    /// The path of these certificates, from the leaf upwards, each signed by the next and the last by `anchor`.
    pub(crate) fn new(certificates: &[&'p Certificate<'a>], anchor: &'p SetAnchor) -> Self {
        let issuers = certificates.iter().skip(1).map(|issuer| issuer.key_algorithm());
        let issuers = issuers.chain([anchor.key_algorithm]);
        let mut links = Vec::with_capacity(certificates.len());
        links.extend(certificates.iter().zip(issuers).map(|(certificate, key)| Link::new(certificate, key)));
        Self { links, anchor, valid_until: anchor.not_after }
    }

    /// True where a denial names one of its certificates, or the key of one.
    pub(crate) fn is_denied_by(&self, denials: &[Denial]) -> bool {
        self.anchor.denial(denials).is_some() || self.links.iter().any(|link| link.denial(denials).is_some())
    }

    /// True where a pin names one of its certificates, or the key of one.
    pub(crate) fn has(&self, pin: &Pin) -> bool {
        match pin.kind {
            PinKind::Certificate => {
                self.anchor.label.sha256 == pin.sha256
                    || self.links.iter().any(|link| link.sha256() == pin.sha256)
            }
            PinKind::Spki => {
                self.anchor.spki_sha256 == pin.sha256
                    || self.links.iter().any(|link| link.spki_sha256() == pin.sha256)
            }
        }
    }

    /// What is told of it.
    pub(crate) fn path(&self) -> Path {
        let mut certificates = Vec::with_capacity(self.links.len().saturating_add(1));
        certificates.extend(self.links.iter().map(Link::sha256).chain([self.anchor.label.sha256]));
        Path { anchor: self.anchor.index, certificates, valid_until: self.valid_until }
    }
}

impl<'p, 'a> Link<'p, 'a> {
    const fn new(certificate: &'p Certificate<'a>, issuer_key: KeyAlgorithm) -> Self {
        let (sha256, spki_sha256, twin) = (Cell::new(None), Cell::new(None), Cell::new(None));
        Self { certificate, issuer_key, sha256, spki_sha256, twin }
    }

    /// The first denial that names it, under either spelling, or its key.
    pub(crate) fn denial(&self, denials: &[Denial]) -> Option<Denial> {
        let is_named = |denial: &Denial| match denial.kind {
            DenialKind::Certificate => {
                self.sha256() == denial.sha256 || self.twin().is_some_and(|twin| twin == denial.sha256)
            }
            DenialKind::Spki => self.spki_sha256() == denial.sha256,
        };
        denials.iter().copied().find(is_named)
    }

    fn sha256(&self) -> Sha256 {
        once(&self.sha256, || self.certificate.sha256())
    }

    fn spki_sha256(&self) -> Sha256 {
        once(&self.spki_sha256, || self.certificate.spki_sha256())
    }

    fn twin(&self) -> Option<Sha256> {
        once(&self.twin, || twin(self.certificate, self.issuer_key))
    }
}

/// What `make` makes, the first time; a `OnceCell` would carry a panic into devices.
fn once<T: Copy>(known: &Cell<Option<T>>, make: impl FnOnce() -> T) -> T {
    known.get().unwrap_or_else(|| {
        let made = make();
        known.set(Some(made));
        made
    })
}
