//! A judge over plain trust anchors, for programs that have no bundle.

use core::time::Duration;

use rustls_pki_types::{ServerName, TrustAnchor, UnixTime};
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, Error, KeyUsage};

use crate::{ChainJudge, Ruling, ServedChain};

/// Judges by rustls-webpki alone: signatures, dates, key usages, path lengths, name constraints, and the name.
///
/// Anchors have no dates there: one that has expired still verifies. All signatures of a path are checked in one call.
#[derive(Clone, Copy, Debug)]
pub struct WebpkiJudge<'a> {
    /// What is trusted.
    pub anchors: &'a [TrustAnchor<'a>],
    /// The present time, in seconds since 1970.
    pub now_seconds: u64,
}

impl ChainJudge for WebpkiJudge<'_> {
    type Refusal = Error;

    fn judge(&mut self, chain: &ServedChain, name: &ServerName<'_>) -> Ruling<Error> {
        let verify = || {
            let leaf = EndEntityCert::try_from(chain.end_entity())?;
            let now = UnixTime::since_unix_epoch(Duration::from_secs(self.now_seconds));
            let usage = KeyUsage::server_auth();
            let algorithms = ALL_VERIFICATION_ALGS;
            leaf.verify_for_usage(algorithms, self.anchors, chain.intermediates(), now, usage, None, None)?;
            leaf.verify_is_valid_for_subject_name(name)
        };
        verify().map_or_else(Ruling::Refused, |()| Ruling::Authentic)
    }
}
