//! A medium in memory that fails on demand: power cuts at any operation, writes that tear, vanish or arrive out
//! of order, blocks that are destroyed as a whole, short writes, full disks, syncs that fail.
//!
//! Operations (writes and syncs) are counted from one. [`Medium::fail_at`] names the operation that fails;
//! after a power cut [`Medium::restart`] gives the medium that the next boot finds.

use std::{vec, vec::Vec};

use crate::{Storage, StorageRead};

/// How an operation fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The power goes while the operation runs; nothing works until [`Medium::restart`].
    PowerCut,
    /// The operation fails and changes nothing (EIO). A failed sync forgets what it should have written: the
    /// cache keeps it, the medium never gets it (as Linux does).
    InputOutput,
    /// Half of a write arrives in the cache, then it fails (ENOSPC, EDQUOT, a short write).
    Short,
}

/// What the next boot finds of the writes that were not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// None of them.
    Old,
    /// All of them.
    New,
    /// A part of each from its start.
    Prefix,
    /// Zeros in every block they touch.
    Zeros,
    /// Garbage in every block they touch.
    Garbage,
    /// Each block of each write by its own luck: old, new, a prefix, zeros or garbage.
    Mixed,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 6] = [Self::Old, Self::New, Self::Prefix, Self::Zeros, Self::Garbage, Self::Mixed];
}

/// Why the double refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Injected(pub Fault);

impl core::fmt::Display for Injected {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "injected {:?}", self.0)
    }
}

impl core::error::Error for Injected {}

/// The medium: what is durable, what the cache shows, and what lies between.
#[derive(Clone, Debug)]
pub struct Medium {
    durable: Vec<u8>,
    cache: Vec<u8>,
    unsynced: Vec<(usize, Vec<u8>)>,
    block_bytes: usize,
    operations: u64,
    fault: Option<(u64, Fault)>,
    /// The fault stays from its operation on.
    lasts: bool,
    dead: bool,
}

impl Medium {
    /// An empty medium whose blocks have `block_bytes` (4,096 or 8,192).
    #[must_use]
    pub const fn new(block_bytes: usize) -> Self {
        Self {
            durable: Vec::new(),
            cache: Vec::new(),
            unsynced: Vec::new(),
            block_bytes,
            operations: 0,
            fault: None,
            lasts: false,
            dead: false,
        }
    }

    /// Writes and syncs so far.
    #[must_use]
    pub const fn operations(&self) -> u64 {
        self.operations
    }

    /// Makes the operation with this number fail, once; numbers go on from [`Medium::operations`].
    pub const fn fail_at(&mut self, operation: u64, fault: Fault) {
        self.fault = Some((operation, fault));
        self.lasts = false;
    }

    /// Makes the operation with this number fail, and every later one, until [`Medium::heal`].
    pub const fn fail_from(&mut self, operation: u64, fault: Fault) {
        self.fault = Some((operation, fault));
        self.lasts = true;
    }

    /// Nothing fails any more; what was lost is lost.
    pub const fn heal(&mut self) {
        self.fault = None;
    }

    /// An empty medium again, in the memory of this one.
    pub fn erase(&mut self) {
        for image in [&mut self.durable, &mut self.cache] {
            image.clear();
        }
        self.unsynced.clear();
        (self.operations, self.fault, self.lasts, self.dead) = (0, None, false, false);
    }

    /// What processes see now, the cache included.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.cache
    }

    /// Changes a byte behind everybody's back, as bit rot does.
    pub fn flip(&mut self, offset: usize, mask: u8) {
        for image in [&mut self.cache, &mut self.durable] {
            if let Some(byte) = image.get_mut(offset) {
                *byte ^= mask;
            }
        }
    }

    /// The process ends and starts again, the power stays: the cache survives.
    #[must_use]
    pub fn kill(&self) -> Self {
        Self { fault: None, dead: false, ..self.clone() }
    }

    /// The power goes and comes back: what was not synced is found as `outcome` says; `seed` decides the luck.
    #[must_use]
    pub fn restart(&self, outcome: Outcome, seed: u64) -> Self {
        let mut luck = Luck(seed | 1);
        let mut durable = self.durable.clone();
        for (offset, bytes) in &self.unsynced {
            let mut at = 0;
            while at < bytes.len() {
                let block = (offset + at) / self.block_bytes * self.block_bytes;
                let end = (block + self.block_bytes - offset).min(bytes.len());
                land(
                    &mut durable,
                    (block, self.block_bytes),
                    offset + at,
                    &bytes[at..end],
                    outcome,
                    &mut luck,
                );
                at = end;
            }
        }
        Self { durable: durable.clone(), cache: durable, ..Self::new(self.block_bytes) }
    }

    /// Counts an operation and says whether it fails.
    fn step(&mut self) -> Result<(), Fault> {
        if self.dead {
            return Err(Fault::PowerCut);
        }
        self.operations += 1;
        match self.fault {
            Some((operation, fault))
                if operation == self.operations || (self.lasts && operation < self.operations) =>
            {
                self.dead = fault == Fault::PowerCut;
                Err(fault)
            }
            _ => Ok(()),
        }
    }
}

/// One part of a write, within one block, as the next boot finds it.
fn land(
    image: &mut Vec<u8>,
    (block, block_bytes): (usize, usize),
    at: usize,
    part: &[u8],
    outcome: Outcome,
    luck: &mut Luck,
) {
    let outcome = match outcome {
        Outcome::Mixed => Outcome::ALL[luck.below(5)],
        other => other,
    };
    match outcome {
        Outcome::Old | Outcome::Mixed => {}
        Outcome::New => put(image, at, part),
        Outcome::Prefix => put(image, at, &part[..luck.below(part.len())]),
        Outcome::Zeros => put(image, block, &vec![0; block_bytes]),
        Outcome::Garbage => {
            let garbage: Vec<u8> = (0..block_bytes).map(|_| luck.byte()).collect();
            put(image, block, &garbage);
        }
    }
}

fn put(image: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    let end = offset + bytes.len();
    if !bytes.is_empty() && image.len() < end {
        image.resize(end, 0);
    }
    if !bytes.is_empty() {
        image[offset..end].copy_from_slice(bytes);
    }
}

/// A small deterministic generator (xorshift64), so that every luck can be had again.
struct Luck(u64);

impl Luck {
    const fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[3]
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() >> 8).unwrap_or(0) % end.max(1)
    }
}

fn position(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

impl StorageRead for Medium {
    type Error = Injected;

    fn read(&mut self, offset: u64, into: &mut [u8]) -> Result<(), Injected> {
        if self.dead {
            return Err(Injected(Fault::PowerCut));
        }
        let start = position(offset);
        let bytes = start.checked_add(into.len()).and_then(|end| self.cache.get(start..end));
        into.copy_from_slice(bytes.ok_or(Injected(Fault::InputOutput))?);
        Ok(())
    }

    fn len(&mut self) -> Result<u64, Injected> {
        if self.dead { Err(Injected(Fault::PowerCut)) } else { Ok(self.cache.len() as u64) }
    }
}

impl Storage for Medium {
    fn write(&mut self, offset: u64, bytes: &[u8]) -> Result<(), Injected> {
        let was_dead = self.dead;
        let result = self.step();
        let arrived = match result {
            _ if was_dead => &[],
            // A write that the power cut interrupts may still land, whole or torn.
            Ok(()) | Err(Fault::PowerCut) => bytes,
            Err(Fault::Short) => &bytes[..bytes.len() / 2],
            Err(Fault::InputOutput) => &[],
        };
        put(&mut self.cache, position(offset), arrived);
        self.unsynced.push((position(offset), arrived.to_vec()));
        result.map_err(Injected)
    }

    fn sync(&mut self) -> Result<(), Injected> {
        match self.step() {
            Ok(()) => {
                for (offset, bytes) in self.unsynced.drain(..) {
                    put(&mut self.durable, offset, &bytes);
                }
                Ok(())
            }
            Err(Fault::PowerCut) => Err(Injected(Fault::PowerCut)),
            Err(fault) => {
                self.unsynced.clear();
                Err(Injected(fault))
            }
        }
    }
}
