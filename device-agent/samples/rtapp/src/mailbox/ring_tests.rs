//! The rings against a neighbour that keeps to the kernel's rules, and against one that keeps to none. The memory here
//! panics where anybody reads or writes outside of it, or where this side writes in the other's buffer.

use std::{cell::RefCell, rc::Rc};

use super::*;

/// Bytes of a buffer: what the kernel makes.
const BYTES: usize = 4_096;
const RING: usize = BYTES - HEADER_BYTES;
const PEER: [u8; ID_BYTES] = *b"high-level app's";

/// Memory of both sides; `may_write` is false for the side that must not.
#[derive(Clone)]
struct Bytes {
    bytes: Rc<RefCell<Vec<u8>>>,
    may_write: bool,
}

impl Bytes {
    fn new() -> Self {
        Self { bytes: Rc::new(RefCell::new(vec![0; BYTES])), may_write: true }
    }

    fn read_only(&self) -> Self {
        Self { may_write: false, ..self.clone() }
    }
}

impl Shared for Bytes {
    fn word(&self, at: usize) -> u32 {
        assert!(at.is_multiple_of(4));
        u32::from_le_bytes(self.bytes.borrow()[at..at + 4].try_into().unwrap())
    }

    fn set_word(&mut self, at: usize, value: u32) {
        assert!(at.is_multiple_of(4));
        self.store(at, &value.to_le_bytes());
    }

    fn load(&self, at: usize, into: &mut [u8]) {
        into.copy_from_slice(&self.bytes.borrow()[at..at + into.len()]);
    }

    fn store(&mut self, at: usize, from: &[u8]) {
        assert!(self.may_write, "the other side's buffer");
        self.bytes.borrow_mut()[at..at + from.len()].copy_from_slice(from);
    }
}

/// The high-level core: it writes what this side reads, byte by byte, as simply as can be.
struct Neighbour {
    theirs: Bytes,
    ours: Bytes,
    written: usize,
    read: usize,
}

fn pair() -> (Rings<Bytes>, Neighbour) {
    let (theirs, ours) = (Bytes::new(), Bytes::new());
    let size = u32::try_from(BYTES).unwrap();
    let rings = Rings::new((theirs.read_only(), size), (ours.clone(), size));
    (rings, Neighbour { theirs, ours, written: 0, read: 0 })
}

impl Neighbour {
    fn set_written(&mut self, at: usize) {
        self.written = at;
        self.theirs.set_word(WRITTEN_AT, u32::try_from(at).unwrap());
    }

    fn put(&mut self, bytes: &[u8]) {
        for (at, byte) in (self.written..).zip(bytes) {
            self.theirs.store(HEADER_BYTES + at % RING, &[*byte]);
        }
        self.set_written((self.written + bytes.len()).next_multiple_of(ALIGNMENT) % RING);
    }

    /// Sends a message, if there is room as the kernel counts it.
    fn send(&mut self, payload: &[u8]) -> bool {
        let our_read = usize::try_from(self.ours.word(READ_AT)).unwrap();
        let free = RING - ALIGNMENT - (self.written + RING - our_read) % RING;
        let length = u32::try_from(ENVELOPE_BYTES + payload.len()).unwrap();
        let block = [&length.to_le_bytes()[..], &PEER, &[0; 4], payload].concat();
        let fits = block.len().next_multiple_of(ALIGNMENT) <= free;
        if fits {
            self.put(&block);
        }
        fits
    }

    /// Takes a message as the kernel does.
    fn receive(&mut self) -> Option<Vec<u8>> {
        let end = usize::try_from(self.ours.word(WRITTEN_AT)).unwrap();
        assert!(end < RING && end.is_multiple_of(ALIGNMENT));
        if self.read == end {
            return None;
        }
        let at = |at: usize| self.ours.bytes.borrow()[HEADER_BYTES + at % RING];
        let length = u32::from_le_bytes([0, 1, 2, 3].map(|byte| at(self.read + byte)));
        let block: Vec<u8> =
            (4..4 + usize::try_from(length).unwrap()).map(|byte| at(self.read + byte)).collect();
        assert!(block.len() <= ENVELOPE_BYTES + MESSAGE_BYTES_MAX && block.starts_with(&PEER));
        self.read = (self.read + 4 + block.len()).next_multiple_of(ALIGNMENT) % RING;
        self.theirs.set_word(READ_AT, u32::try_from(self.read).unwrap());
        Some(block[ENVELOPE_BYTES..].to_vec())
    }
}

fn receive(rings: &mut Rings<Bytes>) -> (Received, Vec<u8>) {
    let mut into = [0; MESSAGE_BYTES_MAX];
    let received = rings.receive(&mut into);
    let length = if let Received::Message(length) = received { length } else { 0 };
    (received, into[..length].to_vec())
}

/// A payload of this length that no other one looks like.
fn payload(length: usize, seed: usize) -> Vec<u8> {
    (0..length).map(|at| u8::try_from((at * 7 + seed * 31 + length) % 251).unwrap()).collect()
}

#[test]
fn messages_of_every_length_go_round_and_round_both_ways() {
    let (mut rings, mut neighbour) = pair();
    for length in 0..=MESSAGE_BYTES_MAX {
        let sent = payload(length, 1);
        assert!(neighbour.send(&sent));
        assert_eq!(receive(&mut rings), (Received::Message(length), sent.clone()));
        assert_eq!(receive(&mut rings).0, Received::Nothing);
        assert!(rings.send(&sent));
        assert_eq!(neighbour.receive(), Some(sent));
        assert_eq!(neighbour.receive(), None);
    }
}

#[test]
fn a_block_may_wrap_at_every_place() {
    for start in (0..RING).step_by(ALIGNMENT) {
        let (mut rings, mut neighbour) = pair();
        neighbour.set_written(start);
        (rings.read, rings.written, neighbour.read) = (start, start, start);
        rings.outbound.set_word(READ_AT, u32::try_from(start).unwrap());
        neighbour.theirs.set_word(READ_AT, u32::try_from(start).unwrap());
        let sent = payload(MESSAGE_BYTES_MAX, start);
        assert!(neighbour.send(&sent));
        assert_eq!(receive(&mut rings), (Received::Message(sent.len()), sent.clone()), "at {start}");
        assert!(rings.send(&sent));
        assert_eq!(neighbour.receive(), Some(sent), "at {start}");
    }
}

#[test]
fn a_full_ring_takes_no_more_and_loses_nothing() {
    for length in [0, 40, 1_000, MESSAGE_BYTES_MAX] {
        let (mut rings, mut neighbour) = pair();
        assert!(!rings.send(b"nobody has sent anything yet"));
        for round in 0..50 {
            let sent = (0..).take_while(|number| neighbour.send(&payload(length, round + number))).count();
            assert!(sent > 0);
            let fill = (0..sent).filter(|number| {
                assert_eq!(receive(&mut rings).1, payload(length, round + number));
                rings.send(&payload(length, round + number))
            });
            assert_eq!(fill.count(), sent, "both rings have the same room");
            assert!(!rings.send(&payload(length, 0)));
            assert_eq!(receive(&mut rings).0, Received::Nothing);
            for number in 0..sent {
                assert_eq!(neighbour.receive(), Some(payload(length, round + number)));
            }
            assert_eq!(neighbour.receive(), None);
        }
    }
}

#[test]
fn a_payload_that_is_too_long_is_not_sent() {
    let (mut rings, mut neighbour) = pair();
    assert!(neighbour.send(b"x"));
    assert_eq!(receive(&mut rings).0, Received::Message(1));
    assert!(!rings.send(&[0; MESSAGE_BYTES_MAX + 1]));
    assert_eq!(neighbour.receive(), None);
}

#[test]
fn a_length_that_cannot_be_skips_what_is_there_and_the_next_message_comes() {
    let ring = u32::try_from(RING).unwrap();
    let longest = u32::try_from(ENVELOPE_BYTES + MESSAGE_BYTES_MAX).unwrap();
    // Shorter than an envelope, longer than a message, than what is there, than the ring, than any number.
    for length in [0, 1, 19, 61, longest, longest + 1, ring, u32::MAX - 20, u32::MAX - 3, u32::MAX] {
        let (mut rings, mut neighbour) = pair();
        neighbour.put(&[&length.to_le_bytes()[..], &[9; 60]].concat());
        assert!(neighbour.send(b"behind it"));
        let waiting = 64 + block_bytes(9);
        let is_there = usize::try_from(length).unwrap() + LENGTH_BYTES <= waiting && length >= 20;
        if !is_there {
            assert_eq!(receive(&mut rings).0, Received::Skipped, "{length}");
        } else {
            assert!(matches!(receive(&mut rings).0, Received::Message(_)), "{length}");
        }
        while receive(&mut rings).0 != Received::Nothing {}
        assert!(neighbour.send(b"afterwards"));
        assert_eq!(receive(&mut rings), (Received::Message(10), b"afterwards".to_vec()), "{length}");
    }
}

#[test]
fn a_position_that_cannot_be_is_nothing() {
    let ring = u32::try_from(RING).unwrap();
    for position in [1, 15, 17, ring - 1, ring, ring + 16, 1 << 31, u32::MAX - 15, u32::MAX] {
        let (mut rings, mut neighbour) = pair();
        assert!(neighbour.send(b"before"));
        assert_eq!(receive(&mut rings).0, Received::Message(6));
        neighbour.theirs.set_word(WRITTEN_AT, position);
        assert_eq!(receive(&mut rings).0, Received::Nothing, "{position}");
        neighbour.theirs.set_word(READ_AT, position);
        assert!(!rings.send(b"answer"), "{position}");
        // What is said rightly again goes on.
        neighbour.set_written(neighbour.written);
        neighbour.theirs.set_word(READ_AT, 0);
        assert!(neighbour.send(b"after") && rings.send(b"answer"));
        assert_eq!(receive(&mut rings), (Received::Message(5), b"after".to_vec()));
    }
}

#[test]
fn no_noise_leads_outside_of_the_buffers() {
    let mut random = 1_u32;
    let mut next = move || {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        random >> 8
    };
    let (mut rings, mut neighbour) = pair();
    let (mut taken, mut skipped, mut sent) = (0, 0, 0);
    for _ in 0..20_000 {
        // Positions of all kinds, mostly possible ones; a word of noise somewhere, which is a length at times.
        let word = |value: u32| if value.is_multiple_of(5) { value } else { value % 252 * 16 };
        neighbour.theirs.set_word(WRITTEN_AT, word(next()));
        neighbour.theirs.set_word(READ_AT, word(next()));
        let at = HEADER_BYTES + usize::try_from(next() % 252).unwrap() * ALIGNMENT;
        let length = if next().is_multiple_of(3) { next() << 8 } else { next() % 1_100 };
        neighbour.theirs.set_word(at, length);
        match receive(&mut rings).0 {
            Received::Message(_) => taken += 1,
            Received::Skipped => skipped += 1,
            Received::Nothing => {}
        }
        sent += u32::from(rings.send(&payload(40, 3)));
        assert!(rings.read < RING && rings.read.is_multiple_of(ALIGNMENT));
        assert!(rings.written < RING && rings.written.is_multiple_of(ALIGNMENT));
    }
    assert!(taken > 500 && skipped > 500 && sent > 500, "{taken} {skipped} {sent}");
}

#[test]
fn a_region_is_taken_where_a_buffer_can_be_and_nowhere_else() {
    let region = |address: u32, size: u32| Region::from_word(address | size);
    assert_eq!(region(0x0008_0000, 12), Some(Region { address: 0x0008_0000, bytes: 4_096 }));
    assert!(region(0x2280_0000, 11).is_some() && region(0x8000_0000, 16).is_some());
    // Too small for a message, too large for anybody, and where an address ends.
    for size in (0..11).chain(17..32) {
        assert_eq!(region(0x0008_0000, size), None, "{size}");
    }
    assert_eq!(region(0, 12), None);
    // This core's own memory and registers, entered from either side or held whole.
    for (address, size) in [
        (0x0010_0000, 12),
        (0x000f_f800, 12),
        (0x0012_ffe0, 11),
        (0x000f_0020, 16),
        (0x2105_0000, 12),
        (0x2200_ffe0, 12),
        (0xe000_e000, 12),
        (0xffff_f000, 12),
        (0xdfff_ffe0, 11),
    ] {
        assert_eq!(region(address, size), None, "{address:#x}");
    }
    let [one, other, inside] = [0x4000_0000, 0x4000_1000, 0x4000_0800].map(|at| region(at, 12).unwrap());
    assert!(!one.shares_bytes_with(&other) && !other.shares_bytes_with(&one));
    assert!(
        one.shares_bytes_with(&inside) && inside.shares_bytes_with(&other) && one.shares_bytes_with(&one)
    );
}
