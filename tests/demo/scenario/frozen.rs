//! Devices without the product: a real TLS client that goes by what was in its image, and by the scenario's clock.

use std::{
    error::Error,
    io::{self, Write as _},
    net::{SocketAddr, TcpStream},
    sync::Arc,
    time::Duration,
};

use bundle::spki_sha256;
use chain::Certificate;
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, Stream,
    crypto::ring,
    pki_types::{ServerName, UnixTime},
    time_provider::TimeProvider,
};

use super::{
    day::Day,
    file::{Frozen, Trusted},
    stage::Stage,
};

/// The scenario's clock.
#[derive(Debug)]
struct At(UnixTime);

impl TimeProvider for At {
    fn current_time(&self) -> Option<UnixTime> {
        Some(self.0)
    }
}

impl Frozen {
    /// Connects as such a device does on this day: nothing where it is served, else why it is not.
    pub(crate) fn connect(
        &self,
        stage: &Stage,
        (host, address): (&str, SocketAddr),
        day: Day,
    ) -> Result<Option<String>, Box<dyn Error>> {
        let mut roots = RootCertStore::empty();
        for name in self.trusted(stage, day) {
            roots.add(stage.twin(&name)?.certificate().clone())?;
        }
        if roots.is_empty() {
            return Ok(Some("nothing is trusted".to_owned()));
        }
        let clock = At(UnixTime::since_unix_epoch(Duration::from_secs(day.seconds()?)));
        let config = ClientConfig::builder_with_details(Arc::new(ring::default_provider()), Arc::new(clock))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name: ServerName<'static> = ServerName::try_from(host.to_owned())?;
        let mut tls = ClientConnection::new(Arc::new(config), name)?;
        let mut connection = TcpStream::connect(address)?;
        match handshake(&mut tls, &mut connection) {
            Ok(()) => self.refusal(stage, &tls),
            // What the client says of the chain; anything else is a fault of this machine.
            Err(error) if error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>()) => {
                Ok(Some(error.to_string()))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Names of the roots that it trusts.
    fn trusted(&self, stage: &Stage, day: Day) -> Vec<String> {
        match self.trust.iter().rev().find(|trusted| trusted.day <= day) {
            Some(Trusted { platform: true, .. }) => stage.in_mozillas_store(day),
            Some(trusted) => trusted.roots.clone(),
            None => Vec::new(),
        }
    }

    /// What the code that came with the image finds wrong with a chain that leads to a trusted root.
    fn refusal(&self, stage: &Stage, tls: &ClientConnection) -> Result<Option<String>, Box<dyn Error>> {
        let served = tls.peer_certificates().unwrap_or_default();
        if !self.pins.is_empty() {
            let pinned = |name: &String| Ok(spki_sha256(stage.twin(name)?.certificate()));
            let pins = self.pins.iter().map(pinned).collect::<Result<Vec<_>, Box<dyn Error>>>()?;
            if !served.iter().any(|certificate| pins.contains(&spki_sha256(certificate))) {
                return Ok(Some("no pinned key is in the chain".to_owned()));
            }
        }
        let (Some(names), Some(leaf)) = (&self.names, served.first()) else { return Ok(None) };
        let read = |der| Certificate::parse(der).map_err(|error| format!("{error:?}"));
        let leaf = read(leaf)?;
        let (issuer, subject) = (leaf.issuer().to_string(), leaf.subject().to_string());
        for name in &names.issuers {
            if read(stage.twin(name)?.certificate())?.subject().to_string() == issuer {
                let other = (subject != names.subject).then(|| format!("the subject is {subject}"));
                return Ok(other);
            }
        }
        Ok(Some(format!("the issuer is {issuer}")))
    }
}

/// A whole request, as a device that is served would make it.
fn handshake(tls: &mut ClientConnection, connection: &mut TcpStream) -> io::Result<()> {
    let mut stream = Stream::new(tls, connection);
    stream.write_all(b"GET / HTTP/1.1\r\nHost: scenario\r\n\r\n")?;
    stream.flush()
}
