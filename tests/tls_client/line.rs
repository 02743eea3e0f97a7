//! The driver's socket as TLS wants it, and what an event loop has to wait for.

use core::cell::Cell;
use core::future::poll_fn;
use core::task::Poll;

use device_agent::mt3620::posix::{TcpSocket, uptime_milliseconds};
use device_agent::mt3620::{Blocked, Interest, NetworkError, Socket as _};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::OwnedFd;
use verified_tls::NonBlocking;

/// One connection; where it says "not yet", it says in `interest` what it waits for.
pub(crate) struct Line<'i> {
    pub(crate) socket: TcpSocket,
    pub(crate) interest: &'i Cell<Interest>,
}

impl Line<'_> {
    /// Waits until the connection is made.
    pub(crate) async fn connected(&mut self) -> Result<(), NetworkError> {
        poll_fn(|_| match self.socket.is_connected() {
            Ok(true) => Poll::Ready(Ok(())),
            Ok(false) => self.wait(Interest { writable: true, ..Interest::default() }),
            Err(error) => Poll::Ready(Err(error)),
        })
        .await
    }

    fn wait<T>(&self, interest: Interest) -> Poll<T> {
        self.interest.set(interest);
        Poll::Pending
    }
}

impl NonBlocking for Line<'_> {
    type Error = NetworkError;

    fn poll_read(&mut self, into: &mut [u8]) -> Poll<Result<usize, NetworkError>> {
        match self.socket.read(into) {
            Ok(length) => Poll::Ready(Ok(length)),
            Err(Blocked::Wait) => self.wait(Interest { readable: true, ..Interest::default() }),
            Err(Blocked::Failed(error)) => Poll::Ready(Err(error)),
        }
    }

    fn poll_write(&mut self, bytes: &[u8]) -> Poll<Result<usize, NetworkError>> {
        match self.socket.write(bytes) {
            Ok(length) => Poll::Ready(Ok(length)),
            Err(Blocked::Wait) => self.wait(Interest { writable: true, ..Interest::default() }),
            Err(Blocked::Failed(error)) => Poll::Ready(Err(error)),
        }
    }
}

/// Waits for what a connection is interested in, as an application's event loop does, until `deadline` of the uptime;
/// false once that has passed.
pub(crate) fn wait(descriptor: &OwnedFd, interest: Interest, deadline: u64) -> bool {
    let left = deadline.saturating_sub(uptime_milliseconds());
    if interest != Interest::default() {
        let mut flags = PollFlags::empty();
        flags.set(PollFlags::IN, interest.readable);
        flags.set(PollFlags::OUT, interest.writable);
        let nanoseconds = left.checked_rem(1_000).unwrap_or(0).saturating_mul(1_000_000);
        let time = Timespec {
            tv_sec: left.checked_div(1_000).and_then(|seconds| seconds.try_into().ok()).unwrap_or(0),
            tv_nsec: nanoseconds.try_into().unwrap_or(0),
        };
        // What it came to shows when the connection is polled again.
        let _ready = poll(&mut [PollFd::new(descriptor, flags)], Some(&time));
    }
    left > 0
}
