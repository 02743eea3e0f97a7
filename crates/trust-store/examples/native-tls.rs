//! `native-tls` (OpenSSL on Linux) with a connector that is made anew whenever the installed anchors change.
//!
//! `cargo run -p other-tls --features native-tls --example native-tls -- STORE SERVICE` reads one HOST:PORT a line,
//! connects to each, and writes one line for each connection.
//!
//! OpenSSL never forgets a root that a context was given, so a removal needs a new context. It also knows nothing of a
//! bundle's constraints, pins and deny list: anchors with limits that it would lose are left out, as in the exports.

use std::error::Error;
use std::io::{Write as _, stdin, stdout};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;

use native_tls::{Certificate, TlsConnector};
use trust_store::{Installed, Location, TrustStore};

/// A connector and the state that it was made from.
struct FollowingConnector {
    store: TrustStore,
    service: String,
    made: Option<(Arc<Installed>, TlsConnector)>,
}

impl FollowingConnector {
    /// The connector for what is installed now.
    fn newest(&mut self) -> Result<&TlsConnector, Box<dyn Error>> {
        // A look costs 64 bytes. A store that cannot be read now keeps what it had.
        let _ = self.store.refresh();
        let installed = self.store.installed();
        let made = match self.made.take() {
            Some((from, connector)) if Arc::ptr_eq(&from, &installed) => (from, connector),
            _ => {
                let connector = connector(&installed, &self.service)?;
                (installed, connector)
            }
        };
        Ok(&self.made.insert(made).1)
    }
}

fn connector(installed: &Installed, service: &str) -> Result<TlsConnector, Box<dyn Error>> {
    let mut builder = TlsConnector::builder();
    // Nothing but the bundle: what the machine trusts besides would make a removal void.
    builder.disable_built_in_roots(true);
    for anchor in installed.exportable(service, "pem").ok_or("the release has no such service")? {
        builder.add_root_certificate(Certificate::from_der(anchor.der)?);
    }
    Ok(builder.build()?)
}

fn connect(connector: &TlsConnector, address: &str) -> Result<(), Box<dyn Error>> {
    let host = address.rsplit_once(':').ok_or("not HOST:PORT")?.0;
    connector.connect(host, TcpStream::connect(address)?)?;
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(path), Some(service)) = (arguments.next(), arguments.next()) else {
        return Err("usage: native-tls STORE SERVICE".into());
    };
    let store = TrustStore::open(Location::of(Path::new(&path)), None)?;
    let mut following = FollowingConnector { store, service, made: None };
    for line in stdin().lines() {
        match connect(following.newest()?, &line?) {
            Ok(()) => writeln!(stdout(), "accepted")?,
            Err(error) => writeln!(stdout(), "refused {error}")?,
        }
    }
    Ok(())
}
