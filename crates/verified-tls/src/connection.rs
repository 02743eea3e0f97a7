//! A connection that can be used.

use alloc::boxed::Box;
use core::fmt;
use core::marker::PhantomData;

use embedded_io_async::{ErrorType, Read, Write};
use embedded_tls::{TlsConnection, TlsError};

use crate::fault::Fault;
use crate::guard::Guard;
use crate::limits::QUIET_RECORDS_MAX;
use crate::signals::Signals;
use crate::{Error, Suite};

/// The server's chain was judged and is the named server's.
#[derive(Clone, Copy, Debug)]
pub enum Authenticated {}

/// The server may be anybody.
#[derive(Clone, Copy, Debug)]
pub enum Unauthenticated {}

/// An open connection. `A` says whether the server is known: [`Authenticated`], which only a judgement makes, or
/// [`Unauthenticated`]. Functions that need a known server take a `Connection<'_, S, C>`.
///
/// A future of it that is dropped before it ended leaves the connection in the middle of a record: every later
/// call then says [`Error::Interrupted`].
pub struct Connection<'b, S: Read + Write, C: Suite, A = Authenticated> {
    tls: Box<TlsConnection<'b, Guard<'b, S>, C>>,
    signals: &'b Signals,
    state: State,
    authentication: PhantomData<A>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Both sides may send.
    Open,
    /// The server said that it sends no more.
    Closed,
    /// A future is at work, or was dropped at it.
    Busy,
    /// It ended with an error.
    Broken,
}

impl<'b, S: Read + Write + 'b, C: Suite, A> Connection<'b, S, C, A> {
    pub(crate) const fn new(tls: Box<TlsConnection<'b, Guard<'b, S>, C>>, signals: &'b Signals) -> Self {
        Self { tls, signals, state: State::Open, authentication: PhantomData }
    }

    /// Reads what is there, at least one byte, into `out`; 0 is the end that the server has announced.
    ///
    /// # Errors
    /// Also [`Error::Truncated`] where the connection ended unannounced: what was read may not be all.
    pub async fn read(&mut self, out: &mut [u8]) -> Result<usize, Error> {
        match self.state {
            State::Closed => return Ok(0),
            State::Busy | State::Broken => return Err(Error::Interrupted),
            State::Open if out.is_empty() => return Ok(0),
            State::Open => self.state = State::Busy,
        }
        self.signals.allow(QUIET_RECORDS_MAX);
        let outcome = self.tls.read(out).await;
        if matches!(outcome, Err(TlsError::ConnectionClosed)) {
            self.state = State::Closed;
            return Ok(0);
        }
        self.end(outcome)
    }

    /// Takes some of `bytes` to be sent, at least one; [`Connection::flush`] sends what has been taken.
    ///
    /// # Errors
    /// Where the transport fails, or the server has closed the connection.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<usize, Error> {
        self.begin_write()?;
        let outcome = self.tls.write(bytes).await;
        self.end(outcome)
    }

    /// Sends what has been taken, and waits until the transport has it.
    ///
    /// # Errors
    /// As [`Connection::write`].
    pub async fn flush(&mut self) -> Result<(), Error> {
        self.begin_write()?;
        let outcome = self.tls.flush().await;
        self.end(outcome)
    }

    /// Says that this side sends no more, and gives the socket back.
    ///
    /// # Errors
    /// Where the transport fails; the socket is then dropped.
    pub async fn close(mut self) -> Result<S, Error> {
        self.begin_write()?;
        match self.tls.close().await {
            Ok(guard) => Ok(guard.into_socket()),
            Err((_, error)) => Err(explain(&error, self.signals)),
        }
    }

    const fn begin_write(&mut self) -> Result<(), Error> {
        match self.state {
            State::Open => self.state = State::Busy,
            State::Closed => return Err(Error::Closed),
            State::Busy | State::Broken => return Err(Error::Interrupted),
        }
        Ok(())
    }

    fn end<T>(&mut self, outcome: Result<T, TlsError>) -> Result<T, Error> {
        self.state = if outcome.is_ok() { State::Open } else { State::Broken };
        outcome.map_err(|error| explain(&error, self.signals))
    }
}

/// What an error of `embedded-tls` means here. What is seen as one of these is decided by `inner.rs`.
pub(crate) fn explain(error: &TlsError, signals: &Signals) -> Error {
    if let Some(fault) = signals.fault() {
        return Fault::error(fault);
    }
    let is_open = signals.is_open();
    match error {
        TlsError::Io(kind) => Error::Transport(*kind),
        TlsError::ConnectionClosed => Error::Closed,
        TlsError::CryptoError => Error::RecordNotAuthentic,
        TlsError::Unimplemented => Error::MessageNotAllowed,
        TlsError::InvalidHandshake => Error::MessageSplit,
        TlsError::InvalidRecord if !is_open => Error::Alert { description: None },
        TlsError::InternalError if is_open => Error::Alert { description: None },
        TlsError::InvalidSignatureScheme if is_open => Error::KeyUpdate,
        TlsError::InvalidSignatureScheme => Error::SignatureAlgorithm,
        // The server's Finished is not of this handshake.
        TlsError::InvalidSignature => Error::RecordNotAuthentic,
        TlsError::InvalidKeyShare => Error::ServerHello,
        TlsError::InvalidCertificate | TlsError::InvalidCertificateEntry => Error::Certificate,
        TlsError::DecodeError
        | TlsError::ParseError(_)
        | TlsError::AbortHandshake(..)
        | TlsError::InvalidExtensionsLength
        | TlsError::InvalidCertificateRequest => Error::MessageNotAllowed,
        _ => Error::Internal,
    }
}

impl<S: Read + Write, C: Suite, A> ErrorType for Connection<'_, S, C, A> {
    type Error = Error;
}

impl<'b, S: Read + Write + 'b, C: Suite, A> Read for Connection<'b, S, C, A> {
    async fn read(&mut self, out: &mut [u8]) -> Result<usize, Error> {
        Connection::read(self, out).await
    }
}

impl<'b, S: Read + Write + 'b, C: Suite, A> Write for Connection<'b, S, C, A> {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, Error> {
        Connection::write(self, bytes).await
    }

    async fn flush(&mut self) -> Result<(), Error> {
        Connection::flush(self).await
    }
}

impl<S: Read + Write, C: Suite, A> fmt::Debug for Connection<'_, S, C, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("state", &self.state).finish_non_exhaustive()
    }
}
