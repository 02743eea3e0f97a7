//! `sample-app STORE SEED (SERVICE HOST ADDRESS:PORT)…`: an application that asks its services something, for ever.
//!
//! It makes one TLS configuration per service at start and keeps it, as applications do. For each request it writes
//! `SERVICE ok generation=N` or `SERVICE refused REASON generation=N`.

#![forbid(unsafe_code)]

use std::{
    env,
    error::Error,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::Path,
    process::ExitCode,
    sync::Arc,
    thread,
    time::Duration,
};

use rustls::{ClientConfig, ClientConnection, Stream, pki_types::ServerName};
use trust_store::{Location, TrustStore};

/// Between two rounds of requests.
const PAUSE: Duration = Duration::from_millis(50);
/// How long a service may be silent.
const SILENCE: Duration = Duration::from_secs(10);

/// A service, ready to be asked.
struct Peer {
    service: String,
    host: ServerName<'static>,
    address: SocketAddr,
    config: Arc<ClientConfig>,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("sample-app: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<(), Box<dyn Error>> {
    let [store, seed, rest @ ..] = arguments else {
        return Err("usage: sample-app STORE SEED (SERVICE HOST ADDRESS:PORT)…".into());
    };
    let store = TrustStore::open(Location::of(Path::new(store)), Some(Path::new(seed)))?;
    let peers: Vec<Peer> = rest.chunks(3).map(|words| Peer::new(&store, words)).collect::<Result<_, _>>()?;
    loop {
        for peer in &peers {
            let result = match peer.ask() {
                Ok(()) => "ok".to_owned(),
                Err(error) => format!("refused {}", error.to_string().replace(['\n', '\r'], " ")),
            };
            say(&format!("{} {result} generation={}", peer.service, store.installed().generation()))?;
        }
        thread::sleep(PAUSE);
    }
}

impl Peer {
    fn new(store: &TrustStore, words: &[String]) -> Result<Self, Box<dyn Error>> {
        let [service, host, address] = words else {
            return Err("a peer is SERVICE HOST ADDRESS:PORT".into());
        };
        Ok(Self {
            service: service.clone(),
            host: ServerName::try_from(host.clone())?,
            address: address.parse()?,
            config: Arc::new(trust_store::rustls::client_config(store, service)?),
        })
    }

    /// One connection, one request.
    fn ask(&self) -> Result<(), Box<dyn Error>> {
        let mut tcp = TcpStream::connect_timeout(&self.address, SILENCE)?;
        tcp.set_read_timeout(Some(SILENCE))?;
        let mut tls = ClientConnection::new(Arc::clone(&self.config), self.host.clone())?;
        let mut stream = Stream::new(&mut tls, &mut tcp);
        stream.write_all(b"GET / HTTP/1.1\r\nHost: service\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        if answer.starts_with("HTTP/1.1 200 ") { Ok(()) } else { Err("an answer without success".into()) }
    }
}

/// Writes a line at once; a closed output ends the program.
fn say(line: &str) -> std::io::Result<()> {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{line}")?;
    output.flush()
}

#[expect(clippy::print_stderr, reason = "the one place where this program complains")]
fn complain(text: &str) {
    eprintln!("{text}");
}
