//! What applications use: a look that costs 64 bytes, and a read that is whole or tried again.

use core::fmt;

use bundle::Sha256;

use crate::{
    Condition, Record, Region, SlotEntry, SlotIndex, StorageRead,
    codec::Counters,
    journal,
    limits::{POLL_BYTES, READ_ATTEMPTS_MAX},
    storage::read_or_zeros,
};

/// Bytes of one record that a poll looks at.
const HEAD_BYTES: usize = POLL_BYTES / 2;

/// Reads a store that somebody else writes. It takes no lock and writes nothing.
#[derive(Debug)]
pub struct Reader<S> {
    storage: S,
    region: Region,
    seen: Option<u64>,
}

/// What a poll found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Poll {
    /// The bundle or the deny list may have changed: read again.
    Changed,
    /// Nothing changed since the last read.
    Unchanged,
}

/// One consistent state of the store.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// What the journal was found to be.
    pub condition: Condition,
    /// The record: deny list, floors, keyring. Default where the condition is not `Ready`.
    pub record: Record,
    /// The slot whose content was read; `None` means that the seed holds.
    pub content: Option<(SlotIndex, SlotEntry)>,
}

/// A read failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReadError<E> {
    /// The journal kept moving: try again later.
    Busy,
    /// The medium failed.
    Storage(E),
    /// The buffer is too small for the bundle.
    TooSmall {
        /// Bytes that the bundle has.
        needed: u32,
    },
}

impl<S: StorageRead> Reader<S> {
    /// A reader of the region; reads nothing yet.
    pub const fn new(storage: S, region: Region) -> Self {
        Self { storage, region, seen: None }
    }

    /// The medium: whoever must open it for each look does so here.
    pub const fn storage_mut(&mut self) -> &mut S {
        &mut self.storage
    }

    /// Bytes of the largest bundle that a slot holds: a buffer of this size always suffices.
    pub const fn slot_bytes(&self) -> u32 {
        self.region.slot_bytes()
    }

    /// Looks whether [`Reader::read`] would find something else than last time; reads at most 64 bytes.
    ///
    /// # Errors
    /// Failures of the medium.
    pub fn poll(&mut self) -> Result<Poll, ReadError<S::Error>> {
        let newest = self.counters()?.into_iter().flatten().max_by_key(|counters| counters.sequence);
        let newest = newest.map_or(0, |counters| counters.generation);
        Ok(if self.seen == Some(newest) { Poll::Unchanged } else { Poll::Changed })
    }

    /// Reads the bundle into `into` and returns what it is; the bytes are the first `total_bytes`.
    ///
    /// The content is hashed and the journal's counters looked at again, so what is returned was whole at one moment.
    ///
    /// # Errors
    /// [`ReadError::TooSmall`], [`ReadError::Busy`], and failures of the medium.
    pub fn read(&mut self, into: &mut [u8]) -> Result<Snapshot, ReadError<S::Error>> {
        for _ in 0..READ_ATTEMPTS_MAX {
            let before = self.counters()?;
            let mut record = Record::default();
            let loaded = journal::load(&mut self.storage, &self.region, &mut record);
            let loaded = loaded.map_err(|(_, source)| ReadError::Storage(source))?;
            let content = self.read_content(&record, into);
            // Whoever writes a record begins with its counters, and writes over no slot that the record before it names.
            if self.counters()? == before {
                let content = content?;
                self.seen = Some(record.generation);
                return Ok(Snapshot { condition: loaded.condition, record, content });
            }
        }
        Err(ReadError::Busy)
    }

    fn read_content(
        &mut self,
        record: &Record,
        into: &mut [u8],
    ) -> Result<Option<(SlotIndex, SlotEntry)>, ReadError<S::Error>> {
        let active = record.phase.active();
        for slot in [active, active.map(SlotIndex::other)].into_iter().flatten() {
            let Some(entry) =
                record.entry(slot).filter(|entry| entry.total_bytes <= self.region.slot_bytes())
            else {
                continue;
            };
            let length = usize::try_from(entry.total_bytes).unwrap_or(usize::MAX);
            let needed = entry.total_bytes;
            let bytes = into.get_mut(..length).ok_or(ReadError::TooSmall { needed })?;
            let read = read_or_zeros(&mut self.storage, self.region.slot_offset(slot), bytes);
            if read.is_ok() && Sha256::of(&[bytes]) == entry.content_sha256 {
                return Ok(Some((slot, *entry)));
            }
        }
        Ok(None)
    }

    /// How far each record counts, whole or not; `None` for a block without one.
    fn counters(&mut self) -> Result<[Option<Counters>; 2], ReadError<S::Error>> {
        let mut found = [None; 2];
        for (block, counters) in [SlotIndex::First, SlotIndex::Second].into_iter().zip(&mut found) {
            let mut head = [0; HEAD_BYTES];
            let at = self.region.journal_offset(block);
            read_or_zeros(&mut self.storage, at, &mut head).map_err(ReadError::Storage)?;
            *counters = Counters::read(&mut head.as_slice());
        }
        Ok(found)
    }
}

impl<E> fmt::Display for ReadError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy => f.write_str("the store changed during every attempt to read it: try again"),
            Self::Storage(_) => f.write_str("the store cannot be read"),
            Self::TooSmall { needed } => {
                write!(f, "the bundle has {needed} bytes, more than the buffer for it")
            }
        }
    }
}

impl<E: core::error::Error + 'static> core::error::Error for ReadError<E> {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Storage(source) => Some(source),
            Self::Busy | Self::TooSmall { .. } => None,
        }
    }
}
