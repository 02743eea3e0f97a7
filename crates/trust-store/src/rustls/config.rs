//! The client configuration that an application makes once and keeps.

use std::sync::Arc;

use rustls::ClientConfig;
use rustls::crypto::CryptoProvider;

use crate::TrustStore;
use crate::rustls::{FollowingVerifier, UnknownService};

/// No client configuration can be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The installed release has no service of that name.
    #[error(transparent)]
    Service(#[from] UnknownService),
    /// rustls refuses its own defaults.
    #[error("rustls cannot be configured")]
    Tls(#[from] rustls::Error),
}

/// A configuration for TLS 1.2 and 1.3 whose connections trust what is installed for `service`, at any time.
///
/// Make it once and keep it: it follows the store, and sessions are resumed only within one configuration. For a
/// client certificate, build a configuration with [`FollowingVerifier`] and set its
/// [`resumption`](FollowingVerifier::resumption) too.
///
/// The provider is ring where the feature `ring` is there, and else aws-lc-rs.
///
/// # Errors
/// Where the installed release has no such service.
#[cfg(any(feature = "aws-lc-rs", feature = "ring"))]
pub fn client_config(store: &TrustStore, service: &str) -> Result<ClientConfig, ConfigError> {
    #[cfg(not(feature = "ring"))]
    use rustls::crypto::aws_lc_rs as chosen;
    #[cfg(feature = "ring")]
    use rustls::crypto::ring as chosen;

    client_config_with_provider(store, service, Arc::new(chosen::default_provider()))
}

/// As `client_config`, with the handshake's cryptography by `provider`.
///
/// The signatures of certificates are verified by the crate's own features, `ring` or `aws-lc-rs`; with neither, no
/// chain verifies.
///
/// # Errors
/// Where the installed release has no such service, and where the provider lacks what TLS 1.2 and 1.3 need.
pub fn client_config_with_provider(
    store: &TrustStore,
    service: &str,
    provider: Arc<CryptoProvider>,
) -> Result<ClientConfig, ConfigError> {
    let verifier = FollowingVerifier::new(store.clone(), service, Arc::clone(&provider))?;
    let resumption = verifier.resumption();
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.resumption = resumption;
    Ok(config)
}
