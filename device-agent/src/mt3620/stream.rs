//! A platform's socket as the asynchronous stream that TLS wants: it never blocks, it is polled again.

use alloc::rc::Rc;
use core::future::poll_fn;
use core::task::Poll;

use embedded_io_async::{ErrorKind, ErrorType, Read, Write};

use super::mailbox::Mailbox;
use super::{Blocked, Interest, NetworkError, Socket};

/// One connection.
pub(crate) struct Stream<S> {
    socket: S,
    mailbox: Rc<Mailbox>,
}

impl<S: Socket> Stream<S> {
    /// A stream over a socket whose connection has been started.
    pub(crate) const fn new(socket: S, mailbox: Rc<Mailbox>) -> Self {
        Self { socket, mailbox }
    }

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
        self.mailbox.interest().set(interest);
        Poll::Pending
    }
}

impl embedded_io_async::Error for NetworkError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Other
    }
}

impl<S> ErrorType for Stream<S> {
    type Error = NetworkError;
}

impl<S: Socket> Read for Stream<S> {
    async fn read(&mut self, into: &mut [u8]) -> Result<usize, NetworkError> {
        poll_fn(|_| match self.socket.read(into) {
            Ok(length) => Poll::Ready(Ok(length)),
            Err(Blocked::Wait) => self.wait(Interest { readable: true, ..Interest::default() }),
            Err(Blocked::Failed(error)) => Poll::Ready(Err(error)),
        })
        .await
    }
}

impl<S: Socket> Write for Stream<S> {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, NetworkError> {
        poll_fn(|_| match self.socket.write(bytes) {
            Ok(length) => Poll::Ready(Ok(length)),
            Err(Blocked::Wait) => self.wait(Interest { writable: true, ..Interest::default() }),
            Err(Blocked::Failed(error)) => Poll::Ready(Err(error)),
        })
        .await
    }

    async fn flush(&mut self) -> Result<(), NetworkError> {
        Ok(())
    }
}
