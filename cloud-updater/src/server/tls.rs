//! The server's own certificate and key: read, checked, and read again on request without a restart.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use zeroize::Zeroizing;

use super::error::{TlsError, TlsFault};

/// Most bytes of a certificate chain or key file.
const PEM_BYTES_MAX: u64 = 1 << 20;

/// Permission bits that let everybody read, write or execute.
const OTHERS: u32 = 0o007;

/// A certificate chain and its key, each in a file.
#[derive(Debug)]
pub(super) struct Identity {
    certificate: PathBuf,
    key: PathBuf,
    provider: Arc<CryptoProvider>,
    current: ArcSwap<CertifiedKey>,
}

impl Identity {
    /// Reads both files.
    pub(super) fn open(certificate: PathBuf, key: PathBuf) -> Result<Arc<Self>, TlsError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let current = read(&certificate, &key, &provider)?;
        Ok(Arc::new(Self { certificate, key, provider, current: ArcSwap::from_pointee(current) }))
    }

    /// Reads both files again; where that fails, the certificate in use stays.
    pub(super) fn reload(&self) -> Result<(), TlsError> {
        self.current.store(Arc::new(read(&self.certificate, &self.key, &self.provider)?));
        Ok(())
    }

    /// TLS 1.2 and 1.3 with this certificate, for HTTP/1.1.
    pub(super) fn config(self: &Arc<Self>) -> Result<Arc<ServerConfig>, TlsError> {
        let builder = ServerConfig::builder_with_provider(Arc::clone(&self.provider));
        let builder =
            builder.with_safe_default_protocol_versions().map_err(|source| self.unusable(source))?;
        let resolver: Arc<dyn ResolvesServerCert> = Arc::<Self>::clone(self);
        let mut config = builder.with_no_client_auth().with_cert_resolver(resolver);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    fn unusable(&self, source: rustls::Error) -> TlsError {
        TlsFault::Unusable(source).of(&self.key)
    }
}

impl ResolvesServerCert for Identity {
    fn resolve(&self, _client_hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.load_full())
    }
}

fn read(certificate: &Path, key: &Path, provider: &CryptoProvider) -> Result<CertifiedKey, TlsError> {
    let pem = contents(certificate, false)?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let chain = chain.map_err(|source| TlsFault::Pem(source).of(certificate))?;
    if chain.is_empty() {
        return Err(TlsFault::NoCertificate.of(certificate));
    }
    let pem = contents(key, true)?;
    let private = PrivateKeyDer::from_pem_slice(&pem).map_err(|source| TlsFault::NoKey(source).of(key))?;
    CertifiedKey::from_der(chain, private, provider).map_err(|source| TlsFault::Unusable(source).of(key))
}

/// The file's bytes; a secret one must not be open to everybody. The opened file is asked, not its path, so
/// that what is checked is what is read.
fn contents(path: &Path, secret: bool) -> Result<Zeroizing<Vec<u8>>, TlsError> {
    let failed = |source| TlsFault::Read(source).of(path);
    let file = File::open(path).map_err(failed)?;
    let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o7777;
    if secret && mode & OTHERS != 0 {
        return Err(TlsFault::KeyExposed { mode }.of(path));
    }
    let mut bytes = Zeroizing::new(Vec::new());
    file.take(PEM_BYTES_MAX).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::fs::{Permissions, set_permissions};

    use super::*;
    use crate::server::kit::{TestAuthority, put};

    fn files(folder: &Path) -> (PathBuf, PathBuf) {
        TestAuthority::new().server_files(folder)
    }

    #[test]
    fn a_key_that_everybody_can_read_is_refused_with_its_mode() {
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = files(folder.path());
        for mode in [0o644, 0o604, 0o602] {
            set_permissions(&key, Permissions::from_mode(mode)).unwrap();
            let error = Identity::open(certificate.clone(), key.clone()).unwrap_err();
            assert!(error.to_string().contains(&format!("mode {mode:04o}")), "{error}");
        }
        for mode in [0o600, 0o640, 0o400] {
            set_permissions(&key, Permissions::from_mode(mode)).unwrap();
            assert!(Identity::open(certificate.clone(), key.clone()).is_ok());
        }
    }

    #[test]
    fn a_key_of_another_certificate_is_refused() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (certificate, _) = files(one.path());
        let (_, key) = files(other.path());
        let error = Identity::open(certificate, key).unwrap_err();
        assert!(matches!(error.fault, TlsFault::Unusable(_)), "{error}");
    }

    #[test]
    fn swapped_files_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = files(folder.path());
        let error = Identity::open(key, certificate).unwrap_err();
        assert!(
            matches!(error.fault, TlsFault::NoCertificate) && error.path.ends_with("server.key"),
            "{error}"
        );
        put(folder.path(), "empty.key", b"");
        set_permissions(folder.path().join("empty.key"), Permissions::from_mode(0o600)).unwrap();
        let (certificate, _) = files(folder.path());
        let error = Identity::open(certificate, folder.path().join("empty.key")).unwrap_err();
        assert!(matches!(error.fault, TlsFault::NoKey(_)) && error.path.ends_with("empty.key"), "{error}");
    }

    #[test]
    fn a_renewed_certificate_is_taken_up_and_a_broken_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = files(folder.path());
        let identity = Identity::open(certificate.clone(), key).unwrap();
        let first = identity.current.load_full().cert.clone();
        files(folder.path());
        identity.reload().unwrap();
        let second = identity.current.load_full().cert.clone();
        assert_ne!(first, second);
        put(folder.path(), "server.pem", b"no certificate");
        assert!(identity.reload().is_err());
        assert_eq!(identity.current.load_full().cert, second);
    }
}
