//! The line of the real chip: **a stub, which has never run on hardware**.
//!
//! What a driver needs, from Microsoft's `IntercoreComms_RTApp_MT3620_BareMetal` sample (azure-sphere-samples, MIT):
//! - The mailbox to the high-level core is at [`MAILBOX`]. At the start the core pops three commands from its FIFO
//!   (count at `0x58`, data at `0x54`, command at `0x50`): the outbound buffer, the inbound buffer, the end of setup.
//! - A buffer's base has its size as a power of two in the lowest five bits. It starts with a header of 64 bytes:
//!   write position, read position. Blocks are 16-byte aligned: length, component id (16 bytes), a reserved word (4),
//!   then at most 1,040 bytes of payload.
//! - After reading, the core writes [`RECEIVED`] to [`INTERRUPT_PORT`], after writing [`SENT`]; a `dsb` goes in front.
//!
//! Copy a message out before it is verified: the high-level core can change shared memory at any time. Hold every
//! position and length against the buffer's size; they come from the other side, and so may be anything.

use intercore::limits::{ANSWER_BYTES, MESSAGE_BYTES_MAX};

use super::Mailbox;

/// Where the mailbox to the high-level core is.
const MAILBOX: usize = 0x2105_0000;
/// Offset of the register that interrupts the high-level core.
const INTERRUPT_PORT: usize = 0x14;
/// Says that an answer was sent.
const SENT: u32 = 1;
/// Says that a message was read.
const RECEIVED: u32 = 2;

/// The line, without a driver.
pub(crate) struct Line;

impl Line {
    /// The line; it brings nothing until a driver is written.
    pub(crate) fn open() -> Self {
        let _for_the_driver = (MAILBOX, INTERRUPT_PORT, SENT, RECEIVED);
        Self
    }
}

impl Mailbox for Line {
    fn receive(&mut self, _into: &mut [u8; MESSAGE_BYTES_MAX]) -> Option<usize> {
        None
    }

    fn send(&mut self, _answer: &[u8; ANSWER_BYTES]) {}
}
