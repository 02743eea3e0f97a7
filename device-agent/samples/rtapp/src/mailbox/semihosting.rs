//! The emulated line: messages from a file of the machine that emulates, answers to its standard output.

use intercore::limits::{ANSWER_BYTES, MESSAGE_BYTES_MAX};
use semihosting::{fs::File, io::Read as _, println};

use super::Mailbox;

/// The file `stream` in the emulator's folder: messages, each behind its length in two bytes, little-endian.
pub(crate) struct Line(Option<File>);

impl Line {
    /// The line, open; a missing file is a line without messages.
    pub(crate) fn open() -> Self {
        Self(File::open(c"stream").ok())
    }
}

impl Mailbox for Line {
    fn receive(&mut self, into: &mut [u8; MESSAGE_BYTES_MAX]) -> Option<usize> {
        let file = self.0.as_mut()?;
        let mut length = [0; 2];
        file.read_exact(&mut length).ok()?;
        let length = usize::from(u16::from_le_bytes(length));
        file.read_exact(into.get_mut(..length)?).ok()?;
        Some(length)
    }

    fn send(&mut self, answer: &[u8; ANSWER_BYTES]) {
        println!("answer {}", crate::report::Hex(answer));
    }
}
