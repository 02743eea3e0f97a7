//! What the signatures of one document were found to be, in the order in which they are asked for: the small brother
//! of [`crate::SignatureMemo`], for a core that has no kilobyte to spare.
//!
//! A decision asks for signatures in an order that nothing but its bytes and the answers so far settle. So a core that
//! keeps the bytes where they are needs no names: how many answers there were, and which, lead the next call along
//! the same way to the first signature that is still to be checked.

use crate::{ChannelId, Keyring, Sha256, VerifyError};

/// The answers that one decision about one document has had so far.
///
/// They hold for the document, keyring and channel whose digest the log carries, all bytes of them. Over anything
/// else they are forgotten before the first signature, so that whoever changes a byte between two calls pays again and
/// gains nothing. Beyond 64 answers, which takes keys that share an id of 64 bits, a signature is checked at once: the
/// call is longer then, and its answer the same.
#[derive(Clone, Copy, Debug)]
pub struct SignatureLog {
    subject: Sha256,
    /// One bit for each answer: whether the signature is good.
    good: u64,
    length: u32,
}

/// One call that goes along a log, and at most one signature further.
pub(crate) struct Replay<'l> {
    log: &'l mut SignatureLog,
    at: u32,
    /// Whether this call may still check one.
    may_check: bool,
}

impl SignatureLog {
    /// Knows nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self { subject: Sha256([0; 32]), good: 0, length: 0 }
    }

    /// Signatures checked for the decision that is under way.
    #[must_use]
    pub const fn checked(&self) -> u32 {
        self.length
    }

    /// Begins a call about `document`; what was found out about anything else is forgotten.
    #[inline(never)] // what hashing needs is off the stack again when signatures are checked
    pub(crate) fn replay(
        &mut self,
        keyring: &Keyring<'_>,
        channel: ChannelId,
        document: [&[u8]; 3],
    ) -> Replay<'_> {
        // Each part is of fixed length or says how long it is, so that no two subjects have the same bytes; a keyring's
        // header names its body.
        let (header, length) = keyring.header().to_bytes();
        let [first, second, third] = document;
        let header = header.get(..length).unwrap_or_default();
        let subject = Sha256::of(&[header, &channel.0, first, second, third]);
        if self.subject != subject {
            *self = Self { subject, ..Self::new() };
        }
        Replay { log: self, at: 0, may_check: true }
    }
}

impl Default for SignatureLog {
    fn default() -> Self {
        Self::new()
    }
}

impl Replay<'_> {
    /// The next answer in the log; `None` where it is now to be found out, and [`VerifyError::Deferred`] where that is
    /// for another call.
    pub(crate) fn next(&mut self) -> Result<Option<bool>, VerifyError> {
        let Some(bit) = 1_u64.checked_shl(self.at) else { return Ok(None) };
        if self.at == self.log.length {
            return if self.may_check { Ok(None) } else { Err(VerifyError::Deferred) };
        }
        self.at = self.at.saturating_add(1);
        Ok(Some(self.log.good & bit != 0))
    }

    /// Keeps what was found out.
    pub(crate) fn keep(&mut self, is_good: bool) {
        let Some(bit) = 1_u64.checked_shl(self.at) else { return };
        self.log.good |= if is_good { bit } else { 0 };
        self.at = self.at.saturating_add(1);
        self.log.length = self.at;
        self.may_check = false;
    }
}
