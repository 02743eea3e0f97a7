//! The record's bytes: every field survives, every fault is seen, and a later format is left alone.

use bundle::{Order, UnixSeconds};
use crc::{CRC_32_ISO_HDLC, Crc};

use super::{TestStore, channel, denials, head, install, next_keyring, open, refusal, release, stage};
use crate::{
    CheckNote, Condition, Error, Floors, KeyringBytes, Phase, Record, Restated, SlotIndex, Storage as _,
    codec::{self, Block},
    fault::{Fault, Medium},
    limits::{BLOCK_BYTES, RECORD_BYTES},
};

fn full_record() -> Record {
    let mut store = open(Medium::new(4_096));
    store.change(|change| change.change_channel(channel())).unwrap();
    install(&mut store, 1).unwrap();
    next_keyring(&mut store, 3).unwrap();
    let sealed = stage(&mut store, 2).unwrap();
    store
        .change(|change| {
            change.replace_denials(&denials(2))?;
            change.record_refusal(refusal(4));
            change.note_head(head(12));
            change.note_check(CheckNote { at: Some(UnixSeconds(77)), reason: 3 });
            change.commit_trial(&sealed, release(2), Some(UnixSeconds(80)))?;
            change.record_failure()
        })
        .unwrap();
    store.record().clone()
}

fn encoded(record: &Record) -> [u8; BLOCK_BYTES] {
    let mut medium = Medium::new(BLOCK_BYTES);
    medium.write(0, &[0xaa; BLOCK_BYTES]).unwrap();
    assert_eq!(codec::encode(&mut medium, 0, record), Ok(true));
    medium.bytes().try_into().unwrap()
}

/// The block that these bytes are, and the record in it.
fn decode(block: &[u8; BLOCK_BYTES]) -> (Block, Record) {
    let (mut medium, mut record) = (Medium::new(BLOCK_BYTES), full_record());
    medium.write(0, block).unwrap();
    let block = codec::decode(&mut medium, 0, &mut record).unwrap();
    (block, record)
}

#[test]
fn every_field_survives_the_medium() {
    let record = full_record();
    assert_eq!(record.phase, Phase::Trial { active: SlotIndex::Second, fallback: Some(SlotIndex::First) });
    for record in [record, Record::default()] {
        let (block, found) = decode(&encoded(&record));
        assert!(matches!(block, Block::Whole(frozen) if frozen.floors == record.floors));
        assert_eq!(found, record);
    }
}

#[test]
fn every_flipped_byte_is_seen() {
    let block = encoded(&full_record());
    for offset in 0..RECORD_BYTES + 4 {
        let mut rotten = block;
        rotten[offset] ^= 0x10;
        assert_eq!(decode(&rotten).0, Block::Unreadable, "byte {offset}");
    }
}

#[test]
fn blank_media_of_both_polarities_are_blank() {
    assert_eq!(decode(&[0; BLOCK_BYTES]).0, Block::Blank);
    assert_eq!(decode(&[0xff; BLOCK_BYTES]).0, Block::Blank);
}

#[test]
fn a_record_with_a_valid_crc_and_an_impossible_phase_is_unreadable() {
    for (offset, value) in [(72, 3), (72, 1), (73, 2), (74, 1), (76, 2)] {
        let mut block = encoded(&full_record());
        block[offset] = value;
        seal(&mut block);
        assert_eq!(decode(&block).0, Block::Unreadable, "byte {offset} = {value}");
    }
}

#[test]
fn a_newer_format_keeps_its_floors_and_is_never_written() {
    let mut store = open(Medium::new(4_096));
    install(&mut store, 1).unwrap();
    install(&mut store, 2).unwrap();
    let newest = store.record().clone();
    let mut medium = store.into_storage();
    let raised = Floors { release: Order::new(0, 50), ..newest.floors };
    let mut block = encoded(&Record { sequence: newest.sequence + 1, floors: raised, ..newest });
    block[4] = 2;
    seal(&mut block);
    medium.write(57_344, &block).unwrap();
    let before = medium.bytes().to_vec();
    let mut store = open(medium);
    assert_eq!(store.condition(), Condition::NewerFormat { format: 2 });
    assert_eq!(store.record().floors, raised);
    assert!(store.readable().is_none());
    assert_eq!(store.begin().unwrap_err(), Error::NewerFormat { format: 2 });
    assert_eq!(store.change(|change| change.confirm()), Err(Error::NewerFormat { format: 2 }));
    assert_eq!(store.into_storage().bytes(), before);
}

#[test]
fn a_lost_store_says_so_and_starts_anew() {
    let mut store = open(Medium::new(4_096));
    install(&mut store, 1).unwrap();
    let mut medium = store.into_storage();
    medium.flip(57_344 + 9, 1);
    medium.flip(65_536 + 9, 1);
    let mut store = open(medium);
    assert_eq!(store.condition(), Condition::Lost);
    install(&mut store, 1).unwrap();
    assert_eq!(open(store.into_storage()).condition(), Condition::Ready);
}

#[test]
fn a_journal_that_is_destroyed_while_it_is_in_use_is_written_again() {
    let note = |store: &mut TestStore, reason| {
        store.change(|change| {
            change.note_check(CheckNote { at: None, reason });
            Ok(())
        })
    };
    // The third record stands in the first block; the second one, of an older keyring, is still whole.
    let blocks = [[57_344, 65_536].as_slice(), &[57_344], &[65_536]];
    let cases = blocks.into_iter().flat_map(|lost| [Fault::InputOutput, Fault::Short].map(|it| (lost, it)));
    for (lost, fault) in cases {
        let mut store = open(Medium::new(4_096));
        install(&mut store, 1).unwrap();
        let keyring = KeyringBytes::new(b"the second keyring").unwrap();
        let (order, restated) = (Order::new(0, 2), Restated::default());
        store.change(|change| change.update_keyring(&keyring, order, UnixSeconds(9), restated)).unwrap();
        let before = store.record().clone();
        let medium = store.storage_mut();
        lost.iter().for_each(|block| medium.flip(block + 9, 1));
        medium.fail_at(medium.operations() + 1, fault);
        note(&mut store, 7).unwrap_err();
        assert_eq!((store.condition(), store.record()), (Condition::Ready, &before), "{lost:?} {fault:?}");
        assert!(store.readable().is_some(), "{lost:?} {fault:?}");
        note(&mut store, 8).unwrap();
        let store = open(store.into_storage());
        assert_eq!(
            (&store.record().keyring, store.record().floors),
            (&keyring, before.floors),
            "{lost:?} {fault:?}"
        );
    }
}

fn seal(block: &mut [u8; BLOCK_BYTES]) {
    let crc = Crc::<u32>::new(&CRC_32_ISO_HDLC).checksum(&block[..RECORD_BYTES]);
    block[RECORD_BYTES..RECORD_BYTES + 4].copy_from_slice(&crc.to_le_bytes());
}
