//! A socket that never blocks, as what [`connect`](crate::connect) takes.

use core::future::poll_fn;
use core::task::Poll;

use embedded_io_async::{ErrorType, Read, Write};

/// A socket whose calls return at once.
pub trait NonBlocking {
    /// What can go wrong with it.
    type Error: embedded_io_async::Error;

    /// Reads what is there: no bytes at the end of the stream, [`Poll::Pending`] where nothing is there yet.
    fn poll_read(&mut self, into: &mut [u8]) -> Poll<Result<usize, Self::Error>>;

    /// Writes what fits: [`Poll::Pending`] where nothing fits yet.
    fn poll_write(&mut self, bytes: &[u8]) -> Poll<Result<usize, Self::Error>>;
}

/// Such a socket for [`connect`](crate::connect). It wakes nobody: a program without an executor polls the future again
/// when the socket is ready, or from time to time.
#[derive(Clone, Copy, Debug)]
pub struct Polled<S>(pub S);

impl<S: NonBlocking> ErrorType for Polled<S> {
    type Error = S::Error;
}

impl<S: NonBlocking> Read for Polled<S> {
    async fn read(&mut self, out: &mut [u8]) -> Result<usize, S::Error> {
        poll_fn(|_| self.0.poll_read(out)).await
    }
}

impl<S: NonBlocking> Write for Polled<S> {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, S::Error> {
        poll_fn(|_| self.0.poll_write(bytes)).await
    }

    /// A socket has no buffer of its own to be emptied.
    async fn flush(&mut self) -> Result<(), S::Error> {
        Ok(())
    }
}
