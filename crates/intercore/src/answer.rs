//! The verifying core's answer to each message: what it wants next, or how the transfer ended.

use bundle::Order;

use crate::{
    Part, Reason,
    bytes::{put, u16_at, u32_at},
    limits::ANSWER_BYTES,
    message::FORMAT,
};

/// First bytes of every answer.
const MAGIC: [u8; 4] = *b"TBIA";

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum AnswerKind {
    /// It was taken; this piece is wanted next.
    Wants {
        /// The part.
        part: Part,
        /// Where the piece starts in it, in bytes.
        offset: u32,
    },
    /// The transfer is over, and the release in the answer is installed.
    Accepted,
    /// The transfer is over. What was installed before still is; keyrings that were accepted stay in force.
    Refused(Reason),
    /// The message changed nothing, and what was wanted before still is.
    Ignored(Reason),
}

/// One answer. All of it is what the core says of itself; nothing in it is secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What became of the message.
    pub kind: AnswerKind,
    /// The transfer that the core is in, or was in last; zero where there was none since its start.
    pub transfer: u32,
    /// The number of the message that it takes next in this transfer.
    pub sequence: u32,
    /// The release that is installed; zero where none is.
    pub release: Order,
    /// The keyring in force.
    pub keyring: Order,
}

impl Answer {
    /// The answer's bytes, as SPEC.md has them.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; ANSWER_BYTES] {
        let (kind, reason, part, offset) = match self.kind {
            AnswerKind::Wants { part, offset } => (1, 0, part.to_wire(), offset),
            AnswerKind::Accepted => (2, 0, (0, 0), 0),
            AnswerKind::Refused(reason) => (3, reason.number(), (0, 0), 0),
            AnswerKind::Ignored(reason) => (4, reason.number(), (0, 0), 0),
        };
        let fields: [&[u8]; 13] = [
            &MAGIC,
            &[FORMAT, kind],
            &u16::to_le_bytes(reason),
            &self.transfer.to_le_bytes(),
            &self.sequence.to_le_bytes(),
            &[part.0, 0],
            &self.release.epoch.to_le_bytes(),
            &part.1.to_le_bytes(),
            &u32::to_le_bytes(offset),
            &self.release.number.to_le_bytes(),
            &self.keyring.epoch.to_le_bytes(),
            &[0, 0],
            &self.keyring.number.to_le_bytes(),
        ];
        let mut out = [0; ANSWER_BYTES];
        let mut at = 0_usize;
        for field in fields {
            // The fields are exactly as long as the answer.
            let _fits = put(&mut out, at, field);
            at = at.saturating_add(field.len());
        }
        out
    }

    /// Reads an answer; `None` where the bytes are none that this version knows.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        if bytes.len() != ANSWER_BYTES || !bytes.starts_with(&MAGIC) || bytes.get(4) != Some(&FORMAT) {
            return None;
        }
        let reason = Reason::from_number(u16_at(bytes, 6)?);
        let kind = match bytes.get(5)? {
            1 => AnswerKind::Wants {
                part: Part::from_wire(*bytes.get(16)?, u32_at(bytes, 20)?).ok()?,
                offset: u32_at(bytes, 24)?,
            },
            2 => AnswerKind::Accepted,
            // A newer core may have reasons that this version cannot name.
            3 => AnswerKind::Refused(reason.unwrap_or(Reason::Verification)),
            4 => AnswerKind::Ignored(reason.unwrap_or(Reason::Unexpected)),
            _ => return None,
        };
        Some(Self {
            kind,
            transfer: u32_at(bytes, 8)?,
            sequence: u32_at(bytes, 12)?,
            release: Order::new(u16_at(bytes, 18)?, u32_at(bytes, 28)?),
            keyring: Order::new(u16_at(bytes, 32)?, u32_at(bytes, 36)?),
        })
    }
}
