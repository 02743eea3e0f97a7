//! One connection: a future that owns socket and buffers, polled by hand until it ends or its time does.

use alloc::boxed::Box;
use core::cell::Cell;
use core::future::{Future as _, poll_fn};
use core::task::{Context, Poll, Waker};

use device_agent::mt3620::posix::{TcpSocket, entropy, uptime_milliseconds};
use device_agent::mt3620::{Interest, NetworkError};
use embedded_io_async::Write as _;
use rustix::fd::AsFd as _;
use rustls_pki_types::ServerName;
use verified_tls::{Buffers, Connection, Entropy, Handshaken, Judged, Polled, Suite, connect};

use crate::judge::{ReleaseJudge, Unreadable};
use crate::line::{Line, wait};
use crate::question::{Fault, Outcome, Question};

/// Milliseconds that one answer may take. A server that keeps a client longer has stopped it.
const ANSWER_MILLISECONDS_MAX: u64 = 20_000;
/// Bytes of an answer that are read; the status page of `openssl s_server` has some 5,000.
const ANSWER_BYTES_MAX: usize = 65_536;
/// Bytes that are read at a time, as the driver does.
const PIECE_BYTES: usize = 512;
const REQUEST: &[u8] = b"GET / HTTP/1.0\r\n\r\n";

/// Asks over one connection with one suite.
///
/// # Errors
/// The connection failed, or could not even be begun.
pub(crate) fn attempt<C, R>(question: &Question<'_>, read: R) -> Result<Outcome, Fault>
where
    C: Suite,
    R: FnMut(u32, &mut [u8]) -> Result<(), Unreadable>,
{
    let deadline = uptime_milliseconds().saturating_add(ANSWER_MILLISECONDS_MAX);
    let socket = TcpSocket::connect(question.address)?;
    let network = |error: rustix::io::Errno| NetworkError { errno: error.raw_os_error() };
    let descriptor = rustix::io::fcntl_dupfd_cloexec(socket.as_fd(), 0).map_err(network)?;
    let interest = Cell::new(Interest::default());
    let line = Line { socket, interest: &interest };
    let mut conversation = Box::pin(converse::<C, R>(line, question, read));
    loop {
        interest.set(Interest::default());
        if let Poll::Ready(result) = conversation.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return result;
        }
        if !wait(&descriptor, interest.get(), deadline) {
            return Ok(Outcome::Failed("timeout"));
        }
    }
}

async fn converse<C, R>(mut line: Line<'_>, question: &Question<'_>, read: R) -> Result<Outcome, Fault>
where
    C: Suite,
    R: FnMut(u32, &mut [u8]) -> Result<(), Unreadable>,
{
    line.connected().await?;
    let name = ServerName::try_from(question.server_name).map_err(|_| Fault::Name)?;
    let mut random = [0; 32];
    entropy(&mut random)?;
    let mut buffers = Buffers::new();
    // Each part of a conversation has a place and a frame of its own: cryptography is deep enough by itself.
    let handshake = Box::pin(connect::<C, _>(Polled(line), &mut buffers, &name, Entropy::new(random)));
    match judged(handshake.await?, ReleaseJudge::new(question, read)).await {
        Err(code) => Ok(Outcome::Refused(code)),
        Ok(connection) => Box::pin(talk(connection)).await.map(|()| Outcome::Verified).map_err(Fault::Tls),
    }
}

/// Judges step by step, and lets the event loop have its turn between two of them.
async fn judged<'b, C, R>(
    mut handshaken: Handshaken<'b, Polled<Line<'b>>, C>,
    mut judge: ReleaseJudge<'_, R>,
) -> Result<Connection<'b, Polled<Line<'b>>, C>, &'static str>
where
    C: Suite,
    R: FnMut(u32, &mut [u8]) -> Result<(), Unreadable>,
{
    loop {
        match handshaken.judge(&mut judge) {
            Judged::Again(again) => handshaken = again,
            Judged::Authenticated(connection) => return Ok(connection),
            Judged::Refused { refusal, .. } => return Err(refusal),
        }
        let mut is_next = false;
        poll_fn(|_| if core::mem::replace(&mut is_next, true) { Poll::Ready(()) } else { Poll::Pending })
            .await;
    }
}

/// Sends a request, and reads until the server announces the end.
async fn talk<C: Suite>(
    mut connection: Connection<'_, Polled<Line<'_>>, C>,
) -> Result<(), verified_tls::Error> {
    connection.write_all(REQUEST).await?;
    connection.flush().await?;
    let (mut piece, mut total) = ([0; PIECE_BYTES], 0_usize);
    loop {
        let count = connection.read(&mut piece).await?;
        total = total.saturating_add(count);
        if count == 0 || total > ANSWER_BYTES_MAX {
            return Ok(());
        }
    }
}
