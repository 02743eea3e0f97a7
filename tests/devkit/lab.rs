//! The fleet of one test: a publisher, its server, the app's service, and the image that devices of it run.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};

use bundle::{
    Sha256, UnixSeconds,
    write::{ManifestContent, ServiceAnchors, ServiceContent},
};
use rustls::{SupportedProtocolVersion, version::TLS12};
use system_tests::{
    board::{
        image::Image,
        kit::{Boot, Clock, Host, Reach},
    },
    pki::{Authority, Vendor, identity, pem},
    publisher::{Publisher, Tree},
    tls_service::Identity,
    web::Web,
};

use crate::{
    app::{App, mutable},
    hub::Hub,
    own_bytes::OwnBytes,
    scene::Scene,
    test::Tier,
};

/// When everything was signed.
pub(crate) const SIGNED: UnixSeconds = UnixSeconds(1_790_000_000);
/// What a device's clock shows when it starts: an hour later.
pub(crate) const NOW: i64 = 1_790_003_600;
/// Seconds before that, when a prepared board checked: more than a check takes on a machine that is busy.
const PREPARED_BEFORE: i64 = 1_800;
/// The app's service, and the name of its host.
const SERVICE: &str = "iot-hub";
pub(crate) const HOST: &str = "fleet.azure-devices.net";
/// Between two checks of a device: the least that it accepts.
const REFRESH_SECONDS: u32 = 60;
/// The name under which the app finds the published tree; it leads to this machine everywhere.
pub(crate) const TREE_HOST: &str = "localhost";
/// The same on a whole machine, where that name is the machine's own.
const MACHINE_TREE_HOST: &str = "updates.example";
/// Years of the tree's own certificates.
pub(crate) const YEARS: std::ops::Range<i32> = 2015..2045;

/// Roots of a release, by what they are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Root {
    /// The one that the service chains to at first.
    Old,
    /// The one that it moves to.
    New,
}

/// The app's service.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Service {
    /// The name of its host.
    pub(crate) host: &'static str,
    /// What it speaks.
    pub(crate) versions: &'static [&'static SupportedProtocolVersion],
}

/// What the service is like unless a test is about something else: no more than IoT Hub speaks.
const SERVICE_OLD: Service = Service { host: HOST, versions: &[&TLS12] };

/// Everything on this machine.
pub(crate) struct Lab<'s> {
    scene: &'s Scene,
    service: Service,
    name: &'static str,
    pub(crate) vendor: Vendor,
    tree_root: Authority,
    pub(crate) publisher: Publisher,
    tree: Arc<RwLock<Tree>>,
    pub(crate) web: Web,
    pub(crate) hub: Hub,
    image: PathBuf,
}

impl<'s> Lab<'s> {
    /// A fleet whose image has release 1, with the old root alone.
    pub(crate) fn new(scene: &'s Scene, name: &'static str) -> io::Result<Self> {
        Self::with_service(scene, name, SERVICE_OLD)
    }

    /// The same, with another service.
    pub(crate) fn with_service(scene: &'s Scene, name: &'static str, service: Service) -> io::Result<Self> {
        let vendor = Vendor::new();
        let tree_root = Authority::root("Synthetic Tree Root", YEARS);
        let tree: Arc<RwLock<Tree>> = Arc::default();
        let web = Web::tls(Arc::clone(&tree), &identity(&tree_root, TREE_HOST, YEARS))?;
        let hub = Hub::start(&vendor.old_identity(service.host), service.versions)?;
        let image = scene.folder(name).join("image");
        let publisher = Publisher::new("prod-mcu", SIGNED);
        let mut lab = Self { scene, service, name, vendor, tree_root, publisher, tree, web, hub, image };
        lab.publish(&[Root::Old]);
        lab.make_image("sample")?;
        Ok(lab)
    }

    /// The same, with release 2 published, which brings the new root too.
    pub(crate) fn with_update(scene: &'s Scene, name: &'static str) -> io::Result<Self> {
        let mut lab = Self::new(scene, name)?;
        lab.publish(&[Root::Old, Root::New]);
        Ok(lab)
    }

    /// A fleet, and the mutable file of a board of it that has checked once, with own bytes of the app everywhere.
    ///
    /// It checked some time before [`NOW`]: a clock that stands before the last check counts as one of another day, and
    /// a check of another day writes.
    pub(crate) fn prepared(scene: &'s Scene, name: &'static str) -> io::Result<(Self, Vec<u8>)> {
        let lab = Self::new(scene, name)?;
        let mut boot = lab.boot("first");
        boot.clock = Clock::Seconds(NOW - PREPARED_BEFORE);
        let app = lab.start(&boot)?;
        app.wait("cycle", &[("release", "0.1"), ("reason", "up_to_date")])?;
        app.stop()?;
        Ok((lab, OwnBytes::filled(&mutable(&boot.directory)?)))
    }

    /// Copies an image of the bench, with the seed of release 1 in it.
    pub(crate) fn make_image(&self, of: &str) -> io::Result<()> {
        for (name, path) in self.scene.image(of)?.files()? {
            let to = self.image.join(&name);
            fs::create_dir_all(to.parent().unwrap_or(&self.image))?;
            if name == "app_manifest.json" {
                // The tests have arguments of their own.
                let mut manifest: serde_json::Value = serde_json::from_slice(&fs::read(path)?)?;
                manifest["CmdArgs"] = serde_json::Value::Array(Vec::new());
                write(&to, &serde_json::to_vec(&manifest)?)?;
            } else {
                fs::copy(path, to)?;
            }
        }
        write(&self.image.join("anchors.pem"), pem(self.vendor.old_root.certificate()).as_bytes())?;
        write(&self.image.join("seed"), &self.publisher.seed(1))
    }

    /// A manifest of these roots for the service, and the tree's own.
    pub(crate) fn content(&self, roots: &[Root]) -> ManifestContent {
        let of_service: Vec<&[u8]> = roots.iter().map(|root| self.certificate(*root)).collect();
        let all = of_service.iter().copied().chain([self.tree_root.certificate().as_ref()]);
        let endpoint = format!("{}:{}", self.service.host, self.hub.address().port());
        ManifestContent {
            anchors: all.map(|certificate| self.publisher.anchor(certificate)).collect(),
            services: vec![ServiceContent {
                name: SERVICE.into(),
                hosts: vec![endpoint],
                anchors: ServiceAnchors::Listed(of_service.iter().map(|der| Sha256::of(&[der])).collect()),
                pins: Vec::new(),
                probe: true,
                extensions: Vec::new(),
            }],
            ..ManifestContent::default()
        }
    }

    /// Publishes a release with these roots.
    pub(crate) fn publish(&mut self, roots: &[Root]) -> u32 {
        let content = self.content(roots);
        self.publish_content(&content)
    }

    /// Publishes a release.
    pub(crate) fn publish_content(&mut self, content: &ManifestContent) -> u32 {
        self.publish_with(content, &[])
    }

    /// Publishes a release that has anchors of somebody else's, too.
    pub(crate) fn publish_with(&mut self, content: &ManifestContent, others: &[&[u8]]) -> u32 {
        let own = [self.certificate(Root::Old), self.certificate(Root::New), self.tree_root.certificate()];
        let named: Vec<Vec<u8>> = own
            .iter()
            .map(|der| -> &[u8] { der })
            .chain(others.iter().copied())
            .filter(|der| content.anchors.iter().any(|anchor| anchor.sha256 == Sha256::of(&[der])))
            .map(|der| der.to_vec())
            .collect();
        let named: Vec<&[u8]> = named.iter().map(Vec::as_slice).collect();
        let number = self.publisher.publish(content, &named);
        if let Some(head) = &mut self.publisher.head {
            head.refresh_seconds = REFRESH_SECONDS;
        }
        self.publisher.sign_head();
        self.serve();
        number
    }

    /// What a server of the tree proves itself with.
    pub(crate) fn tree_identity(&self) -> Identity {
        identity(&self.tree_root, TREE_HOST, YEARS)
    }

    /// A second server of the same tree.
    pub(crate) fn another_web(&self, proof: &Identity) -> io::Result<Web> {
        Web::tls(Arc::clone(&self.tree), proof)
    }

    /// Serves what the publisher has.
    pub(crate) fn serve(&self) {
        *self.tree.write().unwrap_or_else(PoisonError::into_inner) = self.publisher.tree.clone();
    }

    /// The certificate of a root.
    pub(crate) fn certificate(&self, root: Root) -> &[u8] {
        match root {
            Root::Old => self.vendor.old_root.certificate(),
            Root::New => self.vendor.new_root.certificate(),
        }
    }

    /// A board of its own, which knows the time and reaches the tree and the service.
    pub(crate) fn boot(&self, board: &str) -> Boot {
        self.boot_with(board, &[self.web.url(TREE_HOST)], &[TREE_HOST, self.service.host])
    }

    /// A board whose app follows these URLs, from an image that allows these hosts.
    pub(crate) fn boot_with(&self, board: &str, urls: &[String], allowed: &[&str]) -> Boot {
        let mut boot = Boot::new(self.directory(board));
        boot.clock = Clock::Seconds(NOW);
        let host = format!("{}:{}", self.service.host, self.hub.address().port());
        let address = self.hub.address().ip().to_string();
        let mut words = vec!["--device", "board-1", "--channel", "prod-mcu", "--service", SERVICE];
        words.extend(["--host", &host, "--address", &address]);
        words.extend(urls.iter().flat_map(|url| ["--url", url.as_str()]));
        words.extend(allowed.iter().flat_map(|host| ["--allowed", host]));
        boot.arguments = words.into_iter().map(str::to_owned).collect();
        boot.hosts =
            vec![served(TREE_HOST, self.web.address()), served(self.service.host, self.hub.address())];
        boot
    }

    /// A whole machine, whose names lead to services of their own. Returns the server of the tree, too: the machine
    /// knows it under another name.
    pub(crate) fn machine(&self, board: &str) -> io::Result<(Boot, Web)> {
        let web = self.another_web(&identity(&self.tree_root, MACHINE_TREE_HOST, YEARS))?;
        let mut boot = self.boot_with(board, &[web.url(MACHINE_TREE_HOST)], &[MACHINE_TREE_HOST, HOST]);
        if let Some(at) = boot.arguments.iter().position(|word| word == "--address") {
            boot.arguments.drain(at..at + 2);
        }
        boot.hosts = vec![served(MACHINE_TREE_HOST, web.address()), served(HOST, self.hub.address())];
        Ok((boot, web))
    }

    /// The folder of a board.
    pub(crate) fn directory(&self, board: &str) -> PathBuf {
        self.scene.folder(self.name).join(board)
    }

    /// Starts the app.
    pub(crate) fn start(&self, boot: &Boot) -> io::Result<App> {
        self.start_on(Tier::Fast, boot)
    }

    /// Starts the app on a board of this tier.
    pub(crate) fn start_on(&self, tier: Tier, boot: &Boot) -> io::Result<App> {
        let own_bytes = OwnBytes::of(&mutable(&boot.directory)?);
        let running = self.scene.board(tier).start(&Image::open(&self.image)?, boot)?;
        Ok(App::new(running, boot.directory.clone(), own_bytes))
    }
}

/// A service on loopback that a board may reach.
pub(crate) fn served(name: &str, address: std::net::SocketAddr) -> Host {
    Host { name: name.to_owned(), port: address.port(), reach: Reach::Served(address) }
}

/// Gives a board that was never started a mutable file.
pub(crate) fn put(boot: &Boot, file: &[u8]) -> io::Result<()> {
    fs::create_dir_all(&boot.directory)?;
    write(&boot.directory.join("mutable"), file)
}

/// Changes a running board: `line` is one of its control file.
pub(crate) fn control(directory: &Path, line: &str) -> io::Result<()> {
    write(&directory.join("control.new"), format!("{line}\n").as_bytes())?;
    fs::rename(directory.join("control.new"), directory.join("control"))
}

/// Writes a file that no power cut of this machine need spare.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    File::create(path).and_then(|mut file| file.write_all(bytes))
}
