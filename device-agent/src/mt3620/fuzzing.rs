//! The reader of answers by itself, for fuzz targets: everybody else has a [`Driver`](super::Driver).

use alloc::vec::Vec;
use core::fmt;

use super::http::{Answer, Piece};
use super::limits::INCOMING_BYTES;

/// What came of one answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The status, once the head was whole.
    pub status: Option<u16>,
    /// The body's length, where the head says it.
    pub length: Option<u64>,
    /// The body, as far as it came.
    pub body: Vec<u8>,
    /// How it ended.
    pub end: End,
    /// Bytes of what arrived that were taken.
    pub taken: usize,
}

/// How an answer ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// It is complete.
    Complete {
        /// Another request may follow on the same connection.
        keeps_connection: bool,
    },
    /// More bytes are needed.
    More,
    /// It is none.
    Broken(&'static str),
}

/// Reads an answer that arrives in `pieces`, through a buffer as large as a connection's.
#[must_use]
pub fn answer<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Outcome {
    let mut reader = Reader::default();
    for piece in pieces {
        let mut rest = piece;
        while reader.end.is_none() {
            let (now, later) =
                rest.split_at(rest.len().min(INCOMING_BYTES.saturating_sub(reader.buffer.len())));
            reader.buffer.extend_from_slice(now);
            rest = later;
            if reader.take() && rest.is_empty() {
                break;
            }
        }
    }
    // A connection is looked at once more where nothing came.
    while reader.end.is_none() && !reader.take() {}
    let Reader { status, length, body, taken, .. } = reader;
    Outcome { status, length, body, end: reader.end.unwrap_or(End::More), taken }
}

#[derive(Default)]
struct Reader {
    answer: Answer,
    buffer: Vec<u8>,
    status: Option<u16>,
    length: Option<u64>,
    body: Vec<u8>,
    end: Option<End>,
    taken: usize,
}

impl Reader {
    /// One look at what has arrived; true where more is needed.
    fn take(&mut self) -> bool {
        let (consumed, piece) = match self.answer.take(&self.buffer, self.buffer.len() == INCOMING_BYTES) {
            Ok(seen) => seen,
            Err(error) => {
                self.end = Some(End::Broken(code(&error)));
                return false;
            }
        };
        let mut needs_more = false;
        match piece {
            Piece::Head { status, length } => (self.status, self.length) = (Some(status), length),
            Piece::Body(bytes) => self.body.extend_from_slice(bytes),
            Piece::End => {
                let keeps_connection = self.answer.keeps_connection();
                self.end = Some(End::Complete { keeps_connection });
            }
            Piece::More => needs_more = true,
            Piece::Skipped => {}
        }
        self.buffer.drain(..consumed);
        self.taken = self.taken.saturating_add(consumed);
        needs_more
    }
}

fn code(error: &dyn fmt::Debug) -> &'static str {
    ["Chunk", "ContentEncoding", "HeadTooLarge", "Head", "Length"]
        .into_iter()
        .find(|name| alloc::format!("{error:?}") == *name)
        .unwrap_or("?")
}
