//! An Ed25519 key at rest: PKCS#8 in PEM, encrypted under a passphrase (RFC 5958, PBES2 with scrypt), mode 0600.

use std::fmt;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use bundle::write::Signature;
use bundle::{Algorithm, KeyId};
use ed25519_dalek::Signer as _;
use pkcs8::der::asn1::OctetString;
use pkcs8::der::pem::LineEnding;
use pkcs8::pkcs5::pbes2;
use pkcs8::pkcs5::scrypt;
use pkcs8::{
    DecodePrivateKey as _, EncryptedPrivateKeyInfoOwned, EncryptedPrivateKeyInfoRef, SecretDocument,
};

use super::{Passphrase, PublicKey, public_key};
use crate::durable::{self, SECRET_MODE};
use crate::{Error, Exit};

/// Label of the PEM block.
const PEM_LABEL: &str = "ENCRYPTED PRIVATE KEY";
/// Binary logarithm of scrypt's cost (RFC 7914 §2): 16 MiB, the most that OpenSSL unlocks without being asked.
const SCRYPT_LOG_N: u8 = 14;
/// scrypt's block size.
const SCRYPT_R: u32 = 8;
/// scrypt's parallelism: five passes over 16 MiB cost a guesser what one pass over 128 MiB does (OWASP's table).
const SCRYPT_P: u32 = 5;
/// Most memory that a key file may ask for before its passphrase is checked, in bytes: 1 GiB.
const SCRYPT_BYTES_MAX: u64 = 1 << 30;
/// What stands in front of the 32 secret bytes of an Ed25519 key in PKCS#8 (RFC 8410 §7).
const PKCS8_HEADER: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
/// Bytes of a key file: the block is about 400.
const FILE_BYTES_MAX: u64 = 16_384;

/// A key file on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyFile {
    path: PathBuf,
}

/// A private key in memory; wiped when it is dropped, never printed.
#[derive(Clone)]
pub struct SigningKey {
    secret: ed25519_dalek::SigningKey,
    public: PublicKey,
}

impl KeyFile {
    /// The key file at `path`.
    #[must_use]
    pub const fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// The key file called `name` in the user's configuration folder.
    ///
    /// # Errors
    /// Exit code 2 where the user has no configuration folder, or the name is none.
    pub fn named(name: &str) -> Result<Self, Error> {
        public_key::check_name(name)?;
        Ok(Self::at(Self::folder()?.join(format!("{name}.key"))))
    }

    /// `--key VALUE`: a path where it looks like one, else a name.
    ///
    /// # Errors
    /// As [`KeyFile::named`].
    pub fn path_or_name(value: &str) -> Result<Self, Error> {
        if value.contains('/') || Path::new(value).extension().is_some_and(|extension| extension == "key") {
            return Ok(Self::at(PathBuf::from(value)));
        }
        Self::named(value)
    }

    /// Where keys are kept: `$XDG_CONFIG_HOME/cloud-updater/keys`, else `~/.config/cloud-updater/keys`.
    ///
    /// # Errors
    /// Exit code 2 where neither variable is set.
    pub fn folder() -> Result<PathBuf, Error> {
        let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let configuration =
            absolute("XDG_CONFIG_HOME").or_else(|| absolute("HOME").map(|home| home.join(".config")));
        let configuration = configuration.ok_or_else(|| {
            Error::usage("no_home", "neither XDG_CONFIG_HOME nor HOME is an absolute path")
                .hint("give the key's path")
        })?;
        Ok(configuration.join("cloud-updater/keys"))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where its public half is: the same path with `.pub`.
    #[must_use]
    pub fn public_path(&self) -> PathBuf {
        self.path.with_extension("pub")
    }

    /// The file's name without its ending: what prompts and systemd credentials call the key.
    #[must_use]
    pub fn stem(&self) -> String {
        self.path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
    }

    /// Makes a key, writes both halves, and returns the public one. An existing file is never replaced.
    ///
    /// # Errors
    /// Exit code 3 where a file stands there already, 5 where one cannot be written.
    pub fn create(&self, name: &str, passphrase: &Passphrase) -> Result<PublicKey, Error> {
        for path in [self.path.clone(), self.public_path()] {
            if path.exists() {
                let error =
                    Error::input("key_exists", "stands there already; a key is never replaced").file(path);
                return Err(error.hint("choose another name, or move the old key away"));
            }
        }
        let mut seed = zeroize::Zeroizing::new([0; 32]);
        fill(seed.as_mut_slice())?;
        let secret = ed25519_dalek::SigningKey::from_bytes(&seed);
        let public = PublicKey::ed25519(secret.verifying_key().to_bytes(), name)?;
        let text = encrypt(&secret, passphrase)?;
        durable::create_file(&self.path, text.as_bytes(), SECRET_MODE)?;
        durable::create_file(&self.public_path(), format!("{public}\n").as_bytes(), durable::PUBLIC_MODE)?;
        Ok(public)
    }

    /// Decrypts the key.
    ///
    /// # Errors
    /// Exit code 3 where others can read the file, where it is no key file, and where the passphrase is wrong.
    pub fn unlock(&self, passphrase: &Passphrase) -> Result<SigningKey, Error> {
        let document = self.sealed(&self.read()?)?;
        let info = self.info(&document)?;
        let refused = || {
            let error = Error::input("wrong_passphrase", "the passphrase is wrong, or the file is damaged");
            error.file(&self.path)
        };
        let clear = info.decrypt(passphrase.as_bytes()).map_err(|_| refused())?;
        // CBC carries no check of its own: one wrong passphrase in 256 decrypts to bytes that are no key.
        let secret = ed25519_dalek::SigningKey::from_pkcs8_der(clear.as_bytes()).map_err(|_| refused())?;
        let public = PublicKey::ed25519(secret.verifying_key().to_bytes(), &self.stem())?;
        Ok(SigningKey { secret, public })
    }

    /// Checks a file's text up to where the passphrase would be tried, for fuzz targets.
    #[cfg(feature = "fuzzing")]
    pub(crate) fn check_text(&self, text: &str) -> Result<(), Error> {
        self.info(&self.sealed(text)?).map(drop)
    }

    /// What stands in the file's PEM block.
    fn sealed(&self, text: &str) -> Result<SecretDocument, Error> {
        let (label, document) =
            SecretDocument::from_pem(text).map_err(|_| self.wrong("is not a PEM file with one key"))?;
        if label != PEM_LABEL {
            let message = format!("holds a {label} block, not an {PEM_LABEL}: keys are encrypted at rest");
            return Err(self.wrong(&message).hint("make a key with: cloud-updater key new NAME"));
        }
        Ok(document)
    }

    /// How it is encrypted; refused where finding out the key would cost too much.
    fn info<'d>(&self, document: &'d SecretDocument) -> Result<EncryptedPrivateKeyInfoRef<'d>, Error> {
        let info = EncryptedPrivateKeyInfoRef::try_from(document.as_bytes())
            .map_err(|_| self.wrong("is not an encrypted PKCS#8 key"))?;
        check_cost(&info.encryption_algorithm).map_err(|message| self.wrong(message))?;
        Ok(info)
    }

    fn wrong(&self, message: &str) -> Error {
        Error::input("key_file", message).file(&self.path)
    }

    fn read(&self) -> Result<zeroize::Zeroizing<String>, Error> {
        let metadata = fs::metadata(&self.path).map_err(|error| {
            let exit = if error.kind() == std::io::ErrorKind::NotFound { Exit::Usage } else { Exit::Io };
            let hint =
                "say which key with its path or name: cloud-updater key list shows those of this machine";
            Error::new(exit, "no_key_file", "there is no key file").file(&self.path).hint(hint).because(error)
        })?;
        let mode = metadata.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            let error = Error::input("key_readable", format!("others can read this key (mode {mode:04o})"));
            return Err(error.file(&self.path).hint(format!("chmod 600 {}", self.path.display())));
        }
        if metadata.len() > FILE_BYTES_MAX {
            return Err(Error::input("key_file", "is too large for a key file").file(&self.path));
        }
        let text = fs::read_to_string(&self.path).map_err(|error| match error.kind() {
            std::io::ErrorKind::InvalidData => Error::input("key_file", "is not text").file(&self.path),
            _ => Error::io("read", &self.path, error),
        })?;
        Ok(zeroize::Zeroizing::new(text))
    }
}

impl SigningKey {
    /// A key that nobody keeps, for [`crate::document::review_manifest`].
    pub(crate) fn for_one_review() -> Result<Self, Error> {
        Self::throw_away("review")
    }

    /// A key that is never written down, in the place of somebody's while a drill lasts.
    pub(crate) fn throw_away(name: &str) -> Result<Self, Error> {
        let mut seed = zeroize::Zeroizing::new([0; 32]);
        fill(seed.as_mut_slice())?;
        let secret = ed25519_dalek::SigningKey::from_bytes(&seed);
        let public = PublicKey::ed25519(secret.verifying_key().to_bytes(), name)?;
        Ok(Self { secret, public })
    }

    /// The public half, named after the file.
    #[must_use]
    pub const fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The id by which its signatures name it.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.public.id()
    }

    /// Signs the message of a document.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Signature {
        let bytes = self.secret.sign(message).to_bytes().to_vec();
        Signature { key_id: self.id(), algorithm: Algorithm::ED25519, bytes }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.id())
    }
}

fn encrypt(
    secret: &ed25519_dalek::SigningKey,
    passphrase: &Passphrase,
) -> Result<zeroize::Zeroizing<String>, Error> {
    let failed = |error: pkcs8::Error| Error::bug("a key cannot be encrypted").because(error);
    let mut salt = [0; 16];
    let mut iv = [0; 16];
    fill(&mut salt)?;
    fill(&mut iv)?;
    let cost = scrypt::Params::new(SCRYPT_LOG_N, SCRYPT_R, SCRYPT_P)
        .map_err(|error| Error::bug("scrypt refuses its parameters").because(error))?;
    let parameters = pbes2::Parameters::generate_scrypt_aes256cbc(cost, &salt, iv);
    let parameters = parameters.map_err(|error| failed(error.into()))?;
    let mut clear = zeroize::Zeroizing::new([0; PKCS8_HEADER.len() + 32]);
    let seed = zeroize::Zeroizing::new(secret.to_bytes());
    clear.iter_mut().zip(PKCS8_HEADER.iter().chain(seed.iter())).for_each(|(to, from)| *to = *from);
    let sealed =
        parameters.encrypt(passphrase.as_bytes(), clear.as_slice()).map_err(|error| failed(error.into()))?;
    let encrypted_data = OctetString::new(sealed).map_err(|error| failed(error.into()))?;
    let info = EncryptedPrivateKeyInfoOwned { encryption_algorithm: parameters.into(), encrypted_data };
    let document = SecretDocument::try_from(info).map_err(failed)?;
    document.to_pem(PEM_LABEL, LineEnding::LF).map_err(|error| failed(error.into()))
}

/// Refuses a key file whose key derivation would eat the machine before the passphrase is even checked.
fn check_cost(scheme: &pkcs8::pkcs5::EncryptionScheme) -> Result<(), &'static str> {
    let Some(parameters) = scheme.pbes2() else { return Err("is not encrypted with PBES2") };
    let Some(cost) = parameters.kdf.scrypt() else { return Err("does not derive its key with scrypt") };
    let bytes = u64::from(cost.block_size).saturating_mul(128).saturating_mul(cost.cost_parameter);
    if bytes > SCRYPT_BYTES_MAX || cost.parallelization > 16 {
        return Err("asks for more than 1 GiB of memory to be unlocked");
    }
    Ok(())
}

fn fill(bytes: &mut [u8]) -> Result<(), Error> {
    getrandom::fill(bytes).map_err(|error| {
        Error::new(Exit::Io, "no_randomness", "the system gives no random bytes")
            .because(std::io::Error::other(error))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::PassphraseFlags;

    fn passphrase(folder: &Path, text: &str) -> Passphrase {
        let path = folder.join("passphrase");
        durable::write_file(&path, text.as_bytes(), SECRET_MODE).unwrap();
        PassphraseFlags { passphrase_file: Some(path) }.new_passphrase("alice").unwrap()
    }

    #[test]
    fn a_key_is_encrypted_private_and_signs_after_unlocking() {
        let folder = tempfile::tempdir().unwrap();
        let file = KeyFile::at(folder.path().join("keys/alice.key"));
        let right = passphrase(folder.path(), "correct horse battery\n");
        let public = file.create("alice", &right).unwrap();
        assert_eq!(fs::metadata(file.path()).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(PublicKey::read(&file.public_path()).unwrap(), public);
        assert!(
            fs::read_to_string(file.path()).unwrap().starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----")
        );
        let key = file.unlock(&right).unwrap();
        assert_eq!(key.id(), public.id());
        assert_eq!(format!("{key:?}"), format!("SigningKey({})", public.id()), "nothing secret is printed");
        assert_eq!(file.create("alice", &right).unwrap_err().code(), "key_exists");
    }

    #[test]
    fn a_wrong_passphrase_is_one_clear_error() {
        let folder = tempfile::tempdir().unwrap();
        let file = KeyFile::at(folder.path().join("alice.key"));
        file.create("alice", &passphrase(folder.path(), "correct horse battery")).unwrap();
        let error = file.unlock(&passphrase(folder.path(), "incorrect horse")).unwrap_err();
        assert_eq!((error.code(), error.exit()), ("wrong_passphrase", Exit::BadInput));
        assert_eq!(error.causes().count(), 0);
    }

    #[test]
    fn files_that_are_no_private_encrypted_key_are_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let right = passphrase(folder.path(), "correct horse battery");
        let check = |content: &str, mode: u32, expect: &str| {
            let path = folder.path().join("some.key");
            durable::write_file(&path, content.as_bytes(), mode).unwrap();
            let error = KeyFile::at(path.clone()).unlock(&right).unwrap_err();
            assert!(error.to_string().contains(expect) && error.to_string().contains("some.key"), "{error}");
        };
        check("", 0o600, "is not a PEM file");
        check("not pem", 0o600, "is not a PEM file");
        check("whatever", 0o644, "others can read this key");
        let pem = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH\n-----END PRIVATE KEY-----\n";
        check(pem, 0o600, "holds a PRIVATE KEY block");
        let missing = KeyFile::at(folder.path().join("missing.key")).unlock(&right).unwrap_err();
        assert_eq!(missing.code(), "no_key_file");
    }
}
