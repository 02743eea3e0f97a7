//! The server's proof: one Certificate, then one CertificateVerify over the handshake (RFC 8446 §4.4).

use alloc::vec::Vec;

use digest::Digest as _;
use embedded_tls::{
    CertificateEntryRef, CertificateRef, CertificateVerifyRef, CryptoProvider, CryptoRngCore,
    SignatureScheme, TlsError, TlsVerifier,
};
use rustls_pki_types::{CertificateDer, SignatureVerificationAlgorithm};
use webpki::{EndEntityCert, ring};

use crate::entropy::Generator;
use crate::limits::{CERTIFICATES_MAX, CHAIN_BYTES_MAX, PROOF_BYTES, PROOF_KEYS};
use crate::{Entropy, Error, ServedChain, Suite};

/// What `embedded-tls` asks of the outside: randomness and a verifier.
pub(crate) struct Provider<C: Suite> {
    generator: Generator,
    pub(crate) verifier: Verifier<C>,
}

/// Where the proof stands. It only goes forward; whatever comes out of order ends it.
pub(crate) enum Verifier<C: Suite> {
    /// Nothing came yet.
    Waiting,
    /// The certificates came; the hash is of the handshake up to and with them.
    Served(ServedChain, C::Hash),
    /// The signature is right.
    Proven(ServedChain),
    /// Something was wrong.
    Failed(Error),
}

impl<C: Suite> Provider<C> {
    pub(crate) const fn new(entropy: Entropy) -> Self {
        Self { generator: Generator::new(entropy), verifier: Verifier::Waiting }
    }
}

impl<C: Suite> CryptoProvider for Provider<C> {
    type CipherSuite = C;
    type Signature = [u8; 0];

    fn rng(&mut self) -> impl CryptoRngCore {
        &mut self.generator
    }

    fn verifier(&mut self) -> Result<&mut impl TlsVerifier<C>, TlsError> {
        Ok(&mut self.verifier)
    }
}

impl<C: Suite> Verifier<C> {
    /// The chain whose key signed the handshake.
    pub(crate) fn proven(self) -> Result<ServedChain, Error> {
        match self {
            Self::Proven(chain) => Ok(chain),
            Self::Failed(error) => Err(error),
            Self::Waiting | Self::Served(..) => Err(Error::Unauthenticated),
        }
    }

    /// What was wrong, if it was found here.
    pub(crate) const fn fault(&self) -> Option<Error> {
        if let Self::Failed(error) = self { Some(*error) } else { None }
    }

    fn advance(&mut self, next: Result<Self, Error>) -> Result<(), TlsError> {
        *self = next.unwrap_or_else(Self::Failed);
        if self.fault().is_some() { Err(TlsError::InvalidCertificate) } else { Ok(()) }
    }
}

impl<C: Suite> TlsVerifier<C> for Verifier<C> {
    fn set_hostname_verification(&mut self, _: &str) -> Result<(), TlsError> {
        // Names are judged with the chain, by whoever knows the anchors.
        Ok(())
    }

    fn verify_certificate(
        &mut self,
        transcript: &C::Hash,
        certificate: CertificateRef<'_>,
    ) -> Result<(), TlsError> {
        let next = match self {
            Self::Waiting => copied(&certificate).map(|chain| Self::Served(chain, transcript.clone())),
            Self::Failed(error) => Err(*error),
            // A second one would put other certificates beside the first one's proof.
            Self::Served(..) | Self::Proven(_) => Err(Error::MessageNotAllowed),
        };
        self.advance(next)
    }

    fn verify_signature(&mut self, verify: CertificateVerifyRef<'_>) -> Result<(), TlsError> {
        let next = match core::mem::replace(self, Self::Waiting) {
            Self::Served(chain, transcript) => {
                check_signature::<C>(&chain, transcript, &verify).map(|()| Self::Proven(chain))
            }
            Self::Failed(error) => Err(error),
            Self::Waiting | Self::Proven(_) => Err(Error::MessageNotAllowed),
        };
        self.advance(next)
    }
}

/// The served certificates, copied out of the read buffer. A chain for which there is no room ends as one that is too
/// long.
fn copied(certificate: &CertificateRef<'_>) -> Result<ServedChain, Error> {
    let mut bytes_left = CHAIN_BYTES_MAX;
    let mut copy = |entry: &CertificateEntryRef<'_>| {
        let CertificateEntryRef::X509(der) = entry else { return Err(Error::Certificate) };
        bytes_left = bytes_left.checked_sub(der.len()).ok_or(Error::ChainTooLong)?;
        let mut kept = Vec::new();
        kept.try_reserve_exact(der.len()).map_err(|_| Error::ChainTooLong)?;
        kept.extend_from_slice(der);
        Ok(CertificateDer::from(kept))
    };
    if certificate.entries.len() > CERTIFICATES_MAX {
        return Err(Error::ChainTooLong);
    }
    // RFC 8446 §4.4.2: a server's list is never empty.
    let (first, rest) = certificate.entries.split_first().ok_or(Error::Unauthenticated)?;
    // The list is there before what it lists: a server that fills the heap to the last byte leaves none for it.
    let mut intermediates = Vec::new();
    intermediates.try_reserve_exact(rest.len()).map_err(|_| Error::ChainTooLong)?;
    let end_entity = copy(first)?;
    for entry in rest {
        intermediates.push(copy(entry)?);
    }
    if !has_room(ServedChain::BYTES) {
        return Err(Error::ChainTooLong);
    }
    Ok(ServedChain::new(end_entity, intermediates))
}

/// True where the heap has so many bytes in one piece: what a server decides the size of must not exhaust it, because a
/// program whose heap is exhausted is ended.
fn has_room(bytes: usize) -> bool {
    let mut room: Vec<u8> = Vec::new();
    let is_there = room.try_reserve_exact(bytes).is_ok();
    // A block that nobody looks at need not be allocated at all, says the optimiser.
    core::hint::black_box(room.as_ptr());
    is_there
}

/// Verifies the signature over the handshake (RFC 8446 §4.4.3).
fn check_signature<C: Suite>(
    chain: &ServedChain,
    transcript: C::Hash,
    verify: &CertificateVerifyRef<'_>,
) -> Result<(), Error> {
    const CONTEXT: &[u8] = b"TLS 1.3, server CertificateVerify\0";
    let algorithm = algorithm(verify.signature_scheme).ok_or(Error::SignatureAlgorithm)?;
    let leaf = EndEntityCert::try_from(chain.end_entity()).map_err(|_| Error::Certificate)?;
    // The copy of the key is no longer than the certificate.
    let has_room_for_key = has_room(chain.end_entity().len());
    let proof_bytes = |key_bytes: usize| key_bytes.saturating_mul(PROOF_KEYS).saturating_add(PROOF_BYTES);
    if !has_room_for_key || !has_room(proof_bytes(leaf.subject_public_key_info().len())) {
        return Err(Error::ChainTooLong);
    }
    let mut message = Vec::from([0x20; 64]);
    message.extend_from_slice(CONTEXT);
    message.extend_from_slice(&transcript.finalize());
    leaf.verify_signature(algorithm, &message, verify.signature).map_err(|error| match error {
        webpki::Error::InvalidSignatureForPublicKey => Error::Signature,
        _ => Error::SignatureAlgorithm,
    })
}

/// What TLS 1.3 lets a server sign with (RFC 8446 §4.2.3), as far as `ring` verifies it: no PKCS #1 v1.5, no SHA-1,
/// and each curve with its own hash.
fn algorithm(scheme: SignatureScheme) -> Option<&'static dyn SignatureVerificationAlgorithm> {
    Some(match scheme {
        SignatureScheme::EcdsaSecp256r1Sha256 => ring::ECDSA_P256_SHA256,
        SignatureScheme::EcdsaSecp384r1Sha384 => ring::ECDSA_P384_SHA384,
        SignatureScheme::Ed25519 => ring::ED25519,
        SignatureScheme::RsaPssRsaeSha256 => ring::RSA_PSS_2048_8192_SHA256_LEGACY_KEY,
        SignatureScheme::RsaPssRsaeSha384 => ring::RSA_PSS_2048_8192_SHA384_LEGACY_KEY,
        SignatureScheme::RsaPssRsaeSha512 => ring::RSA_PSS_2048_8192_SHA512_LEGACY_KEY,
        _ => return None,
    })
}
