//! rustls on a trust store: a verifier and a session store that follow what is installed.
//!
//! A `RootCertStore` is fixed when a configuration is made; here the configuration stays and the roots move.
//! Every handshake polls the store first. Removal reaches further than new handshakes: a resumed session skips
//! the certificate check altogether, so [`FollowingSessions`] hands a session out only while the chain behind it
//! would still be accepted.

mod config;
mod ledger;
mod refused;
mod sessions;
mod verifier;

#[cfg(any(feature = "aws-lc-rs", feature = "ring"))]
pub use config::client_config;
pub use config::{ConfigError, client_config_with_provider};
pub use refused::HandshakeRefused;
pub use sessions::FollowingSessions;
pub use verifier::{FollowingVerifier, UnknownService};
