//! Where the rotation takes place: an operator with the real `cloud-updater`, three services, and a device.

use std::{
    error::Error,
    path::PathBuf,
    time::{Duration, Instant},
};

use system_tests::{
    applications::Peer,
    gateway::{Gateway, Setup, place},
    operator::{HEADS, Operator, PEOPLE, RECOVERIES},
    pki::{self, Vendor},
    process::Background,
    tls_service::{ALL_VERSIONS, TlsService},
    web,
};
use tempfile::TempDir;

use crate::step::require;

/// The services, by name.
pub(crate) const SERVICES: [&str; 3] = ["iot-hub", "storage", "sphere-public-api"];
/// Their hosts.
const HOSTS: [&str; 3] =
    ["fleet.azure-devices.net", "fleet.blob.core.windows.net", "prod.core.sphere.azure.net"];
/// A day on which some of the real certificates have expired.
const LATER: &str = "2026-01-01";
/// How long the server of the published tree may take to start.
const PATIENCE: Duration = Duration::from_secs(10);

/// Everything but the applications.
pub(crate) struct Scenery {
    as_of: String,
    operator: Operator,
    vendor: Vendor,
    services: Vec<TlsService>,
    _server: Background,
    url: String,
    folder: TempDir,
}

/// A real certificate: file in `tests/data/azure`, name of the entry, and whether it is an intermediate.
type Real = (&'static str, &'static str, bool);

/// What was trusted before the rotation.
const REAL_OLD: [Real; 2] = [
    ("baltimore-cybertrust-root", "baltimore-cybertrust-root", false),
    ("microsoft-rsa-tls-ca-01", "microsoft-rsa-tls-ca-01", true),
];
/// What the rotation brings.
const REAL_NEW: [Real; 3] = [
    ("digicert-global-root-g2", "digicert-global-root-g2", false),
    ("microsoft-rsa-root-ca-2017", "microsoft-rsa-root-ca-2017", false),
    ("microsoft-azure-tls-issuing-ca-01", "microsoft-azure-tls-issuing-ca-01", true),
];
/// Names of the synthetic roots.
const SYNTHETIC: [&str; 2] = ["synthetic-old-root", "synthetic-new-root"];

impl Scenery {
    /// Starts the services under the old root, and an operator with keys and a keyring.
    pub(crate) fn new(as_of: &str) -> Result<Self, Box<dyn Error>> {
        let (folder, vendor) = (tempfile::tempdir()?, Vendor::new());
        let start = |host: &&str| TlsService::start(&vendor.old_identity(host), ALL_VERSIONS);
        let services = HOSTS.iter().map(start).collect::<Result<Vec<_>, _>>()?;
        let operator = Operator::new(folder.path())?.on(as_of);
        operator.init("demo", &["prod"])?;
        for name in PEOPLE.iter().chain(&HEADS).chain(&RECOVERIES) {
            operator.make_key(name)?;
        }
        operator.assign_roles()?;
        operator.publish_keyring()?;
        let (server, url) = serve(&operator)?;
        Ok(Self { as_of: as_of.into(), operator, vendor, services, _server: server, url, folder })
    }

    /// Release 1: the old roots.
    pub(crate) fn publish_first(&self) -> Result<String, Box<dyn Error>> {
        self.operator.describe_services("")?;
        self.add(SYNTHETIC[0], self.vendor.old_root.certificate())?;
        self.add_real(&REAL_OLD)?;
        let anchors = format!("[\"{}\", \"{}\"]", self.entry(SYNTHETIC[0])?, self.entry(REAL_OLD[0].1)?);
        self.describe(&anchors)?;
        self.publish("the roots in use")?;
        Ok("release 1: Baltimore CyberTrust Root, its real intermediate, and the synthetic old root".into())
    }

    /// Release 2: the new roots beside the old ones.
    pub(crate) fn publish_second(&self) -> Result<String, Box<dyn Error>> {
        self.add(SYNTHETIC[1], self.vendor.new_root.certificate())?;
        self.add_real(&REAL_NEW)?;
        for name in [SYNTHETIC[0], REAL_OLD[0].1] {
            let entry = self.entry(name)?;
            self.operator.done(&["anchor", "retire", &entry, "--reason", "the vendor leaves it"])?;
        }
        self.describe("\"all\"")?;
        self.publish("the vendor moves to other roots")?;
        Ok("release 2: beside them DigiCert Global Root G2, Microsoft RSA 2017, a real intermediate, the new root".into())
    }

    /// The old real root has expired since: on a later day its import is refused, and nothing is changed.
    pub(crate) fn import_later(&self) -> Result<String, Box<dyn Error>> {
        let file = pki::data().join("azure").join(format!("{}.pem", REAL_OLD[0].0));
        let words = ["anchor", "add", &file.to_string_lossy(), "--name", "again", "--reason", "a later day"];
        let ended = self.operator.on(LATER).run(&words)?;
        require(ended.status.code() == Some(3) && ended.errors.contains("expired"), || ended.to_string())?;
        Ok(format!("Baltimore CyberTrust Root has expired since: its import as of {LATER} is refused"))
    }

    /// Release 3: without the old roots.
    pub(crate) fn publish_third(&self) -> Result<String, Box<dyn Error>> {
        for name in [SYNTHETIC[0], REAL_OLD[0].1, REAL_OLD[1].1] {
            let entry = self.entry(name)?;
            self.operator.done(&["anchor", "remove", &entry, "--reason", "no service uses it any more"])?;
        }
        self.publish("the old roots are retired")?;
        Ok("release 3: without the old roots".into())
    }

    /// A device with release 1 as its seed, which has checked once.
    pub(crate) fn gateway(&self) -> Result<Gateway, Box<dyn Error>> {
        let seed = self.folder.path().join("seed");
        self.operator.done(&["export", "seed", "--out", &seed.to_string_lossy()])?;
        let gateway = Gateway::new(&Setup {
            id: "gateway-1",
            channel: "prod",
            urls: vec![self.url.clone()],
            seed: &std::fs::read(seed)?,
            resolve: HOSTS
                .iter()
                .zip(&self.services)
                .map(|(host, service)| (format!("{host}:443"), service.address()))
                .collect(),
            extra: "",
        })?;
        gateway.check(Some(&self.as_of))?.success()?;
        Ok(gateway)
    }

    /// One cycle of the device, after which it must have this release, confirmed.
    pub(crate) fn install(&self, gateway: &Gateway, number: u32) -> Result<String, Box<dyn Error>> {
        let ended = gateway.check(Some(&self.as_of))?;
        let status = gateway.status(Some(&self.as_of))?;
        let trusted = &status["trusted"];
        let wanted = number.to_string();
        let is_installed = trusted["release"] == wanted.as_str() && trusted["standing"] == "confirmed";
        require(is_installed, || format!("release {number} is not installed\n{ended}\n{status}"))?;
        Ok(format!("release {number}: the device proved it against all services, and installed it"))
    }

    /// Every service goes on under the new root.
    pub(crate) fn move_services(&self) -> Result<(), Box<dyn Error>> {
        SERVICES.iter().try_for_each(|service| self.serve_new(service))
    }

    /// The service shows a chain of the new root.
    pub(crate) fn serve_new(&self, service: &str) -> Result<(), Box<dyn Error>> {
        let (index, service) = self.service(service)?;
        Ok(service.switch(&self.vendor.new_identity(HOSTS[index]))?)
    }

    /// The service shows a chain of the old root.
    pub(crate) fn serve_old(&self, service: &str) -> Result<(), Box<dyn Error>> {
        let (index, service) = self.service(service)?;
        Ok(service.switch(&self.vendor.old_identity(HOSTS[index]))?)
    }

    /// The services as applications know them.
    pub(crate) fn peers(&self) -> Vec<Peer> {
        let peer = |((service, host), running): ((&&str, &&str), &TlsService)| Peer {
            service: (*service).to_owned(),
            host: (*host).to_owned(),
            address: running.address(),
        };
        SERVICES.iter().zip(&HOSTS).zip(&self.services).map(peer).collect()
    }

    /// Publishes a release, and returns when the server has seen it.
    fn publish(&self, reason: &str) -> Result<(), Box<dyn Error>> {
        self.operator.publish_release("prod", reason)?;
        let head = std::fs::read(self.operator.tree().join("prod/head"))?;
        let address = self.url.trim_start_matches("http://").trim_end_matches('/').parse()?;
        let deadline = Instant::now() + PATIENCE;
        while web::fetch(address, "prod/head")? != (200, head.clone()) {
            require(Instant::now() < deadline, || {
                format!("{reason}: the server does not serve the new head")
            })?;
        }
        Ok(())
    }

    fn service(&self, name: &str) -> Result<(usize, &TlsService), Box<dyn Error>> {
        let index = SERVICES.iter().position(|service| *service == name).ok_or("no such service")?;
        Ok((index, self.services.get(index).ok_or("the service does not run")?))
    }

    fn add(
        &self,
        name: &str,
        certificate: &rustls_pki_types::CertificateDer<'_>,
    ) -> Result<(), Box<dyn Error>> {
        Ok(self.operator.add_anchor(name, certificate, &[])?)
    }

    fn add_real(&self, certificates: &[Real]) -> Result<(), Box<dyn Error>> {
        for (file, name, intermediate) in certificates {
            let path: PathBuf = pki::data().join("azure").join(format!("{file}.pem"));
            let certificate = pki::read_pem(&path)?.into_iter().next().ok_or("an empty file")?;
            let more: &[&str] = if *intermediate { &["--intermediate"] } else { &[] };
            self.operator.add_anchor(name, &certificate, more)?;
        }
        Ok(())
    }

    /// The entry's whole name: what was asked for, and the first digits of its fingerprint.
    fn entry(&self, name: &str) -> Result<String, Box<dyn Error>> {
        for folder in ["anchors", "intermediates"] {
            for file in std::fs::read_dir(self.operator.repository().join(folder))? {
                let file = file?.file_name().to_string_lossy().into_owned();
                if let Some(stem) = file.strip_suffix(".toml").filter(|stem| stem.starts_with(name)) {
                    return Ok(stem.to_owned());
                }
            }
        }
        Err(format!("{name} is not in the repository").into())
    }

    fn describe(&self, anchors: &str) -> Result<(), Box<dyn Error>> {
        let section = |(service, host): (&&str, &&str)| {
            format!("[services.{service}]\nhosts = [\"{host}\"]\nanchors = {anchors}\nprobe = true\n\n")
        };
        let text: String = SERVICES.iter().zip(&HOSTS).map(section).collect();
        place(&self.operator.repository().join("services.toml"), text.as_bytes())?;
        Ok(())
    }
}

/// `cloud-updater serve` on a free port of this machine.
pub(crate) fn serve(operator: &Operator) -> Result<(Background, String), Box<dyn Error>> {
    let tree = operator.tree();
    let words = ["serve", &tree.to_string_lossy(), "--listen", "127.0.0.1:0", "--poll-milliseconds", "100"];
    let server = Background::start(&mut operator.command(&words)?)?;
    let url = server.wait_for(PATIENCE, |lines| {
        lines.iter().find_map(|line| line.strip_prefix("serving the tree at ")).map(str::to_owned)
    })?;
    Ok((server, format!("{}/", url.trim_end_matches('/'))))
}
