//! A key that is somewhere else: a program of the signer's own signs with it, on a token, in a module or in a service.
//!
//! The program gets the message on its standard input and answers with the signature alone: 64 bytes, or their
//! hexadecimal digits or base64. It is run once for each document and never again by itself: a wrong PIN that is tried
//! again locks a token. What it answers is checked against the public key before anything is written.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bundle::write::Signature;
use bundle::{Algorithm, KeyId};

use super::PublicKey;
use crate::{Error, Exit, hexadecimal};

/// Bytes of an Ed25519 signature (RFC 8032 §5.1.6).
const SIGNATURE_BYTES: usize = 64;
/// Bytes of an answer that are read: base64 with line ends fits many times.
const ANSWER_BYTES_MAX: u64 = 4_096;
/// How long a person may take with a PIN or a button.
const PATIENCE: Duration = Duration::from_secs(300);

/// A key and the program that signs with it.
#[derive(Clone, Debug)]
pub struct ExternalKey {
    public: PublicKey,
    program: PathBuf,
}

impl ExternalKey {
    /// The key of a public line, with its program.
    #[must_use]
    pub const fn new(public: PublicKey, program: PathBuf) -> Self {
        Self { public, program }
    }

    /// The id by which its signatures name it.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.public.id()
    }

    /// The program.
    #[must_use]
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// Has the message of a document signed.
    ///
    /// # Errors
    /// Exit code 2 where the program cannot be run, 4 where it fails, answers with no signature, or takes too long.
    pub fn sign(&self, message: &[u8]) -> Result<Signature, Error> {
        self.sign_within(message, PATIENCE)
    }

    fn sign_within(&self, message: &[u8], patience: Duration) -> Result<Signature, Error> {
        let refused = |text: String| {
            let error = Error::signatures("signing_command", text).file(&self.program);
            error.hint("nothing was signed, and it is not tried again: look at the token before the next try")
        };
        let spawned = Command::new(&self.program)
            .env("CLOUD_UPDATER_KEY_ID", self.id().to_string())
            .env("CLOUD_UPDATER_KEY_NAME", self.public.name())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let mut child = spawned.map_err(|error| {
            Error::new(Exit::Usage, "signing_command", "cannot be run").file(&self.program).because(error)
        })?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let message = message.to_vec();
        // A program that reads nothing must not keep this one from hearing its answer.
        let writer = thread::spawn(move || input.map_or(Ok(()), |mut input| input.write_all(&message)));
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            let mut answer = Vec::new();
            let read = output.map(|output| output.take(ANSWER_BYTES_MAX).read_to_end(&mut answer));
            // Whoever waited may have lost patience.
            let _ = sender.send(read.map_or(Ok(0), |read| read).map(|_| answer));
        });
        let Ok(answer) = receiver.recv_timeout(patience) else {
            // What cannot be killed has ended.
            let _ = child.kill();
            let _ = child.wait();
            return Err(refused(format!("has not answered within {} s", patience.as_secs())));
        };
        let status =
            child.wait().map_err(|error| refused("cannot be waited for".to_owned()).because(error))?;
        drop(writer);
        if !status.success() {
            return Err(refused(format!("failed: {status}")));
        }
        let answer = answer.map_err(|error| refused("gave no answer".to_owned()).because(error))?;
        let bytes = signature(&answer).ok_or_else(|| {
            refused(format!("answered {} bytes that are no Ed25519 signature", answer.len()))
        })?;
        Ok(Signature { key_id: self.id(), algorithm: Algorithm::ED25519, bytes })
    }
}

/// 64 bytes, in one of the three forms.
fn signature(answer: &[u8]) -> Option<Vec<u8>> {
    if answer.len() == SIGNATURE_BYTES {
        return Some(answer.to_vec());
    }
    let text: String = std::str::from_utf8(answer).ok()?.split_whitespace().collect();
    let digits =
        hexadecimal::parse::<SIGNATURE_BYTES>(&text.to_ascii_lowercase()).map(|bytes| bytes.to_vec());
    digits.or_else(|| STANDARD.decode(&text).ok()).filter(|bytes| bytes.len() == SIGNATURE_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_read_in_each_of_its_forms() {
        let bytes = [0xa5; SIGNATURE_BYTES];
        let base64 = STANDARD.encode(bytes);
        let forms =
            [bytes.to_vec(), format!("{}\n", "A5".repeat(64)).into(), format!(" {base64}\r\n").into()];
        for form in forms {
            assert_eq!(signature(&form).as_deref(), Some(bytes.as_slice()));
        }
        for form in [&b""[..], b"a5", &[0; 63], &[0xff; 65], b"not a signature at all"] {
            assert_eq!(signature(form), None);
        }
    }

    #[test]
    fn a_program_that_keeps_silent_is_left_at_the_end_of_patience() {
        let secret = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
        let public = PublicKey::ed25519(secret.verifying_key().to_bytes(), "token").unwrap();
        let silent = ExternalKey::new(public, PathBuf::from("/usr/bin/yes"));
        // It talks for ever: four kibibytes are heard, and they are none.
        let error = silent.sign_within(b"message", Duration::from_secs(30)).unwrap_err();
        assert_eq!((error.code(), error.exit().number()), ("signing_command", 4));
    }
}
