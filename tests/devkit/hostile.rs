//! A server of the published tree that does it wrong.

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::Duration,
};

use rustix::net::sockopt;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use system_tests::{listener::Listener, publisher::Tree};

use crate::receive_queue;

/// Bytes after which a server that never ends gives up: far above every limit of a device.
const ENDLESS_BYTES_MAX: usize = 16 * 1024 * 1024;
/// How long a reset lets what was sent before go ahead.
const RESET_AFTER: Duration = Duration::from_millis(300);
/// How long a server that sends a byte now and then waits between two.
const TRICKLE_PAUSE: Duration = Duration::from_millis(200);

/// What it does with a connection.
#[derive(Clone, Debug)]
pub(crate) enum Deed {
    /// It accepts the connection and says nothing.
    Silent,
    /// It closes the connection at once.
    Hangup,
    /// It reads the request, sends this, and closes the connection.
    Send(Vec<u8>),
    /// It reads the request, sends this, and says nothing more.
    SendAndHold(Vec<u8>),
    /// It reads the request, sends the first part once and the second for ever.
    Endless(Vec<u8>, Vec<u8>),
    /// It reads the request and sends this in pieces of a few bytes.
    Pieces(Vec<u8>),
    /// It reads the request, sends this, and resets the connection.
    Reset(Vec<u8>),
    /// It reads the request, sends the first part at once and the second a byte now and then, each once the last was read;
    /// the counter says how many were.
    Trickle(Vec<u8>, Vec<u8>, Arc<AtomicU32>),
}

/// The kinds of documents in a published tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Head,
    Keyring,
    Update,
    Manifest,
    Blob,
}

impl Kind {
    /// Every kind.
    pub(crate) const ALL: [Self; 5] = [Self::Head, Self::Keyring, Self::Update, Self::Manifest, Self::Blob];

    /// A name for a folder.
    pub(crate) const fn folder(self) -> &'static str {
        match self {
            Self::Head => "of-head",
            Self::Keyring => "of-keyring",
            Self::Update => "of-update",
            Self::Manifest => "of-manifest",
            Self::Blob => "of-blob",
        }
    }

    /// Whether the document of this path is of this kind.
    pub(crate) fn is(self, path: &str) -> bool {
        match self {
            Self::Head => path.ends_with("/head"),
            Self::Keyring => path.starts_with("keyring"),
            Self::Update => path.contains("/update/"),
            Self::Manifest => path.contains("/release/"),
            Self::Blob => path.contains("/blob/"),
        }
    }
}

/// A tree of which one kind of document is spoilt.
#[derive(Debug)]
struct Spoilt {
    tree: Tree,
    kind: Kind,
}

/// The server.
pub(crate) struct Hostile {
    listener: Listener,
}

impl Hostile {
    /// Does this over TLS, whatever is asked.
    pub(crate) fn start(config: Arc<ServerConfig>, deed: Deed) -> io::Result<Self> {
        Self::serving(config, None, deed)
    }

    /// Serves this tree over TLS, and does this where a document of that kind is asked for.
    pub(crate) fn spoiling(
        config: Arc<ServerConfig>,
        tree: Tree,
        kind: Kind,
        deed: Deed,
    ) -> io::Result<Self> {
        Self::serving(config, Some(Spoilt { tree, kind }), deed)
    }

    fn serving(config: Arc<ServerConfig>, spoilt: Option<Spoilt>, deed: Deed) -> io::Result<Self> {
        // Whatever a client makes of it, the server goes on.
        let serve = move |connection| drop(serve(&config, spoilt.as_ref(), &deed, connection));
        Ok(Self { listener: Listener::start(serve)? })
    }

    /// Where it listens.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.listener.address()
    }
}

type Connection = StreamOwned<ServerConnection, TcpStream>;

fn serve(
    config: &Arc<ServerConfig>,
    spoilt: Option<&Spoilt>,
    deed: &Deed,
    mut connection: TcpStream,
) -> io::Result<()> {
    match deed {
        Deed::Silent => return hold(&mut connection),
        Deed::Hangup => return Ok(()),
        _ => {}
    }
    let tls = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
    let mut stream = StreamOwned::new(tls, connection);
    while let Some(path) = requested(&mut stream)? {
        match spoilt {
            Some(spoilt) if !spoilt.kind.is(&path) => answer(&mut stream, spoilt.tree.get(&path))?,
            _ => return act(&mut stream, deed),
        }
    }
    Ok(())
}

/// The path of the next request; `None` where there is none any more.
fn requested(stream: &mut Connection) -> io::Result<Option<String>> {
    let mut request: Vec<u8> = Vec::new();
    let mut piece = [0; 512];
    while !request.windows(4).any(|window| window == b"\r\n\r\n") {
        let count = stream.read(&mut piece)?;
        if count == 0 {
            return Ok(None);
        }
        request.extend(piece.iter().take(count));
    }
    let text = String::from_utf8_lossy(&request);
    let path = text.split(' ').nth(1).unwrap_or_default();
    Ok(Some(path.trim_start_matches('/').to_owned()))
}

/// The right answer.
fn answer(stream: &mut Connection, document: Option<&Vec<u8>>) -> io::Result<()> {
    let status = if document.is_some() { "200 OK" } else { "404 Not Found" };
    let body = document.map(Vec::as_slice).unwrap_or_default();
    stream.write_all(format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n", body.len()).as_bytes())?;
    stream.write_all(body)?;
    stream.flush()
}

fn act(stream: &mut Connection, deed: &Deed) -> io::Result<()> {
    match deed {
        Deed::Send(bytes) => stream.write_all(bytes)?,
        Deed::SendAndHold(bytes) => {
            stream.write_all(bytes)?;
            stream.flush()?;
            return hold(stream);
        }
        Deed::Endless(first, then) => {
            stream.write_all(first)?;
            for _ in 0..ENDLESS_BYTES_MAX / then.len().max(1) {
                stream.write_all(then)?;
            }
        }
        Deed::Pieces(bytes) => {
            for piece in bytes.chunks(3) {
                stream.write_all(piece)?;
                stream.flush()?;
            }
        }
        Deed::Reset(bytes) => {
            stream.write_all(bytes)?;
            stream.flush()?;
            // What was sent is on its way before the reset overtakes it.
            thread::sleep(RESET_AFTER);
            return sockopt::set_socket_linger(&stream.sock, Some(Duration::ZERO)).map_err(io::Error::from);
        }
        Deed::Trickle(first, bytes, taken) => {
            stream.write_all(first)?;
            for byte in bytes {
                stream.write_all(&[*byte])?;
                stream.flush()?;
                if !receive_queue::is_emptied(&stream.sock)? {
                    break;
                }
                taken.fetch_add(1, Ordering::AcqRel);
                thread::sleep(TRICKLE_PAUSE);
            }
        }
        Deed::Silent | Deed::Hangup => {}
    }
    stream.conn.send_close_notify();
    stream.conn.complete_io(&mut stream.sock).map(drop)
}

/// Waits until the client is gone; a silence that the listener's limit ends counts as none.
fn hold(connection: &mut impl Read) -> io::Result<()> {
    let mut byte = [0; 64];
    loop {
        match connection.read(&mut byte) {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}
