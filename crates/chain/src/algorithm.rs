//! Algorithms of certificates: what a key is, what a signature is, and which of them are weak today.

use core::fmt;

use crate::der::{DerError, Element, tag, unsigned, whole_octets};

/// The algorithm of a certificate's public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyAlgorithm {
    /// ECDSA on P-256 (RFC 5480 §2.1.1.1).
    EcdsaP256,
    /// ECDSA on P-384.
    EcdsaP384,
    /// ECDSA on P-521; `ring` cannot verify its signatures.
    EcdsaP521,
    /// Ed25519 (RFC 8410).
    Ed25519,
    /// Any other algorithm.
    Other,
    /// RSA with a modulus of so many bits.
    Rsa {
        /// Bits of the modulus.
        bits: usize,
    },
}

/// The algorithm that signed a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignatureAlgorithm {
    /// ECDSA with SHA-1.
    EcdsaSha1,
    /// ECDSA with SHA-256.
    EcdsaSha256,
    /// ECDSA with SHA-384.
    EcdsaSha384,
    /// ECDSA with SHA-512.
    EcdsaSha512,
    /// Ed25519.
    Ed25519,
    /// Any other algorithm.
    Other,
    /// RSA PKCS#1 v1.5 with MD2 or MD5.
    RsaMd5,
    /// RSA-PSS (RFC 4055), with any digest.
    RsaPss,
    /// RSA PKCS#1 v1.5 with SHA-1.
    RsaSha1,
    /// RSA PKCS#1 v1.5 with SHA-256.
    RsaSha256,
    /// RSA PKCS#1 v1.5 with SHA-384.
    RsaSha384,
    /// RSA PKCS#1 v1.5 with SHA-512.
    RsaSha512,
}

/// Shortest RSA modulus that is not weak, in bits: the floor of the CA/Browser Forum's baseline requirements
/// (§6.1.5), and what `ring` verifies at all.
pub const RSA_BITS_MIN: usize = 2_048;

impl KeyAlgorithm {
    /// True for a key that must not sign certificates any more, and for one that no device could use.
    #[must_use]
    pub const fn is_weak(self) -> bool {
        match self {
            Self::Rsa { bits } => bits < RSA_BITS_MIN,
            Self::Other => true,
            Self::EcdsaP256 | Self::EcdsaP384 | Self::EcdsaP521 | Self::Ed25519 => false,
        }
    }

    /// Reads a `SubjectPublicKeyInfo` (RFC 5280 §4.1.2.7).
    pub(crate) fn read(element: &Element<'_>) -> Result<Self, DerError> {
        const FIELD: &str = "subject_public_key_info";
        let mut info = element.reader();
        let mut algorithm = info.expect(tag::SEQUENCE, FIELD)?.reader();
        let oid = algorithm.expect(tag::OBJECT_IDENTIFIER, FIELD)?.content;
        let key = info.expect(tag::BIT_STRING, FIELD)?;
        info.finish(FIELD)?;
        Ok(match oid {
            RSA_ENCRYPTION => Self::Rsa { bits: rsa_bits(&key)? },
            EC_PUBLIC_KEY => {
                match algorithm.optional(tag::OBJECT_IDENTIFIER, FIELD)?.map(|curve| curve.content) {
                    Some(CURVE_P256) => Self::EcdsaP256,
                    Some(CURVE_P384) => Self::EcdsaP384,
                    Some(CURVE_P521) => Self::EcdsaP521,
                    _ => Self::Other,
                }
            }
            ED25519 => Self::Ed25519,
            _ => Self::Other,
        })
    }
}

impl SignatureAlgorithm {
    /// True where collisions of the digest are practical. On a self-signed anchor the signature proves
    /// nothing, so there it is no reason to refuse.
    #[must_use]
    pub const fn is_weak(self) -> bool {
        matches!(self, Self::EcdsaSha1 | Self::RsaMd5 | Self::RsaSha1)
    }

    /// Reads an `AlgorithmIdentifier` (RFC 5280 §4.1.1.2).
    pub(crate) fn read(element: &Element<'_>, field: &'static str) -> Result<Self, DerError> {
        let oid = element.reader().expect(tag::OBJECT_IDENTIFIER, field)?.content;
        Ok(SIGNATURES
            .iter()
            .find(|(known, _)| *known == oid)
            .map_or(Self::Other, |(_, algorithm)| *algorithm))
    }
}

/// Bits of an RSA modulus (RFC 8017 §A.1.1).
fn rsa_bits(key: &Element<'_>) -> Result<usize, DerError> {
    const FIELD: &str = "subject_public_key_info.modulus";
    let octets = whole_octets(key, FIELD)?;
    let inner =
        Element { tag: key.tag, whole: octets, content: octets, offset: key.offset.saturating_add(1) };
    let modulus = inner.reader().expect(tag::SEQUENCE, FIELD)?.reader().expect(tag::INTEGER, FIELD)?;
    let octets = unsigned(&modulus, FIELD)?;
    let unused: usize = octets.first().map_or(0, |octet| octet.leading_zeros().try_into().unwrap_or(0));
    Ok(octets.len().saturating_mul(8).saturating_sub(unused))
}

const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
const CURVE_P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
const CURVE_P384: &[u8] = &[0x2b, 0x81, 4, 0, 34];
const CURVE_P521: &[u8] = &[0x2b, 0x81, 4, 0, 35];
const ED25519: &[u8] = &[0x2b, 0x65, 112];

const SIGNATURES: [(&[u8], SignatureAlgorithm); 12] = [
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 2], SignatureAlgorithm::RsaMd5),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 4], SignatureAlgorithm::RsaMd5),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5], SignatureAlgorithm::RsaSha1),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10], SignatureAlgorithm::RsaPss),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11], SignatureAlgorithm::RsaSha256),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 12], SignatureAlgorithm::RsaSha384),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 13], SignatureAlgorithm::RsaSha512),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1], SignatureAlgorithm::EcdsaSha1),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2], SignatureAlgorithm::EcdsaSha256),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3], SignatureAlgorithm::EcdsaSha384),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 4], SignatureAlgorithm::EcdsaSha512),
    (ED25519, SignatureAlgorithm::Ed25519),
];

impl fmt::Display for KeyAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EcdsaP256 => f.write_str("ECDSA P-256"),
            Self::EcdsaP384 => f.write_str("ECDSA P-384"),
            Self::EcdsaP521 => f.write_str("ECDSA P-521"),
            Self::Ed25519 => f.write_str("Ed25519"),
            Self::Other => f.write_str("unknown key algorithm"),
            Self::Rsa { bits } => write!(f, "RSA {bits}"),
        }
    }
}

impl fmt::Display for SignatureAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EcdsaSha1 => "ECDSA with SHA-1",
            Self::EcdsaSha256 => "ECDSA with SHA-256",
            Self::EcdsaSha384 => "ECDSA with SHA-384",
            Self::EcdsaSha512 => "ECDSA with SHA-512",
            Self::Ed25519 => "Ed25519",
            Self::Other => "unknown signature algorithm",
            Self::RsaMd5 => "RSA with MD2 or MD5",
            Self::RsaPss => "RSA-PSS",
            Self::RsaSha1 => "RSA with SHA-1",
            Self::RsaSha256 => "RSA with SHA-256",
            Self::RsaSha384 => "RSA with SHA-384",
            Self::RsaSha512 => "RSA with SHA-512",
        })
    }
}
