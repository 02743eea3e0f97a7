//! Where in the file the store lives: two slots, then two journal blocks.

use core::fmt;

use crate::limits::{BLOCK_BYTES, REGION_BYTES_MIN};

/// Bytes of a block, as a 32-bit number.
pub(crate) const BLOCK: u32 = 8_192;
/// Highest offset at which a region of any length ends within 64 bits.
const OFFSET_MAX: u64 = 0xffff_ffff_0000_0000;
const _: () = assert!(BLOCK_BYTES == 8_192, "both constants are the same number");

/// One of the two slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum SlotIndex {
    /// The slot at the start of the region.
    First = 0,
    /// The slot behind it.
    Second = 1,
}

impl SlotIndex {
    /// The other slot.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::First => Self::Second,
            Self::Second => Self::First,
        }
    }
}

impl fmt::Display for SlotIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::First => "first",
            Self::Second => "second",
        })
    }
}

/// A part of a file that belongs to the store; nothing outside it is ever written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    offset: u64,
    slot_bytes: u32,
}

/// Why a span of a file cannot hold a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RegionError {
    /// The span starts inside a block that something else may share.
    Misaligned {
        /// Where it starts, in bytes.
        offset: u64,
    },
    /// The span ends past what 64 bits can count.
    PastEnd,
    /// The span is smaller than two blocks for slots and two for the journal.
    TooSmall {
        /// Its length, in bytes.
        length: u32,
    },
}

impl Region {
    /// The region of `length` bytes at `offset`.
    ///
    /// Slots are as large as they can be in whole blocks; bytes left over at the end stay untouched.
    ///
    /// # Errors
    /// Where the region is not aligned to [`BLOCK_BYTES`] or below [`REGION_BYTES_MIN`].
    pub const fn new(offset: u64, length: u32) -> Result<Self, RegionError> {
        if !offset.is_multiple_of(8_192) {
            return Err(RegionError::Misaligned { offset });
        }
        if length < REGION_BYTES_MIN {
            return Err(RegionError::TooSmall { length });
        }
        // No region is longer than 32 bits can say.
        if offset > OFFSET_MAX {
            return Err(RegionError::PastEnd);
        }
        let blocks = (length / BLOCK).saturating_sub(2) / 2;
        Ok(Self { offset, slot_bytes: blocks.saturating_mul(BLOCK) })
    }

    /// Bytes that one slot holds: the largest bundle of this store.
    #[must_use]
    pub const fn slot_bytes(&self) -> u32 {
        self.slot_bytes
    }

    /// Where a slot starts in the file, in bytes.
    pub(crate) fn slot_offset(&self, slot: SlotIndex) -> u64 {
        match slot {
            SlotIndex::First => self.offset,
            SlotIndex::Second => self.offset.saturating_add(u64::from(self.slot_bytes)),
        }
    }

    /// Where a journal block starts in the file, in bytes.
    pub(crate) fn journal_offset(&self, block: SlotIndex) -> u64 {
        let journal = self.slot_offset(SlotIndex::Second).saturating_add(u64::from(self.slot_bytes));
        match block {
            SlotIndex::First => journal,
            SlotIndex::Second => journal.saturating_add(u64::from(BLOCK)),
        }
    }
}

impl fmt::Display for RegionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Misaligned { offset } => {
                write!(
                    f,
                    "the store's region starts at byte {offset}, which is not a multiple of {BLOCK_BYTES}"
                )
            }
            Self::PastEnd => f.write_str("the store's region ends past what 64 bits can count"),
            Self::TooSmall { length } => {
                write!(f, "the store's region has {length} bytes, it needs at least {REGION_BYTES_MIN}")
            }
        }
    }
}

impl core::error::Error for RegionError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_64_kib_file_holds_two_slots_of_24_kib() {
        let region = Region::new(0, 65_536).unwrap();
        assert_eq!(region.slot_bytes(), 24_576);
        assert_eq!(region.slot_offset(SlotIndex::Second), 24_576);
        assert_eq!(region.journal_offset(SlotIndex::First), 49_152);
        assert_eq!(region.journal_offset(SlotIndex::Second), 57_344);
    }

    #[test]
    fn slots_and_records_share_no_block_and_stay_inside_the_region() {
        for length in [32_768, 40_959, 65_535, 65_536, 1_000_000, u32::MAX] {
            let region = Region::new(16_384, length).unwrap();
            let mut previous_end = 16_384;
            let slots = [SlotIndex::First, SlotIndex::Second];
            let starts = slots.map(|slot| (region.slot_offset(slot), u64::from(region.slot_bytes())));
            let records = slots.map(|block| (region.journal_offset(block), 8_192));
            for (start, bytes) in starts.into_iter().chain(records) {
                assert_eq!(start, previous_end);
                assert_eq!(start % 8_192, 0);
                previous_end = start + bytes;
            }
            assert!(previous_end <= 16_384 + u64::from(length));
        }
    }

    #[test]
    fn a_region_inside_a_shared_block_is_refused() {
        assert_eq!(Region::new(512, 65_536), Err(RegionError::Misaligned { offset: 512 }));
        assert_eq!(Region::new(0, 32_767), Err(RegionError::TooSmall { length: 32_767 }));
        assert_eq!(Region::new(u64::MAX - 8_191, 65_536), Err(RegionError::PastEnd));
    }
}
