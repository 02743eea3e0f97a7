//! A fleet on this machine: a publisher, its tree over TLS and plain HTTP, one probed service, one device.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};

use bundle::write::{ManifestContent, ServiceAnchors, ServiceContent};
use device_agent::linux::clock::Clock;
use device_agent::linux::configuration::Settings;
use device_agent::linux::driver::{Ended, Session};
use device_agent::linux::error::Error;
use device_agent::linux::output::Output;
use system_tests::pki::{Authority, Vendor};
use system_tests::publisher::Publisher;
use system_tests::tls_service::{ALL_VERSIONS, TlsService};
use system_tests::web::{SharedTree, Web};
use tempfile::TempDir;

/// The name under which the tree is served.
const TREE_HOST: &str = "updates.test";
/// The name of the probed service.
const HUB_HOST: &str = "hub.test";

/// Everything that takes part.
pub(crate) struct Lab {
    pub(crate) folder: TempDir,
    pub(crate) publisher: Publisher,
    pub(crate) vendor: Vendor,
    pub(crate) tree: SharedTree,
    pub(crate) tls: Web,
    pub(crate) plain: Web,
    pub(crate) hub: TlsService,
    extra: String,
    policy: &'static str,
    urls: Option<String>,
    image: &'static str,
    hosts: &'static str,
}

impl Lab {
    /// A fleet whose first release trusts the old root, is published, and is the image's seed.
    pub(crate) fn new() -> Self {
        let (vendor, now) = (Vendor::new(), Clock::new(None).calendar());
        let mut publisher = Publisher::new("prod", now);
        let content = content(&publisher, HUB_HOST, &[&vendor.old_root]);
        publisher.publish(&content, &[vendor.old_root.certificate()]);
        let tree: SharedTree = Arc::new(RwLock::new(publisher.tree.clone()));
        let folder = tempfile::tempdir().unwrap();
        let seed = publisher.seed(1);
        write(&folder.path().join("seed"), &seed);
        Self {
            tls: Web::tls(Arc::clone(&tree), &vendor.old_identity(TREE_HOST)).unwrap(),
            plain: Web::plain(Arc::clone(&tree)).unwrap(),
            hub: TlsService::start(&vendor.old_identity(HUB_HOST), ALL_VERSIONS).unwrap(),
            folder,
            publisher,
            vendor,
            tree,
            extra: String::new(),
            policy: "allow",
            urls: None,
            image: "seed",
            hosts: HUB_HOST,
        }
    }

    /// More text for `agent.toml`.
    pub(crate) fn configure(&mut self, extra: &str) {
        self.extra.push_str(extra);
    }

    /// Other text for `agent.toml` than before.
    pub(crate) fn reconfigure(&mut self, extra: &str) {
        self.extra = extra.to_owned();
    }

    /// Asks for the tree there and nowhere else.
    pub(crate) fn only_url(&mut self, url: &str) {
        self.urls(&[url]);
    }

    /// Asks for the tree under these URLs, in this order.
    pub(crate) fn urls(&mut self, urls: &[&str]) {
        self.urls = Some(format!("{urls:?}"));
    }

    /// Provisions the device with the first keyring and no release.
    pub(crate) fn keyring_alone(&mut self) {
        self.image = "keyring";
        write(&self.path("keyring"), &self.publisher.keyring.1);
    }

    /// Builds this release into the image.
    pub(crate) fn replace_image(&self, number: u32) {
        write(&self.path("seed"), &self.publisher.seed(number));
    }

    /// From the next release on, the service has a wildcard for a host.
    pub(crate) fn wildcard(&mut self) {
        self.hosts = "*.test";
    }

    pub(crate) fn refuse_signed_only(&mut self) {
        self.policy = "refuse";
    }

    /// Publishes the next release, which trusts these roots.
    pub(crate) fn publish(&mut self, roots: &[Root]) -> u32 {
        self.publish_with(roots, |_| {})
    }

    /// Publishes the next release, which trusts these roots and asks of the service what `edit` adds.
    pub(crate) fn publish_with(&mut self, roots: &[Root], edit: impl FnMut(&mut ServiceContent)) -> u32 {
        let roots: Vec<&Authority> = roots.iter().map(|root| root.of(&self.vendor)).collect();
        let mut content = content(&self.publisher, self.hosts, &roots);
        content.services.iter_mut().take(1).for_each(edit);
        let certificates: Vec<&[u8]> = roots.iter().map(|root| root.certificate().as_ref()).collect();
        let number = self.publisher.publish(&content, &certificates);
        self.tree.write().unwrap().clone_from(&self.publisher.tree);
        number
    }

    /// Publishes the next release, and a server beside the good one whose head is nonsense; the agent asks that one first.
    pub(crate) fn publish_beside_nonsense(&mut self) -> Web {
        self.publish(&[Root::Old, Root::New]);
        let mut tampered = self.publisher.tree.clone();
        tampered.insert("prod/head".to_owned(), b"nonsense".to_vec());
        let bad = Web::plain(Arc::new(RwLock::new(tampered))).unwrap();
        self.urls(&[&bad.url("127.0.0.1"), &self.plain.url("127.0.0.1")]);
        bad
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn settings(&self) -> Settings {
        let both = format!("[\"https://{TREE_HOST}/\", \"{}\"]", self.plain.url("127.0.0.1"));
        let urls = self.urls.as_ref().unwrap_or(&both);
        let text = format!(
            "[device]\nid = \"device-1\"\nkey = \"device.key\"\nruntime = \"run\"\n\
             [channel]\nname = \"prod\"\nurls = {urls}\nsigned-only-transport = \"{1}\"\n\
             [image]\n{0} = \"{0}\"\n[store]\npath = \"store\"\n[export]\ndirectory = \"trust\"\n\
             [resolve]\n\"{TREE_HOST}:443\" = \"{2}\"\n\"{HUB_HOST}:443\" = \"{3}\"\n{4}",
            self.image,
            self.policy,
            self.tls.address(),
            self.hub.address(),
            self.extra,
        );
        let path = self.path("agent.toml");
        write(&path, text.as_bytes());
        Settings::read(&path, None).unwrap()
    }

    /// One cycle of a freshly started agent.
    pub(crate) fn cycle(&self) -> Ended {
        self.try_cycle().unwrap()
    }

    pub(crate) fn try_cycle(&self) -> Result<Ended, Error> {
        let settings = self.settings();
        let session = Session::new(&settings, Clock::new(None), Output::new(true));
        block_on(session.once())
    }

    /// The exported file of that name.
    pub(crate) fn exported(&self, name: &str) -> String {
        fs::read_to_string(self.path("trust/..data").join(name)).unwrap()
    }

    /// Mode bits of an exported file.
    pub(crate) fn mode(&self, name: &str) -> u32 {
        fs::metadata(self.path("trust/..data").join(name)).unwrap().permissions().mode() & 0o777
    }

    /// A USB file of a release.
    pub(crate) fn usb(&self, number: u32) -> Vec<u8> {
        let document = self.publisher.release_document(number).unwrap();
        let keyring = self.publisher.tree["keyring/1"].clone();
        bundle::write::usb(&keyring, None, document, &self.publisher.release_blobs(number)).unwrap()
    }
}

/// One of the vendor's roots.
#[derive(Clone, Copy)]
pub(crate) enum Root {
    Old,
    New,
}

impl Root {
    const fn of(self, vendor: &Vendor) -> &Authority {
        match self {
            Self::Old => &vendor.old_root,
            Self::New => &vendor.new_root,
        }
    }
}

/// A release that trusts these roots, with one probed service on all of them.
fn content(publisher: &Publisher, host: &str, roots: &[&Authority]) -> ManifestContent {
    ManifestContent {
        anchors: roots.iter().map(|root| publisher.anchor(root.certificate())).collect(),
        services: vec![ServiceContent {
            name: "hub".into(),
            hosts: vec![host.into()],
            anchors: ServiceAnchors::All,
            pins: Vec::new(),
            probe: true,
            extensions: Vec::new(),
        }],
        ..ManifestContent::default()
    }
}

fn write(path: &Path, bytes: &[u8]) {
    fs::File::create(path).unwrap().write_all(bytes).unwrap();
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}
