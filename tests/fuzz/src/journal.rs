//! The journal: a block that is taken for a record is one, and whatever stands on the medium, a store opens.

use std::sync::OnceLock;

use bundle::{Order, UnixSeconds};
use store::{
    CheckNote, Condition, Floors, KeyringBytes, Record, Region, Restated, Storage as _, Store, fault::Medium,
    fuzzing, limits::BLOCK_BYTES, limits::RECORD_BYTES,
};

use crate::input::{halves, selector};

/// Bytes of the smallest region; its journal is the second half.
const REGION_BYTES: u32 = 32_768;
/// Where the journal starts.
const JOURNAL_AT: u64 = 16_384;
/// Bytes that are reserved: what they hold says nothing to this version.
const RESERVED: core::ops::Range<usize> = 50..64;

/// The fronts of both blocks; the first byte says whether each gets the CRC that fits it.
///
/// # Panics
/// Where a record has another form than the one it was read from, or the store loses a floor.
pub fn journal(input: &[u8]) {
    let (selector, rest) = selector(input);
    let (first, second) = halves(rest);
    let blocks = [block(first, selector & 1 != 0), block(second, selector & 2 != 0)];
    let records = blocks.each_ref().map(record);
    let mut medium = Medium::new(BLOCK_BYTES);
    medium.write(JOURNAL_AT, &blocks.concat()).expect("no fault is set");
    opened(medium, &records);
}

/// A block that starts like this; sealed where the CRC is to fit.
fn block(front: &[u8], is_sealed: bool) -> [u8; BLOCK_BYTES] {
    let mut block = [0; BLOCK_BYTES];
    block.iter_mut().zip(front).for_each(|(to, from)| *to = *from);
    if is_sealed {
        let length = usize::from(u16::from_le_bytes([block[6], block[7]])).min(BLOCK_BYTES - 4);
        let (content, rest) = block.split_at_mut(length);
        let crc = crc32(content).to_le_bytes();
        rest.iter_mut().zip(crc).for_each(|(to, from)| *to = from);
    }
    block
}

/// CRC-32 (ISO-HDLC): not the code that is tested.
fn crc32(bytes: &[u8]) -> u32 {
    static TABLE: OnceLock<[u32; 256]> = OnceLock::new();
    let bit = |crc: u32| if crc & 1 == 0 { crc >> 1 } else { (crc >> 1) ^ 0xedb8_8320 };
    let entry = |index: usize| (0..8).fold(u32::try_from(index).unwrap_or(0), |crc, _| bit(crc));
    let table = TABLE.get_or_init(|| core::array::from_fn(entry));
    let byte = |crc: u32, byte: &u8| (crc >> 8) ^ table[usize::from(crc.to_le_bytes()[0] ^ byte)];
    !bytes.iter().fold(u32::MAX, byte)
}

/// The record in a block, which is written again as it was read.
fn record(block: &[u8; BLOCK_BYTES]) -> Option<Record> {
    let record = fuzzing::decode(block).expect("no fault is set")?;
    let written = fuzzing::encode(&record).expect("no fault is set");
    let mut expected = *block;
    expected.iter_mut().skip(RECORD_BYTES + 4).for_each(|byte| *byte = 0);
    if expected[RESERVED].iter().any(|byte| *byte != 0) {
        expected[RESERVED].fill(0);
        let crc = crc32(&expected[..RECORD_BYTES]).to_le_bytes();
        expected[RECORD_BYTES..RECORD_BYTES + 4].copy_from_slice(&crc);
    }
    assert!(written == expected, "a record that is read and written again is the same");
    Some(record)
}

fn opened(medium: Medium, records: &[Option<Record>; 2]) {
    let region = Region::new(0, REGION_BYTES).expect("the smallest region");
    let mut store = Store::open(medium, region).expect("whatever stands there, a store opens");
    let newest = records.iter().flatten().map(|record| record.sequence).max();
    match store.condition() {
        Condition::Ready => {
            assert_eq!(Some(store.record().sequence), newest, "the newest whole record holds");
            assert!(records.iter().flatten().any(|record| record == store.record()));
        }
        Condition::Blank | Condition::Lost => {
            assert_eq!(newest, None, "a whole record is not lost");
            assert_eq!(store.record().floors, Floors::default());
        }
        _ => {
            let higher = |floors: Floors| store.record().floors.holds(&floors);
            assert!(records.iter().flatten().all(|record| higher(record.floors)), "floors are honoured");
        }
    }
    readable(&mut store);
    changed(store);
}

/// What is readable is whole, and nothing else can be read.
fn readable(store: &mut Store<Medium>) {
    let Some((slot, entry)) = store.readable().map(|(slot, entry)| (slot, *entry)) else { return };
    let mut content = vec![0; usize::try_from(entry.total_bytes).expect("it fits a slot")];
    store.read_content(slot, 0, &mut content).expect("what is readable can be read");
    assert_eq!(bundle::Sha256::of(&[&content]), entry.content_sha256);
    assert!(store.read_content(slot, entry.total_bytes, &mut [0]).is_err(), "past the end");
}

/// A change is whole or none, and no floor goes back by it.
fn changed(mut store: Store<Medium>) {
    let before = store.record().clone();
    let is_writable = matches!(store.condition(), Condition::Ready | Condition::Blank | Condition::Lost);
    let bytes = store.storage_mut().bytes().to_vec();
    let keyring = KeyringBytes::new(b"a keyring").expect("short");
    let next = Order::new(before.floors.keyring.epoch, before.floors.keyring.number.saturating_add(1));
    let outcome = store.change(|change| {
        change.note_check(CheckNote { at: Some(UnixSeconds(7)), reason: 9 });
        change.update_keyring(&keyring, next, UnixSeconds(8), Restated::default())
    });
    let after = store.record().clone();
    if outcome.is_err() || before.sequence == u64::MAX {
        // Nobody writes that often: only a journal that somebody made has no higher sequence.
        if outcome.is_ok() {
            return;
        }
        assert_eq!(after, before, "a change that failed changed nothing");
        assert!(is_writable || store.into_storage().bytes() == bytes, "it is not written to");
        return;
    }
    assert!(is_writable);
    assert!(after.floors.holds(&before.floors), "floors only grow");
    let region = Region::new(0, REGION_BYTES).expect("the smallest region");
    let again = Store::open(store.into_storage(), region).expect("it opened before");
    assert_eq!(
        (again.condition(), again.record()),
        (Condition::Ready, &after),
        "it is there after a restart"
    );
}
