//! The probe port: one real TLS handshake per endpoint, and what was served judged under both bundles.

mod bundles;
mod handshake;

pub use bundles::Bundles;
pub use handshake::Handshakes;
