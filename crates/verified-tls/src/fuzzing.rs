//! What is judged before and inside the encryption, by itself, for fuzz targets: everybody else has a
//! [`Connection`](crate::Connection).

use alloc::vec::Vec;
use core::future::Future;
use core::pin::pin;
use core::task::{Context, Poll, Waker};

use embedded_io_async::{Read, Write};

use crate::guard::Guard;
use crate::inner::{self, Admission};
use crate::limits::HANDSHAKE_RECORDS_MAX;
use crate::mark::Phase;
use crate::signals::Signals;
use crate::{Error, hello};

/// What the guard lets through of what `socket` gives, read `piece` bytes at a time, and why it let no more through.
/// `None` in place of a reason where the socket has nothing yet.
pub fn guarded<S: Read + Write>(
    socket: S,
    suite: u16,
    is_open: bool,
    piece: usize,
) -> (Vec<u8>, Option<Error>) {
    let signals = Signals::default();
    signals.begin(HANDSHAKE_RECORDS_MAX);
    if is_open {
        signals.open();
    }
    let mut guard = Guard::new(socket, &signals, suite);
    let mut passed = Vec::new();
    let mut buffer = alloc::vec![0; piece.max(1)];
    loop {
        match poll_once(guard.read(&mut buffer)) {
            Poll::Ready(Ok(count)) => passed.extend_from_slice(buffer.get(..count).unwrap_or_default()),
            Poll::Ready(Err(kind)) => {
                let fault = signals.fault().map(crate::fault::Fault::error);
                return (passed, Some(fault.unwrap_or(Error::Transport(kind))));
            }
            Poll::Pending => return (passed, None),
        }
    }
}

/// Whether a server's hello answers what was offered.
///
/// # Errors
/// Why not.
pub fn hello(record: &[u8], suite: u16) -> Result<(), Error> {
    hello::check(record, suite).map_err(crate::fault::Fault::error)
}

/// What stands in the place of a decrypted record; `None` where it may be read as it is.
#[must_use]
pub fn admitted(is_open: bool, record: &[u8], hash_bytes: usize) -> Option<&'static [u8]> {
    let phase = if is_open { Phase::Application } else { Phase::Handshake };
    match inner::admit(phase, record, hash_bytes) {
        Admission::Whole => None,
        Admission::Instead(other) => Some(other),
    }
}

fn poll_once<T>(future: impl Future<Output = T>) -> Poll<T> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}
