//! The memory of one connection at a time: what a record is read into, and what one is written from.

use alloc::boxed::Box;
use alloc::vec;
use core::fmt;

use crate::limits::{READ_BUFFER_BYTES, WRITE_BUFFER_BYTES};
use crate::signals::Signals;

/// The buffers of a connection, on the heap; one pair serves any number of connections, one after the other.
pub struct Buffers {
    pub(crate) read: Box<[u8]>,
    pub(crate) write: Box<[u8]>,
    pub(crate) signals: Signals,
}

impl Buffers {
    /// Takes [`READ_BUFFER_BYTES`] and [`WRITE_BUFFER_BYTES`] of the heap.
    #[must_use]
    pub fn new() -> Self {
        let read = vec![0; READ_BUFFER_BYTES].into_boxed_slice();
        let write = vec![0; WRITE_BUFFER_BYTES].into_boxed_slice();
        Self { read, write, signals: Signals::default() }
    }
}

impl Default for Buffers {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Buffers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What was received is nobody's business in a log.
        f.debug_struct("Buffers").finish_non_exhaustive()
    }
}
