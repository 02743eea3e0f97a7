//! Who says whether a chain is a server's.

use rustls_pki_types::ServerName;

use crate::ServedChain;

/// Judges the chain of a server that has proved its key. It is what an authenticated connection rests on: it must
/// build a path to an anchor that is trusted for TLS servers, check its dates, and check the name.
pub trait ChainJudge {
    /// Why a chain is refused.
    type Refusal;

    /// The ruling on `chain`, served by whoever was asked for as `name`. A judge that has done enough work for one
    /// call says [`Ruling::Again`] and is asked again with the same chain and name.
    fn judge(&mut self, chain: &ServedChain, name: &ServerName<'_>) -> Ruling<Self::Refusal>;
}

/// A judge's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Ruling<R> {
    /// Not decided yet: ask again.
    Again,
    /// The chain is the named server's.
    Authentic,
    /// It is not, or it could not be told.
    Refused(R),
}
