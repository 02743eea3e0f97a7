//! One endpoint: a handshake of each version of TLS, what was shown kept, and nothing sent after it.

use std::error::Error as _;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::Resumption;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::{CryptoProvider, ring};
use rustls::{AlertDescription, ClientConfig, InvalidMessage};
use rustls_pki_types::ServerName;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::metered::{Metered, TooMuch};
use super::recorder::Recorder;
use super::{ResolveTable, Target};
use crate::observation::{Handshake, Outcome, TlsVersion};

/// How long looking up a name and connecting to one of its addresses may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a handshake may take once there is a connection: slow boards with RSA keys need a second.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// Endpoints asked at one time: each is a socket and some tens of kilobytes.
const CONCURRENT: usize = 64;

/// What asking endpoints may cost.
#[derive(Clone, Debug)]
pub struct Limits {
    /// For looking up the name and connecting.
    pub connect: Duration,
    /// For the handshake.
    pub handshake: Duration,
    /// Endpoints asked at one time.
    pub concurrent: usize,
    /// Addresses that stand for names.
    pub resolve: ResolveTable,
}

/// How a handshake failed.
struct Failure {
    outcome: Outcome,
    detail: Option<String>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: CONNECT_TIMEOUT,
            handshake: HANDSHAKE_TIMEOUT,
            concurrent: CONCURRENT,
            resolve: ResolveTable::default(),
        }
    }
}

/// The name in a handshake with `host`; none for addresses, which have none (RFC 6066 §3).
#[must_use]
pub fn sni(host: &str) -> Option<&str> {
    matches!(ServerName::try_from(host), Ok(ServerName::DnsName(_))).then_some(host)
}

/// Asks an endpoint for each version of TLS by itself. Where nothing is there to speak to, the second is not tried.
pub async fn probe(target: &Target, limits: &Limits) -> Vec<Handshake> {
    let provider = Arc::new(ring::default_provider());
    let mut handshakes = Vec::new();
    for tls in TlsVersion::ALL {
        let recorder = Arc::new(Recorder::new(Arc::clone(&provider)));
        let ended = shake(target, tls, limits, &recorder, Arc::clone(&provider)).await;
        let seen = recorder.seen();
        // Whatever came after the chain and the proof of its key, a demand for a client's certificate most of all, does
        // not matter.
        let (outcome, detail, chain) = match ended {
            _ if seen.is_too_large => (Outcome::ChainTooLarge, None, Vec::new()),
            _ if seen.key_proved && !seen.chain.is_empty() => (Outcome::Served, None, seen.chain),
            Err(Failure { outcome, detail }) => (outcome, detail, Vec::new()),
            Ok(()) => (Outcome::Broken, Some("no certificate was proved".to_owned()), Vec::new()),
        };
        handshakes.push(Handshake { tls, outcome, detail, chain });
        if outcome.ends_the_visit() {
            break;
        }
    }
    handshakes
}

impl Outcome {
    /// True where another version of TLS would come to the same end.
    const fn ends_the_visit(self) -> bool {
        matches!(
            self,
            Self::NoName | Self::NoConnection | Self::TimedOut | Self::NotTls | Self::ChainTooLarge
        )
    }
}

async fn shake(
    target: &Target,
    tls: TlsVersion,
    limits: &Limits,
    recorder: &Arc<Recorder>,
    provider: Arc<CryptoProvider>,
) -> Result<(), Failure> {
    let name = ServerName::try_from(target.host.clone())
        .map_err(|_| Failure::with(Outcome::NoName, "it is neither a name nor an address"))?;
    let config = client_config(tls, recorder, provider)
        .map_err(|error| Failure::with(Outcome::Broken, error.to_string()))?;
    let timed_out = |_| Failure::with(Outcome::TimedOut, "no connection");
    let stream = timeout(limits.connect, connect(target, limits)).await.map_err(timed_out)??;
    let connecting = TlsConnector::from(Arc::new(config)).connect(name, Metered::new(stream));
    match timeout(limits.handshake, connecting).await {
        Err(_) => Err(Failure::with(Outcome::TimedOut, "no handshake")),
        Ok(Err(error)) => Err(Failure::of(&error)),
        // Dropped without a word: not even a closing alert is sent.
        Ok(Ok(_)) => Ok(()),
    }
}

fn client_config(
    tls: TlsVersion,
    recorder: &Arc<Recorder>,
    provider: Arc<CryptoProvider>,
) -> Result<ClientConfig, rustls::Error> {
    let version = match tls {
        TlsVersion::V12 => &rustls::version::TLS12,
        TlsVersion::V13 => &rustls::version::TLS13,
    };
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(recorder) as Arc<dyn ServerCertVerifier>)
        .with_no_client_auth();
    // A resumed session shows no chain.
    config.resumption = Resumption::disabled();
    Ok(config)
}

/// Tries the addresses of a name in turn, IPv4 and IPv6 as they come.
async fn connect(target: &Target, limits: &Limits) -> Result<TcpStream, Failure> {
    let addresses: Vec<SocketAddr> = match limits.resolve.find(&target.host, target.port) {
        Some(address) => vec![address],
        None => match lookup_host((target.host.as_str(), target.port)).await {
            Ok(found) => found.collect(),
            Err(error) => return Err(Failure::with(Outcome::NoName, error.to_string())),
        },
    };
    let mut failure = Failure { outcome: Outcome::NoName, detail: None };
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => failure = Failure::with(Outcome::NoConnection, error.to_string()),
        }
    }
    Err(failure)
}

impl Failure {
    fn with(outcome: Outcome, detail: impl Into<String>) -> Self {
        Self { outcome, detail: Some(detail.into()) }
    }

    fn of(error: &io::Error) -> Self {
        let inner = error.get_ref();
        if inner.is_some_and(|inner| inner.is::<TooMuch>()) {
            return Self::with(Outcome::ChainTooLarge, error.to_string());
        }
        let outcome = match inner.and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            None => Outcome::Closed,
            Some(rustls::Error::InvalidMessage(
                InvalidMessage::HandshakePayloadTooLarge | InvalidMessage::CertificatePayloadTooLarge,
            )) => Outcome::ChainTooLarge,
            Some(rustls::Error::InvalidMessage(_)) => Outcome::NotTls,
            Some(
                rustls::Error::AlertReceived(AlertDescription::ProtocolVersion)
                | rustls::Error::PeerIncompatible(_),
            ) => Outcome::NoVersion,
            Some(rustls::Error::AlertReceived(_)) => Outcome::Refused,
            Some(_) => Outcome::Broken,
        };
        let detail = error.source().map_or_else(|| error.to_string(), ToString::to_string);
        Self::with(outcome, detail)
    }
}
