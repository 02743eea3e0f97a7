//! HTTP/1.1 (RFC 9112) as a client of static files needs it: one request, and an answer that is read as it comes.
//!
//! No I/O happens here: [`Answer::take`] is given what has arrived and says what it is.

use alloc::string::String;
use core::fmt::{self, Write as _};

use super::BaseUrl;
use super::limits::{
    CHUNK_LINE_BYTES_MAX, HEADERS_MAX, INFORMATIONAL_MAX, REQUEST_BYTES_MAX, TRAILER_BYTES_MAX,
};

/// The request for one file.
///
/// It says nothing about the device: no identity, no cookie, no version (whoever runs the server learns an address
/// and a file name).
///
/// # Errors
/// Where base URL and path are longer together than a request may be.
pub(crate) fn request(base: &BaseUrl, path: fmt::Arguments<'_>) -> Result<String, HttpError> {
    let mut text = String::with_capacity(REQUEST_BYTES_MAX);
    let (folder, authority) = (&base.path, base.authority());
    write!(
        text,
        "GET {folder}{path} HTTP/1.1\r\nHost: {authority}\r\nAccept-Encoding: identity\r\nAccept: */*\r\n\r\n"
    )
    .map_err(|_| HttpError::RequestTooLong)?;
    if text.len() > REQUEST_BYTES_MAX { Err(HttpError::RequestTooLong) } else { Ok(text) }
}

/// An answer on its way.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    state: State,
    informational: u8,
    keeps_connection: bool,
}

/// What comes next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// The head.
    #[default]
    Head,
    /// So many bytes of the body.
    Body(u64),
    /// The line that announces a chunk.
    ChunkLine,
    /// So many bytes of a chunk.
    Chunk(u64),
    /// The line end behind a chunk.
    ChunkEnd,
    /// Trailer fields; so many bytes of them were skipped.
    Trailer(usize),
    /// Nothing.
    Done,
}

/// What has arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// Too little: more bytes are needed.
    More,
    /// The head is whole.
    Head {
        /// The status (RFC 9110 §15).
        status: u16,
        /// Bytes of the body, where the head says so.
        length: Option<u64>,
    },
    /// Bytes of the body.
    Body(&'a [u8]),
    /// Framing that is of no interest.
    Skipped,
    /// The answer is complete.
    End,
}

/// What is wrong with an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub(crate) enum HttpError {
    /// A chunk's framing is broken.
    Chunk,
    /// A body that was compressed, although nobody asked for it.
    ContentEncoding,
    /// The head is malformed, or has too many fields.
    Head,
    /// The head or a line is longer than its limit.
    HeadTooLarge,
    /// The body's length is missing, said twice, or unreadable.
    Length,
    /// The request would be too long.
    RequestTooLong,
}

impl Answer {
    /// Looks at what has arrived; returns how many bytes of it are done with, and what they are.
    ///
    /// `is_full` says that no more bytes can arrive before some are taken.
    ///
    /// # Errors
    /// [`HttpError`]: the connection is of no further use.
    pub(crate) fn take<'a>(
        &mut self,
        input: &'a [u8],
        is_full: bool,
    ) -> Result<(usize, Piece<'a>), HttpError> {
        match self.state {
            State::Head => self.take_head(input, is_full),
            State::Body(left) => Ok(self.take_body(input, left, State::Body)),
            State::ChunkLine => self.take_chunk_line(input),
            State::Chunk(left) => Ok(self.take_body(input, left, State::Chunk)),
            State::ChunkEnd => self.take_line_end(input),
            State::Trailer(skipped) => self.take_trailer(input, skipped),
            State::Done => Ok((0, Piece::End)),
        }
    }

    /// True where another request may follow on the same connection.
    pub(crate) fn keeps_connection(&self) -> bool {
        self.keeps_connection && self.state == State::Done
    }

    fn take_head<'a>(&mut self, input: &'a [u8], is_full: bool) -> Result<(usize, Piece<'a>), HttpError> {
        let mut fields = [httparse::EMPTY_HEADER; HEADERS_MAX];
        let mut head = httparse::Response::new(&mut fields);
        let length = match head.parse(input) {
            Ok(httparse::Status::Complete(length)) => length,
            Ok(httparse::Status::Partial) if is_full => return Err(HttpError::HeadTooLarge),
            Ok(httparse::Status::Partial) => return Ok((0, Piece::More)),
            Err(_) => return Err(HttpError::Head),
        };
        let status = head.code.ok_or(HttpError::Head)?;
        if (100..200).contains(&status) {
            self.informational = self.informational.saturating_add(1);
            let is_switch = status == 101;
            let too_many = self.informational > INFORMATIONAL_MAX;
            return if is_switch || too_many { Err(HttpError::Head) } else { Ok((length, Piece::Skipped)) };
        }
        let framing = Framing::read(head.headers)?;
        self.keeps_connection = head.version == Some(1) && !framing.closes;
        let body = match framing.length {
            // RFC 9112 §6.3: these have no body, whatever their fields say.
            _ if matches!(status, 204 | 304) => Some(0),
            None if framing.is_chunked => None,
            None => return Err(HttpError::Length),
            length => length,
        };
        self.state = match body {
            Some(0) => State::Done,
            Some(bytes) => State::Body(bytes),
            None => State::ChunkLine,
        };
        Ok((length, Piece::Head { status, length: body }))
    }

    fn take_body<'a>(&mut self, input: &'a [u8], left: u64, state: fn(u64) -> State) -> (usize, Piece<'a>) {
        let wanted = usize::try_from(left).unwrap_or(usize::MAX);
        let part = input.get(..wanted.min(input.len())).unwrap_or_default();
        if part.is_empty() {
            return (0, Piece::More);
        }
        let left = left.saturating_sub(u64::try_from(part.len()).unwrap_or(u64::MAX));
        self.state = match (state(left), left) {
            (State::Chunk(_), 0) => State::ChunkEnd,
            (_, 0) => State::Done,
            (state, _) => state,
        };
        (part.len(), Piece::Body(part))
    }

    fn take_chunk_line<'a>(&mut self, input: &'a [u8]) -> Result<(usize, Piece<'a>), HttpError> {
        match httparse::parse_chunk_size(input) {
            Ok(httparse::Status::Complete((consumed, bytes))) if consumed <= CHUNK_LINE_BYTES_MAX => {
                self.state = if bytes == 0 { State::Trailer(0) } else { State::Chunk(bytes) };
                Ok((consumed, Piece::Skipped))
            }
            Ok(httparse::Status::Partial) if input.len() <= CHUNK_LINE_BYTES_MAX => Ok((0, Piece::More)),
            _ => Err(HttpError::Chunk),
        }
    }

    fn take_line_end<'a>(&mut self, input: &'a [u8]) -> Result<(usize, Piece<'a>), HttpError> {
        match input {
            [b'\r', b'\n', ..] => {
                self.state = State::ChunkLine;
                Ok((2, Piece::Skipped))
            }
            [] | [b'\r'] => Ok((0, Piece::More)),
            _ => Err(HttpError::Chunk),
        }
    }

    /// Skips trailer fields line by line: an empty line ends them.
    fn take_trailer<'a>(&mut self, input: &'a [u8], skipped: usize) -> Result<(usize, Piece<'a>), HttpError> {
        let Some(end) = input.windows(2).position(|pair| pair == b"\r\n") else {
            let is_too_long = skipped.saturating_add(input.len()) > TRAILER_BYTES_MAX;
            return if is_too_long { Err(HttpError::HeadTooLarge) } else { Ok((0, Piece::More)) };
        };
        let line = end.saturating_add(2);
        let skipped = skipped.saturating_add(line);
        if skipped > TRAILER_BYTES_MAX {
            return Err(HttpError::HeadTooLarge);
        }
        self.state = if end == 0 { State::Done } else { State::Trailer(skipped) };
        Ok((line, Piece::Skipped))
    }
}

/// How the body's end is found (RFC 9112 §6).
#[derive(Default)]
struct Framing {
    length: Option<u64>,
    is_chunked: bool,
    closes: bool,
}

impl Framing {
    fn read(fields: &[httparse::Header<'_>]) -> Result<Self, HttpError> {
        let mut framing = Self::default();
        for field in fields {
            let value = field.value.trim_ascii();
            if field.name.eq_ignore_ascii_case("content-length") {
                let length = decimal(value).ok_or(HttpError::Length)?;
                if framing.length.is_some_and(|known| known != length) {
                    return Err(HttpError::Length);
                }
                framing.length = Some(length);
            } else if field.name.eq_ignore_ascii_case("transfer-encoding") {
                if framing.is_chunked || !value.eq_ignore_ascii_case(b"chunked") {
                    return Err(HttpError::Length);
                }
                framing.is_chunked = true;
            } else if field.name.eq_ignore_ascii_case("content-encoding") {
                if !value.eq_ignore_ascii_case(b"identity") {
                    return Err(HttpError::ContentEncoding);
                }
            } else if field.name.eq_ignore_ascii_case("connection") {
                framing.closes |= value.eq_ignore_ascii_case(b"close");
            }
        }
        // Two lengths are how requests are smuggled through proxies; an honest server says one.
        if framing.is_chunked && framing.length.is_some() { Err(HttpError::Length) } else { Ok(framing) }
    }
}

fn decimal(digits: &[u8]) -> Option<u64> {
    let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    core::str::from_utf8(digits).ok().filter(|_| is_number)?.parse().ok()
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Chunk => "a chunk of the answer is malformed",
            Self::ContentEncoding => "the answer is compressed, which was not asked for",
            Self::Head => "the answer's head is malformed",
            Self::HeadTooLarge => "the answer's head is larger than its limit",
            Self::Length => "the answer does not say how long it is, or says it twice",
            Self::RequestTooLong => "the URL is too long for a request",
        })
    }
}

impl core::error::Error for HttpError {}

#[cfg(test)]
mod tests;
