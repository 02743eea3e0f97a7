//! Where passphrases come from: a file, a systemd credential or a prompt; never the command line.

use std::fs;
use std::io::{self, IsTerminal as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use clap::Args;
use zeroize::Zeroizing;

use crate::Error;

/// Shortest passphrase for a new key; scrypt makes each guess cost, but cannot save a short word.
const BYTES_MIN: usize = 10;
/// Longest passphrase, and most bytes read of a file that claims to hold one.
const BYTES_MAX: usize = 1_024;

/// What is asked for, in words.
struct Secret {
    noun: &'static str,
    /// Permissions that its file must not have.
    forbidden: u32,
    /// Who reads it where the file has them.
    readers: &'static str,
    hint: &'static str,
}

const PASSPHRASE: Secret = Secret {
    noun: "passphrase",
    forbidden: 0o007,
    readers: "everybody",
    hint: "give --passphrase-file FILE, or a systemd credential <key name>.passphrase",
};
const PIN: Secret = Secret {
    noun: "PIN",
    forbidden: 0o077,
    readers: "others",
    hint: "give --pin-file FILE, or a systemd credential <key name>.pin",
};

/// A passphrase, wiped from memory when it is dropped.
pub struct Passphrase(Zeroizing<String>);

/// Where to take passphrases from.
#[derive(Clone, Debug, Default, Args)]
pub struct PassphraseFlags {
    /// File whose first line is the passphrase [default: the systemd credential KEY.passphrase, else a prompt]
    #[arg(long, value_name = "FILE", env = "CLOUD_UPDATER_PASSPHRASE_FILE")]
    pub passphrase_file: Option<PathBuf>,
}

impl PassphraseFlags {
    /// The passphrase of the existing key called `key_name`.
    ///
    /// # Errors
    /// Exit code 2 where there is neither file, credential nor terminal; 3 where the file holds none.
    pub fn passphrase_of(&self, key_name: &str) -> Result<Passphrase, Error> {
        match self.file_for(key_name) {
            Some(path) => PASSPHRASE.read(&path),
            None => PASSPHRASE.ask(&format!("Passphrase of the key {key_name}: ")),
        }
    }

    /// A passphrase for a new key: long enough, and typed twice where it is typed.
    ///
    /// # Errors
    /// As [`PassphraseFlags::passphrase_of`]; 3 where it is too short or typed differently.
    pub fn new_passphrase(&self, key_name: &str) -> Result<Passphrase, Error> {
        let (passphrase, place) = match self.file_for(key_name) {
            Some(path) => (PASSPHRASE.read(&path)?, path.display().to_string()),
            None => {
                let first = PASSPHRASE.ask(&new_question(key_name))?;
                let second = PASSPHRASE.ask("The same again: ")?;
                if first.0 != second.0 {
                    return Err(Error::input("passphrase_differs", "the two passphrases are not the same"));
                }
                (first, "the passphrase".to_owned())
            }
        };
        if passphrase.0.len() < BYTES_MIN {
            let message = format!("is shorter than {BYTES_MIN} bytes");
            return Err(Error::input("short_passphrase", message).place(place));
        }
        Ok(passphrase)
    }

    fn file_for(&self, key_name: &str) -> Option<PathBuf> {
        self.passphrase_file.clone().or_else(|| credential(&format!("{key_name}.passphrase")))
    }
}

/// Where to take the PIN of a token from.
#[derive(Clone, Debug, Default, Args)]
pub struct PinFlags {
    /// File whose first line is the token's PIN, readable by you alone [default: the systemd credential KEY.pin, else a
    /// prompt]
    #[arg(long, value_name = "FILE", env = "CLOUD_UPDATER_PIN_FILE")]
    pub pin_file: Option<PathBuf>,
}

impl PinFlags {
    /// The file that has the PIN of the key called `key_name`; `None` where a person types it.
    #[must_use]
    pub fn file_for(&self, key_name: &str) -> Option<PathBuf> {
        self.pin_file.clone().or_else(|| credential(&format!("{key_name}.pin")))
    }

    /// The PIN of the token with the key called `key_name`; a person is told where a wrong one was tried before.
    ///
    /// # Errors
    /// As [`PassphraseFlags::passphrase_of`], and 3 where others than its owner can read the file.
    pub fn pin_of(&self, key_name: &str, was_wrong: bool) -> Result<Passphrase, Error> {
        if let Some(path) = self.file_for(key_name) {
            return PIN.read(&path);
        }
        let before = if was_wrong { " (a wrong one was tried before)" } else { "" };
        PIN.ask(&format!("PIN of the token with the key {key_name}{before}: "))
    }
}

impl Passphrase {
    /// The passphrase itself.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl std::fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Passphrase(…)")
    }
}

fn new_question(key_name: &str) -> String {
    format!("New passphrase of the key {key_name}, at least {BYTES_MIN} bytes: ")
}

/// The systemd credential of this name, where there is one.
fn credential(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("CREDENTIALS_DIRECTORY")?;
    Some(Path::new(&folder).join(name)).filter(|path| path.is_file())
}

impl Secret {
    /// Reads the first line of its file.
    fn read(&self, path: &Path) -> Result<Passphrase, Error> {
        let Self { noun, forbidden, readers, .. } = self;
        let metadata = fs::metadata(path).map_err(|error| Error::io("read", path, error))?;
        if metadata.is_file() && metadata.permissions().mode() & forbidden != 0 {
            let message = format!("{readers} can read this {noun}");
            let error = Error::input("passphrase_readable", message).file(path);
            return Err(error.hint(format!("chmod 600 {}", path.display())));
        }
        let bytes = Zeroizing::new(fs::read(path).map_err(|error| Error::io("read", path, error))?);
        let wrong = |message: String| Error::input("passphrase_file", message).file(path);
        let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let text =
            std::str::from_utf8(line).map_err(|_| wrong("the first line is not UTF-8 text".to_owned()))?;
        if text.is_empty() {
            return Err(wrong(format!("the first line is empty: it must hold the {noun}")));
        }
        if text.len() > BYTES_MAX {
            return Err(wrong(format!("the first line is too long for a {noun}")));
        }
        Ok(Passphrase(Zeroizing::new(text.to_owned())))
    }

    /// Asks a person.
    fn ask(&self, question: &str) -> Result<Passphrase, Error> {
        if !io::stdin().is_terminal() {
            let message = format!("a {} is needed, and there is no terminal to ask on", self.noun);
            return Err(Error::usage("no_terminal", message).hint(self.hint));
        }
        let text = rpassword::prompt_password(question)
            .map_err(|error| Error::io("ask on", Path::new("the terminal"), error))?;
        Ok(Passphrase(Zeroizing::new(text)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_question_says_how_long_a_passphrase_must_be() {
        assert!(new_question("alice").contains("at least 10 bytes"));
    }

    #[test]
    fn what_is_wrong_with_a_file_is_said_of_what_it_should_hold() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let said = |secret: &Secret, bytes: &[u8], mode| {
            crate::durable::write_file(&path, bytes, mode).unwrap();
            secret.read(&path).unwrap_err().to_string()
        };
        for (secret, other) in [(&PASSPHRASE, PIN.noun), (&PIN, PASSPHRASE.noun)] {
            let long = [b'x'; BYTES_MAX + 1];
            for (bytes, mode) in [(&b"\n"[..], 0o600), (&long, 0o600), (b"0815", 0o604)] {
                let said = said(secret, bytes, mode);
                // The file's own name is said as well, and holds neither word.
                assert!(said.contains(secret.noun) && !said.contains(other), "{said}");
            }
        }
        assert!(PASSPHRASE.hint.contains("--passphrase-file") && PIN.hint.contains("--pin-file"));
    }
}
