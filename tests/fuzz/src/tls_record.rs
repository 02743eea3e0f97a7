//! Records before the server is known: what the guard lets through, which hellos it takes, what may stand inside.

use core::convert::Infallible;
use core::future::Future;
use core::pin::pin;
use core::task::{Context, Poll, Waker};

use rustls_pki_types::ServerName;
use verified_tls::{
    Aes128, Buffers, Entropy, NonBlocking, Polled, connect, fuzzing,
    limits::{CIPHERTEXT_BYTES_MIN, READ_BUFFER_BYTES, SERVER_HELLO_BYTES_MAX},
};

use crate::input::{cuts, selector};

/// TLS_AES_128_GCM_SHA256.
const SUITE: u16 = 0x1301;
/// Bytes of a SHA-256.
const HASH_BYTES: usize = 32;
/// Bytes in front of a record.
const HEADER_BYTES: usize = 5;

/// What a server sends.
///
/// # Panics
/// Where pieces change what is let through, something is let through that is no record, a hello is taken for an answer
/// that is none, or a server that has proved nothing is connected to.
pub fn tls_record(input: &[u8]) {
    let (selector, bytes) = selector(input);
    match selector % 4 {
        0 => guard(bytes, selector & 4 != 0),
        1 => hello(bytes),
        2 => inner(bytes, selector & 4 != 0),
        _ => nobody(bytes),
    }
}

/// A socket that gives these bytes, some at a time, and then nothing more.
struct Socket<'a> {
    gives: &'a [u8],
    piece: usize,
}

impl NonBlocking for Socket<'_> {
    type Error = Infallible;

    fn poll_read(&mut self, into: &mut [u8]) -> Poll<Result<usize, Infallible>> {
        let length = self.gives.len().min(self.piece).min(into.len());
        let (now, later) = self.gives.split_at(length);
        if now.is_empty() {
            return Poll::Pending;
        }
        into.iter_mut().zip(now).for_each(|(to, from)| *to = *from);
        self.gives = later;
        Poll::Ready(Ok(length))
    }

    fn poll_write(&mut self, bytes: &[u8]) -> Poll<Result<usize, Infallible>> {
        Poll::Ready(Ok(bytes.len()))
    }
}

fn guard(bytes: &[u8], is_open: bool) {
    let through = |gives, takes| {
        let socket = Polled(Socket { gives: bytes, piece: gives });
        fuzzing::guarded(socket, SUITE, is_open, takes)
    };
    let (passed, end) = through(usize::MAX, 4_096);
    for (gives, takes) in [(1, 1), (3, 4_096), (4_096, 5), (7, 2)] {
        assert_eq!(
            through(gives, takes),
            (passed.clone(), end),
            "{gives} bytes given, {takes} taken at a time"
        );
    }
    assert!(passed.len() <= bytes.len());
    are_records(&passed);
}

/// What was let through: one hello in the clear, then encrypted records, the last of which may be cut off.
fn are_records(passed: &[u8]) {
    let mut rest = passed;
    let mut is_first = true;
    while let Some((header, after)) = rest.split_first_chunk::<HEADER_BYTES>() {
        let [kind, _, _, high, low] = *header;
        let length = usize::from(u16::from_be_bytes([high, low]));
        if is_first {
            assert_eq!(kind, 22, "a handshake message comes first");
            let (hello, _) = after.split_at_checked(length).expect("a hello is passed on whole");
            assert!(length <= SERVER_HELLO_BYTES_MAX);
            assert_eq!(fuzzing::hello(hello, SUITE), Ok(()));
        } else {
            assert_eq!(kind, 23, "all that follows is encrypted");
            assert!((CIPHERTEXT_BYTES_MIN..=READ_BUFFER_BYTES).contains(&length));
        }
        is_first = false;
        rest = after.split_at_checked(length).map_or(&[], |(_, rest)| rest);
    }
}

fn hello(record: &[u8]) {
    if fuzzing::hello(record, SUITE).is_err() {
        return;
    }
    assert_eq!(record.first(), Some(&2), "it is a server's hello");
    assert!(record.windows(4).any(|window| window == [0, 43, 0, 2]), "with its version");
    assert!(record.windows(4).any(|window| window == [0, 51, 0, 69]), "and a share");
    for cut in cuts(record.len()) {
        assert!(fuzzing::hello(record.split_at(cut).0, SUITE).is_err(), "cut at {cut}");
    }
    assert!(fuzzing::hello(&[record, &[0]].concat(), SUITE).is_err(), "something stands behind it");
    assert!(fuzzing::hello(record, SUITE + 1).is_err(), "another suite");
}

fn inner(record: &[u8], is_open: bool) {
    let instead = fuzzing::admitted(is_open, record, HASH_BYTES);
    let padded = [record, &[0; 9]].concat();
    assert_eq!(fuzzing::admitted(is_open, &padded, HASH_BYTES), instead, "padding says nothing");
    let unpadded = record.iter().rposition(|byte| *byte != 0).map(|end| record.split_at(end));
    let Some((content, kind)) = unpadded.map(|(content, rest)| (content, rest.first().copied())) else {
        assert!(instead.is_some(), "a record of nothing is not read");
        return;
    };
    if instead.is_none() {
        match (kind, is_open) {
            (Some(23), true) => {}
            (Some(22), false) => are_messages(content),
            other => panic!("{other:?} is not read as it is"),
        }
    }
}

/// Handshake messages that fill their record.
fn are_messages(content: &[u8]) {
    let mut rest = content;
    assert!(!rest.is_empty());
    while let Some(([kind, a, b, c], after)) = rest.split_first_chunk::<4>() {
        assert!([8, 11, 13, 15, 20].contains(kind), "message {kind} belongs to the handshake");
        let length = usize::try_from(u32::from_be_bytes([0, *a, *b, *c])).expect("24 bits");
        rest = after.split_at_checked(length).expect("a message is whole").1;
    }
    assert!(rest.is_empty(), "messages fill their record");
}

/// Whatever somebody sends who knows none of the connection's keys, nobody is connected to.
fn nobody(bytes: &[u8]) {
    let mut buffers = Buffers::new();
    let name = ServerName::try_from("hub.example").expect("a name");
    let socket = Polled(Socket { gives: bytes, piece: 600 });
    let connecting = connect::<Aes128, _>(socket, &mut buffers, &name, Entropy::new([1; 32]));
    match pin!(connecting).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Pending => {}
        Poll::Ready(Err(error)) => assert_ne!(error.code(), ""),
        Poll::Ready(Ok(_)) => panic!("a server without keys has proved itself"),
    }
}
