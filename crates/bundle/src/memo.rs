//! What signatures were found to be: a small table that lets one decision be made in steps of one signature each.
//!
//! A board that must not be busy for long asks again instead of waiting: the same call with the same bytes, until it
//! answers something else than [`VerifyError::Deferred`]. Every call walks the same way as an unlimited one, and
//! finds what earlier calls have paid for in the table; so the answer is the same, and each call comes one signature
//! further.

use crate::{
    Key, Sha256, VerifyError,
    limits::{MEMO_ENTRIES, SIGNATURES_MAX},
    log::Replay,
};

/// Signatures that may stay when a decision has been made: the room behind them is enough for another one's table.
const KEPT_MAX: usize = 8;

/// The signatures that one decision has checked so far, and how many more it may check in this call.
///
/// An entry's name is the SHA-256 of algorithm, key, message and signature, all of it: what is kept answers for
/// nothing else, whoever asks, under whatever keyring. Forged signatures are kept too, so that a flood of them is paid
/// for once each. With a full table, which takes keys of one keyring that share an id of 64 bits, a signature is
/// checked at once: the call is longer then, its answer the same, and it never goes round in circles.
#[derive(Clone, Debug)]
pub struct SignatureMemo {
    names: [Sha256; MEMO_ENTRIES],
    /// One bit for each entry: whether the signature is good.
    good: u64,
    length: usize,
    allowed: u32,
    checked: u64,
}

const _: () = assert!(MEMO_ENTRIES <= 64, "one bit of `good` for each entry");
const _: () =
    assert!(MEMO_ENTRIES >= KEPT_MAX + SIGNATURES_MAX, "a whole table of signatures fits behind what stays");

impl SignatureMemo {
    /// Knows nothing, and allows nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self { names: [Sha256([0; 32]); MEMO_ENTRIES], good: 0, length: 0, allowed: 0, checked: 0 }
    }

    /// Allows so many more signatures to be checked, from now; what was left over is gone.
    pub const fn allow(&mut self, count: u32) {
        self.allowed = count;
    }

    /// Makes room for the next decision: a few signatures stay, so that a document which comes again and again, as a
    /// head does, is paid for once; more than a few are forgotten.
    pub const fn make_room(&mut self) {
        if self.length > KEPT_MAX {
            self.forget();
        }
    }

    /// Forgets every signature.
    pub const fn forget(&mut self) {
        self.good = 0;
        self.length = 0;
    }

    /// Signatures checked since this memo was made: each is one verification with a public key.
    #[must_use]
    pub const fn checked(&self) -> u64 {
        self.checked
    }

    #[inline(never)] // a core that has a log instead must not carry this frame
    fn verifies(&mut self, key: &Key<'_>, message: &[u8], signature: &[u8]) -> Result<bool, VerifyError> {
        let name = name(key, message, signature);
        let known = self.names.iter().take(self.length).position(|known| *known == name);
        if let Some(index) = known {
            return Ok(self.good & bit(index) != 0);
        }
        let Some(entry) = self.names.get_mut(self.length) else {
            self.checked = self.checked.saturating_add(1);
            return Ok(key.verifies(message, signature));
        };
        self.allowed = self.allowed.checked_sub(1).ok_or(VerifyError::Deferred)?;
        self.checked = self.checked.saturating_add(1);
        let is_good = key.verifies(message, signature);
        *entry = name;
        self.good |= if is_good { bit(self.length) } else { 0 };
        self.length = self.length.saturating_add(1);
        Ok(is_good)
    }
}

impl Default for SignatureMemo {
    fn default() -> Self {
        Self::new()
    }
}

/// How far one call may go.
pub(crate) enum Pace<'m> {
    /// To the end.
    AtOnce,
    /// As far as the memo allows.
    InSteps(&'m mut SignatureMemo),
    /// One signature beyond what the log has.
    ByOne(Replay<'m>),
}

impl Pace<'_> {
    /// Whether the signature is good; [`VerifyError::Deferred`] where that is for another call to find out.
    pub(crate) fn verifies(
        &mut self,
        key: &Key<'_>,
        message: &[u8],
        signature: &[u8],
    ) -> Result<bool, VerifyError> {
        match self {
            Self::AtOnce => {}
            // What cannot be a signature of this key costs nothing to refuse, and no place in the table.
            Self::InSteps(_) | Self::ByOne(_) if !key.fits(signature) => return Ok(false),
            Self::InSteps(memo) => return memo.verifies(key, message, signature),
            Self::ByOne(replay) => {
                if let Some(known) = replay.next()? {
                    return Ok(known);
                }
            }
        }
        // In one place for two paces, so that it has one frame: on a small core no function goes deeper.
        let is_good = key.verifies(message, signature);
        if let Self::ByOne(replay) = self {
            replay.keep(is_good);
        }
        Ok(is_good)
    }
}

/// Lengths stand in front of what is not last, so that no two checks have one name.
fn name(key: &Key<'_>, message: &[u8], signature: &[u8]) -> Sha256 {
    let lengths = [key.bytes.len(), message.len()].map(|length| u64::try_from(length).unwrap_or(u64::MAX));
    let [key_length, message_length] = lengths.map(u64::to_le_bytes);
    Sha256::of(&[&[key.algorithm.0], &key_length, key.bytes, &message_length, message, signature])
}

fn bit(index: usize) -> u64 {
    u32::try_from(index).ok().and_then(|index| 1_u64.checked_shl(index)).unwrap_or(0)
}
