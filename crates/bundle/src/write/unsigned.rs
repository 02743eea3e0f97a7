//! A document before its signatures, and the step that adds them.

use alloc::vec::Vec;

use crate::{
    Algorithm, ChannelId, Envelope, Header, KeyId, Kind, Order, ParseError, ParseErrorKind, Sha256,
    UnixSeconds, limits, threshold::DOMAIN,
};

/// Header and body of a document that nobody has signed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsigned {
    header: Header,
    body: Vec<u8>,
}

/// One signature, ready for a table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Signature {
    /// The key that made it.
    pub key_id: KeyId,
    /// How it signs.
    pub algorithm: Algorithm,
    /// The signature itself.
    pub bytes: Vec<u8>,
}

impl Unsigned {
    /// Joins a body with the header that will be signed.
    ///
    /// # Errors
    /// Where the body is larger than its kind allows.
    pub fn new(
        kind: Kind,
        channel: ChannelId,
        order: Order,
        keyring_version: u32,
        issued_at: UnixSeconds,
        body: Vec<u8>,
    ) -> Result<Self, ParseError> {
        let too_large = ParseError::new("body_length", 32, ParseErrorKind::TooLarge);
        let body_length = u32::try_from(body.len()).map_err(|_| too_large)?;
        if body_length > kind.body_bytes_max() {
            return Err(too_large);
        }
        let body_sha256 = (!kind.signs_body_directly()).then(|| Sha256::of(&[&body]));
        let header = Header { kind, channel, order, keyring_version, issued_at, body_length, body_sha256 };
        Ok(Self { header, body })
    }

    /// The document of an envelope whose signatures are set aside.
    #[must_use]
    pub fn of(envelope: &Envelope<'_>) -> Self {
        Self { header: *envelope.header(), body: envelope.body().to_vec() }
    }

    /// The header.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// SHA-256 of what will be signed: the digest by which heads name a release.
    #[must_use]
    pub fn digest(&self) -> Sha256 {
        let (header, length) = self.header.to_bytes();
        Sha256::of(&[header.get(..length).unwrap_or_default(), self.direct_body()])
    }

    /// What signers sign.
    #[must_use]
    pub fn message(&self) -> Vec<u8> {
        let (header, length) = self.header.to_bytes();
        [DOMAIN, header.get(..length).unwrap_or_default(), self.direct_body()].concat()
    }

    /// The document with its signatures, ordered by key id so that the same set gives the same bytes.
    ///
    /// # Errors
    /// Where there are more signatures, or longer ones, than a table takes.
    pub fn assemble(&self, signatures: &[Signature]) -> Result<Vec<u8>, ParseError> {
        let (header, length) = self.header.to_bytes();
        let table = table(signatures)?;
        Ok([header.get(..length).unwrap_or_default(), &table, &self.body].concat())
    }

    fn direct_body(&self) -> &[u8] {
        if self.header.kind.signs_body_directly() { &self.body } else { &[] }
    }
}

/// The document of `envelope` with further signatures beside those it has.
///
/// # Errors
/// As [`Unsigned::assemble`].
pub fn with_signatures(envelope: &Envelope<'_>, more: &[Signature]) -> Result<Vec<u8>, ParseError> {
    let present = envelope.signatures().iter().map(|signature| Signature {
        key_id: signature.key_id,
        algorithm: signature.algorithm,
        bytes: signature.bytes.to_vec(),
    });
    let all: Vec<_> = present.chain(more.iter().cloned()).collect();
    Unsigned::of(envelope).assemble(&all)
}

fn table(signatures: &[Signature]) -> Result<Vec<u8>, ParseError> {
    let too_large = ParseError::new("signatures", 0, ParseErrorKind::TooLarge);
    let mut sorted = signatures.to_vec();
    sorted.sort();
    sorted.dedup();
    let count = u8::try_from(sorted.len()).map_err(|_| too_large)?;
    let mut out = alloc::vec![count];
    for signature in &sorted {
        let length = u16::try_from(signature.bytes.len()).map_err(|_| too_large)?;
        if signature.bytes.len() > limits::SIGNATURE_BYTES_MAX {
            return Err(too_large);
        }
        out.push(signature.algorithm.0);
        out.extend_from_slice(&signature.key_id.0);
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&signature.bytes);
    }
    if sorted.len() > limits::SIGNATURES_MAX || out.len() > limits::SIGNATURE_TABLE_BYTES_MAX {
        return Err(too_large);
    }
    Ok(out)
}
