//! The client configuration that an application makes once and keeps.

use std::sync::Arc;

use rustls::ClientConfig;
use rustls::crypto::ring;

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
/// # Errors
/// Where the installed release has no such service.
pub fn client_config(store: &TrustStore, service: &str) -> Result<ClientConfig, ConfigError> {
    let provider = Arc::new(ring::default_provider());
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
