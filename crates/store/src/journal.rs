//! The journal: two blocks written alternately, of which the newest whole record holds.

use crate::{
    Floors, Record, Region, SlotIndex, StorageRead,
    codec::{self, Block},
    limits::BLOCK_BYTES,
    storage::read_or_zeros,
};

/// What the journal was found to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Condition {
    /// Nothing was ever written: a new device, or a deleted file. The image's seed holds.
    Blank,
    /// Something was written and nothing of it can be read: the image's seed and floors hold.
    Lost,
    /// Another version wrote it: its floors are honoured, and it is never written to.
    NewerFormat {
        /// The format that stands there.
        format: u16,
    },
    /// A whole record was read.
    Ready,
}

/// The journal, read.
pub(crate) struct Journal {
    pub(crate) condition: Condition,
    /// The newest whole record; a default one where there is none, with the floors that were found.
    pub(crate) record: Record,
    /// The block that the record stands in.
    pub(crate) block: SlotIndex,
}

/// Reads both blocks through `buffer` and decides which record holds.
pub(crate) fn load<S: StorageRead>(
    storage: &mut S,
    region: &Region,
    buffer: &mut [u8; BLOCK_BYTES],
) -> Result<Journal, (u64, S::Error)> {
    let mut read = |block| {
        let offset = region.journal_offset(block);
        read_or_zeros(storage, offset, buffer).map_err(|error| (offset, error))?;
        Ok(codec::decode(buffer))
    };
    let first = read(SlotIndex::First)?;
    let second = read(SlotIndex::Second)?;
    Ok(judge(first, second))
}

fn judge(first: Block, second: Block) -> Journal {
    let whole = |record, block| Journal { condition: Condition::Ready, record, block };
    let without = |condition, floors| Journal {
        condition,
        record: Record { floors, ..Record::default() },
        block: SlotIndex::Second,
    };
    match (first, second) {
        (Block::Foreign(foreign), other) | (other, Block::Foreign(foreign)) => {
            let condition = Condition::NewerFormat { format: foreign.format };
            without(condition, foreign.floors.or_higher(floors(&other)))
        }
        (Block::Whole(one), Block::Whole(two)) if two.sequence > one.sequence => {
            whole(two, SlotIndex::Second)
        }
        (Block::Whole(record), _) => whole(record, SlotIndex::First),
        (_, Block::Whole(record)) => whole(record, SlotIndex::Second),
        (Block::Blank, Block::Blank) => without(Condition::Blank, Floors::default()),
        (Block::Blank | Block::Unreadable, Block::Blank | Block::Unreadable) => {
            without(Condition::Lost, Floors::default())
        }
    }
}

fn floors(block: &Block) -> Floors {
    match block {
        Block::Blank | Block::Unreadable => Floors::default(),
        Block::Foreign(frozen) => frozen.floors,
        Block::Whole(record) => record.floors,
    }
}
