//! A device's medium: the store's own fault-injecting one, and what the simulator must know of it.

use store::{
    Storage, StorageRead,
    fault::{Fault, Injected, Medium, Outcome},
};

/// Bytes of a block of the medium.
const BLOCK_BYTES: usize = 4_096;

/// The medium of one device.
#[derive(Clone, Debug)]
pub struct Flash {
    medium: Medium,
    is_dead: bool,
    /// A write or a sync failed, and nothing was written and synced since: what the cache shows may never reach the medium.
    is_doubtful: bool,
    has_written: bool,
    /// The bit of the next write below an offset that the medium will keep wrongly.
    corruption: Option<(u64, u64)>,
    bytes_written: u64,
}

impl Default for Flash {
    fn default() -> Self {
        Self {
            medium: Medium::new(BLOCK_BYTES),
            is_dead: false,
            is_doubtful: false,
            has_written: false,
            corruption: None,
            bytes_written: 0,
        }
    }
}

impl Flash {
    /// A blank medium again, in the memory of this one.
    pub fn erase(&mut self) {
        let mut medium = core::mem::replace(&mut self.medium, Medium::new(BLOCK_BYTES));
        medium.erase();
        *self = Self { medium, ..Self::default() };
    }

    /// Lets the operation after `skipped` more fail.
    pub const fn fail(&mut self, skipped: u64, fault: Fault) {
        self.medium.fail_at(self.medium.operations().saturating_add(1).saturating_add(skipped), fault);
    }

    /// Lets the next write below an offset keep something else than it was given. Content has a digest that is read back;
    /// of a journal record that rots after its sync nothing more is promised than that the one before it counts again.
    pub const fn corrupt(&mut self, bit: u64, below: u64) {
        self.corruption = Some((bit, below));
    }

    /// True after a power cut struck an operation.
    #[must_use]
    pub const fn is_dead(&self) -> bool {
        self.is_dead
    }

    /// True where what the cache shows may never reach the medium, because a sync failed behind it.
    #[must_use]
    pub const fn is_doubtful(&self) -> bool {
        self.is_doubtful
    }

    /// Writes and syncs since the last power cut.
    #[must_use]
    pub const fn operations(&self) -> u64 {
        self.medium.operations()
    }

    /// Bytes that were ever written.
    #[must_use]
    pub const fn bytes_written(&self) -> u64 {
        self.bytes_written
    }

    /// The power is back: the medium is as it is then found.
    pub fn find_after_power_cut(&mut self, outcome: Outcome, seed: u64) {
        let medium = self.medium.restart(outcome, seed);
        *self = Self { medium, bytes_written: self.bytes_written, ..Self::default() };
    }

    /// Only the process has ended.
    pub fn find_after_restart(&mut self) {
        self.medium = self.medium.kill();
        (self.is_dead, self.corruption) = (false, None);
    }
}

impl StorageRead for Flash {
    type Error = Injected;

    fn read(&mut self, offset: u64, into: &mut [u8]) -> Result<(), Injected> {
        self.medium.read(offset, into)
    }

    fn len(&mut self) -> Result<u64, Injected> {
        self.medium.len()
    }
}

/// A medium that is lent to a process, or to an application that reads beside it.
#[derive(Debug)]
pub struct Lent<'f>(pub &'f mut Flash);

impl StorageRead for Lent<'_> {
    type Error = Injected;

    fn read(&mut self, offset: u64, into: &mut [u8]) -> Result<(), Injected> {
        self.0.read(offset, into)
    }

    fn len(&mut self) -> Result<u64, Injected> {
        self.0.len()
    }
}

impl Storage for Lent<'_> {
    fn write(&mut self, offset: u64, bytes: &[u8]) -> Result<(), Injected> {
        self.0.write(offset, bytes)
    }

    fn sync(&mut self) -> Result<(), Injected> {
        self.0.sync()
    }
}

impl Storage for Flash {
    fn write(&mut self, offset: u64, bytes: &[u8]) -> Result<(), Injected> {
        self.bytes_written += bytes.len() as u64;
        let result = match self.corruption.take_if(|(_, below)| offset < *below) {
            None => self.medium.write(offset, bytes),
            Some((bit, _)) => {
                let mut kept = bytes.to_vec();
                let place = usize::try_from(bit / 8).unwrap_or(0) % kept.len().max(1);
                if let Some(byte) = kept.get_mut(place) {
                    *byte ^= 1 << (bit % 8);
                }
                self.medium.write(offset, &kept)
            }
        };
        self.is_dead |= result == Err(Injected(Fault::PowerCut));
        self.is_doubtful |= has_failed(result);
        self.has_written |= result.is_ok();
        result
    }

    fn sync(&mut self) -> Result<(), Injected> {
        let result = self.medium.sync();
        self.is_dead |= result == Err(Injected(Fault::PowerCut));
        let is_mended = result.is_ok() && self.has_written;
        self.is_doubtful = has_failed(result) || (self.is_doubtful && !is_mended);
        self.has_written = false;
        result
    }
}

/// True where the medium failed. An operation that a power cut struck has not: what it leaves is the cut's own outcome.
fn has_failed(result: Result<(), Injected>) -> bool {
    matches!(result, Err(Injected(fault)) if fault != Fault::PowerCut)
}
