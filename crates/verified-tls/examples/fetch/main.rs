//! Fetches one page over a TCP socket that never blocks, polled by hand: what a program without an executor does.
//!
//! `fetch HOST PORT ROOT.pem NOW`: NOW is the present time in seconds since 1970, because nothing here reads a clock.

use std::error::Error;
use std::future::Future;
use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use embedded_io_async::Write;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use verified_tls::{Aes128, Buffers, Entropy, Judged, NonBlocking, Polled, WebpkiJudge, connect};

/// A socket of the standard library that says "not yet" instead of waiting.
struct Socket(TcpStream);

fn ready<T>(result: io::Result<T>) -> Poll<io::Result<T>> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
        other => Poll::Ready(other),
    }
}

impl NonBlocking for Socket {
    type Error = io::Error;

    fn poll_read(&mut self, into: &mut [u8]) -> Poll<io::Result<usize>> {
        ready(self.0.read(into))
    }

    fn poll_write(&mut self, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready(self.0.write(bytes))
    }
}

async fn fetch(socket: Socket, host: &str, judge: &mut WebpkiJudge<'_>) -> Result<(), Box<dyn Error>> {
    let mut random = [0; 32];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut random)?;
    let mut buffers = Buffers::new();
    let name = ServerName::try_from(host)?;
    let socket = Polled(socket);
    let mut handshaken = connect::<Aes128, _>(socket, &mut buffers, &name, Entropy::new(random)).await?;
    let mut connection = loop {
        match handshaken.judge(judge) {
            Judged::Again(again) => handshaken = again,
            Judged::Authenticated(connection) => break connection,
            Judged::Refused { refusal, .. } => return Err(refusal.to_string().into()),
        }
    };
    let request = format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    Write::write_all(&mut connection, request.as_bytes()).await?;
    connection.flush().await?;
    let mut piece = [0; 512];
    loop {
        match connection.read(&mut piece).await? {
            0 => return Ok(()),
            count => io::stdout().write_all(piece.get(..count).unwrap_or_default())?,
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [host, port, root, now] = arguments.as_slice() else {
        return Err("fetch HOST PORT ROOT.pem NOW".into());
    };
    let root = CertificateDer::from_pem_file(root)?;
    let anchors = [webpki::anchor_from_trusted_cert(&root).map_err(|error| error.to_string())?];
    let mut judge = WebpkiJudge { anchors: &anchors, now_seconds: now.parse()? };
    let stream = TcpStream::connect((host.as_str(), port.parse()?))?;
    stream.set_nonblocking(true)?;
    let mut fetching = pin!(fetch(Socket(stream), host, &mut judge));
    // A device would do its other work here, and come back when the socket is ready.
    loop {
        if let Poll::Ready(result) = fetching.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return result;
        }
        std::thread::yield_now();
    }
}
