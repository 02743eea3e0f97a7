//! A fleet on this machine: a publisher, its tree over plain HTTP, one probed service, and folders of a device.

use std::{
    io,
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, PoisonError, RwLock},
};

use bundle::{
    Denial, DenialKind, Sha256, UnixSeconds,
    write::{ManifestContent, ServiceAnchors, ServiceContent},
};
use system_tests::{
    gateway::place,
    pki::{Authority, Vendor},
    process::program,
    publisher::Publisher,
    tls_service::{ALL_VERSIONS, TlsService},
    web::{SharedTree, Web},
};

/// When everything was signed, and the day on which devices live.
const SIGNED: UnixSeconds = UnixSeconds(1_790_000_000);
const TODAY: &str = "2026-09-22";
/// The probed endpoint.
const HOST: &str = "hub.test";
const ENDPOINT: &str = "hub.test:8883";
/// The channel.
pub(crate) const CHANNEL: &str = "prod";

/// Everything but devices.
pub(crate) struct Scene {
    vendor: Vendor,
    third_root: Authority,
    hub: TlsService,
    publisher: Publisher,
    tree: SharedTree,
    web: Web,
}

impl Scene {
    /// Release 1 is the image's seed and trusts one root.
    pub(crate) fn new() -> io::Result<Self> {
        let vendor = Vendor::new();
        let tree: SharedTree = Arc::new(RwLock::default());
        let hub = TlsService::start(&vendor.old_identity(HOST), ALL_VERSIONS).map_err(io::Error::other)?;
        let web = Web::plain(Arc::clone(&tree))?;
        let publisher = Publisher::new(CHANNEL, SIGNED);
        let third_root = Authority::root("Synthetic Third Root", 2015..2045);
        let mut scene = Self { vendor, third_root, hub, publisher, tree, web };
        scene.publish(&[0], &[]);
        Ok(scene)
    }

    /// Publishes the next release with these roots (0 is the one that the service needs) and denies these.
    pub(crate) fn publish(&mut self, roots: &[usize], denied: &[usize]) -> u32 {
        let all = [&self.vendor.old_root, &self.vendor.new_root, &self.third_root];
        let certificates = |numbers: &[usize]| -> Vec<&[u8]> {
            numbers
                .iter()
                .filter_map(|number| all.get(*number))
                .map(|root| root.certificate().as_ref())
                .collect()
        };
        let denial = |der: &&[u8]| Denial { kind: DenialKind::Certificate, sha256: Sha256::of(&[der]) };
        let content = ManifestContent {
            anchors: certificates(roots).iter().map(|der| self.publisher.anchor(der)).collect(),
            services: vec![ServiceContent {
                name: "hub".into(),
                hosts: vec![ENDPOINT.into()],
                anchors: ServiceAnchors::All,
                pins: Vec::new(),
                probe: true,
                extensions: Vec::new(),
            }],
            denials: certificates(denied).iter().map(denial).collect(),
            ..ManifestContent::default()
        };
        let number = self.publisher.publish(&content, &certificates(roots));
        self.tree.write().unwrap_or_else(PoisonError::into_inner).clone_from(&self.publisher.tree);
        number
    }

    /// Writes the image and the configuration of a device; every path in it is relative, so that the folder can be
    /// copied to any place.
    pub(crate) fn provision(&self, folder: &Path) -> io::Result<()> {
        let text = format!(
            "[device]\nid = \"gateway-7\"\nkey = \"device.key\"\nruntime = \"run\"\n\
             [channel]\nname = \"{CHANNEL}\"\nurls = [\"{}\"]\n[image]\nseed = \"seed\"\n\
             [store]\npath = \"var/store\"\n[export]\ndirectory = \"var/trust\"\n[probe]\ntimeout-seconds = 5\n\
             [resolve]\n\"{ENDPOINT}\" = \"{}\"\n",
            self.web.url("127.0.0.1"),
            self.hub.address(),
        );
        place(&folder.join("seed"), &self.publisher.seed(1))?;
        place(&folder.join("agent.toml"), text.as_bytes())
    }
}

/// The real agent on the device in this folder: one cycle.
pub(crate) fn cycle(folder: &Path) -> io::Result<Command> {
    agent(folder, &["run", "--once"])
}

/// The real agent with these words.
pub(crate) fn agent(folder: &Path, words: &[&str]) -> io::Result<Command> {
    let mut command = Command::new(program("device-agent")?);
    command.arg("--config").arg(folder.join("agent.toml")).args(["--json", "--as-of", TODAY]).args(words);
    Ok(command)
}

/// The store of the device in this folder.
pub(crate) fn store(folder: &Path) -> PathBuf {
    folder.join("var/store")
}

/// The exports of the device in this folder.
pub(crate) fn exports(folder: &Path) -> PathBuf {
    folder.join("var/trust")
}
