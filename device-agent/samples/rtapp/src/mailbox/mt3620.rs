//! The line of the real chip: two ring buffers that the kernel of the high-level core hands over through the mailbox.
//! **It has never run on hardware.**

use intercore::limits::{ANSWER_BYTES, MESSAGE_BYTES_MAX};

use super::{
    Mailbox,
    registers::{self, Signal, Window},
    ring::{Received, Region, Rings},
};

/// The command whose data is the buffer that this core writes.
const OUTBOUND: u32 = 0xba5e_0001;
/// The command whose data is the buffer that this core reads.
const INBOUND: u32 = 0xba5e_0002;
/// The command that ends the set-up.
const READY: u32 = 0xba5e_0003;

/// The line.
pub(crate) struct Line(Rings<Window>);

impl Line {
    /// Waits until the kernel has handed over two buffers that can be. One that hands over others is waited out: there
    /// is nobody to complain to.
    pub(crate) fn open() -> Self {
        let (mut inbound, mut outbound) = (None, None);
        loop {
            match registers::command() {
                Some((OUTBOUND, data)) => outbound = Region::from_word(data),
                Some((INBOUND, data)) => inbound = Region::from_word(data),
                Some((READY, _)) => {
                    if let (Some(inbound), Some(outbound)) = (inbound, outbound)
                        && !inbound.shares_bytes_with(&outbound)
                    {
                        registers::enable_waking();
                        let window = |region: Region| (Window::new(region), region.bytes);
                        return Self(Rings::new(window(inbound), window(outbound)));
                    }
                }
                _ => {}
            }
        }
    }
}

impl Mailbox for Line {
    fn receive(&mut self, into: &mut [u8; MESSAGE_BYTES_MAX]) -> Option<usize> {
        loop {
            // In this order: what comes behind the look ends the sleep at once.
            registers::acknowledge();
            match self.0.receive(into) {
                Received::Nothing => registers::sleep(),
                Received::Skipped => registers::raise(Signal::Received),
                Received::Message(length) => {
                    registers::raise(Signal::Received);
                    return Some(length);
                }
            }
        }
    }

    fn send(&mut self, answer: &[u8; ANSWER_BYTES]) {
        if self.0.send(answer) {
            registers::raise(Signal::Sent);
        }
    }
}
