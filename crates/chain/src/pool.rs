//! What a path can be made of: the intermediates and anchors that the leaf's issuers lead to, and the moments
//! at which a path can be valid.
//!
//! Path building tries every intermediate at every step. Taking only those that can be reached by name keeps a
//! bundle with hundreds of them, or a peer that serves hundreds, from costing anything.

use alloc::vec::Vec;

use bundle::UnixSeconds;
use rustls_pki_types::CertificateDer;

use crate::anchor_set::{Scope, SetAnchor};
use crate::{AnchorSet, Certificate, Served, Time};

/// Most intermediates that one judgement considers: four vendors' cross-signed hierarchies, side by side.
pub const INTERMEDIATES_MAX: usize = 32;
/// Most moments that one judgement tries where the time is unknown: the leaf's own, and a CA reissued later at
/// every level that a path can have.
pub const MOMENTS_MAX: usize = 8;

/// The material of one judgement.
pub(crate) struct Pool<'a> {
    pub(crate) leaf: Certificate<'a>,
    pub(crate) intermediates: Vec<Certificate<'a>>,
    pub(crate) anchors: Vec<&'a SetAnchor>,
    /// Something was left out because of a limit: "no path" then proves nothing.
    pub(crate) is_cut: bool,
}

impl<'a> Pool<'a> {
    /// Collects what `leaf` leads to.
    pub(crate) fn new(leaf: Certificate<'a>, served: &Served<'a>, set: &'a AnchorSet, scope: &Scope) -> Self {
        // Lists are made as long as they can become: growing would take their memory twice (`footprint.rs`).
        let count = served.intermediates.len().saturating_add(set.intermediates.len());
        let intermediates = Vec::with_capacity(count.min(INTERMEDIATES_MAX));
        let mut pool = Self { leaf, intermediates, anchors: Vec::new(), is_cut: false };
        let mut candidates = Vec::with_capacity(count);
        candidates.extend(readable(served.intermediates).chain(readable(&set.intermediates)));
        // Breadth first: whoever is reached asks for its own issuer in turn.
        let mut asking = 0;
        let mut issuer = Some(pool.leaf.issuer());
        while let Some(wanted) = issuer {
            for candidate in candidates.iter().filter(|candidate| candidate.subject() == wanted) {
                if pool.intermediates.iter().any(|known| known.as_der() == candidate.as_der()) {
                    continue;
                }
                if pool.intermediates.len() >= INTERMEDIATES_MAX {
                    pool.is_cut = true;
                    break;
                }
                pool.intermediates.push(*candidate);
            }
            issuer = pool.intermediates.get(asking).map(Certificate::issuer);
            asking = asking.saturating_add(1);
        }
        let leads_to = |anchor: &&SetAnchor| {
            let subject = anchor.trust_anchor.subject.as_ref();
            pool.leaf.issuer().content() == subject
                || pool.intermediates.iter().any(|known| known.issuer().content() == subject)
        };
        let anchors = set.anchors.iter().filter(|anchor| scope.includes(anchor.index)).filter(leads_to);
        let mut found = Vec::with_capacity(set.anchors.len());
        found.extend(anchors);
        pool.anchors = found;
        pool
    }

    /// The moments to try, in ascending order: a path is acceptable if it is so at one of them.
    ///
    /// With the time unknown, the first moment at which a path can be valid is the latest notBefore on it, or
    /// the floor; if it is not valid then, it never is.
    pub(crate) fn moments(&mut self, time: Time) -> Vec<UnixSeconds> {
        let floor = match time {
            Time::Known(now) => return [now].into(),
            Time::Unknown { floor } => floor.max(self.leaf.not_before()),
        };
        let count = self.intermediates.len().saturating_add(self.anchors.len()).saturating_add(1);
        let mut moments = Vec::with_capacity(count);
        moments.extend(self.intermediates.iter().map(Certificate::not_before));
        moments.extend(self.anchors.iter().map(|anchor| anchor.not_before));
        moments.retain(|moment| *moment > floor);
        moments.push(floor);
        moments.sort_unstable();
        moments.dedup();
        self.is_cut |= moments.len() > MOMENTS_MAX;
        moments.truncate(MOMENTS_MAX);
        moments
    }

    /// The certificate of the chain with these bytes.
    pub(crate) fn certificate(&self, der: &[u8]) -> Option<&Certificate<'a>> {
        core::iter::once(&self.leaf).chain(&self.intermediates).find(|known| known.as_der() == der)
    }

    /// The first certificate, from the leaf upwards, that is not valid at `moment`.
    pub(crate) fn first_out_of_date(&self, moment: UnixSeconds) -> Option<&Certificate<'a>> {
        core::iter::once(&self.leaf)
            .chain(&self.intermediates)
            .find(|known| moment < known.not_before() || moment > known.not_after())
    }

    /// The certificate at which the chain of names breaks off.
    pub(crate) fn last_reached(&self) -> &Certificate<'a> {
        self.intermediates.iter().rev().find(|known| !known.is_self_issued()).unwrap_or(&self.leaf)
    }
}

fn readable<'a>(certificates: &'a [CertificateDer<'_>]) -> impl Iterator<Item = Certificate<'a>> {
    certificates.iter().filter_map(|der| Certificate::parse(der).ok())
}
