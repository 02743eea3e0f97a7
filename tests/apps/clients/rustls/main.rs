//! A long-running program on rustls. Untouched, it reads the exported file into its roots at start; adapted, its
//! configuration is the trust store's, which follows what is installed.

#![forbid(unsafe_code)]

use std::{
    env,
    error::Error,
    io::{self, BufRead as _, Read as _, Write as _},
    net::TcpStream,
    path::Path,
    sync::Arc,
    time::Duration,
};

use rustls::{
    ClientConfig, ClientConnection, RootCertStore, Stream, crypto::ring, pki_types::CertificateDer,
};
use rustls_pki_types::pem::PemObject as _;
use trust_store::{Follower, Location, TrustStore};

/// Between two looks at the store, at 64 bytes each.
const INTERVAL: Duration = Duration::from_millis(500);

fn main() -> Result<(), Box<dyn Error>> {
    let (config, follower) = match env::args().nth(1).as_deref() {
        Some("untouched") => (untouched()?, None),
        Some("adapted") => adapted().map(|(config, follower)| (config, Some(follower)))?,
        _ => return Err("rustls-client untouched | adapted".into()),
    };
    let config = Arc::new(config);
    let mut output = io::stdout().lock();
    writeln!(output, "ready rustls 0.23")?;
    for line in io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split(' ').collect();
        let ["connect", host, port] = words.as_slice() else { return Err("not a command".into()) };
        writeln!(output, "{}", connect(&config, host, port.parse()?))?;
    }
    drop(follower);
    Ok(())
}

fn untouched() -> Result<ClientConfig, Box<dyn Error>> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(env::var("TRUST_FILE")?)? {
        roots.add(certificate?)?;
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    Ok(builder.with_safe_default_protocol_versions()?.with_root_certificates(roots).with_no_client_auth())
}

fn adapted() -> Result<(ClientConfig, Follower), Box<dyn Error>> {
    let (store, seed) = (env::var("TRUST_STORE")?, env::var("TRUST_SEED")?);
    let store = TrustStore::open(Location::of(Path::new(&store)), Some(Path::new(&seed)))?;
    let config = trust_store::rustls::client_config(&store, &env::var("TRUST_SERVICE")?)?;
    Ok((config, store.follow(INTERVAL, |_| {})))
}

fn connect(config: &Arc<ClientConfig>, host: &str, port: u16) -> String {
    match request(config, host, port) {
        Ok(()) => "accepted".to_owned(),
        Err(error) => {
            let is_refusal =
                error.downcast_ref::<io::Error>().and_then(io::Error::get_ref).is_some_and(|cause| {
                    matches!(cause.downcast_ref(), Some(rustls::Error::InvalidCertificate(_)))
                });
            format!("{} {error}", if is_refusal { "refused" } else { "failed" })
        }
    }
}

fn request(config: &Arc<ClientConfig>, host: &str, port: u16) -> Result<(), Box<dyn Error>> {
    let mut tcp = TcpStream::connect((host, port))?;
    let mut tls = ClientConnection::new(Arc::clone(config), host.to_owned().try_into()?)?;
    let mut stream = Stream::new(&mut tls, &mut tcp);
    stream.write_all(format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").as_bytes())?;
    stream.read_to_string(&mut String::new())?;
    Ok(())
}
