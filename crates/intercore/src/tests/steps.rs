//! A judgement takes one signature a call, and the line may say anything in between.

use std::{vec, vec::Vec};

use bundle::{Order, write::KeyringContent};

use super::fixture::{
    FLOOR, Stock, certificate, content, first_keyring, ignored, keyring_content, keyring_document, manifest,
    new_core, next, role, run, stock, take, trusted,
};
use crate::{Answer, AnswerKind, Progress, Reason, Receiver, Sender};

/// Runs a transfer; how many calls each judgement took, in their order, and how it ended.
fn calls(core: &mut Receiver<'_>, stock: &Stock) -> (Vec<usize>, Progress) {
    let mut sender = Sender::new(7, u32::try_from(stock.keyrings.len()).unwrap());
    let mut calls = Vec::new();
    loop {
        let mut answer = core.receive(&next(&sender, stock));
        let mut count = 0;
        while answer.is_none() {
            answer = core.proceed();
            count += 1;
            assert!(count < 100, "a judgement without end");
        }
        calls.extend((count > 0).then_some(count));
        match sender.on_answer(&answer.unwrap().to_bytes()) {
            Progress::Send => {}
            progress => return (calls, progress),
        }
    }
}

/// A second keyring with other keys for keyrings, signed by both thresholds.
fn turned() -> Vec<u8> {
    let next = KeyringContent { keyring: role(2, &[4, 5, 6]), ..keyring_content() };
    keyring_document(&next, Order::new(0, 2), &[1, 2, 4, 5])
}

/// A core in front of the judgement of a release, and the message that brought it there.
fn judging() -> (Receiver<'static>, Stock, Vec<u8>) {
    let (mut core, stock) = (new_core(), stock(FLOOR));
    let mut sender = Sender::new(7, 0);
    let begun = core.receive(&next(&sender, &stock)).unwrap().to_bytes();
    assert_eq!(sender.on_answer(&begun), Progress::Send);
    let message = next(&sender, &stock);
    assert_eq!(core.receive(&message), None);
    (core, stock, message)
}

fn finish(core: &mut Receiver<'_>) -> Answer {
    (0..10).find_map(|_| core.proceed()).unwrap()
}

#[test]
fn a_threshold_takes_as_many_calls_as_it_has_signatures() {
    let chain = vec![first_keyring(), turned()];
    let (calls, ended) = calls(&mut new_core(), &Stock { keyrings: chain, ..stock(FLOOR) });
    assert_eq!(ended, Progress::Accepted);
    // The keyring in force is passed over; two of the old keys and two of the new sign the next; two the release.
    assert_eq!(calls, [1, 4, 2]);
}

#[test]
fn forged_signatures_are_checked_one_a_call_too() {
    let certificates = [certificate("one", 0)];
    let good = manifest(&content(&certificates, &[0]), FLOOR, &[11, 12]);
    // The table's count stands behind the header of 68 bytes, its entries of 75 behind the count.
    let (table, body) = good[69..].split_at(2 * 75);
    let forged = |number: usize| {
        let mut entry = table[..75].to_vec();
        entry[74 - number] ^= 1;
        entry
    };
    let forged: Vec<u8> = (0..8).flat_map(forged).collect();
    let flood = [&good[..68], &[10], &forged, table, body].concat();
    let (calls, ended) = calls(&mut new_core(), &Stock::new(flood, &certificates));
    assert_eq!((calls, ended), (vec![10], Progress::Accepted));
}

#[test]
fn the_message_that_is_judged_may_be_repeated_and_is_answered_once_it_is_judged() {
    let (mut core, _, message) = judging();
    assert_eq!(core.receive(&message), None);
    assert_eq!(core.proceed(), None);
    assert_eq!(core.receive(&message), None);
    // The repetition has not thrown the first signature away.
    let answer = core.proceed().unwrap();
    assert!(matches!(answer.kind, AnswerKind::Wants { .. }), "{answer:?}");
    assert_eq!(core.receive(&message), Some(answer));
}

#[test]
fn what_else_comes_in_between_is_ignored_and_changes_nothing() {
    let (mut core, stock, message) = judging();
    let (messages, _) = run(&mut new_core(), 7, &stock);
    assert_eq!(core.proceed(), None);
    for later in messages.iter().skip(2) {
        ignored(core.receive(later).unwrap(), Reason::Ahead);
    }
    ignored(core.receive(&message[1..]).unwrap(), Reason::MessageMagic);
    let answer = core.proceed().unwrap();
    assert!(matches!(answer.kind, AnswerKind::Wants { .. }), "{answer:?}");
}

#[test]
fn a_transfer_begun_in_between_starts_from_nothing() {
    let (mut core, good, _) = judging();
    assert_eq!(core.proceed(), None);
    // One good signature is in the log. The same document with the other one spoilt must not gain by it.
    let mut spoilt = good.clone();
    spoilt.manifest[68 + 1 + 75 + 70] ^= 1;
    let (_, ended) = run(&mut core, 8, &spoilt);
    assert_eq!(ended, Progress::Refused(Reason::Threshold));
    assert_eq!(trusted(&core), []);
    assert_eq!(run(&mut core, 9, &good).1, Progress::Accepted);
}

#[test]
fn a_core_that_is_asked_again_without_a_document_says_what_it_said() {
    let (mut core, _, _) = judging();
    let answer = finish(&mut core);
    assert_eq!(core.proceed(), Some(answer));
    assert_eq!(take(&mut core, &[]).kind, AnswerKind::Ignored(Reason::MessageLength));
}
