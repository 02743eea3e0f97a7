//! One handshake: connect, record what the server shows, hang up. Nobody is judged here.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::pki_types::{CertificateDer, ServerName};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::Reason;
use crate::judgement::ServedChain;
use crate::linux::configuration::ResolveTable;
use crate::linux::transport::{Judge, client_config};

/// Makes handshakes.
#[derive(Clone, Debug)]
pub struct Handshakes {
    resolve: ResolveTable,
    timeout: Duration,
}

/// Records the chain and lets every handshake go on.
#[derive(Debug, Default)]
struct Recorder {
    seen: Mutex<Seen>,
}

#[derive(Clone, Debug, Default)]
struct Seen {
    certificates: Vec<CertificateDer<'static>>,
    key_proved: bool,
}

impl Handshakes {
    /// Handshakes that end after `timeout`: name resolution, connection and TLS together.
    #[must_use]
    pub const fn new(resolve: ResolveTable, timeout: Duration) -> Self {
        Self { resolve, timeout }
    }

    /// Makes one handshake with SNI.
    ///
    /// A server that asks for a client certificate gets none; whatever it does afterwards, its chain was served and
    /// its key proved, and that is all a probe asks.
    ///
    /// # Errors
    /// Why nothing can be said about the endpoint.
    pub async fn served(&self, host: &str, port: u16) -> Result<ServedChain, Reason> {
        let server_name = ServerName::try_from(host.to_owned()).map_err(|_| Reason::ProbeDns)?;
        let recorder = Arc::new(Recorder::default());
        let handshake = self.shake(Arc::clone(&recorder), server_name.clone(), host, port);
        let ended = timeout(self.timeout, handshake).await;
        let Seen { certificates, key_proved } = recorder.seen();
        // A chain without the proof may have been copied by somebody on the path.
        if key_proved && !certificates.is_empty() {
            return Ok(ServedChain { certificates, server_name });
        }
        match ended {
            Ok(Err(reason)) => Err(reason),
            Ok(Ok(())) => Err(Reason::ProbeTls),
            Err(_) => Err(Reason::ProbeTimeout),
        }
    }

    async fn shake(
        &self,
        recorder: Arc<Recorder>,
        server_name: ServerName<'static>,
        host: &str,
        port: u16,
    ) -> Result<(), Reason> {
        let tcp = connect(&self.addresses(host, port).await?).await?;
        let config = client_config(recorder).map_err(|_| Reason::ProbeTls)?;
        let connector = TlsConnector::from(Arc::new(config));
        connector.connect(server_name, tcp).await.map(drop).map_err(|_| Reason::ProbeTls)
    }

    async fn addresses(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, Reason> {
        if let Some(address) = self.resolve.find(host, port) {
            return Ok(vec![address]);
        }
        let found: Vec<SocketAddr> = lookup_host((host, port)).await.map_err(|_| Reason::ProbeDns)?.collect();
        if found.is_empty() { Err(Reason::ProbeDns) } else { Ok(found) }
    }
}

async fn connect(addresses: &[SocketAddr]) -> Result<TcpStream, Reason> {
    for address in addresses {
        if let Ok(stream) = TcpStream::connect(address).await {
            return Ok(stream);
        }
    }
    Err(Reason::ProbeTcp)
}

impl Recorder {
    fn seen(&self) -> Seen {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Judge for Recorder {
    fn judge(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
    ) -> Result<(), rustls::Error> {
        let certificates = std::iter::once(end_entity).chain(intermediates);
        let certificates = certificates.map(|certificate| certificate.clone().into_owned()).collect();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        *seen = Seen { certificates, key_proved: false };
        Ok(())
    }

    fn key_proved(&self) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).key_proved = true;
    }
}
