//! The store: the one writer of a region, which never leaves applications without a whole bundle.

use bundle::Sha256;
use sha2::Digest as _;

use crate::{
    Change, Condition, Denials, Error, KeyringBytes, Operation, Record, Region, Sealed, SlotEntry, SlotIndex,
    Staging, Storage, TransitionError, block::PIECE_BYTES, codec, journal, limits::RECORD_BYTES,
    storage::read_or_zeros,
};

/// The one writer of a region. It holds one record, a second one during a change, and needs no heap.
#[derive(Debug)]
#[cfg_attr(any(test, feature = "fault"), derive(Clone))]
pub struct Store<S> {
    storage: S,
    region: Region,
    condition: Condition,
    record: Record,
    block: SlotIndex,
    durability: Durability,
    readable: Option<SlotIndex>,
    stagings: u32,
}

/// What is known about the newest record's survival of a power failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Durability {
    /// A sync succeeded behind it.
    Durable,
    /// It was read, perhaps out of a cache that was never synced: sync before anything depends on it.
    Unsynced,
    /// A write behind it failed, and so did reading what is there now: read again first.
    Unread,
    /// A sync failed behind it, and a second sync may succeed without having written anything: write it again.
    Doubtful,
}

impl<S: Storage> Store<S> {
    /// Opens the region: reads the journal and hashes the slot that it names. Writes nothing.
    ///
    /// # Errors
    /// Only where the medium cannot be read. A lost, blank or newer store opens, see [`Store::condition`].
    pub fn open(storage: S, region: Region) -> Result<Self, Error<S::Error>> {
        let mut store = Self {
            storage,
            region,
            condition: Condition::Blank,
            record: Record::default(),
            block: SlotIndex::Second,
            durability: Durability::Unsynced,
            readable: None,
            stagings: 0,
        };
        store.reload(&mut Record::default())?;
        Ok(store)
    }

    /// What the journal was found to be.
    pub const fn condition(&self) -> Condition {
        self.condition
    }

    /// Takes the store for somebody else's, whose floors must outlive this: from now on it counts as empty here, and
    /// nothing is written to it.
    pub fn set_aside(&mut self) {
        self.condition = Condition::Foreign;
        self.record.clear();
        self.readable = None;
    }

    /// The record in force.
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// Bytes of the largest bundle that a slot holds.
    pub const fn slot_bytes(&self) -> u32 {
        self.region.slot_bytes()
    }

    /// The slot that holds the whole verified bundle which applications read; `None` means the seed.
    ///
    /// It is the active slot while its content hashes to what the journal says, else the other one where that
    /// does.
    pub fn readable(&self) -> Option<(SlotIndex, &SlotEntry)> {
        self.readable.and_then(|slot| self.record.entry(slot).map(|entry| (slot, entry)))
    }

    /// Reads a part of a slot's content.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] past the content that the journal names, and failures of the medium.
    pub fn read_content(
        &mut self,
        slot: SlotIndex,
        offset: u32,
        into: &mut [u8],
    ) -> Result<(), Error<S::Error>> {
        let total = self.record.entry(slot).map_or(0, |entry| entry.total_bytes);
        self.read_part(slot, total, offset, into)
    }

    /// Starts to write a bundle into the idle slot.
    ///
    /// # Errors
    /// [`TransitionError::TrialOpen`] during a trial, and failures of the medium.
    pub fn begin(&mut self) -> Result<Staging, Error<S::Error>> {
        self.require_writable()?;
        self.refresh()?;
        let slot = self.idle().ok_or(TransitionError::TrialOpen)?;
        self.settle()?;
        self.stagings = self.stagings.wrapping_add(1);
        Ok(Staging { slot, staging: self.stagings, written: 0, hasher: sha2::Sha256::new() })
    }

    /// Writes the next bytes of the bundle.
    ///
    /// # Errors
    /// [`Error::Full`] past the slot's size, and failures of the medium; begin again after any of them.
    pub fn append(&mut self, staging: &mut Staging, bytes: &[u8]) -> Result<(), Error<S::Error>> {
        self.require_current(staging)?;
        let capacity = self.region.slot_bytes();
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let end = staging.written.saturating_add(length);
        if end > capacity {
            return Err(Error::Full { needed: end, capacity });
        }
        let at = self.region.slot_offset(staging.slot).saturating_add(u64::from(staging.written));
        self.storage.write(at, bytes).map_err(Error::storage(Operation::Write, at))?;
        staging.hasher.update(bytes);
        staging.written = end;
        Ok(())
    }

    /// Makes the bundle durable, reads it back and compares.
    ///
    /// # Errors
    /// [`Error::Mismatch`] where other bytes come back, and failures of the medium.
    #[expect(clippy::needless_pass_by_value, reason = "a sealed staging is over: nobody may append to it")]
    pub fn seal(&mut self, staging: Staging) -> Result<Sealed, Error<S::Error>> {
        self.require_current(&staging)?;
        let at = self.region.slot_offset(staging.slot);
        self.storage.sync().map_err(Error::storage(Operation::Sync, at))?;
        let expected = staging.digest();
        if self.digest_of(staging.slot, staging.written)? != expected {
            return Err(Error::Mismatch);
        }
        Ok(Sealed {
            slot: staging.slot,
            staging: staging.staging,
            total_bytes: staging.written,
            content_sha256: expected,
        })
    }

    /// Reads a part of a bundle that is sealed and not committed.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] past its end, [`TransitionError::Superseded`] where the slot was staged anew, and
    /// failures of the medium.
    pub fn read_sealed(
        &mut self,
        sealed: &Sealed,
        offset: u32,
        into: &mut [u8],
    ) -> Result<(), Error<S::Error>> {
        if sealed.staging != self.stagings {
            return Err(TransitionError::Superseded.into());
        }
        self.read_part(sealed.slot, sealed.total_bytes, offset, into)
    }

    /// Makes one change of the journal durable. A change that alters nothing writes nothing.
    ///
    /// # Errors
    /// What `edit` says, and failures of the medium. After those the store is read again: the record may be
    /// the old one or the new one, and is one of them whole.
    pub fn change<R>(
        &mut self,
        edit: impl FnOnce(&mut Change<'_>) -> Result<R, TransitionError>,
    ) -> Result<R, Error<S::Error>> {
        self.require_writable()?;
        // A record that the heap has no room for would end the application.
        if KeyringBytes::room().zip(Denials::room()).is_none() {
            return Err(Error::NoMemory);
        }
        self.refresh()?;
        let mut next = self.record.clone();
        let result = edit(&mut Change::new(&mut next, self.readable, self.stagings))?;
        if next != self.record {
            self.write(&mut next)?;
        }
        Ok(result)
    }

    /// Makes the record in force last: whoever makes something of it that outlives a power failure asks for this first.
    /// It may have been found in a cache, or stand there behind a sync that failed.
    ///
    /// # Errors
    /// Failures of the medium: the record may then be lost with the next power failure.
    pub fn make_lasting(&mut self) -> Result<(), Error<S::Error>> {
        self.refresh()?;
        self.settle()
    }

    /// The medium, for tests that make it fail.
    #[cfg(any(test, feature = "fault"))]
    pub const fn storage_mut(&mut self) -> &mut S {
        &mut self.storage
    }

    /// Gives the medium back.
    pub fn into_storage(self) -> S {
        self.storage
    }

    /// The slot that nobody reads; `None` during a trial, when both are needed.
    fn idle(&self) -> Option<SlotIndex> {
        let idle = self.record.phase.idle()?;
        Some(self.readable.map_or(idle, SlotIndex::other))
    }

    /// Reads journal and slots again where a failed write left open what they hold.
    fn refresh(&mut self) -> Result<(), Error<S::Error>> {
        if self.durability != Durability::Unread {
            return Ok(());
        }
        self.reload(&mut Record::default())?;
        self.durability = Durability::Doubtful;
        self.require_writable()
    }

    /// Reads journal and slots again, through `scratch`: where that fails, the record is the one from before. So it is
    /// where the journal has lost it, which is false: keyring and floors never go back, whatever became of the medium.
    fn reload(&mut self, scratch: &mut Record) -> Result<bool, Error<S::Error>> {
        let loaded = journal::load(&mut self.storage, &self.region, scratch);
        let journal = loaded.map_err(|(at, source)| Error::storage(Operation::Read, at)(source))?;
        let is_behind = match journal.condition {
            Condition::Blank | Condition::Lost => true,
            Condition::Ready => scratch.sequence < self.record.sequence,
            Condition::Foreign | Condition::NewerFormat { .. } => false,
        };
        let is_there = self.condition != Condition::Ready || !is_behind;
        if is_there {
            self.condition = journal.condition;
            core::mem::swap(&mut self.record, scratch);
            self.block = journal.block;
        }
        self.find_readable();
        Ok(is_there)
    }

    fn write(&mut self, next: &mut Record) -> Result<(), Error<S::Error>> {
        self.settle()?;
        next.sequence = self.record.sequence.saturating_add(1);
        let target = self.block.other();
        let moved = next.generation != self.record.generation;
        if let Err(error) = put(&mut self.storage, &self.region, next, target) {
            let before = (self.block, self.condition);
            self.durability = Durability::Unread;
            let torn = self.reload(next)? && (self.block, self.condition) == before;
            self.durability = if torn { Durability::Durable } else { Durability::Doubtful };
            return Err(error);
        }
        core::mem::swap(&mut self.record, next);
        self.block = target;
        self.condition = Condition::Ready;
        self.durability = Durability::Durable;
        if moved {
            self.find_readable();
        }
        Ok(())
    }

    /// Makes sure that the record in force is durable, before a write could destroy what an older one names.
    fn settle(&mut self) -> Result<(), Error<S::Error>> {
        let at = self.region.journal_offset(self.block);
        match self.durability {
            Durability::Durable => return Ok(()),
            Durability::Doubtful | Durability::Unread if self.condition == Condition::Ready => {
                put(&mut self.storage, &self.region, &self.record, self.block)?;
            }
            Durability::Doubtful | Durability::Unread | Durability::Unsynced => {
                self.storage.sync().map_err(Error::storage(Operation::Sync, at))?;
            }
        }
        self.durability = Durability::Durable;
        Ok(())
    }

    fn read_part(
        &mut self,
        slot: SlotIndex,
        total: u32,
        offset: u32,
        into: &mut [u8],
    ) -> Result<(), Error<S::Error>> {
        let wanted = u32::try_from(into.len()).ok().and_then(|length| offset.checked_add(length));
        if wanted.is_none_or(|end| end > total) {
            return Err(Error::OutOfRange);
        }
        let at = self.region.slot_offset(slot).saturating_add(u64::from(offset));
        read_or_zeros(&mut self.storage, at, into).map_err(Error::storage(Operation::Read, at))
    }

    fn find_readable(&mut self) {
        let active = self.record.phase.active();
        let candidates = [active, active.map(SlotIndex::other)];
        self.readable = candidates.into_iter().flatten().find(|slot| {
            let entry = self.record.entry(*slot).map(|entry| (entry.total_bytes, entry.content_sha256));
            entry.filter(|(bytes, _)| *bytes <= self.region.slot_bytes()).is_some_and(|(bytes, sha256)| {
                self.digest_of(*slot, bytes).is_ok_and(|found| found == sha256)
            })
        });
    }

    fn digest_of(&mut self, slot: SlotIndex, bytes: u32) -> Result<Sha256, Error<S::Error>> {
        let bytes = bytes.min(self.region.slot_bytes());
        let mut hasher = sha2::Sha256::new();
        let mut piece = [0; PIECE_BYTES];
        let mut offset = 0_u32;
        while offset < bytes {
            let left = usize::try_from(bytes.saturating_sub(offset)).unwrap_or(PIECE_BYTES);
            let Some(part) = piece.get_mut(..left.min(PIECE_BYTES)) else { break };
            let at = self.region.slot_offset(slot).saturating_add(u64::from(offset));
            read_or_zeros(&mut self.storage, at, part).map_err(Error::storage(Operation::Read, at))?;
            hasher.update(&*part);
            offset = offset.saturating_add(u32::try_from(part.len()).unwrap_or(u32::MAX));
        }
        Ok(Sha256(hasher.finalize().into()))
    }

    const fn require_writable(&self) -> Result<(), Error<S::Error>> {
        match self.condition {
            Condition::Foreign => Err(Error::Foreign),
            Condition::NewerFormat { format } => Err(Error::NewerFormat { format }),
            Condition::Blank | Condition::Lost | Condition::Ready => Ok(()),
        }
    }

    fn require_current(&self, staging: &Staging) -> Result<(), TransitionError> {
        if self.idle() != Some(staging.slot) {
            return Err(TransitionError::TrialOpen);
        }
        if staging.staging != self.stagings {
            return Err(TransitionError::Superseded);
        }
        Ok(())
    }
}

/// Writes a record over a block and syncs.
fn put<S: Storage>(
    storage: &mut S,
    region: &Region,
    record: &Record,
    block: SlotIndex,
) -> Result<(), Error<S::Error>> {
    let at = region.journal_offset(block);
    let capacity = u32::try_from(RECORD_BYTES).unwrap_or(u32::MAX);
    let is_written = codec::encode(storage, at, record).map_err(Error::storage(Operation::Write, at))?;
    if !is_written {
        return Err(Error::Full { needed: capacity, capacity });
    }
    storage.sync().map_err(Error::storage(Operation::Sync, at))
}
