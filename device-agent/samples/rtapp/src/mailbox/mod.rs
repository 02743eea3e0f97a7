//! The line to the high-level application: messages come, answers go.

#[cfg(all(target_os = "none", feature = "mt3620"))]
mod mt3620;
#[cfg(all(target_os = "none", feature = "mt3620"))]
mod registers;
#[cfg(any(test, all(target_os = "none", feature = "mt3620")))]
mod ring;
#[cfg(all(target_os = "none", not(feature = "mt3620")))]
mod semihosting;

#[cfg(target_os = "none")]
use intercore::limits::{ANSWER_BYTES, MESSAGE_BYTES_MAX};
#[cfg(all(target_os = "none", feature = "mt3620"))]
pub(crate) use mt3620::Line;
#[cfg(all(target_os = "none", not(feature = "mt3620")))]
pub(crate) use semihosting::Line;

/// What a board brings.
#[cfg(target_os = "none")]
pub(crate) trait Mailbox {
    /// Waits for the next message and copies it: the bytes must not change any more, and shared memory can. Its
    /// length, or `None` when there will be no more.
    fn receive(&mut self, into: &mut [u8; MESSAGE_BYTES_MAX]) -> Option<usize>;

    /// Sends an answer. One that is lost is asked for again.
    fn send(&mut self, answer: &[u8; ANSWER_BYTES]);
}
