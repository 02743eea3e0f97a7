//! `<n>.<key id>.sig`: one signature as one line of text, which travels back from the signer.
//!
//! `trust-bundle-signature ed25519 <key id> <digest> <base64>`: the digest is that of the signed document, so
//! that a signature of another draft is seen as such. What follows on the line is the record of what the signer saw:
//! `changes=<sha256>`, `coverage=<sha256>`, `log=<sha256>`, each once at most, `log` once for each head of the log. The
//! record is not signed; it tells honest people apart who were shown different things.

use std::fmt;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bundle::write::{KeyContent, Signature, Unsigned};
use bundle::{Algorithm, KeyId, Sha256};
use ed25519_dalek::VerifyingKey;

use crate::{Error, hexadecimal, input};

/// First word of the line.
const MAGIC: &str = "trust-bundle-signature";
/// Bytes of a signature file: the longest signature of a later algorithm in base64.
const FILE_BYTES_MAX: u64 = 8_192;
/// Bytes of a file with every signature that a document ever got.
const RECORD_BYTES_MAX: u64 = 1 << 20;

/// A signature and what it is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureFile {
    /// The signature, ready for a table.
    pub signature: Signature,
    /// Digest of the signed document.
    pub digest: Sha256,
    /// What the signer was shown.
    pub seen: Seen,
}

/// The record of what a signer was shown before they signed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// SHA-256 of the changes, in their canonical form.
    pub changes: Option<Sha256>,
    /// SHA-256 of the coverage, in its canonical form; `None` where no clone was at hand.
    pub coverage: Option<Sha256>,
    /// Heads of the log at that time.
    pub log: Vec<Sha256>,
}

impl Seen {
    fn parse(words: &[&str]) -> Option<Self> {
        let mut seen = Self::default();
        for word in words {
            let (name, hash) = word.split_once('=')?;
            let hash = hexadecimal::parse(hash).map(Sha256)?;
            match name {
                "changes" if seen.changes.is_none() => seen.changes = Some(hash),
                "coverage" if seen.coverage.is_none() => seen.coverage = Some(hash),
                "log" if !seen.log.contains(&hash) => seen.log.push(hash),
                _ => return None,
            }
        }
        Some(seen)
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.changes.iter().try_for_each(|hash| write!(f, " changes={hash}"))?;
        self.coverage.iter().try_for_each(|hash| write!(f, " coverage={hash}"))?;
        self.log.iter().try_for_each(|hash| write!(f, " log={hash}"))
    }
}

impl SignatureFile {
    /// Reads the line.
    ///
    /// # Errors
    /// Exit code 3 with the word at fault.
    pub fn parse(line: &str) -> Result<Self, Error> {
        let wrong = |field: &str, message: &str| Error::input("signature_file", message).field(field);
        let words: Vec<&str> = line.split_whitespace().collect();
        let [magic, algorithm, key_id, digest, signature, ref seen @ ..] = *words.as_slice() else {
            return Err(wrong("line", "is not one line of five words and a record"));
        };
        if magic != MAGIC {
            return Err(wrong("first word", "is not trust-bundle-signature"));
        }
        if algorithm != "ed25519" {
            return Err(wrong("algorithm", "is not ed25519, the only one of this version"));
        }
        let key_id = hexadecimal::parse(key_id)
            .map(KeyId)
            .ok_or_else(|| wrong("key id", "is not 16 hexadecimal digits"))?;
        let digest = hexadecimal::parse(digest)
            .map(Sha256)
            .ok_or_else(|| wrong("digest", "is not 64 hexadecimal digits"))?;
        let bytes =
            STANDARD.decode(signature).map_err(|error| wrong("signature", "is not base64").because(error))?;
        if bytes.len() != 64 {
            return Err(wrong("signature", "has another length than Ed25519 signatures have, 64 bytes"));
        }
        let seen = Seen::parse(seen)
            .ok_or_else(|| wrong("record", "is not changes=, coverage= and log=, each with 64 digits"))?;
        Ok(Self { signature: Signature { key_id, algorithm: Algorithm::ED25519, bytes }, digest, seen })
    }

    /// Reads a file of several lines, one signature each.
    ///
    /// # Errors
    /// As [`SignatureFile::read`].
    pub fn read_all(path: &Path) -> Result<Vec<Self>, Error> {
        let text = input::read_text(path, RECORD_BYTES_MAX, "signatures")?;
        text.lines().map(|line| Self::parse(line).map_err(|error| error.file(path))).collect()
    }

    /// Reads a `.sig` file.
    ///
    /// # Errors
    /// Exit code 3 with file and field, 5 where it cannot be read.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = input::read_text(path, FILE_BYTES_MAX, "a signature")?;
        Self::parse(&text).map_err(|error| error.file(path))
    }

    /// Refuses a signature that is not `key`'s over `document`. This names the file at fault early; whether the
    /// signatures suffice is decided by the format's one threshold function.
    ///
    /// # Errors
    /// Exit code 4.
    pub fn check(&self, document: &Unsigned, key: &KeyContent) -> Result<(), Error> {
        if self.digest != document.digest() {
            let error = Error::signatures("signature_other_document", "is over another document");
            return Err(error
                .field("digest")
                .hint("the draft changed after it was signed: have it signed again"));
        }
        let bytes = <[u8; 32]>::try_from(key.bytes.as_slice()).ok();
        let key = bytes.and_then(|bytes| VerifyingKey::from_bytes(&bytes).ok());
        let signature = ed25519_dalek::Signature::from_slice(&self.signature.bytes).ok();
        let is_good = key
            .zip(signature)
            .is_some_and(|(key, signature)| key.verify_strict(&document.message(), &signature).is_ok());
        if is_good {
            return Ok(());
        }
        let error = Error::signatures("signature_wrong", "does not verify under the key that it names");
        Err(error.field("signature").hint("remove the file and have the draft signed again"))
    }
}

impl fmt::Display for SignatureFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { signature, digest, seen } = self;
        write!(
            f,
            "{MAGIC} {} {} {digest} {}{seen}",
            signature.algorithm,
            signature.key_id,
            STANDARD.encode(&signature.bytes)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_reads_back_as_itself() {
        let signature =
            Signature { key_id: KeyId([7; 8]), algorithm: Algorithm::ED25519, bytes: vec![9; 64] };
        let seen = Seen {
            changes: Some(Sha256([4; 32])),
            coverage: Some(Sha256([5; 32])),
            log: vec![Sha256([6; 32]), Sha256([7; 32])],
        };
        for seen in [Seen::default(), seen] {
            let file = SignatureFile { signature: signature.clone(), digest: Sha256([3; 32]), seen };
            assert_eq!(SignatureFile::parse(&file.to_string()).unwrap(), file);
        }
    }

    #[test]
    fn every_mistake_is_named() {
        let good =
            format!("{MAGIC} ed25519 {} {} {}", "07".repeat(8), "03".repeat(32), STANDARD.encode([9; 64]));
        let check = |from: &str, to: &str, expect: &str| {
            let error = SignatureFile::parse(&good.replace(from, to)).unwrap_err();
            assert!(error.to_string().starts_with(expect), "{error}");
            assert_eq!(error.exit().number(), 3);
        };
        check(MAGIC, "untrusted", "first word: ");
        check("ed25519", "rsa", "algorithm: ");
        check(&"07".repeat(8), "07", "key id: ");
        check(&"03".repeat(32), "03", "digest: ");
        check("CQkJ", "", "signature: ");
        check("CQkJ", "!!!!", "signature: ");
        check(" ed25519", "", "line: ");
        let hash = "03".repeat(32);
        for record in ["x", "changes=03", &format!("other={hash}"), &format!("changes={hash} changes={hash}")]
        {
            let error = SignatureFile::parse(&format!("{good} {record}")).unwrap_err();
            assert!(error.to_string().starts_with("record: "), "{record}: {error}");
        }
    }
}
