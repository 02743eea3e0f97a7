//! One address: accepts connections, plain or TLS, within the limits, until told to stop.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::error::ServeError;
use super::limits::{CONNECTION_LIFE, HANDSHAKE, HEAD_BYTES_MAX, HEAD_READ, STOP};

/// Pause after a failed accept (out of file descriptors, usually), so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A bound address and what is served there.
pub(super) struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    tls: Option<TlsAcceptor>,
    app: Router,
}

impl Listener {
    /// Binds `address`; port 0 takes a free one.
    pub(super) async fn bind(
        address: SocketAddr,
        tls: Option<Arc<ServerConfig>>,
        app: Router,
    ) -> Result<Self, ServeError> {
        let failed = |source| ServeError::Listen { address, source };
        let socket = TcpListener::bind(address).await.map_err(failed)?;
        let address = socket.local_addr().map_err(failed)?;
        Ok(Self { socket, address, tls: tls.map(TlsAcceptor::from), app })
    }

    /// Where clients reach it.
    pub(super) fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// Serves until `stop` becomes true, then until the answers under way are out or [`STOP`] has passed.
    pub(super) async fn serve(self, connections: Arc<Semaphore>, mut stop: watch::Receiver<bool>) {
        let mut tasks = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => break,
                Some(_) = tasks.join_next() => continue,
                accepted = accept(&self.socket, &connections) => accepted,
            };
            let Some((stream, permit)) = accepted else {
                sleep(ACCEPT_PAUSE).await;
                continue;
            };
            let (tls, app, stop) = (self.tls.clone(), self.app.clone(), stop.clone());
            tasks.spawn(async move {
                converse(stream, tls, app, stop).await;
                drop(permit);
            });
        }
        drop(self.socket);
        // Each connection bounds its own end by STOP; this bounds a handshake that is under way.
        let _ = timeout(STOP, async { while tasks.join_next().await.is_some() {} }).await;
    }
}

/// The next connection, once fewer than the allowed number are open.
async fn accept(
    socket: &TcpListener,
    connections: &Arc<Semaphore>,
) -> Option<(TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    let permit = Arc::clone(connections).acquire_owned().await.ok()?;
    let (stream, _) = socket.accept().await.ok()?;
    Some((stream, permit))
}

async fn converse(stream: TcpStream, tls: Option<TlsAcceptor>, app: Router, stop: watch::Receiver<bool>) {
    // Answers are one write; waiting for more to send with them only costs time. A failure costs speed alone.
    let _ = stream.set_nodelay(true);
    match tls {
        None => speak_http(stream, app, stop).await,
        Some(tls) => {
            if let Ok(Ok(stream)) = timeout(HANDSHAKE, tls.accept(stream)).await {
                speak_http(stream, app, stop).await;
            }
        }
    }
}

async fn speak_http(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    app: Router,
    mut stop: watch::Receiver<bool>,
) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_READ).max_buf_size(HEAD_BYTES_MAX);
    let connection = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(app));
    let mut connection = pin!(connection);
    tokio::select! {
        // How a client ends its connection is its own affair; what was asked is in the request log.
        _ = connection.as_mut() => return,
        _ = stop.wait_for(|stop| *stop) => {}
        () = sleep(CONNECTION_LIFE) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = timeout(STOP, connection).await;
}
