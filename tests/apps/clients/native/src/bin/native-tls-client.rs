//! A long-running program on native-tls, which is OpenSSL here. Untouched, it reads the exported file into its connector
//! at start; adapted, it makes a connector anew whenever the trust store changes.

#![forbid(unsafe_code)]

use std::{
    env,
    error::Error,
    fs,
    io::{self, BufRead as _, Read as _, Write as _},
    net::TcpStream,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use native_tls::{Certificate, HandshakeError, TlsConnector};
use trust_store::{Follower, Installed, Location, TrustStore};

/// Between two looks at the store, at 64 bytes each.
const INTERVAL: Duration = Duration::from_millis(500);

/// The connector of new connections.
type Current = Arc<Mutex<TlsConnector>>;

fn main() -> Result<(), Box<dyn Error>> {
    let (current, follower) = match env::args().nth(1).as_deref() {
        Some("untouched") => {
            let certificates = Certificate::stack_from_pem(&fs::read(env::var("TRUST_FILE")?)?)?;
            (Arc::new(Mutex::new(connector(certificates)?)), None)
        }
        Some("adapted") => adapted().map(|(current, follower)| (current, Some(follower)))?,
        _ => return Err("native-tls-client untouched | adapted".into()),
    };
    let mut output = io::stdout().lock();
    writeln!(output, "ready native-tls 0.2")?;
    for line in io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split(' ').collect();
        let ["connect", host, port] = words.as_slice() else { return Err("not a command".into()) };
        let connector = current.lock().unwrap_or_else(PoisonError::into_inner).clone();
        writeln!(output, "{}", connect(&connector, host, port.parse()?))?;
    }
    drop(follower);
    Ok(())
}

/// A connector that trusts these certificates and no others.
fn connector(certificates: Vec<Certificate>) -> native_tls::Result<TlsConnector> {
    let mut builder = TlsConnector::builder();
    builder.disable_built_in_roots(true);
    for certificate in certificates {
        builder.add_root_certificate(certificate);
    }
    builder.build()
}

fn adapted() -> Result<(Current, Follower), Box<dyn Error>> {
    let (store, seed) = (env::var("TRUST_STORE")?, env::var("TRUST_SEED")?);
    let service = env::var("TRUST_SERVICE")?;
    let store = TrustStore::open(Location::of(Path::new(&store)), Some(Path::new(&seed)))?;
    let current = Arc::new(Mutex::new(connector(anchors(&store.installed(), &service))?));
    let followed = Arc::clone(&current);
    let follower = store.follow(INTERVAL, move |installed| {
        // One that cannot be made leaves the one before in force.
        if let Ok(connector) = connector(anchors(installed, &service)) {
            *followed.lock().unwrap_or_else(PoisonError::into_inner) = connector;
        }
    });
    Ok((current, follower))
}

fn anchors(installed: &Installed, service: &str) -> Vec<Certificate> {
    let anchors = installed.anchors(service).into_iter().flatten();
    anchors.filter_map(|anchor| Certificate::from_der(anchor.der).ok()).collect()
}

fn connect(connector: &TlsConnector, host: &str, port: u16) -> String {
    let tcp = match TcpStream::connect((host, port)) {
        Ok(tcp) => tcp,
        Err(error) => return format!("failed {error}"),
    };
    match connector.connect(host, tcp) {
        Ok(mut stream) => {
            let request = format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
            match stream.write_all(request.as_bytes()).and_then(|()| stream.read_to_string(&mut String::new())) {
                Ok(_) => "accepted".to_owned(),
                Err(error) => format!("failed {error}"),
            }
        }
        Err(HandshakeError::Failure(error)) => {
            let words = error.to_string().replace('\n', " ");
            let is_refusal = words.contains("certificate verify failed");
            format!("{} {words}", if is_refusal { "refused" } else { "failed" })
        }
        Err(HandshakeError::WouldBlock(_)) => "failed would block".to_owned(),
    }
}
