//! The two servers that every application is asked to connect to, in both of their forms: our TLS services, and MQTT
//! brokers on the port that an IoT hub has.

use std::{
    io,
    net::TcpStream,
    path::Path,
    process::Command,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use system_tests::{
    gateway::place,
    pki::{Vendor, pem_identity},
    process::Background,
    tls_service::{ALL_VERSIONS, Identity, TlsService, server_config},
};

/// The port of MQTT over TLS, which a client of an IoT hub does not let its user choose.
const MQTT_PORT: u16 = 8883;
/// How long a broker may take to start.
const START: Duration = Duration::from_secs(20);
/// The name by which clients on this machine know our services.
const LOCALHOST: &str = "localhost";

/// A server, by the name that its certificate must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Peer {
    pub(crate) host: String,
    pub(crate) port: u16,
}

/// A server under the anchor that is added, and one under the anchor that is removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) added: Peer,
    pub(crate) removed: Peer,
}

/// Our services under both anchors.
#[derive(Debug)]
pub(crate) struct Services {
    added: TlsService,
    removed: TlsService,
}

/// Brokers under both anchors.
#[derive(Debug)]
pub(crate) struct Brokers {
    /// Ended when this is dropped.
    _running: [Background; 2],
    pair: Pair,
}

impl Services {
    /// Services that give their clients so many tickets in a session of TLS 1.3.
    pub(crate) fn start(vendor: &Vendor, tickets: usize) -> io::Result<Self> {
        let service = |identity: &Identity| -> io::Result<TlsService> {
            let mut config = server_config(identity, ALL_VERSIONS).map_err(io::Error::other)?;
            Arc::make_mut(&mut config).send_tls13_tickets = tickets;
            TlsService::serving(config)
        };
        let (new, old) = (vendor.new_identity(LOCALHOST), vendor.old_identity(LOCALHOST));
        Ok(Self { added: service(&new)?, removed: service(&old)? })
    }

    pub(crate) fn pair(&self) -> Pair {
        let peer = |service: &TlsService| Peer { host: LOCALHOST.into(), port: service.address().port() };
        Pair { added: peer(&self.added), removed: peer(&self.removed) }
    }
}

impl Brokers {
    /// Starts two brokers, with their files in `folder`.
    pub(crate) fn start(vendor: &Vendor, folder: &Path) -> io::Result<Self> {
        let [added, removed] = addresses();
        let one = |host: &str, (chain, key): (String, String)| -> io::Result<Background> {
            let file = |what: &str| folder.join(format!("{host}-{what}"));
            place(&file("chain.pem"), chain.as_bytes())?;
            place(&file("key.pem"), key.as_bytes())?;
            let (chain, key) = (file("chain.pem"), file("key.pem"));
            let text = format!(
                "listener {MQTT_PORT} {host}\ncertfile {}\nkeyfile {}\nallow_anonymous true\nuser root\n",
                chain.display(),
                key.display()
            );
            place(&file("broker.conf"), text.as_bytes())?;
            let mut running =
                Background::start(Command::new("mosquitto").arg("-c").arg(file("broker.conf")))?;
            wait_for_port(host, &mut running)?;
            Ok(running)
        };
        let new = one(&added, pem_identity(&vendor.new_identity(&added)))?;
        let old = one(&removed, pem_identity(&vendor.old_identity(&removed)))?;
        let peer = |host: String| Peer { host, port: MQTT_PORT };
        Ok(Self { _running: [new, old], pair: Pair { added: peer(added), removed: peer(removed) } })
    }

    pub(crate) fn pair(&self) -> Pair {
        self.pair.clone()
    }
}

/// Two addresses of this machine that no other run uses: the port is the same for everybody.
fn addresses() -> [String; 2] {
    let [_, _, high, low] = std::process::id().to_be_bytes();
    [64, 65].map(|second| format!("127.{second}.{high}.{}", low.max(1)))
}

fn wait_for_port(host: &str, broker: &mut Background) -> io::Result<()> {
    let deadline = Instant::now() + START;
    while TcpStream::connect((host, MQTT_PORT)).is_err() {
        if !broker.is_running() || Instant::now() > deadline {
            let said = broker.error_lines().join("\n");
            return Err(io::Error::other(format!(
                "the broker at {host}:{MQTT_PORT} does not answer\n{said}"
            )));
        }
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}
