//! Changes of a record without a medium, for models of the protocol: the very steps of the journal, and nothing written.

use bundle::Sha256;

use crate::{Change, Record, Sealed, SlotIndex, TransitionError};

/// Makes one change of a record, as [`crate::Store::change`] does; where `edit` fails the record stays what it was.
///
/// # Errors
/// What `edit` says.
pub fn change<R>(
    record: &mut Record,
    readable: Option<SlotIndex>,
    edit: impl FnOnce(&mut Change<'_>) -> Result<R, TransitionError>,
) -> Result<R, TransitionError> {
    let mut next = record.clone();
    let result = edit(&mut Change::new(&mut next, readable, 0))?;
    *record = next;
    Ok(result)
}

/// The seal of a slot whose content has this digest, for [`Change::commit_trial`].
pub const fn sealed(slot: SlotIndex, content_sha256: Sha256) -> Sealed {
    Sealed { slot, staging: 0, total_bytes: 1, content_sha256 }
}
