//! Which key a command signs with.

use std::fmt;
use std::path::{Path, PathBuf};

use bundle::KeyId;
use bundle::write::Signature;

use crate::Error;
use crate::key::{
    ExternalKey, KeyFile, OpenToken, PassphraseFlags, PinFlags, PublicKey, SigningKey, TokenKey,
};

/// A key that was chosen, not used yet.
pub(super) enum Chosen {
    /// An encrypted file.
    File(KeyFile),
    /// A program of the signer's own.
    External(ExternalKey),
    /// A token.
    Token(TokenKey),
}

/// A key that can sign.
pub(super) enum Signer {
    /// In memory.
    Key(SigningKey),
    /// Somewhere else.
    External(ExternalKey),
    /// On a token that is open.
    Token(OpenToken),
}

impl Chosen {
    /// The key that `key` names, with `program` where that signs; else the only one of this user that may sign.
    ///
    /// # Errors
    /// Exit code 2 where none or several would do, 3 where a public key cannot be read.
    pub(super) fn of(
        key: Option<&str>,
        program: Option<&Path>,
        may_sign: impl Fn(KeyId) -> bool,
    ) -> Result<Self, Error> {
        let Some(program) = program else {
            let file = choose(key, may_sign)?;
            return Ok(TokenKey::at(file.path())?.map_or(Self::File(file), Self::Token));
        };
        let name = key.unwrap_or_default();
        let is_path = name.contains('/') || name.ends_with(".pub");
        let path = if is_path { PathBuf::from(name) } else { KeyFile::named(name)?.public_path() };
        Ok(Self::External(ExternalKey::new(PublicKey::read(&path)?, program.to_owned())))
    }

    /// Makes it ready: a file's passphrase or a token's PIN is asked for here.
    ///
    /// # Errors
    /// As [`KeyFile::unlock`] and [`TokenKey::open`].
    pub(super) fn unlock(self, passphrase: &PassphraseFlags, pin: &PinFlags) -> Result<Signer, Error> {
        match self {
            Self::Token(key) => key.open(pin).map(Signer::Token),
            Self::File(file) => file.unlock(&passphrase.passphrase_of(&file.stem())?).map(Signer::Key),
            Self::External(key) => Ok(Signer::External(key)),
        }
    }
}

impl Signer {
    /// The id by which its signatures name it.
    pub(super) fn id(&self) -> KeyId {
        match self {
            Self::Key(key) => key.id(),
            Self::External(key) => key.id(),
            Self::Token(key) => key.id(),
        }
    }

    /// Signs the message of a document.
    ///
    /// # Errors
    /// As [`ExternalKey::sign`] and [`OpenToken::sign`].
    pub(super) fn sign(&self, message: &[u8]) -> Result<Signature, Error> {
        match self {
            Self::Key(key) => Ok(key.sign(message)),
            Self::External(key) => key.sign(message),
            Self::Token(key) => key.sign(message),
        }
    }
}

impl fmt::Display for Chosen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => write!(f, "{}", file.path().display()),
            Self::Token(key) => write!(f, "{key}"),
            Self::External(key) => write!(f, "{} through {}", key.id(), key.program().display()),
        }
    }
}

/// The key file that was asked for, else the only one of this user that may sign.
///
/// # Errors
/// Exit code 2 where none or several would do.
pub(super) fn choose(asked: Option<&str>, may_sign: impl Fn(KeyId) -> bool) -> Result<KeyFile, Error> {
    if let Some(value) = asked {
        return KeyFile::path_or_name(value);
    }
    let folder = KeyFile::folder()?;
    let mut found: Vec<KeyFile> = Vec::new();
    for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|ending| ending == "pub") {
            let file = KeyFile::at(path.with_extension("key"));
            let is_held = file.path().is_file() || path.with_extension("token").is_file();
            if is_held && PublicKey::read(&path).is_ok_and(|key| may_sign(key.id())) {
                found.push(file);
            }
        }
    }
    match found.len() {
        1 => Ok(found.remove(0)),
        0 => {
            let error = Error::usage("no_signing_key", "no key of this user may sign this").file(folder);
            Err(error.hint("name it with --key: a path, or a name that cloud-updater key list shows"))
        }
        _ => {
            let names: Vec<String> = found.iter().map(KeyFile::stem).collect();
            let error =
                Error::usage("which_key", format!("several keys may sign this: {}", names.join(", ")));
            Err(error.hint("say which with --key NAME"))
        }
    }
}
