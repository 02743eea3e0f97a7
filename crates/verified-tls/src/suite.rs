//! The cipher suites, each with the guard inside its decryption.

use aes_gcm::aead::generic_array::typenum::{U12, U16, U54};
#[cfg(feature = "aes256")]
use aes_gcm::aead::generic_array::typenum::{U32, U70};
use embedded_tls::TlsCipherSuite;

use crate::cipher::Guarded;

/// A cipher suite of TLS 1.3 (RFC 8446 §B.4). A connection offers exactly one.
pub trait Suite: TlsCipherSuite + sealed::Sealed + 'static {}

mod sealed {
    /// Only this crate's suites are guarded.
    pub trait Sealed {}
}

/// `TLS_AES_128_GCM_SHA256`, which every server of TLS 1.3 must have (RFC 8446 §9.1).
#[derive(Clone, Copy, Debug)]
pub struct Aes128;

impl sealed::Sealed for Aes128 {}

impl Suite for Aes128 {}

impl TlsCipherSuite for Aes128 {
    const CODE_POINT: u16 = 0x1301;
    type Cipher = Guarded<aes_gcm::Aes128Gcm>;
    type KeyLen = U16;
    type IvLen = U12;
    type Hash = embedded_tls::Sha256;
    type LabelBufferSize = U54;
}

/// `TLS_AES_256_GCM_SHA384`, for servers whose operators have switched the mandatory suite off.
#[cfg(feature = "aes256")]
#[derive(Clone, Copy, Debug)]
pub struct Aes256;

#[cfg(feature = "aes256")]
impl sealed::Sealed for Aes256 {}

#[cfg(feature = "aes256")]
impl Suite for Aes256 {}

#[cfg(feature = "aes256")]
impl TlsCipherSuite for Aes256 {
    const CODE_POINT: u16 = 0x1302;
    type Cipher = Guarded<aes_gcm::Aes256Gcm>;
    type KeyLen = U32;
    type IvLen = U12;
    type Hash = embedded_tls::Sha384;
    type LabelBufferSize = U70;
}
