//! Answers as servers send them, whole and in every possible pair of pieces, and as they must not be.

use std::{format, string::String, vec, vec::Vec};

use super::*;
use crate::mt3620::limits::INCOMING_BYTES;

/// What a reader makes of an answer that arrives in the given pieces.
fn read(pieces: &[&[u8]]) -> Result<(u16, Vec<u8>, bool), HttpError> {
    let (mut answer, mut status, mut body) = (Answer::default(), 0, Vec::new());
    let mut buffer: Vec<u8> = Vec::new();
    for piece in pieces {
        let mut piece = *piece;
        loop {
            let room = INCOMING_BYTES - buffer.len();
            let (now, later) = piece.split_at(room.min(piece.len()));
            buffer.extend_from_slice(now);
            piece = later;
            let (consumed, what) = answer.take(&buffer, buffer.len() == INCOMING_BYTES)?;
            match what {
                Piece::Head { status: found, .. } => status = found,
                Piece::Body(bytes) => body.extend_from_slice(bytes),
                Piece::End => return Ok((status, body, answer.keeps_connection())),
                Piece::More if piece.is_empty() => break,
                Piece::More | Piece::Skipped => {}
            }
            buffer.drain(..consumed);
        }
    }
    Ok((status, body, false))
}

fn check(text: &str, expect: Result<(u16, &str, bool), HttpError>) {
    let expect = expect.map(|(status, body, keeps)| (status, body.as_bytes().to_vec(), keeps));
    let bytes = text.as_bytes();
    assert_eq!(read(&[bytes]), expect, "{text:?}");
    for cut in 0..bytes.len() {
        let (first, second) = bytes.split_at(cut);
        assert_eq!(read(&[first, second]), expect, "{text:?} in two pieces at byte {cut}");
    }
    let single: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(read(&single), expect, "{text:?} byte by byte");
}

#[test]
fn an_answer_is_the_same_in_whatever_pieces_it_arrives() {
    check("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", Ok((200, "hello", true)));
    check("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", Ok((404, "", true)));
    check("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", Ok((200, "hi", false)));
    check(
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nhi",
        Ok((200, "hi", false)),
    );
    check(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n1\r\n!\r\n0\r\nA: b\r\n\r\n",
        Ok((200, "hello!", true)),
    );
    check("HTTP/1.1 304 Not Modified\r\n\r\n", Ok((304, "", true)));
    check("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", Ok((200, "x", true)));
}

#[test]
fn an_answer_whose_length_is_doubtful_is_none() {
    for fields in [
        "",
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: +1\r\n",
        "Content-Length: 99999999999999999999\r\n",
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
    ] {
        check(&format!("HTTP/1.1 200 OK\r\n{fields}\r\n"), Err(HttpError::Length));
    }
    check(
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Encoding: gzip\r\n\r\nx",
        Err(HttpError::ContentEncoding),
    );
}

#[test]
fn broken_framing_is_refused() {
    check("SSH-2.0-server\r\n", Err(HttpError::Head));
    check("HTTP/1.1 101 Switching Protocols\r\n\r\n", Err(HttpError::Head));
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    check(&format!("{chunked}zz\r\n"), Err(HttpError::Chunk));
    check(&format!("{chunked}2\r\nhello\r\n"), Err(HttpError::Chunk));
    let extension = "x".repeat(CHUNK_LINE_BYTES_MAX);
    assert_eq!(read(&[format!("{chunked}5;{extension}").as_bytes()]), Err(HttpError::Chunk));
}

#[test]
fn an_endless_head_or_trailer_is_cut_off() {
    let long = format!("HTTP/1.1 200 OK\r\nX: {}", "y".repeat(2 * INCOMING_BYTES));
    assert_eq!(read(&[long.as_bytes()]), Err(HttpError::HeadTooLarge));
    let fields: String = (0..=HEADERS_MAX).map(|number| format!("X-{number}: y\r\n")).collect();
    assert_eq!(read(&[format!("HTTP/1.1 200 OK\r\n{fields}\r\n").as_bytes()]), Err(HttpError::Head));
    let waits = "HTTP/1.1 100 Continue\r\n\r\n".repeat(usize::from(INFORMATIONAL_MAX) + 1);
    assert_eq!(read(&[waits.as_bytes()]), Err(HttpError::Head));
    let trailer = format!("0\r\n{}", "A: b\r\n".repeat(TRAILER_BYTES_MAX / 6 + 1));
    let text = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{trailer}");
    assert_eq!(read(&[text.as_bytes()]), Err(HttpError::HeadTooLarge));
}

#[test]
fn a_cut_off_answer_never_ends() {
    let text = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    for cut in 0..text.len() {
        let mut answer = Answer::default();
        let mut rest = &text[..cut];
        loop {
            let (consumed, piece) = answer.take(rest, false).unwrap();
            assert_ne!(piece, Piece::End, "cut at {cut}");
            rest = &rest[consumed..];
            if piece == Piece::More {
                break;
            }
        }
    }
}

#[test]
fn a_request_says_nothing_about_the_device() {
    let base = BaseUrl::parse("https://updates.example:8443/trust").unwrap();
    let text = request(&base, format_args!("prod/head")).unwrap();
    let expect = "GET /trust/prod/head HTTP/1.1\r\nHost: updates.example:8443\r\nAccept-Encoding: identity\r\n\
                  Accept: */*\r\n\r\n";
    assert_eq!(text, expect);
    let long = vec!["x"; REQUEST_BYTES_MAX].concat();
    assert_eq!(request(&base, format_args!("{long}")), Err(HttpError::RequestTooLong));
}
