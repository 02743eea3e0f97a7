//! The journal: two blocks written alternately, of which the newest whole record holds.

use crate::{
    Floors, Record, Region, SlotIndex, StorageRead,
    codec::{self, Block},
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
    /// It belongs to another channel or fleet: nothing in it holds here, and it is never written to.
    Foreign,
    /// A whole record was read.
    Ready,
}

/// The journal, read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Journal {
    pub(crate) condition: Condition,
    /// The block that the newest whole record stands in.
    pub(crate) block: SlotIndex,
}

/// Reads both blocks, decides which record holds, and leaves it in `record`: the newest whole one, or
/// a default one with the floors that were found. After an error what stands in `record` means nothing.
pub(crate) fn load<S: StorageRead>(
    storage: &mut S,
    region: &Region,
    record: &mut Record,
) -> Result<Journal, (u64, S::Error)> {
    let mut read = |block, record: &mut Record| {
        let offset = region.journal_offset(block);
        codec::decode(storage, offset, record).map_err(|error| (offset, error))
    };
    let first = read(SlotIndex::First, record)?;
    let second = read(SlotIndex::Second, record)?;
    let (mut condition, mut floors, block) = judge(first, second);
    // The second block was read last. Where the first one holds it is read once more, and must be what it was.
    if condition == Condition::Ready && block == SlotIndex::First && read(block, record)? != first {
        (condition, floors) = (Condition::Lost, Floors::default());
    }
    if condition != Condition::Ready {
        record.clear();
        record.floors = floors;
    }
    Ok(Journal { condition, block })
}

/// What the journal is, the floors it tells, and the block whose record holds.
fn judge(first: Block, second: Block) -> (Condition, Floors, SlotIndex) {
    match (first, second) {
        (Block::Foreign(foreign), other) | (other, Block::Foreign(foreign)) => {
            let condition = Condition::NewerFormat { format: foreign.format };
            (condition, foreign.floors.or_higher(floors(&other)), SlotIndex::Second)
        }
        (Block::Whole(one), Block::Whole(two)) if two.sequence > one.sequence => {
            (Condition::Ready, two.floors, SlotIndex::Second)
        }
        (Block::Whole(one), _) => (Condition::Ready, one.floors, SlotIndex::First),
        (_, Block::Whole(two)) => (Condition::Ready, two.floors, SlotIndex::Second),
        (Block::Blank, Block::Blank) => (Condition::Blank, Floors::default(), SlotIndex::Second),
        (Block::Blank | Block::Unreadable, Block::Blank | Block::Unreadable) => {
            (Condition::Lost, Floors::default(), SlotIndex::Second)
        }
    }
}

fn floors(block: &Block) -> Floors {
    match block {
        Block::Blank | Block::Unreadable => Floors::default(),
        Block::Foreign(frozen) | Block::Whole(frozen) => frozen.floors,
    }
}
