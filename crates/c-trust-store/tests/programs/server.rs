//! A TLS server on loopback that answers one request per connection.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use chain::pki::Leaf;
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, Stream};

/// The server; its thread ends with the tests.
pub(crate) struct Server {
    pub(crate) port: u16,
}

impl Server {
    /// Starts on a free port; after each handshake it sends so many session tickets.
    pub(crate) fn start(leaf: &Leaf, tickets: usize) -> Self {
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![leaf.certificate.clone()],
                PrivateKeyDer::try_from(leaf.key.clone()).unwrap(),
            )
            .unwrap();
        config.send_tls13_tickets = tickets;
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            for connection in listener.incoming().map_while(Result::ok) {
                let config = Arc::clone(&config);
                thread::spawn(move || serve(connection, config));
            }
        });
        Self { port }
    }
}

/// Whoever refuses the chain goes away; that is no business of the server.
fn serve(mut connection: TcpStream, config: Arc<ServerConfig>) -> Option<()> {
    let mut tls = ServerConnection::new(config).ok()?;
    let mut stream = Stream::new(&mut tls, &mut connection);
    let mut request = [0; 1024];
    let _bytes = stream.read(&mut request).ok()?;
    stream.write_all(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok").ok()?;
    tls.send_close_notify();
    tls.complete_io(&mut connection).ok().map(drop)
}
