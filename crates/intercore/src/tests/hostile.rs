//! A neighbour that an attacker owns: whatever it sends, nothing unsigned is believed and nothing panics.

use std::{vec, vec::Vec};

use super::fixture::{
    FLOOR, Stock, accepted, first_keyring, ignored, new_core, refused, run, stock, take, trusted,
};
use crate::{AnswerKind, Message, Part, Progress, Reason, limits::MESSAGE_BYTES_MAX};

fn written(message: &Message<'_>) -> Vec<u8> {
    let mut buffer = [0; MESSAGE_BYTES_MAX];
    let length = message.write(&mut buffer).unwrap();
    buffer[..length].to_vec()
}

const BEGIN: Message<'static> =
    Message { transfer: 4, sequence: 0, part: Part::Begin, offset: 0, total: 0, payload: &[] };

/// One message after a good beginning; it must be ignored for this reason, and the transfer must still work.
fn check(message: Message<'_>, reason: Reason) {
    let (mut core, stock) = (new_core(), stock(FLOOR));
    let _begun = take(&mut core, &written(&BEGIN));
    ignored(take(&mut core, &written(&message)), reason);
    let (messages, _) = run(&mut new_core(), 4, &stock);
    let last = messages[1..].iter().map(|message| take(&mut core, message)).last().unwrap();
    assert_eq!(last.kind, AnswerKind::Accepted);
}

const PIECE: Message<'static> =
    Message { transfer: 4, sequence: 1, part: Part::Manifest, offset: 0, total: 9, payload: b"piece" };

#[test]
fn a_message_with_a_field_that_its_kind_forbids_is_ignored() {
    let field = Reason::MessageField;
    check(Message { sequence: 0, ..PIECE }, field);
    check(Message { payload: &[], ..PIECE }, field);
    check(Message { offset: 5, ..PIECE }, field);
    check(Message { offset: u32::MAX, ..PIECE }, field);
    check(Message { total: 4, ..PIECE }, field);
    check(Message { sequence: 1, ..BEGIN }, field);
    check(Message { payload: b"x", ..BEGIN }, field);
    check(Message { offset: 1, ..BEGIN }, field);
    check(Message { part: Part::End, total: 1, payload: &[], ..PIECE }, field);
    check(Message { part: Part::End, offset: 1, total: 0, payload: &[], ..PIECE }, field);
    check(Message { part: Part::End, total: 0, ..PIECE }, field);
}

#[test]
fn a_piece_that_is_not_wanted_is_ignored() {
    let unexpected = Reason::Unexpected;
    check(Message { part: Part::Keyring(0), ..PIECE }, unexpected);
    check(Message { part: Part::Certificate(0), ..PIECE }, unexpected);
    check(Message { part: Part::End, total: 0, payload: &[], ..PIECE }, unexpected);
    check(Message { offset: 1, ..PIECE }, unexpected);
    check(Message { sequence: 2, ..PIECE }, Reason::Ahead);
    check(Message { transfer: 5, ..PIECE }, Reason::NoTransfer);
}

#[test]
fn bytes_of_another_protocol_are_ignored() {
    let good = written(&PIECE);
    let mut core = new_core();
    for (at, value, reason) in [
        (0, b'X', Reason::MessageMagic),
        (4, 2, Reason::MessageFormat),
        (5, 0, Reason::MessageKind),
        (5, 6, Reason::MessageKind),
        (6, 4, Reason::MessageLength),
        (16, 1, Reason::MessageField),
    ] {
        let mut bad = good.clone();
        bad[at] = value;
        ignored(take(&mut core, &bad), reason);
    }
}

#[test]
fn a_message_longer_than_the_line_carries_is_ignored() {
    let mut bytes = written(&PIECE);
    bytes.resize(MESSAGE_BYTES_MAX + 1, 0);
    let payload = u16::try_from(MESSAGE_BYTES_MAX + 1 - 28).unwrap().to_le_bytes();
    bytes[6..8].copy_from_slice(&payload);
    ignored(take(&mut new_core(), &bytes), Reason::MessageLength);
}

#[test]
fn a_document_that_announces_more_than_the_buffer_is_refused() {
    for total in [2_049, u32::MAX] {
        let mut core = new_core();
        let _begun = take(&mut core, &written(&BEGIN));
        let answer = take(&mut core, &written(&Message { total, ..PIECE }));
        assert_eq!(answer.kind, AnswerKind::Refused(Reason::DocumentTooLarge));
    }
}

#[test]
fn a_document_whose_length_changes_on_the_way_is_not_believed() {
    let mut core = new_core();
    let _begun = take(&mut core, &written(&BEGIN));
    let _first = take(&mut core, &written(&PIECE));
    let second = Message { sequence: 2, offset: 5, total: 6, payload: b"!", ..PIECE };
    let answer = take(&mut core, &written(&second));
    assert_eq!(answer.kind, AnswerKind::Refused(Reason::DocumentMalformed));
}

/// Every byte of every document and certificate, changed: accepted is only what is signed.
#[test]
fn no_changed_byte_of_any_document_is_believed() {
    let good = Stock { keyrings: vec![first_keyring()], ..stock(FLOOR) };
    let mut refusals = Vec::new();
    for at in 0..good.manifest.len() {
        let mut bad = good.clone();
        bad.manifest[at] ^= 0x40;
        let mut core = new_core();
        let (_, ended) = run(&mut core, 1, &bad);
        let Progress::Refused(reason) = ended else { panic!("byte {at}: {ended:?}") };
        assert!(core.trust().is_none());
        refusals.push(reason);
    }
    refusals.dedup();
    assert!(refusals.contains(&Reason::Threshold) && refusals.contains(&Reason::BodyMismatch));
}

#[test]
fn a_document_cut_at_any_byte_is_refused() {
    let good = stock(FLOOR);
    for end in 1..good.manifest.len() {
        let cut = Stock { manifest: good.manifest[..end].to_vec(), ..good.clone() };
        refused(&mut new_core(), &cut, Reason::DocumentMalformed);
    }
}

#[test]
fn no_noise_makes_the_core_panic_or_trust() {
    let (mut core, stock) = (new_core(), stock(FLOOR));
    accepted(&mut core, &stock);
    let before = trusted(&core);
    let (messages, _) = run(&mut new_core(), 8, &super::fixture::stock(FLOOR + 1));
    let mut random = 1_u32;
    for round in 0..20_000_usize {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let mut message = messages[round % messages.len()].clone();
        // Changed anywhere in the header, or in its last byte where the payload is.
        let at = usize::try_from(random >> 16).unwrap() % 28;
        message[at] ^= 1 << (random >> 8 & 7);
        if message.len() > 28 {
            *message.last_mut().unwrap() ^= 1;
        }
        let _any = take(&mut core, &message);
        assert_eq!(trusted(&core), before);
    }
    accepted(&mut core, &super::fixture::stock(FLOOR + 2));
}
