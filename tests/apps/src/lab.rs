//! An operator, its service, the two servers that applications connect to, and a device with a running agent.

use std::{
    fs, io,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use system_tests::{
    gateway::{Gateway, Setup},
    operator::{HEADS, Operator, PEOPLE, RECOVERIES},
    pki::Vendor,
    process::Background,
    tls_service::{ALL_VERSIONS, TlsService},
};
use tempfile::TempDir;

use crate::{
    hub::{Brokers, Pair, Services},
    stack::{Device, Peers, SERVICE},
};

/// How long an installation may take: check, fetch, probe, exports.
const INSTALLATION: Duration = Duration::from_secs(60);
/// Tickets that servers usually give in one session.
const TICKETS: usize = 2;
/// Names of the two anchors in the operator's repository.
const OLD: &str = "old-root";
const NEW: &str = "new-root";
/// The service's endpoint; the device is told where it really is.
const ENDPOINT: &str = "localhost:8883";

/// Everything on this machine; what is dropped is gone.
pub(crate) struct Lab {
    _folder: TempDir,
    operator: Operator,
    vendor: Vendor,
    /// The fleet's own service, which moves from one root to the other.
    service: TlsService,
    services: Services,
    without_tickets: Services,
    brokers: Option<Brokers>,
    device: Gateway,
    /// Follows the channel; ended when the lab is.
    agent: Option<Background>,
    _server: Background,
}

impl Lab {
    /// Release 1 trusts the old root, and the device has installed it; `hooks` are lines of its `agent.toml`.
    pub(crate) fn new(hooks: &[(String, PathBuf)], with_brokers: bool) -> io::Result<Self> {
        let (folder, vendor) = (tempfile::tempdir()?, Vendor::new());
        let service = TlsService::start(&vendor.old_identity("localhost"), ALL_VERSIONS)?;
        let operator = Operator::new(&folder.path().join("operator"))?;
        operator.init("apps", &["prod"])?;
        for name in PEOPLE.iter().chain(&HEADS).chain(&RECOVERIES) {
            operator.make_key(name)?;
        }
        operator.assign_roles()?;
        operator.publish_keyring()?;
        operator.describe_services(&format!(
            "[services.{SERVICE}]\nhosts = [\"{ENDPOINT}\"]\nanchors = \"all\"\n"
        ))?;
        operator.add_anchor(OLD, vendor.old_root.certificate(), &[])?;
        operator.publish_release("prod", "the first release")?;
        let (server, url) = serve(&operator)?;
        let device = device(&operator, folder.path(), &url, &service, hooks)?;
        // The applications come after the exports and before the agent: there is nobody yet whom a hook could tell.
        device.agent(&["export"])?.success()?;
        let brokers = with_brokers.then(|| Brokers::start(&vendor, folder.path())).transpose()?;
        Ok(Self {
            services: Services::start(&vendor, TICKETS)?,
            without_tickets: Services::start(&vendor, 0)?,
            _folder: folder,
            operator,
            vendor,
            service,
            brokers,
            device,
            agent: None,
            _server: server,
        })
    }

    /// The agent follows the channel from now on.
    pub(crate) fn follow(&mut self) -> io::Result<()> {
        self.agent = Some(self.device.start(None)?);
        Ok(())
    }

    /// Release 2 trusts both roots: the moment when the exports show it.
    pub(crate) fn add(&self) -> io::Result<Instant> {
        self.operator.add_anchor(NEW, self.vendor.new_root.certificate(), &[])?;
        let number = self.operator.publish_release("prod", "the vendor moves")?;
        self.installed(number)
    }

    /// The service has moved, and release 3 trusts the new root alone: the moment when the exports show it.
    pub(crate) fn remove(&self) -> io::Result<Instant> {
        self.service.switch(&self.vendor.new_identity("localhost")).map_err(io::Error::other)?;
        self.operator.done(&["anchor", "remove", OLD, "--reason", "nothing chains to it any more"])?;
        let number = self.operator.publish_release("prod", "the old root leaves")?;
        self.installed(number)
    }

    /// The servers that such clients connect to.
    pub(crate) fn pair(&self, peers: Peers) -> Option<Pair> {
        match peers {
            Peers::Named => Some(self.services.pair()),
            Peers::WithoutTickets => Some(self.without_tickets.pair()),
            Peers::Brokers => self.brokers.as_ref().map(Brokers::pair),
        }
    }

    /// Where the things of the device are.
    pub(crate) fn device(&self) -> Device {
        Device {
            folder: self.device.path("trust"),
            store: self.device.store(),
            seed: self.device.path("seed"),
        }
    }

    /// What the device says of itself.
    pub(crate) fn status(&self) -> io::Result<serde_json::Value> {
        self.device.status(None)
    }

    fn installed(&self, number: u64) -> io::Result<Instant> {
        let path = self.device.path("trust/..data/version.json");
        let deadline = Instant::now() + INSTALLATION;
        loop {
            let version: Option<serde_json::Value> =
                fs::read(&path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
            if version.is_some_and(|version| version["release_number"] == number) {
                return Ok(Instant::now());
            }
            if Instant::now() > deadline {
                let said =
                    self.agent.as_ref().map(|agent| agent.error_lines().join("\n")).unwrap_or_default();
                return Err(io::Error::other(format!("release {number} is not exported in time\n{said}")));
            }
            thread::sleep(Duration::from_millis(10));
        }
    }
}

/// `cloud-updater serve` on a free port.
fn serve(operator: &Operator) -> io::Result<(Background, String)> {
    let mut command = operator.command(&["serve", "--listen", "127.0.0.1:0", "--poll-milliseconds", "50"])?;
    let server = Background::start(&mut command)?;
    let url = |line: &String| line.strip_prefix("serving ")?.rsplit(' ').next().map(str::to_owned);
    let url = server.wait_for(Duration::from_secs(20), |lines| lines.iter().find_map(url))?;
    Ok((server, url))
}

fn device(
    operator: &Operator,
    folder: &Path,
    url: &str,
    service: &TlsService,
    hooks: &[(String, PathBuf)],
) -> io::Result<Gateway> {
    let seed = folder.join("seed");
    operator.done(&["export", "seed", "--out", &seed.to_string_lossy()])?;
    let mut extra = "[poll]\nseconds-min = 1\nseconds-max = 1\n".to_owned();
    for (name, pid_file) in hooks {
        extra.push_str(&format!(
            "\n[applications.{name}]\nservices = [\"{SERVICE}\"]\nreload = {{ signal = \"SIGHUP\", pid-file = {pid_file:?} }}\n",
        ));
    }
    Gateway::new(&Setup {
        id: "apps-1",
        channel: "prod",
        urls: vec![url.to_owned()],
        seed: &fs::read(seed)?,
        resolve: vec![(ENDPOINT.into(), service.address())],
        extra: &extra,
    })
}
