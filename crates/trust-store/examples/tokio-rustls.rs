//! One `TlsConnector` for the life of the process, which follows the installed anchors.
//!
//! `cargo run -p trust-store --example tokio-rustls -- STORE SERVICE` reads one HOST:PORT a line, connects to each, and
//! writes one line for each connection. A protocol that keeps connections for hours looks at the store's changes too
//! (`TrustStore::change_stream`) and connects anew: what was accepted then may not be accepted now.

use std::error::Error;
use std::io::{Write as _, stdin, stdout};
use std::path::Path;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use trust_store::{Location, TrustStore};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(path), Some(service)) = (arguments.next(), arguments.next()) else {
        return Err("usage: tokio-rustls STORE SERVICE".into());
    };
    let store = TrustStore::open(Location::of(Path::new(&path)), None)?;
    // Once. What is installed later is trusted by the next connection.
    let connector = TlsConnector::from(Arc::new(trust_store::rustls::client_config(&store, &service)?));
    for line in stdin().lines() {
        match connect(&connector, &line?).await {
            Ok(version) => writeln!(stdout(), "accepted {version}")?,
            Err(error) => writeln!(stdout(), "refused {error}")?,
        }
    }
    Ok(())
}

async fn connect(connector: &TlsConnector, address: &str) -> Result<String, Box<dyn Error>> {
    let host = address.rsplit_once(':').ok_or("not HOST:PORT")?.0;
    let name = ServerName::try_from(host.to_owned())?;
    let tls = connector.connect(name, TcpStream::connect(address).await?).await?;
    let version = tls.get_ref().1.protocol_version().ok_or("no handshake")?;
    Ok(format!("{version:?}"))
}
