//! One connection and the conversation over it: a future that owns socket and buffers, polled by hand.

use alloc::boxed::Box;
use alloc::rc::Rc;
use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};

use embedded_io_async::{Read, Write};
use rustls_pki_types::ServerName;
use verified_tls::{Aes128, Buffers, ChainJudge, Entropy, Judged, Ruling, ServedChain, connect};

use super::mailbox::{Admission, Mailbox, PIECE_BYTES, Wish};
use super::stream::Stream;
use super::{Interest, NetworkError, Socket};

/// A conversation, polled by hand.
type Task = Pin<Box<dyn Future<Output = Result<(), Fault>>>>;

/// A connection with its conversation.
pub(crate) struct Connection {
    /// `None` after its end: a future that has ended must not be polled.
    task: Option<Task>,
    pub(crate) mailbox: Rc<Mailbox>,
    descriptor: i32,
}

/// How the connection is secured.
#[derive(Clone, Debug)]
pub(crate) enum Security {
    /// Not at all.
    Plain,
    /// By TLS.
    Tls {
        /// Who is asked for.
        name: ServerName<'static>,
        /// Random bytes for this connection alone.
        random: [u8; 32],
        /// What the connection is for.
        purpose: TlsPurpose,
    },
}

/// What a TLS connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TlsPurpose {
    /// A server that must verify under what is installed.
    Authenticated,
    /// One handshake; the server's chain is left in the mailbox.
    Probe,
    /// Whoever is there: only signed files are fetched.
    Unauthenticated,
}

/// Why a conversation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The server closed the connection.
    Closed,
    /// There is no memory for an answer.
    Memory,
    /// The connection was not made, or broke.
    Network(NetworkError),
    /// The chain does not verify.
    Refused,
    /// TLS failed.
    Tls(verified_tls::Error),
}

/// What a poll came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// The conversation is over.
    Ended(Result<(), Fault>),
    /// The wish was granted.
    Granted,
    /// It waits for the network.
    Waiting,
}

impl Connection {
    /// A conversation over a socket whose connection has been started.
    pub(crate) fn open<S: Socket + 'static>(socket: S, security: Security) -> Self {
        let mailbox = Rc::new(Mailbox::default());
        let descriptor = socket.descriptor();
        let stream = Stream::new(socket, Rc::clone(&mailbox));
        let task: Pin<Box<dyn Future<Output = _>>> =
            Box::pin(converse(stream, security, Rc::clone(&mailbox)));
        Self { task: Some(task), mailbox, descriptor }
    }

    /// Lets the conversation go on as far as it can without waiting.
    pub(crate) fn poll(&mut self) -> Turn {
        self.mailbox.interest().set(Interest::default());
        let mut context = Context::from_waker(Waker::noop());
        let Some(task) = &mut self.task else { return Turn::Ended(Err(Fault::Closed)) };
        match task.as_mut().poll(&mut context) {
            Poll::Ready(result) => {
                self.task = None;
                Turn::Ended(result)
            }
            Poll::Pending if self.mailbox.is_idle() => Turn::Granted,
            Poll::Pending => Turn::Waiting,
        }
    }

    /// What an event loop must wait for, and where.
    pub(crate) fn interest(&self) -> (i32, Interest) {
        (self.descriptor, self.mailbox.interest().get())
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("descriptor", &self.descriptor).finish_non_exhaustive()
    }
}

async fn converse<S: Socket>(
    mut stream: Stream<S>,
    security: Security,
    mailbox: Rc<Mailbox>,
) -> Result<(), Fault> {
    stream.connected().await.map_err(Fault::Network)?;
    let (name, random, purpose) = match security {
        Security::Plain => return exchange(stream, &mailbox).await,
        Security::Tls { name, random, purpose } => (name, random, purpose),
    };
    let mut buffers = Buffers::new();
    let handshaken = apart(connect::<Aes128, _>(stream, &mut buffers, &name, Entropy::new(random))).await?;
    match purpose {
        TlsPurpose::Probe => {
            mailbox.leave_served(handshaken.hang_up());
            Ok(())
        }
        TlsPurpose::Unauthenticated => apart(exchange(handshaken.into_unauthenticated(), &mailbox)).await,
        TlsPurpose::Authenticated => {
            let admission = mailbox.ask_admission(handshaken.served().clone()).await;
            match handshaken.judge(&mut Driver(admission)) {
                Judged::Authenticated(connection) => apart(exchange(connection, &mailbox)).await,
                Judged::Again(_) | Judged::Refused { .. } => Err(Fault::Refused),
            }
        }
    }
}

/// A part of a conversation in a place of its own. It is made in a frame that is gone when it runs: cryptography is deep
/// enough by itself.
#[inline(never)]
fn apart<F: Future>(part: F) -> Pin<Box<F>> {
    Box::pin(part)
}

/// The driver's judgement, which was made step by step before.
struct Driver(Admission);

impl ChainJudge for Driver {
    type Refusal = ();

    fn judge(&mut self, _: &ServedChain, _: &ServerName<'_>) -> Ruling<()> {
        match self.0 {
            Admission::Authenticated => Ruling::Authentic,
            Admission::Refused => Ruling::Refused(()),
        }
    }
}

/// Grants wishes until the driver drops the conversation or the connection breaks.
async fn exchange<C: Read + Write>(mut connection: C, mailbox: &Mailbox) -> Result<(), Fault>
where
    Fault: From<C::Error>,
{
    let mut piece = [0; PIECE_BYTES];
    loop {
        match mailbox.next_wish().await {
            // Not reached: a wish for nothing is not granted.
            Wish::Nothing => {}
            Wish::Request(request) => {
                connection.write_all(request.as_bytes()).await?;
                connection.flush().await?;
            }
            Wish::Bytes => {
                let length = connection.read(&mut piece).await?;
                if length == 0 {
                    return Err(Fault::Closed);
                }
                mailbox.deliver(piece.get(..length).unwrap_or_default()).ok_or(Fault::Memory)?;
            }
        }
    }
}

impl From<verified_tls::Error> for Fault {
    fn from(error: verified_tls::Error) -> Self {
        Self::Tls(error)
    }
}

impl From<NetworkError> for Fault {
    fn from(error: NetworkError) -> Self {
        Self::Network(error)
    }
}

#[cfg(test)]
mod tests {
    use super::super::limits::CONVERSATION_BYTES;
    use super::super::posix::TcpSocket;
    use super::*;

    fn check(security: Security) {
        let address = "127.0.0.1:9".parse().unwrap();
        let stream = Stream::new(TcpSocket::connect(address).unwrap(), Rc::default());
        let conversation = converse(stream, security, Rc::default());
        let bytes = size_of_val(&conversation);
        assert!(bytes <= CONVERSATION_BYTES, "{bytes}");
    }

    #[test]
    fn a_conversation_is_as_large_as_the_room_that_is_asked_for() {
        check(Security::Plain);
    }
}
