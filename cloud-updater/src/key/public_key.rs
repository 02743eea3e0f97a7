//! A public key as one line of text: `trust-bundle-key ed25519 <base64> <name>`.

use std::fmt;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bundle::write::KeyContent;
use bundle::{Algorithm, KeyId, limits};
use ed25519_dalek::VerifyingKey;
use pkcs8::DecodePublicKey as _;

use crate::{Error, input};

/// First word of the line.
const MAGIC: &str = "trust-bundle-key";
/// Bytes of a `.pub` file: the longest key of a later algorithm in base64, and its name.
const FILE_BYTES_MAX: u64 = 8_192;

/// Somebody's public key, with the name that its holder gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    algorithm: Algorithm,
    bytes: Vec<u8>,
    name: String,
}

impl PublicKey {
    /// An Ed25519 key that may enter a keyring.
    ///
    /// # Errors
    /// The name is no key name, or the key is weak or not canonical.
    pub fn ed25519(bytes: [u8; 32], name: &str) -> Result<Self, Error> {
        check_name(name)?;
        let key = Self { algorithm: Algorithm::ED25519, bytes: bytes.to_vec(), name: name.to_owned() };
        let defect = key.content().as_key().check();
        defect.map_err(|defect| Error::input("weak_key", format!("the key {name:?} {defect}")))?;
        Ok(key)
    }

    /// Reads the line.
    ///
    /// # Errors
    /// Exit code 3 with the word at fault.
    pub fn parse(line: &str) -> Result<Self, Error> {
        let wrong = |field: &str, message: String| Error::input("public_key", message).field(field);
        let words: Vec<&str> = line.split_whitespace().collect();
        let [magic, algorithm, key, name] = *words.as_slice() else {
            let error = wrong("line", "is not one line of four words".to_owned());
            return Err(error.hint(format!("a public key is one line: {MAGIC} ed25519 <base64> <name>")));
        };
        if magic != MAGIC {
            return Err(wrong("first word", format!("is {magic:?}, not {MAGIC}")));
        }
        if algorithm != "ed25519" {
            return Err(wrong(
                "algorithm",
                format!("{algorithm:?} is not ed25519, the only one of this version"),
            ));
        }
        let bytes =
            STANDARD.decode(key).map_err(|error| wrong("key", "is not base64".to_owned()).because(error))?;
        let bytes = <[u8; 32]>::try_from(bytes)
            .map_err(|bytes| wrong("key", format!("has {} bytes, an Ed25519 key has 32", bytes.len())))?;
        Self::ed25519(bytes, name).map_err(|error| error.field("key"))
    }

    /// Reads an Ed25519 key as OpenSSL, tokens and key services give it: SubjectPublicKeyInfo in PEM (RFC 8410 §4).
    ///
    /// # Errors
    /// Exit code 3 where it is none.
    pub fn from_pem(text: &str, name: &str) -> Result<Self, Error> {
        let key = VerifyingKey::from_public_key_pem(text).map_err(|error| {
            let error = Error::input("public_key", "is not an Ed25519 public key in PEM").because(error);
            error.hint("openssl pkey -pubin -in FILE -text shows what it is")
        })?;
        Self::ed25519(key.to_bytes(), name)
    }

    /// Reads a `.pub` file.
    ///
    /// # Errors
    /// Exit code 3 with file and field, 5 where it cannot be read.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = input::read_text(path, FILE_BYTES_MAX, "a public key")?;
        if text.contains("PRIVATE KEY") {
            let error =
                Error::input("private_key", "holds a private key: it must not travel or enter a repository");
            return Err(error.file(path).hint("hand over the .pub file that stands beside it"));
        }
        Self::parse(&text).map_err(|error| error.file(path))
    }

    /// The holder's name for it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The id by which signatures name it.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.content().as_key().id()
    }

    /// The key as keyrings carry it.
    #[must_use]
    pub fn content(&self) -> KeyContent {
        KeyContent { algorithm: self.algorithm, bytes: self.bytes.clone(), name: self.name.clone() }
    }

    /// True where both are the same key, whatever they are called.
    #[must_use]
    pub fn is_same_key(&self, other: &Self) -> bool {
        self.algorithm == other.algorithm && self.bytes == other.bytes
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{MAGIC} {} {} {}", self.algorithm, STANDARD.encode(&self.bytes), self.name)
    }
}

/// Refuses names that cannot be a file or a word of the line.
pub(super) fn check_name(name: &str) -> Result<(), Error> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let is_fine = (1..=limits::NAME_BYTES_MAX).contains(&name.len())
        && !name.starts_with(['-', '.'])
        && name.bytes().all(fits);
    if is_fine {
        return Ok(());
    }
    let message = format!(
        "{name:?} is not a key's name: 1 to {} letters, digits, '-', '_' or '.'",
        limits::NAME_BYTES_MAX
    );
    Err(Error::usage("key_name", message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_reads_back_as_itself() {
        let secret = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
        let key = PublicKey::ed25519(secret.verifying_key().to_bytes(), "alice").unwrap();
        assert_eq!(PublicKey::parse(&key.to_string()).unwrap(), key);
        assert!(key.to_string().starts_with("trust-bundle-key ed25519 "));
    }

    fn check(line: &str, expect: &str) {
        let error = PublicKey::parse(line).unwrap_err();
        assert!(error.to_string().starts_with(expect), "{error}");
    }

    #[test]
    fn every_mistake_is_named() {
        check("", "line: ");
        check("ssh-ed25519 AAAA a b", "first word: ");
        check("trust-bundle-key rsa AAAA alice", "algorithm: ");
        check("trust-bundle-key ed25519 !!!! alice", "key: is not base64");
        check("trust-bundle-key ed25519 AAAA alice", "key: has 3 bytes");
        let weak = STANDARD.encode([0; 32]);
        check(
            &format!("trust-bundle-key ed25519 {weak} alice"),
            "key: the key \"alice\" is a weak public key",
        );
        let fine =
            STANDARD.encode(ed25519_dalek::SigningKey::from_bytes(&[7; 32]).verifying_key().to_bytes());
        check(&format!("trust-bundle-key ed25519 {fine} ../alice"), "key: \"../alice\" is not a key's name");
    }
}
