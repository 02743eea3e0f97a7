//! A long-running program on embedded-tls, by way of `verified-tls`. Untouched, it reads the exported file into its
//! anchors at start; adapted, it takes the anchors that the store shows at each connection.

#![forbid(unsafe_code)]

use std::{
    env,
    error::Error,
    future::Future,
    io::{self, BufRead as _, Read as _, Write as _},
    net::TcpStream,
    path::Path,
    pin::pin,
    task::{Context, Poll, Waker},
    time::{SystemTime, UNIX_EPOCH},
};

use embedded_io_async::Write;
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject as _};
use trust_store::{Location, TrustStore};
use verified_tls::{Aes128, Buffers, Entropy, Judged, NonBlocking, Polled, WebpkiJudge, connect};

/// Where the anchors of a connection come from.
enum Source {
    /// Read once.
    Fixed(Vec<CertificateDer<'static>>),
    /// The store, and the service's name.
    Store(TrustStore, String),
}

impl Source {
    fn anchors(&self) -> Result<Vec<CertificateDer<'static>>, Box<dyn Error>> {
        match self {
            Self::Fixed(anchors) => Ok(anchors.clone()),
            Self::Store(store, service) => {
                store.refresh()?;
                let installed = store.installed();
                let anchors = installed.anchors(service).ok_or("the release has no such service")?;
                Ok(anchors.map(|anchor| CertificateDer::from(anchor.der.to_vec())).collect())
            }
        }
    }
}

/// What came of a handshake.
enum Ending {
    Accepted,
    Refused(String),
}

/// A socket of the standard library that says "not yet" instead of waiting.
struct Socket(TcpStream);

impl NonBlocking for Socket {
    type Error = io::Error;

    fn poll_read(&mut self, into: &mut [u8]) -> Poll<io::Result<usize>> {
        ready(self.0.read(into))
    }

    fn poll_write(&mut self, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready(self.0.write(bytes))
    }
}

fn ready<T>(result: io::Result<T>) -> Poll<io::Result<T>> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
        other => Poll::Ready(other),
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let source = match env::args().nth(1).as_deref() {
        Some("untouched") => {
            let anchors =
                CertificateDer::pem_file_iter(env::var("TRUST_FILE")?)?.collect::<Result<_, _>>()?;
            Source::Fixed(anchors)
        }
        Some("adapted") => {
            let (store, seed) = (env::var("TRUST_STORE")?, env::var("TRUST_SEED")?);
            let store = TrustStore::open(Location::of(Path::new(&store)), Some(Path::new(&seed)))?;
            Source::Store(store, env::var("TRUST_SERVICE")?)
        }
        _ => return Err("embedded-tls-client untouched | adapted".into()),
    };
    let mut output = io::stdout().lock();
    writeln!(output, "ready embedded-tls 0.19")?;
    for line in io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split(' ').collect();
        let ["connect", host, port] = words.as_slice() else { return Err("not a command".into()) };
        let said = match request(&source, host, port.parse()?) {
            Ok(Ending::Accepted) => "accepted".to_owned(),
            Ok(Ending::Refused(why)) => format!("refused {why}"),
            Err(error) => format!("failed {error}"),
        };
        writeln!(output, "{said}")?;
    }
    Ok(())
}

fn request(source: &Source, host: &str, port: u16) -> Result<Ending, Box<dyn Error>> {
    let certificates = source.anchors()?;
    let anchors: Vec<_> =
        certificates.iter().filter_map(|der| webpki::anchor_from_trusted_cert(der).ok()).collect();
    let now_seconds = now()?;
    let mut judge = WebpkiJudge { anchors: &anchors, now_seconds };
    let stream = TcpStream::connect((host, port))?;
    stream.set_nonblocking(true)?;
    let mut asking = pin!(ask(Socket(stream), host, &mut judge));
    loop {
        if let Poll::Ready(result) = asking.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return result;
        }
        std::thread::yield_now();
    }
}

#[expect(clippy::disallowed_methods, reason = "an application has the machine's clock")]
fn now() -> Result<u64, Box<dyn Error>> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())
}

async fn ask(socket: Socket, host: &str, judge: &mut WebpkiJudge<'_>) -> Result<Ending, Box<dyn Error>> {
    let mut random = [0; 32];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut random)?;
    let mut buffers = Buffers::new();
    let name = ServerName::try_from(host)?;
    let mut handshaken =
        connect::<Aes128, _>(Polled(socket), &mut buffers, &name, Entropy::new(random)).await?;
    let mut connection = loop {
        match handshaken.judge(judge) {
            Judged::Again(again) => handshaken = again,
            Judged::Authenticated(connection) => break connection,
            Judged::Refused { refusal, .. } => return Ok(Ending::Refused(refusal.to_string())),
        }
    };
    let request = format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    Write::write_all(&mut connection, request.as_bytes()).await?;
    connection.flush().await?;
    let mut piece = [0; 512];
    while connection.read(&mut piece).await? > 0 {}
    Ok(Ending::Accepted)
}
