//! The two ring buffers that an MT3620's cores share: positions, lengths and wrap-around, without any memory access of
//! its own, so that a host can test it.
//!
//! Each side writes one buffer and reads the other. A buffer is a header of 64 bytes, of which two words are used, and a
//! ring behind it. The header holds how far its writer has written here, and how far its writer has read *there*. A
//! block in the ring is its length (4 bytes, not counted), the other application's component id (16), a reserved word
//! (4) and the payload; the next block starts at the next multiple of 16, and all of it may wrap around.
//!
//! Facts: the vendor's sample `IntercoreComms_RTApp_MT3620_BareMetal` and its kernel's driver `mt3620-rtcore-comm`.
//! **Nothing in the inbound buffer is believed**: it is the other side's, which may be an attacker's, and may change at
//! any time. Every value is read once and held against the ring before it is used; own positions are kept here.

use intercore::limits::MESSAGE_BYTES_MAX;

/// Bytes of a buffer's header: a cache line of the other side.
const HEADER_BYTES: usize = 64;
/// Where a header says how far its writer has written in this buffer.
const WRITTEN_AT: usize = 0;
/// Where a header says how far its writer has read in the other buffer.
const READ_AT: usize = 4;
/// Blocks start at multiples of this.
const ALIGNMENT: usize = 16;
/// Bytes of a block's length.
const LENGTH_BYTES: usize = 4;
/// Bytes of a component id.
const ID_BYTES: usize = 16;
/// Bytes in front of a payload that a block's length counts: component id, reserved word.
const ENVELOPE_BYTES: usize = 20;
/// Sizes of a buffer that are taken, as powers of two: the smallest that has room for the longest block, and one that
/// nobody needs. The kernel makes them of 4,096 bytes.
const SIZES: core::ops::RangeInclusive<u32> = 11..=16;
/// Memory that no shared buffer can be in: this core's own, its registers, and the processor's system space. A buffer
/// there would let the other side's lengths write over this program.
const OWN: [core::ops::Range<u32>; 4] = [
    0x0010_0000..0x0013_0000, // tightly coupled memory: `memory/mt3620.x`
    0x2100_0000..0x2110_0000, // timers, interrupts, both mailboxes
    0x2200_0000..0x2201_0000, // SYSRAM
    0xe000_0000..u32::MAX,    // the private peripheral bus and above
];

/// Memory that two cores see. A place counts from the buffer's start.
pub(crate) trait Shared {
    /// One aligned word, read at once, before anything that is read afterwards.
    fn word(&self, at: usize) -> u32;
    /// One aligned word, written at once, after everything that was read and written before.
    fn set_word(&mut self, at: usize, value: u32);
    /// Copies bytes out.
    fn load(&self, at: usize, into: &mut [u8]);
    /// Copies bytes in.
    fn store(&mut self, at: usize, from: &[u8]);
}

/// Where a shared buffer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Region {
    /// Address of its first byte.
    pub(crate) address: u32,
    /// Bytes, header included.
    pub(crate) bytes: u32,
}

/// What became of a look at the inbound buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Received {
    /// There is no block.
    Nothing,
    /// Something that is no message for this program; it is gone, with all that stood behind it.
    Skipped,
    /// A payload of so many bytes.
    Message(usize),
}

/// Both buffers, and how far this side has come in each.
#[derive(Debug)]
pub(crate) struct Rings<S> {
    inbound: S,
    incoming: Ring,
    outbound: S,
    outgoing: Ring,
    read: usize,
    written: usize,
    /// Who sent the last message: whom answers go to.
    peer: Option<[u8; ID_BYTES]>,
}

/// The arithmetic of one ring: a multiple of [`ALIGNMENT`] bytes.
#[derive(Clone, Copy, Debug)]
struct Ring {
    bytes: usize,
}

impl Region {
    /// The region that the mailbox names: its size as a power of two stands in the five lowest bits of its address.
    /// `None` where no buffer of a size that makes sense can be.
    pub(crate) fn from_word(word: u32) -> Option<Self> {
        let (address, size) = (word & !0x1f, word & 0x1f);
        let bytes = SIZES.contains(&size).then(|| 1_u32.checked_shl(size))??;
        let region = Self { address, bytes };
        let is_own = OWN.iter().any(|own| region.overlaps(own.start, own.end));
        (address != 0 && !is_own && address.checked_add(bytes).is_some()).then_some(region)
    }

    /// True where both have a byte in common.
    pub(crate) const fn shares_bytes_with(&self, other: &Self) -> bool {
        self.overlaps(other.address, other.address.saturating_add(other.bytes))
    }

    const fn overlaps(&self, start: u32, end: u32) -> bool {
        self.address < end && start < self.address.saturating_add(self.bytes)
    }
}

impl<S: Shared> Rings<S> {
    /// Both buffers as the kernel hands them over: it clears them first, so that all positions are zero.
    pub(crate) fn new(inbound: (S, u32), outbound: (S, u32)) -> Self {
        let ((inbound, in_bytes), (outbound, out_bytes)) = (inbound, outbound);
        Self {
            inbound,
            incoming: Ring::of(in_bytes),
            outbound,
            outgoing: Ring::of(out_bytes),
            read: 0,
            written: 0,
            peer: None,
        }
    }

    /// Takes the next block and copies its payload. Where positions or lengths cannot be, what is there goes: whoever
    /// sent a message that was lost sends it again.
    pub(crate) fn receive(&mut self, into: &mut [u8; MESSAGE_BYTES_MAX]) -> Received {
        let Some(end) = self.incoming.position(self.inbound.word(WRITTEN_AT)) else {
            return Received::Nothing;
        };
        let waiting = self.incoming.distance(self.read, end);
        if waiting == 0 {
            return Received::Nothing;
        }
        let (next, received) = match self.block(waiting, into) {
            Some(payload) => (self.after(self.read, payload), Received::Message(payload)),
            None => (end, Received::Skipped),
        };
        self.read = next;
        self.outbound.set_word(READ_AT, u32::try_from(next).unwrap_or_default());
        received
    }

    /// Sends a payload to whoever sent the last message; false where there is no such one, or no room.
    pub(crate) fn send(&mut self, payload: &[u8]) -> bool {
        let Some(peer) = self.peer.filter(|_| payload.len() <= MESSAGE_BYTES_MAX) else { return false };
        let Some(their_read) = self.outgoing.position(self.inbound.word(READ_AT)) else { return false };
        let used = self.outgoing.distance(their_read, self.written);
        let needed = block_bytes(payload.len());
        // One step stays free: a ring that is full to the byte would look empty.
        if needed.saturating_add(ALIGNMENT) > self.outgoing.bytes.saturating_sub(used) {
            return false;
        }
        let length = u32::try_from(ENVELOPE_BYTES.saturating_add(payload.len())).unwrap_or_default();
        let mut at = self.written;
        for part in [&length.to_le_bytes()[..], &peer, &[0; 4], payload] {
            self.store(at, part);
            at = self.outgoing.advance(at, part.len());
        }
        self.written = self.outgoing.advance(self.written, needed);
        self.outbound.set_word(WRITTEN_AT, u32::try_from(self.written).unwrap_or_default());
        true
    }

    /// Copies the payload of the block at the read position; its length, or `None` where no block can be.
    fn block(&mut self, waiting: usize, into: &mut [u8]) -> Option<usize> {
        let mut length = [0; LENGTH_BYTES];
        self.load(self.read, &mut length);
        let length = usize::try_from(u32::from_le_bytes(length)).ok()?;
        let payload = into.get_mut(..length.checked_sub(ENVELOPE_BYTES)?)?;
        if length.checked_add(LENGTH_BYTES)? > waiting {
            return None;
        }
        let mut peer = [0; ID_BYTES];
        let at = self.incoming.advance(self.read, LENGTH_BYTES);
        self.load(at, &mut peer);
        self.load(self.incoming.advance(at, ENVELOPE_BYTES), payload);
        self.peer = Some(peer);
        Some(payload.len())
    }

    /// Where the block behind the one at `at` starts.
    fn after(&self, at: usize, payload: usize) -> usize {
        self.incoming.advance(at, block_bytes(payload))
    }

    fn load(&self, at: usize, into: &mut [u8]) {
        let (first, second) = into.split_at_mut(self.incoming.until_end(at, into.len()));
        self.inbound.load(HEADER_BYTES.saturating_add(at), first);
        self.inbound.load(HEADER_BYTES, second);
    }

    fn store(&mut self, at: usize, from: &[u8]) {
        let (first, second) = from.split_at(self.outgoing.until_end(at, from.len()));
        self.outbound.store(HEADER_BYTES.saturating_add(at), first);
        self.outbound.store(HEADER_BYTES, second);
    }
}

impl Ring {
    /// The ring of a buffer of so many bytes, a power of two that is more than a header.
    const fn of(buffer_bytes: u32) -> Self {
        // A `u32` fits: addresses have 32 bits where this runs, and 64 where it is tested.
        #[expect(clippy::as_conversions, reason = "`From` is not const")]
        let bytes = buffer_bytes as usize;
        Self { bytes: bytes.saturating_sub(HEADER_BYTES) }
    }

    /// A position that the other side wrote, if it is one.
    fn position(self, word: u32) -> Option<usize> {
        usize::try_from(word).ok().filter(|at| *at < self.bytes && at.is_multiple_of(ALIGNMENT))
    }

    /// Bytes from one position on to another. Both are below the size.
    const fn distance(self, from: usize, to: usize) -> usize {
        let wrapped = if to < from { self.bytes } else { 0 };
        to.saturating_add(wrapped).saturating_sub(from)
    }

    /// The position so many bytes further: at most one round.
    const fn advance(self, at: usize, by: usize) -> usize {
        let at = at.saturating_add(by);
        if at < self.bytes { at } else { at.saturating_sub(self.bytes) }
    }

    /// How many of `length` bytes lie in front of the end; the others are at the start.
    fn until_end(self, at: usize, length: usize) -> usize {
        self.bytes.saturating_sub(at).min(length)
    }
}

/// Bytes that a block with such a payload takes, up to the next one.
const fn block_bytes(payload: usize) -> usize {
    LENGTH_BYTES.saturating_add(ENVELOPE_BYTES).saturating_add(payload).next_multiple_of(ALIGNMENT)
}

#[cfg(test)]
#[path = "ring_tests.rs"]
mod tests;
