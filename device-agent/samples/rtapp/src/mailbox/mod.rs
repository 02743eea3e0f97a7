//! The line to the high-level application: messages come, answers go.

#[cfg(feature = "mt3620")]
mod mt3620;
#[cfg(not(feature = "mt3620"))]
mod semihosting;

use intercore::limits::{ANSWER_BYTES, MESSAGE_BYTES_MAX};
#[cfg(feature = "mt3620")]
pub(crate) use mt3620::Line;
#[cfg(not(feature = "mt3620"))]
pub(crate) use semihosting::Line;

/// What a board brings.
pub(crate) trait Mailbox {
    /// Waits for the next message and copies it: the bytes must not change any more, and shared memory can. Its
    /// length, or `None` when there will be no more.
    fn receive(&mut self, into: &mut [u8; MESSAGE_BYTES_MAX]) -> Option<usize>;

    /// Sends an answer. One that is lost is asked for again.
    fn send(&mut self, answer: &[u8; ANSWER_BYTES]);
}
