//! The client under test: `verified-tls` and `chain` over a non-blocking socket, polled by hand.

use std::{
    future::{self, Future},
    io::{self, Read as _, Write as _},
    net::TcpStream,
    pin::pin,
    task::{Context, Poll, Waker},
    thread,
    time::{Duration, Instant},
};

use chain::{AnchorSet, Purpose, Selection, Served, Steps, Time, Verdict};
use embedded_io_async::{ErrorType, Read, Write};
use rustls_pki_types::ServerName;
use verified_tls::{
    Aes128, Aes256, Buffers, ChainJudge, Connection, Entropy, Error, Handshaken, Judged, Ruling, ServedChain,
    Suite, connect,
};

use super::question::{Client, Question};

/// Time that one answer may take. A server that keeps a client longer has stopped it.
const ANSWER_SECONDS_MAX: Duration = Duration::from_secs(20);
/// Bytes of an answer that are read; the status page of `openssl s_server` has some 5,000.
const ANSWER_BYTES_MAX: usize = 65_536;
const REQUEST: &[u8] = b"GET / HTTP/1.0\r\n\r\n";

/// The client, in this process.
#[derive(Clone, Copy, Debug)]
pub struct NativeClient;

/// A socket that says "not yet" instead of waiting.
#[derive(Debug)]
pub(super) struct Socket(TcpStream);

impl Socket {
    /// Connects, and never waits again.
    ///
    /// # Errors
    /// Nobody listens there.
    pub(super) fn connect(question: &Question<'_>) -> io::Result<Self> {
        let stream = TcpStream::connect(question.address())?;
        stream.set_nonblocking(true)?;
        Ok(Self(stream))
    }
}

fn ready<T>(result: io::Result<T>) -> Poll<io::Result<T>> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
        other => Poll::Ready(other),
    }
}

impl ErrorType for Socket {
    type Error = io::Error;
}

impl Read for Socket {
    async fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        future::poll_fn(|_| ready(self.0.read(out))).await
    }
}

impl Write for Socket {
    async fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        future::poll_fn(|_| ready(self.0.write(bytes))).await
    }

    async fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Polls until it is done; `None` after [`ANSWER_SECONDS_MAX`].
pub(super) fn poll_by_hand<T>(future: impl Future<Output = T>) -> Option<T> {
    let (mut future, begun) = (pin!(future), Instant::now());
    let mut context = Context::from_waker(Waker::noop());
    while begun.elapsed() < ANSWER_SECONDS_MAX {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return Some(output);
        }
        thread::yield_now();
    }
    None
}

/// A judge over a release that is read certificate by certificate, when the chain is known.
struct ReleaseJudge<'a> {
    question: &'a Question<'a>,
    set: Option<AnchorSet>,
    steps: Steps,
}

impl ReleaseJudge<'_> {
    fn set(&self, served: &Served<'_>) -> Option<AnchorSet> {
        let (release, host) = (self.question.release, self.question.server_name);
        AnchorSet::select(&release.manifest(), Selection::Host(host), Some(served), |offset, into| {
            let from = usize::try_from(offset).unwrap_or(usize::MAX);
            let bytes = release.blobs.get(from..).and_then(|rest| rest.get(..into.len())).ok_or(())?;
            into.copy_from_slice(bytes);
            Ok::<(), ()>(())
        })
        .ok()
    }
}

impl ChainJudge for ReleaseJudge<'_> {
    type Refusal = &'static str;

    fn judge(&mut self, chain: &ServedChain, name: &ServerName<'_>) -> Ruling<&'static str> {
        let served = Served {
            end_entity: chain.end_entity(),
            intermediates: chain.intermediates(),
            server_name: Some(name),
            purpose: Purpose::ServerAuth,
        };
        let Some(set) = self.set.take().or_else(|| self.set(&served)) else {
            return Ruling::Refused("store");
        };
        let time: Time = self.question.time;
        let verdict = set.verdict_step(&served, time, &mut self.steps);
        self.set = Some(set);
        match verdict {
            None => Ruling::Again,
            Some(Verdict::Verified(_)) => Ruling::Authentic,
            Some(other) => Ruling::Refused(other.code()),
        }
    }
}

/// Judges until there is a ruling.
fn judged<'b, C: Suite>(
    mut handshaken: Handshaken<'b, Socket, C>,
    question: &Question<'_>,
) -> Result<Connection<'b, Socket, C>, &'static str> {
    let mut judge = ReleaseJudge { question, set: None, steps: Steps::new() };
    loop {
        match handshaken.judge(&mut judge) {
            Judged::Again(again) => handshaken = again,
            Judged::Authenticated(connection) => return Ok(connection),
            Judged::Refused { refusal, .. } => return Err(refusal),
        }
    }
}

async fn talk<C: Suite>(connection: &mut Connection<'_, Socket, C>) -> Result<usize, Error> {
    let mut rest = REQUEST;
    while !rest.is_empty() {
        let count = connection.write(rest).await?;
        rest = rest.get(count..).unwrap_or_default();
    }
    connection.flush().await?;
    let (mut piece, mut total) = ([0; 512], 0);
    loop {
        let count = connection.read(&mut piece).await?;
        total += count;
        if count == 0 || total > ANSWER_BYTES_MAX {
            return Ok(total);
        }
    }
}

async fn attempt<C: Suite>(
    question: &Question<'_>,
    buffers: &mut Buffers,
) -> io::Result<Result<String, Error>> {
    let socket = Socket::connect(question)?;
    let name = ServerName::try_from(question.server_name).map_err(io::Error::other)?;
    // What protects nothing needs no better randomness.
    let entropy = Entropy::new([0x5a; 32]);
    let handshaken = match connect::<C, _>(socket, buffers, &name, entropy).await {
        Ok(handshaken) => handshaken,
        Err(error) => return Ok(Err(error)),
    };
    Ok(match judged(handshaken, question) {
        Err(code) => Ok(format!("refused {code}")),
        Ok(mut connection) => talk(&mut connection).await.map(|_| "verified".to_owned()),
    })
}

impl Client for NativeClient {
    fn answer(&self, question: &Question<'_>) -> io::Result<String> {
        let mut buffers = Buffers::new();
        let answer = poll_by_hand(async {
            // The mandatory suite first; the other one where the server wants nothing of it.
            match attempt::<Aes128>(question, &mut buffers).await? {
                Err(Error::NothingInCommon) => attempt::<Aes256>(question, &mut buffers).await,
                other => Ok(other),
            }
        });
        Ok(match answer.transpose()? {
            Some(Ok(answer)) => answer,
            Some(Err(error)) => format!("failed {}", error.code()),
            None => "failed timeout".to_owned(),
        })
    }
}
