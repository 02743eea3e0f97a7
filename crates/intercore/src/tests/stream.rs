//! The line between the cores: lost, repeated, late and cut messages, and restarts of either side.

use std::{vec, vec::Vec};

use super::fixture::{
    FLOOR, Stock, accepted, first_keyring, ignored, new_core, next, run, stock, take, trusted,
};
use crate::{Answer, AnswerKind, Message, Part, Progress, Reason, Receiver, Sender, Unsent};

/// A release behind a keyring: every kind of message occurs.
fn whole_stock() -> Stock {
    Stock { keyrings: vec![first_keyring()], ..stock(FLOOR) }
}

/// A core that has taken the first `count` of these messages.
fn core_after(messages: &[Vec<u8>], count: usize) -> Receiver<'static> {
    let mut core = new_core();
    messages.iter().take(count).for_each(|message| {
        let _taken = take(&mut core, message);
    });
    core
}

#[test]
fn every_kind_of_message_cut_at_every_byte_changes_nothing() {
    let (messages, _) = run(&mut new_core(), 1, &whole_stock());
    let mut kinds = Vec::new();
    for (count, message) in messages.iter().enumerate() {
        kinds.push(message[5]);
        let mut core = core_after(&messages, count);
        let before = take(&mut core, &[]);
        for end in 0..message.len() {
            ignored(take(&mut core, &message[..end]), Reason::MessageLength);
        }
        ignored(take(&mut core, &[message.as_slice(), &[0]].concat()), Reason::MessageLength);
        assert_eq!(take(&mut core, &[]), before);
        // The whole message still fits, and so does everything behind it.
        let last = messages[count..].iter().map(|message| take(&mut core, message)).last().unwrap();
        assert_eq!(last.kind, AnswerKind::Accepted);
    }
    kinds.dedup();
    assert_eq!(kinds, [1, 2, 3, 4, 5]);
}

#[test]
fn a_repeated_message_is_answered_as_before_and_changes_nothing() {
    let (messages, _) = run(&mut new_core(), 1, &whole_stock());
    let mut core = new_core();
    for (count, message) in messages.iter().enumerate() {
        let answer = take(&mut core, message);
        for earlier in &messages[..=count] {
            assert_eq!(take(&mut core, earlier), answer);
        }
    }
    assert_eq!(trusted(&core).len(), 2);
}

#[test]
fn a_message_before_its_turn_changes_nothing() {
    let (messages, _) = run(&mut new_core(), 1, &whole_stock());
    for count in 1..messages.len() {
        let mut core = core_after(&messages, count);
        for later in &messages[count + 1..] {
            ignored(take(&mut core, later), Reason::Ahead);
        }
        let last = messages[count..].iter().map(|message| take(&mut core, message)).last().unwrap();
        assert_eq!(last.kind, AnswerKind::Accepted);
    }
}

#[test]
fn a_line_that_loses_and_repeats_leads_to_the_same_set() {
    let stock = whole_stock();
    for seed in 1_u32..200 {
        let (mut core, mut sender) = (new_core(), Sender::new(7, 1));
        let (mut random, mut answers) = (seed, Vec::<[u8; 40]>::new());
        let mut chance = |of: u32| {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (random >> 16) % of
        };
        let mut progress = Progress::Send;
        for _ in 0..1_000 {
            let message = next(&sender, &stock);
            // Sent once, twice or never; answers arrive late, in any order, or never.
            for _ in 0..chance(3) {
                answers.push(take(&mut core, &message).to_bytes());
            }
            if chance(3) > 0 && !answers.is_empty() {
                let at = usize::try_from(chance(u32::try_from(answers.len()).unwrap())).unwrap();
                let answer = if chance(2) == 0 { answers[at] } else { answers.swap_remove(at) };
                progress = sender.on_answer(&answer);
            }
            if !matches!(progress, Progress::Send | Progress::Wait) {
                break;
            }
        }
        assert_eq!((progress, trusted(&core).len()), (Progress::Accepted, 2), "seed {seed}");
    }
}

#[test]
fn a_transfer_begun_anew_takes_the_place_of_the_one_under_way() {
    let stock = whole_stock();
    let (messages, _) = run(&mut new_core(), 1, &stock);
    for count in 0..messages.len() {
        let mut core = core_after(&messages, count);
        assert_eq!(run(&mut core, 2, &stock).1, Progress::Accepted);
        ignored(take(&mut core, messages.last().unwrap()), Reason::NoTransfer);
    }
}

#[test]
fn a_core_that_restarted_asks_for_a_new_transfer() {
    let stock = whole_stock();
    let (mut core, mut sender) = (new_core(), Sender::new(9, 1));
    let answer = take(&mut core, &next(&sender, &stock)).to_bytes();
    assert_eq!(sender.on_answer(&answer), Progress::Send);
    let mut restarted = new_core();
    let answer = take(&mut restarted, &next(&sender, &stock)).to_bytes();
    assert_eq!(sender.on_answer(&answer), Progress::Restart);
}

#[test]
fn the_old_set_is_readable_until_the_new_one_is_whole() {
    let (old, new) = (stock(FLOOR), stock(FLOOR + 1));
    let mut core = new_core();
    accepted(&mut core, &old);
    let before = trusted(&core);
    let (messages, _) = run(&mut new_core(), 50, &new);
    let (last, others) = messages.split_last().unwrap();
    for message in others {
        let _taken = take(&mut core, message);
        assert_eq!(trusted(&core), before);
    }
    assert_eq!(take(&mut core, last).kind, AnswerKind::Accepted);
    assert_ne!(trusted(&core), before);
}

#[test]
fn a_sender_without_the_wanted_part_says_which() {
    let mut buffer = [0; crate::limits::MESSAGE_BYTES_MAX];
    let mut sender = Sender::new(3, 0);
    let answer = take(&mut new_core(), &next(&sender, &Stock::default())).to_bytes();
    assert_eq!(sender.on_answer(&answer), Progress::Send);
    let missing = Unsent::Missing { part: Part::Manifest, offset: 0 };
    assert_eq!(sender.message(&mut buffer, |_, _, _| None), Err(missing));
    assert_eq!(sender.message(&mut buffer, |_, _, _| Some(0)), Err(missing));
}

#[test]
fn an_answer_reads_back_as_it_was_written() {
    let mut core = new_core();
    let (messages, _) = run(&mut new_core(), 0xfeed_beef, &whole_stock());
    for message in messages.iter().chain([&Vec::new()]) {
        let answer = take(&mut core, message);
        assert_eq!(Answer::parse(&answer.to_bytes()), Some(answer));
        let bytes = answer.to_bytes();
        assert!((0..bytes.len()).all(|end| Answer::parse(&bytes[..end]).is_none()));
    }
}

#[test]
fn a_message_reads_back_as_it_was_written() {
    let (messages, _) = run(&mut new_core(), 0xfeed_beef, &whole_stock());
    for bytes in messages {
        let mut written = [0; crate::limits::MESSAGE_BYTES_MAX];
        let length = Message::parse(&bytes).unwrap().write(&mut written).unwrap();
        assert_eq!(&written[..length], bytes);
    }
}
