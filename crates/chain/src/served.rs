//! What is judged: the certificates a peer served, what it was asked for, and what is known of the time.

use bundle::{Purposes, UnixSeconds};
use rustls_pki_types::{CertificateDer, ServerName};
use webpki::KeyUsage;

/// A chain as a peer served it, and what it is to prove.
#[derive(Clone, Copy, Debug)]
pub struct Served<'a> {
    /// The peer's own certificate.
    pub end_entity: &'a CertificateDer<'a>,
    /// Whatever else it sent, in any order; the bundle's intermediates are added to these.
    pub intermediates: &'a [CertificateDer<'a>],
    /// The name or address that was asked for. `None` where the peer has none, as clients do; an anchor that is
    /// constrained to DNS subtrees then verifies nothing.
    pub server_name: Option<&'a ServerName<'a>>,
    /// What the certificates are used for.
    pub purpose: Purpose,
}

/// What a chain is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Purpose {
    /// Authenticating a client of TLS.
    ClientAuth,
    /// Signing code.
    CodeSigning,
    /// Protecting e-mail.
    Email,
    /// Authenticating a server of TLS.
    ServerAuth,
}

/// What is known of the present time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Time {
    /// The clock is set.
    Known(UnixSeconds),
    /// Nobody knows the time; it is not before the floor.
    ///
    /// A chain is then refused only where no moment at or after the floor could make it valid: notAfter is
    /// checked against the floor, and notBefore against nothing but the notAfter of its own path.
    Unknown {
        /// The latest time that is known to be past: build time, newest accepted release or keyring.
        floor: UnixSeconds,
    },
}

impl Purpose {
    /// The purpose as it stands on anchors.
    #[must_use]
    pub const fn bit(self) -> Purposes {
        match self {
            Self::ClientAuth => Purposes::CLIENT_AUTH,
            Self::CodeSigning => Purposes::CODE_SIGNING,
            Self::Email => Purposes::EMAIL,
            Self::ServerAuth => Purposes::SERVER_AUTH,
        }
    }

    /// The extended key usage that certificates must have, where they have any (RFC 5280 §4.2.1.12).
    pub(crate) const fn key_usage(self) -> KeyUsage {
        /// id-kp-codeSigning, 1.3.6.1.5.5.7.3.3.
        const CODE_SIGNING: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 3];
        /// id-kp-emailProtection, 1.3.6.1.5.5.7.3.4.
        const EMAIL: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 4];
        match self {
            Self::ClientAuth => KeyUsage::client_auth(),
            Self::CodeSigning => KeyUsage::required_if_present(CODE_SIGNING),
            Self::Email => KeyUsage::required_if_present(EMAIL),
            Self::ServerAuth => KeyUsage::server_auth(),
        }
    }
}

impl Time {
    /// The clock's word, believed only where it is not behind the floor: a clock that is, was never set.
    #[must_use]
    pub fn from_clock(now: UnixSeconds, floor: UnixSeconds) -> Self {
        if now >= floor { Self::Known(now) } else { Self::Unknown { floor } }
    }

    /// A moment that is certainly not in the future.
    #[must_use]
    pub const fn earliest(self) -> UnixSeconds {
        match self {
            Self::Known(now) => now,
            Self::Unknown { floor } => floor,
        }
    }
}
