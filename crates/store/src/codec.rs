//! A record as bytes: a part frozen for ever, then this format's fields, then a CRC over both.

use bundle::{ChannelId, UnixSeconds};

use crate::{
    CheckNote, Floors, HeadNote, Phase, Record, Refusal, Release, SlotEntry, SlotIndex, Storage, StorageRead,
    block::{BlockReader, BlockWriter},
    limits::{BLOCK_BYTES, FROZEN_BYTES, RECORD_BYTES, STORE_FORMAT},
    wire::{Fields, Writer},
};

const MAGIC: [u8; 4] = *b"TBST";
const CRC_BYTES: usize = 4;
/// Zeros at the end of the frozen part.
const FROZEN_RESERVED_BYTES: usize = 14;
/// Bytes between the magic number and the counters.
const FORMAT_AND_LENGTH_BYTES: usize = 4;
/// Bytes of each optional part behind its presence byte.
const HEAD_BYTES: usize = 50;
const CHECK_BYTES: usize = 10;
const SLOT_BYTES: usize = 94;
const REFUSAL_BYTES: usize = 50;
/// Stands for "no slot".
const NO_SLOT: u8 = 0xff;

/// The part of a record that every version of this software reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frozen {
    pub(crate) format: u16,
    pub(crate) length: u16,
    pub(crate) sequence: u64,
    pub(crate) generation: u64,
    pub(crate) floors: Floors,
}

/// What a journal block holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Block {
    /// Nothing was ever written here.
    Blank,
    /// Neither blank nor a whole record: torn, or rotten.
    Unreadable,
    /// A whole record of another format.
    Foreign(Frozen),
    /// A whole record of this format.
    Whole(Frozen),
}

/// The two counters that a poll compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counters {
    pub(crate) sequence: u64,
    pub(crate) generation: u64,
}

impl Counters {
    /// Reads the counters alone, without knowing whether the rest is whole.
    pub(crate) fn read(fields: &mut impl Fields) -> Option<Self> {
        if fields.array::<4>()? != MAGIC {
            return None;
        }
        fields.skip(FORMAT_AND_LENGTH_BYTES)?;
        Some(Self { sequence: fields.u64()?, generation: fields.u64()? })
    }
}

impl Frozen {
    /// Reads the frozen fields alone, without knowing whether the rest is whole.
    pub(crate) fn read(fields: &mut impl Fields) -> Option<Self> {
        if fields.array::<4>()? != MAGIC {
            return None;
        }
        let (format, length) = (fields.u16()?, fields.u16()?);
        let (sequence, generation) = (fields.u64()?, fields.u64()?);
        let (keyring, release, head) = (fields.order()?, fields.order()?, fields.order()?);
        let time = UnixSeconds(fields.u64()?);
        fields.skip(FROZEN_RESERVED_BYTES)?;
        Some(Self { format, length, sequence, generation, floors: Floors { keyring, release, head, time } })
    }
}

/// Reads the block at `at`: the frozen part, the fields of this format, and the CRC over both.
///
/// The fields go straight into `record`, since a copy of one is 8 KiB; unless the block is whole, what stands there
/// afterwards means nothing.
///
/// # Errors
/// Failures of the medium.
pub(crate) fn decode<S: StorageRead>(
    storage: &mut S,
    at: u64,
    record: &mut Record,
) -> Result<Block, S::Error> {
    let mut reader = BlockReader::new(storage, at);
    let block = match whole(&mut reader, record) {
        Some(block) => block,
        None if reader.is_erased() => Block::Blank,
        None => Block::Unreadable,
    };
    reader.finish()?;
    Ok(block)
}

fn whole<S: StorageRead>(reader: &mut BlockReader<'_, S>, record: &mut Record) -> Option<Block> {
    let frozen = Frozen::read(reader)?;
    let length = usize::from(frozen.length);
    let is_ours = frozen.format == STORE_FORMAT;
    // The fields of this format have one length.
    if length < FROZEN_BYTES
        || length.checked_add(CRC_BYTES)? > BLOCK_BYTES
        || (is_ours && length != RECORD_BYTES)
    {
        return None;
    }
    if is_ours {
        read_fields(frozen, reader, record)?;
    } else {
        reader.skip(length.checked_sub(FROZEN_BYTES)?)?;
    }
    let crc = reader.crc();
    if reader.u32()? != crc {
        return None;
    }
    Some(if is_ours { Block::Whole(frozen) } else { Block::Foreign(frozen) })
}

/// Writes a record over the whole block at `at`; false only where the limits contradict each other.
///
/// # Errors
/// Failures of the medium; the block is torn then.
pub(crate) fn encode<S: Storage>(storage: &mut S, at: u64, record: &Record) -> Result<bool, S::Error> {
    let mut writer = BlockWriter::new(storage, at);
    let is_written = write_fields(record, &mut writer).is_some() && writer.written() == RECORD_BYTES;
    let crc = writer.crc();
    writer.u32(crc);
    writer.finish()?;
    Ok(is_written)
}

fn write_fields(record: &Record, writer: &mut impl Writer) -> Option<()> {
    writer.put(&MAGIC);
    writer.u16(STORE_FORMAT);
    writer.u16(u16::try_from(RECORD_BYTES).ok()?);
    writer.u64(record.sequence);
    writer.u64(record.generation);
    let Floors { keyring, release, head, time } = record.floors;
    [keyring, release, head].into_iter().for_each(|floor| writer.order(floor));
    writer.u64(time.0);
    writer.zeros(FROZEN_RESERVED_BYTES);
    writer.put(&record.channel.unwrap_or(ChannelId::FLEET).0);
    write_phase(record.phase, writer);
    writer.u8(record.conclusive_failures);
    writer.optional(record.head.as_ref(), HEAD_BYTES, |writer, head| {
        writer.order(head.order);
        writer.sha256(&head.digest);
        writer.u64(head.valid_from.0);
        writer.u32(head.lifetime_seconds);
    });
    writer.optional(record.last_check.as_ref(), CHECK_BYTES, |writer, check| {
        writer.time(check.at);
        writer.u16(check.reason);
    });
    for slot in &record.slots {
        writer.optional(slot.as_ref(), SLOT_BYTES, write_slot);
    }
    for refusal in &record.refusals.entries {
        writer.optional(refusal.as_ref(), REFUSAL_BYTES, |writer, refusal| {
            writer.order(refusal.order);
            writer.sha256(&refusal.digest);
            writer.u16(refusal.reason);
            writer.u16(refusal.attempts);
            writer.time(refusal.retry_at);
        });
    }
    writer.order(record.denials.order);
    writer.u16(u16::try_from(record.denials.count()).ok()?);
    writer.put(record.denials.field());
    writer.u16(u16::try_from(record.keyring.as_bytes().len()).ok()?);
    writer.put(record.keyring.field());
    Some(())
}

fn write_phase(phase: Phase, writer: &mut impl Writer) {
    let index = |slot: Option<SlotIndex>| match slot {
        None => NO_SLOT,
        Some(SlotIndex::First) => 0,
        Some(SlotIndex::Second) => 1,
    };
    let (number, fallback) = match phase {
        Phase::Empty => (0, None),
        Phase::Confirmed { .. } => (1, None),
        Phase::Trial { fallback, .. } => (2, fallback),
    };
    writer.u8(number);
    writer.u8(index(phase.active()));
    writer.u8(index(fallback));
}

fn write_slot(writer: &mut impl Writer, entry: &SlotEntry) {
    writer.order(entry.release.order);
    writer.sha256(&entry.release.digest);
    writer.u32(entry.release.document_bytes);
    writer.u64(entry.release.issued_at.0);
    writer.u32(entry.total_bytes);
    writer.sha256(&entry.content_sha256);
    writer.time(entry.committed_at);
}

fn read_fields(frozen: Frozen, fields: &mut impl Fields, record: &mut Record) -> Option<()> {
    let Frozen { sequence, generation, floors, .. } = frozen;
    (record.sequence, record.generation, record.floors) = (sequence, generation, floors);
    record.channel = Some(ChannelId(fields.array()?)).filter(|channel| *channel != ChannelId::FLEET);
    record.phase = read_phase(fields)?;
    record.conclusive_failures = fields.u8()?;
    record.head = fields.optional(HEAD_BYTES, |fields| {
        let (order, digest) = (fields.order()?, fields.sha256()?);
        let (valid_from, lifetime_seconds) = (UnixSeconds(fields.u64()?), fields.u32()?);
        Some(HeadNote { order, digest, valid_from, lifetime_seconds })
    })?;
    record.last_check = fields.optional(CHECK_BYTES, |fields| {
        let (at, reason) = (fields.time()?, fields.u16()?);
        Some(CheckNote { at, reason })
    })?;
    record.slots = [fields.optional(SLOT_BYTES, read_slot)?, fields.optional(SLOT_BYTES, read_slot)?];
    for entry in &mut record.refusals.entries {
        *entry = fields.optional(REFUSAL_BYTES, |fields| {
            let (order, digest) = (fields.order()?, fields.sha256()?);
            let (reason, attempts, retry_at) = (fields.u16()?, fields.u16()?, fields.time()?);
            Some(Refusal { order, digest, reason, attempts, retry_at })
        })?;
    }
    let (order, count) = (fields.order()?, usize::from(fields.u16()?));
    record.denials.read(order, count, |into| fields.fill(into))?;
    let length = usize::from(fields.u16()?);
    record.keyring.read(length, |into| fields.fill(into))?;
    // A phase that names a slot must say what the slot holds.
    (record.phase == Phase::Empty || record.active().is_some()).then_some(())
}

fn read_phase(fields: &mut impl Fields) -> Option<Phase> {
    let number = fields.u8()?;
    let mut slot = || {
        Some(match fields.u8()? {
            NO_SLOT => None,
            0 => Some(SlotIndex::First),
            1 => Some(SlotIndex::Second),
            _ => return None,
        })
    };
    Some(match (number, slot()?, slot()?) {
        (0, None, None) => Phase::Empty,
        (1, Some(active), None) => Phase::Confirmed { active },
        (2, Some(active), fallback) if fallback != Some(active) => Phase::Trial { active, fallback },
        _ => return None,
    })
}

fn read_slot(fields: &mut impl Fields) -> Option<SlotEntry> {
    let (order, digest) = (fields.order()?, fields.sha256()?);
    let (document_bytes, issued_at) = (fields.u32()?, UnixSeconds(fields.u64()?));
    let (total_bytes, content_sha256) = (fields.u32()?, fields.sha256()?);
    let committed_at = fields.time()?;
    let release = Release { order, digest, document_bytes, issued_at };
    Some(SlotEntry { release, total_bytes, content_sha256, committed_at })
}
