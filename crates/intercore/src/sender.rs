//! The side that has network and storage: it answers what the verifying core wants, one message at a time.

use crate::{
    Answer, AnswerKind, Message, Part, Reason,
    bytes::{length, saturated},
    limits::{HEADER_BYTES, MESSAGE_BYTES_MAX, PAYLOAD_BYTES_MAX},
};

/// One transfer. It holds no content: what is due is read through a closure each time it is sent.
///
/// One message is under way at a time. Whoever hears no answer for a while sends [`Sender::message`] again, which
/// makes the very same message until its answer has come.
#[derive(Clone, Debug)]
pub struct Sender {
    transfer: u32,
    keyrings: u32,
    sequence: u32,
    part: Part,
    offset: u32,
}

/// What an answer asks of the sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Progress {
    /// Send the message that is due.
    Send,
    /// Nothing: it answers an earlier message, or none of this transfer's.
    Wait,
    /// The core has installed the release.
    Accepted,
    /// The core refused; a later release, or another chain of keyrings, is a new transfer.
    Refused(Reason),
    /// The core knows nothing of this transfer, as after a restart of its own: begin a new one.
    Restart,
}

/// A message could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsent {
    /// The content has no such part, or ends before the wanted piece.
    Missing {
        /// The part that the core wants.
        part: Part,
        /// Where the piece starts, in bytes.
        offset: u32,
    },
}

impl Sender {
    /// A transfer of `keyrings` keyring files, oldest first, and one release.
    ///
    /// `transfer` must differ from that of the transfer before: a counter or a random number will do. Keyrings that
    /// the core has already are passed over there, so the whole chain may be offered each time.
    #[must_use]
    pub const fn new(transfer: u32, keyrings: u32) -> Self {
        Self { transfer, keyrings, sequence: 0, part: Part::Begin, offset: 0 }
    }

    /// The message that is due.
    ///
    /// `read` copies the bytes of a part from an offset into a buffer, as many as there are and fit, and returns the
    /// length of the whole part; [`copy`] does that for a slice. It is asked for keyrings, the manifest and single
    /// certificates only.
    ///
    /// # Errors
    /// [`Unsent::Missing`] where `read` has no such part.
    pub fn message<'b>(
        &self,
        buffer: &'b mut [u8; MESSAGE_BYTES_MAX],
        read: impl FnOnce(Part, u32, &mut [u8]) -> Option<u32>,
    ) -> Result<&'b [u8], Unsent> {
        let missing = Unsent::Missing { part: self.part, offset: self.offset };
        let (total, payload_bytes) = match self.part {
            Part::Begin => (self.keyrings, 0),
            Part::End => (0, 0),
            part => {
                let payload = buffer.get_mut(HEADER_BYTES..).unwrap_or_default();
                let total = read(part, self.offset, payload).ok_or(missing)?;
                let rest = total.checked_sub(self.offset).filter(|rest| *rest > 0).ok_or(missing)?;
                (total, length(rest).min(PAYLOAD_BYTES_MAX))
            }
        };
        let message = Message {
            transfer: self.transfer,
            sequence: self.sequence,
            part: self.part,
            offset: self.offset,
            total,
            payload: &[],
        };
        message.write_header(payload_bytes, buffer).ok_or(missing)?;
        let end = HEADER_BYTES.saturating_add(payload_bytes);
        buffer.get(..end).ok_or(missing)
    }

    /// Takes an answer of the core.
    pub fn on_answer(&mut self, bytes: &[u8]) -> Progress {
        let Some(answer) = Answer::parse(bytes) else { return Progress::Wait };
        if answer.transfer != self.transfer {
            // A core that restarted is in no transfer, and says so when it hears of this one.
            let lost = answer.kind == AnswerKind::Ignored(Reason::NoTransfer) && self.sequence > 0;
            return if lost { Progress::Restart } else { Progress::Wait };
        }
        match answer.kind {
            AnswerKind::Wants { part, offset } if Some(answer.sequence) == self.sequence.checked_add(1) => {
                (self.sequence, self.part, self.offset) = (answer.sequence, part, offset);
                Progress::Send
            }
            AnswerKind::Accepted if answer.sequence > self.sequence => Progress::Accepted,
            AnswerKind::Refused(reason) if answer.sequence > self.sequence => Progress::Refused(reason),
            _ => Progress::Wait,
        }
    }
}

/// Copies what `content` has from `offset` on into `into`, as a [`Sender`] reads; the length of the content.
#[must_use]
pub fn copy(content: &[u8], offset: u32, into: &mut [u8]) -> Option<u32> {
    let rest = content.get(length(offset)..)?;
    into.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    Some(saturated(content.len()))
}
