//! A server of the published tree that keeps connections, and whose manners a test chooses.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustls::{ServerConfig, ServerConnection, StreamOwned, SupportedProtocolVersion, version::TLS13};
use system_tests::listener::Listener;
use system_tests::tls_service::{Identity, server_config};
use system_tests::web::SharedTree;

use crate::quiet::{Pass, Quiet};

/// How the server behaves on its connections from now on.
#[derive(Clone, Debug, Default)]
pub(crate) enum Manner {
    /// Answers one request after the other, with lengths.
    #[default]
    Kept,
    /// As `Kept`, in chunks of so many bytes, with extensions and a trailer.
    Chunked(usize),
    /// Promises to keep the connection, and closes it after so many answers.
    ClosesAfter(usize),
    /// As `Kept`, with these bytes right behind every answer.
    Appends(&'static [u8]),
    /// As `Kept`, and what is not there is forbidden, as object stores say it.
    Forbids,
    /// As `Kept`, and what is not there is explained in so many bytes.
    Explains(usize),
    /// Reads a request, then sends these bytes and does what follows.
    Says(Vec<u8>, Then),
    /// Sends half of a file's body and does what follows, where the path has this in it; else `Kept`.
    Halfway(&'static str, Then),
    /// Accepts, and does this without a word.
    Mute(Then),
    /// Says these bytes before anybody asked, without TLS, and does what follows.
    Blurts(Vec<u8>, Then),
}

/// What follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// The connection is closed in order.
    Close,
    /// One byte each time that the other side is about to give up, for ever.
    Drip,
    /// As many bytes as the other side takes.
    Flood,
    /// Nothing.
    Silence,
}

/// A server on loopback.
#[derive(Debug)]
pub(crate) struct Server {
    listener: Listener,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    tree: SharedTree,
    manner: Mutex<Manner>,
    requests: Mutex<Vec<String>>,
    connections: AtomicUsize,
    tls: Mutex<Option<Arc<ServerConfig>>>,
    quiet: Quiet,
}

impl Server {
    /// Serves over plain HTTP.
    pub(crate) fn plain(tree: &SharedTree, quiet: &Quiet) -> Self {
        Self::start(tree, quiet, None)
    }

    /// Serves over TLS 1.3.
    pub(crate) fn tls(tree: &SharedTree, quiet: &Quiet, identity: &Identity) -> Self {
        Self::start(tree, quiet, Some(server_config(identity, &[&TLS13]).unwrap()))
    }

    fn start(tree: &SharedTree, quiet: &Quiet, tls: Option<Arc<ServerConfig>>) -> Self {
        let shared = Arc::new(Shared {
            tree: Arc::clone(tree),
            manner: Mutex::default(),
            requests: Mutex::default(),
            connections: AtomicUsize::new(0),
            tls: Mutex::new(tls),
            quiet: quiet.clone(),
        });
        let served = Arc::clone(&shared);
        let listener = Listener::start(move |connection| {
            served.connections.fetch_add(1, Ordering::SeqCst);
            // A client that hangs up misses its answer, and nothing else.
            drop(served.serve(connection));
        });
        Self { listener: listener.unwrap(), shared }
    }

    /// Behaves in this manner from the next request or connection on.
    pub(crate) fn behave(&self, manner: Manner) {
        *locked(&self.shared.manner) = manner;
    }

    /// Proves itself with another identity, in these versions of TLS, from the next connection on.
    pub(crate) fn identify(&self, identity: &Identity, versions: &[&'static SupportedProtocolVersion]) {
        *locked(&self.shared.tls) = Some(server_config(identity, versions).unwrap());
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.listener.address()
    }

    /// Paths that were asked for since the last time.
    pub(crate) fn take_requests(&self) -> Vec<String> {
        std::mem::take(&mut *locked(&self.shared.requests))
    }

    /// Connections since the last time.
    pub(crate) fn take_connections(&self) -> usize {
        self.shared.connections.swap(0, Ordering::SeqCst)
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn manner(&self) -> Manner {
        locked(&self.manner).clone()
    }

    fn serve(&self, mut connection: TcpStream) -> io::Result<()> {
        match self.manner() {
            Manner::Mute(then) => return self.then(&mut connection, then),
            Manner::Blurts(bytes, then) => {
                connection.write_all(&bytes)?;
                return self.then(&mut connection, then);
            }
            _ => {}
        }
        let Some(config) = locked(&self.tls).clone() else { return self.talk(&mut connection) };
        let tls = ServerConnection::new(config).map_err(io::Error::other)?;
        let mut stream = StreamOwned::new(tls, connection);
        let result = self.talk(&mut stream);
        stream.conn.send_close_notify();
        drop(stream.conn.complete_io(&mut stream.sock));
        result
    }

    fn talk(&self, stream: &mut (impl Read + Write)) -> io::Result<()> {
        let mut answers = 0_usize;
        while let Some(path) = request(stream) {
            locked(&self.requests).push(path.clone());
            let body = self.tree.read().unwrap_or_else(PoisonError::into_inner).get(&path).cloned();
            let (head, body) = match (body, self.manner()) {
                (Some(body), _) => ("HTTP/1.1 200 OK", body),
                (None, Manner::Forbids) => ("HTTP/1.1 403 Forbidden", Vec::new()),
                (None, Manner::Explains(bytes)) => ("HTTP/1.1 404 Not Found", vec![b' '; bytes]),
                (None, _) => ("HTTP/1.1 404 Not Found", b"There is no such file.\n".to_vec()),
            };
            let length = format!("{head}\r\nContent-Length: {}\r\n\r\n", body.len());
            match self.manner() {
                Manner::Chunked(bytes) => {
                    write!(stream, "{head}\r\nTransfer-Encoding: chunked\r\n\r\n")?;
                    for chunk in body.chunks(bytes) {
                        write!(stream, "{:x};name=value\r\n", chunk.len())?;
                        stream.write_all(chunk)?;
                        write!(stream, "\r\n")?;
                    }
                    write!(stream, "0\r\nX-Trailer: some\r\n\r\n")?;
                }
                Manner::Says(bytes, then) => {
                    stream.write_all(&bytes)?;
                    stream.flush()?;
                    return self.then(stream, then);
                }
                Manner::Halfway(part, then) if path.contains(part) => {
                    stream.write_all(length.as_bytes())?;
                    stream.write_all(body.get(..body.len() / 2).unwrap_or_default())?;
                    stream.flush()?;
                    return self.then(stream, then);
                }
                // In one piece, so that it arrives in one.
                Manner::Appends(bytes) => stream.write_all(&[length.as_bytes(), &body, bytes].concat())?,
                _ => {
                    stream.write_all(length.as_bytes())?;
                    stream.write_all(&body)?;
                }
            }
            stream.flush()?;
            answers += 1;
            if matches!(self.manner(), Manner::ClosesAfter(limit) if answers >= limit) {
                return Ok(());
            }
        }
        Ok(())
    }

    fn then(&self, stream: &mut (impl Read + Write), then: Then) -> io::Result<()> {
        match then {
            Then::Close => Ok(()),
            Then::Silence => {
                self.quiet.announce(Pass::All);
                // Until the other side hangs up.
                let mut rest = [0; 64];
                while stream.read(&mut rest)? > 0 {}
                Ok(())
            }
            Then::Flood => loop {
                stream.write_all(&[b'A'; 1_024])?;
            },
            Then::Drip => loop {
                self.quiet.announce(Pass::Nearly);
                if !self.quiet.is_taken() {
                    return Ok(());
                }
                stream.write_all(b"A")?;
                stream.flush()?;
            },
        }
    }
}

/// The path of the next request.
fn request(stream: &mut impl Read) -> Option<String> {
    let (mut request, mut byte) = (Vec::new(), [0]);
    while !request.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        request.push(byte[0]);
    }
    let request = String::from_utf8(request).ok()?;
    let line = request.lines().next()?;
    line.strip_prefix("GET /")?.strip_suffix(" HTTP/1.1").map(str::to_owned)
}
