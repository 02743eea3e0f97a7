//! A medium on the bench: one that loses power on demand, counts what is written, and can spoil the store's order.

use store::{
    Storage, StorageRead,
    fault::{Fault, Injected, Medium, Outcome},
    limits::BLOCK_BYTES,
};

use super::{Flaw, REGION_BYTES};

/// Where the second journal block of a region begins.
const SECOND_RECORD: u64 = REGION_BYTES as u64 - BLOCK_BYTES as u64;

/// A medium, what is wrong with the way it is used, and the bytes written so far.
#[derive(Clone, Debug)]
pub(super) struct Bench {
    medium: Medium,
    flaw: Flaw,
    pub(super) written_bytes: u64,
}

impl Bench {
    pub(super) const fn new(block_bytes: usize, flaw: Flaw) -> Self {
        Self { medium: Medium::new(block_bytes), flaw, written_bytes: 0 }
    }

    /// Writes and syncs so far.
    pub(super) const fn operations(&self) -> u64 {
        self.medium.operations()
    }

    /// The same medium, on which the operation with this number will fail.
    pub(super) fn failing(&self, operation: u64, fault: Fault) -> Self {
        let mut bench = Self { medium: self.medium.kill(), ..self.clone() };
        bench.medium.fail_at(operation, fault);
        bench
    }

    /// The same medium, on which the operation with this number will fail, and every later one until it is healed.
    pub(super) fn failing_from(&self, operation: u64, fault: Fault) -> Self {
        let mut bench = Self { medium: self.medium.kill(), ..self.clone() };
        bench.medium.fail_from(operation, fault);
        bench
    }

    /// Nothing fails any more.
    pub(super) const fn heal(&mut self) {
        self.medium.heal();
    }

    /// What the next boot finds after a power cut.
    pub(super) fn restart(&self, outcome: Outcome, seed: u64) -> Self {
        Self { medium: self.medium.restart(outcome, seed), ..self.clone() }
    }

    const fn place(&self, offset: u64) -> u64 {
        match self.flaw {
            Flaw::OneRecord if offset >= SECOND_RECORD => offset.saturating_sub(BLOCK_BYTES as u64),
            _ => offset,
        }
    }
}

impl StorageRead for Bench {
    type Error = Injected;

    fn read(&mut self, offset: u64, into: &mut [u8]) -> Result<(), Injected> {
        self.medium.read(self.place(offset), into)
    }

    fn len(&mut self) -> Result<u64, Injected> {
        self.medium.len()
    }
}

impl Storage for Bench {
    fn write(&mut self, offset: u64, bytes: &[u8]) -> Result<(), Injected> {
        self.written_bytes = self.written_bytes.saturating_add(bytes.len() as u64);
        self.medium.write(self.place(offset), bytes)
    }

    fn sync(&mut self) -> Result<(), Injected> {
        // An empty write is an operation like a sync, and makes nothing durable.
        if self.flaw == Flaw::NeverSynced { self.medium.write(0, &[]) } else { self.medium.sync() }
    }
}
