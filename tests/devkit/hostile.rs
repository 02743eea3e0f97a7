//! A server of the published tree that does it wrong.

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    sync::Arc,
};

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use system_tests::listener::Listener;

/// Bytes after which a server that never ends gives up: far above every limit of a device.
const ENDLESS_BYTES_MAX: usize = 16 * 1024 * 1024;

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
}

/// The server.
pub(crate) struct Hostile {
    listener: Listener,
}

impl Hostile {
    /// Does this over TLS.
    pub(crate) fn start(config: Arc<ServerConfig>, deed: Deed) -> io::Result<Self> {
        // Whatever a client makes of it, the server goes on.
        let listener = Listener::start(move |connection| drop(serve(&config, &deed, connection)))?;
        Ok(Self { listener })
    }

    /// Where it listens.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.listener.address()
    }
}

fn serve(config: &Arc<ServerConfig>, deed: &Deed, mut connection: TcpStream) -> io::Result<()> {
    match deed {
        Deed::Silent => return hold(&mut connection),
        Deed::Hangup => return Ok(()),
        _ => {}
    }
    let tls = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
    let mut stream = StreamOwned::new(tls, connection);
    let mut request: Vec<u8> = Vec::new();
    let mut piece = [0; 512];
    while !request.windows(4).any(|window| window == b"\r\n\r\n") {
        let count = stream.read(&mut piece)?;
        if count == 0 {
            return Ok(());
        }
        request.extend(piece.iter().take(count));
    }
    match deed {
        Deed::Send(bytes) => stream.write_all(bytes)?,
        Deed::SendAndHold(bytes) => {
            stream.write_all(bytes)?;
            stream.flush()?;
            return hold(&mut stream);
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
