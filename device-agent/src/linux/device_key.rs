//! The device's own key: it signs reports, and nothing else. A file of its own, mode 0600, never printed.
//!
//! The file is PKCS#8 in PEM (RFC 8410 §7), as `openssl genpkey -algorithm ed25519` writes it, so that a factory
//! can bring keys of its own.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bundle::{Algorithm, Key, KeyId};
use ed25519_dalek::{Signer as _, SigningKey};
use zeroize::Zeroizing;

use super::durable;
use super::entropy;
use super::error::Error;

/// PKCS#8 of an Ed25519 key in front of its 32 bytes: version 0, algorithm 1.3.101.112, an octet string in an
/// octet string.
const PREFIX: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";
/// Longest key file that is looked at: the PEM of one key is 119 bytes; comments may stand around it.
const FILE_BYTES_MAX: u64 = 4_096;

/// The device's key.
pub struct DeviceKey {
    signing: SigningKey,
}

impl DeviceKey {
    /// Makes a new key and its file.
    ///
    /// # Errors
    /// The file exists already, or cannot be written.
    pub fn create(path: &Path) -> Result<Self, Error> {
        if path.try_exists().unwrap_or(false) {
            let error =
                Error::usage("key_exists", "there is a key already, and reports are enrolled under it");
            return Err(error.file(path).hint("show it with: device-agent key show"));
        }
        let seed = Zeroizing::new(entropy::random::<32>()?);
        let der = Zeroizing::new([&PREFIX[..], &seed[..]].concat());
        let body = Zeroizing::new(STANDARD.encode(&*der));
        let pem = Zeroizing::new(format!("{BEGIN}\n{}\n{END}\n", *body));
        durable::create(path, pem.as_bytes(), durable::SECRET_MODE)?;
        Ok(Self { signing: SigningKey::from_bytes(&seed) })
    }

    /// Reads the key.
    ///
    /// # Errors
    /// The file is missing, is no Ed25519 key, or others may read it.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let io = |error| Error::io("read the device key", path, error);
        let metadata = fs::metadata(path).map_err(io).map_err(|error| match path.try_exists() {
            Ok(false) => error.hint("make one with: device-agent key new"),
            _ => error,
        })?;
        let mode = metadata.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            let error =
                Error::usage("key_not_secret", format!("the key has mode {mode:04o}: others may read it"));
            return Err(error.file(path).hint("make a new one, or if nobody read it: chmod 600"));
        }
        if metadata.len() > FILE_BYTES_MAX {
            return Err(malformed(path));
        }
        let text = Zeroizing::new(fs::read_to_string(path).map_err(io)?);
        let seed = seed(&text).ok_or_else(|| malformed(path))?;
        Ok(Self { signing: SigningKey::from_bytes(&seed) })
    }

    /// The public key, 32 bytes.
    #[must_use]
    pub fn public_bytes(&self) -> [u8; 32] {
        self.signing.verifying_key().to_bytes()
    }

    /// The public key as enrolment lists carry it: base64.
    #[must_use]
    pub fn public_text(&self) -> String {
        STANDARD.encode(self.public_bytes())
    }

    /// The id by which report frames name the key.
    #[must_use]
    pub fn id(&self) -> KeyId {
        Key { algorithm: Algorithm::ED25519, bytes: &self.public_bytes(), name: "" }.id()
    }

    /// Signs one message.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.signing.sign(message).to_bytes()
    }
}

impl std::fmt::Debug for DeviceKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DeviceKey({})", self.id())
    }
}

fn seed(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    let (_, rest) = text.split_once(BEGIN)?;
    let (body, _) = rest.split_once(END)?;
    let body: Zeroizing<String> = Zeroizing::new(body.split_ascii_whitespace().collect());
    let der = Zeroizing::new(STANDARD.decode(&*body).ok()?);
    let seed: [u8; 32] = der.strip_prefix(&PREFIX)?.try_into().ok()?;
    Some(Zeroizing::new(seed))
}

fn malformed(path: &Path) -> Error {
    Error::usage("bad_key", "is not an Ed25519 private key in PEM (PKCS#8)").file(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_reads_back_and_its_file_is_secret() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("device.key");
        let made = DeviceKey::create(&path).unwrap();
        assert_eq!(DeviceKey::read(&path).unwrap().public_bytes(), made.public_bytes());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(DeviceKey::create(&path).is_err(), "a second key would orphan the enrolment");
        assert!(!format!("{made:?}").contains("signing"));
    }

    #[test]
    fn a_key_that_others_may_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("device.key");
        DeviceKey::create(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let error = DeviceKey::read(&path).unwrap_err();
        assert_eq!(error.exit().number(), 2);
        assert!(error.to_string().contains("0640"), "{error}");
    }

    #[test]
    fn malformed_keys_are_named_and_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("device.key");
        for text in ["", "secret", "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n"] {
            durable::replace(&path, text.as_bytes(), durable::SECRET_MODE).unwrap();
            let error = DeviceKey::read(&path).unwrap_err();
            assert!(error.to_string().ends_with("is not an Ed25519 private key in PEM (PKCS#8)"), "{error}");
        }
    }

    #[test]
    fn a_key_of_openssl_is_read() {
        // RFC 8410 §10.3 has this key; its public half is in §10.1.
        let text = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
                    -----END PRIVATE KEY-----\n";
        let seed = seed(text).unwrap();
        let public = SigningKey::from_bytes(&seed).verifying_key().to_bytes();
        assert_eq!(STANDARD.encode(public), "Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=");
    }
}
