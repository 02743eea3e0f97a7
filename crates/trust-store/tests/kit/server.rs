//! A TLS server on loopback whose chain is exchanged while it runs.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use chain::pki::Authority;
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// Serves `localhost` until the test program ends.
pub(crate) struct Server {
    address: SocketAddr,
    config: Arc<Mutex<Arc<ServerConfig>>>,
}

impl Server {
    /// Starts with a certificate by `root`.
    pub(crate) fn start(root: &Authority) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let config = Arc::new(Mutex::new(config(root)));
        let served = Arc::clone(&config);
        std::thread::spawn(move || {
            for connection in listener.incoming().map_while(Result::ok) {
                let config = Arc::clone(&served.lock().unwrap());
                // A client that refuses the chain ends the connection; the next one is served.
                std::thread::spawn(move || serve(config, connection));
            }
        });
        Self { address, config }
    }

    /// Serves a certificate by `root` from the next connection on.
    pub(crate) fn switch(&self, root: &Authority) {
        *self.config.lock().unwrap() = config(root);
    }

    /// `HOST:PORT`.
    pub(crate) fn address(&self) -> String {
        format!("localhost:{}", self.address.port())
    }
}

fn config(root: &Authority) -> Arc<ServerConfig> {
    let leaf = root.leaf("localhost", 2000..2100);
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.certificate], PrivateKeyDer::try_from(leaf.key).unwrap());
    Arc::new(config.unwrap())
}

fn serve(config: Arc<ServerConfig>, connection: TcpStream) -> std::io::Result<()> {
    let tls = ServerConnection::new(config).map_err(std::io::Error::other)?;
    let mut stream = BufReader::new(StreamOwned::new(tls, connection));
    let mut line = String::new();
    // A client that only connects sends nothing and is gone.
    while stream.read_line(&mut line)? > 2 {
        line.clear();
    }
    let stream = stream.get_mut();
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")?;
    stream.conn.send_close_notify();
    stream.flush()
}
