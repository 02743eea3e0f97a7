//! A fleet on this machine: a publisher, its tree over plain HTTP, one probed service over TLS, one device.

use std::{
    io,
    sync::{Arc, PoisonError, RwLock},
};

use bundle::{
    UnixSeconds,
    write::{ManifestContent, ServiceAnchors, ServiceContent},
};
use system_tests::{
    gateway::{Gateway, Setup},
    pki::{Authority, Vendor},
    publisher::Publisher,
    tls_service::{ALL_VERSIONS, TlsService},
    web::{SharedTree, Web},
};

/// The probed endpoint.
const HUB: &str = "hub.test";

/// Everything that takes part but the device.
pub(crate) struct Scene {
    publisher: Publisher,
    vendor: Vendor,
    tree: SharedTree,
    web: Web,
    hub: TlsService,
}

impl Scene {
    /// A fleet whose first release, made at `now`, trusts the old root alone.
    pub(crate) fn new(now: UnixSeconds) -> io::Result<Self> {
        let (vendor, mut publisher) = (Vendor::new(), Publisher::new("prod", now));
        let content = content(&publisher, &[&vendor.old_root]);
        publisher.publish(&content, &[vendor.old_root.certificate()]);
        let tree: SharedTree = Arc::new(RwLock::new(publisher.tree.clone()));
        let web = Web::plain(Arc::clone(&tree))?;
        let hub = TlsService::start(&vendor.old_identity(HUB), ALL_VERSIONS)?;
        Ok(Self { publisher, vendor, tree, web, hub })
    }

    /// Publishes the next release, which trusts the new root as well.
    pub(crate) fn add_root(&mut self) -> u32 {
        let roots = [&self.vendor.old_root, &self.vendor.new_root];
        let content = content(&self.publisher, &roots);
        let certificates = roots.map(|root| root.certificate().as_ref());
        let number = self.publisher.publish(&content, &certificates);
        self.tree.write().unwrap_or_else(PoisonError::into_inner).clone_from(&self.publisher.tree);
        number
    }

    /// A device with the first release as its seed.
    pub(crate) fn device(&self) -> io::Result<Gateway> {
        Gateway::new(&Setup {
            id: "device-1",
            channel: "prod",
            urls: vec![self.web.url("127.0.0.1")],
            seed: &self.seed(),
            resolve: vec![(format!("{HUB}:443"), self.hub.address())],
            ..Setup::default()
        })
    }

    /// The same device on a machine of its own: everything where it is by default, exports in `exports`.
    pub(crate) fn configuration(&self, exports: &str, of_export: &str) -> String {
        format!(
            "[device]\nid = \"device-1\"\n\n[channel]\nname = \"prod\"\nurls = [\"{}\"]\n\n\
             [image]\nseed = \"/usr/share/device-agent/seed\"\n\n\
             [export]\ndirectory = \"{exports}\"\n{of_export}\n[resolve]\n\"{HUB}:443\" = \"{}\"\n",
            self.web.url("127.0.0.1"),
            self.hub.address(),
        )
    }

    /// What an image holds: the first release.
    pub(crate) fn seed(&self) -> Vec<u8> {
        self.publisher.seed(1)
    }

    /// How many handshakes the probed service has completed.
    pub(crate) fn handshakes(&self) -> usize {
        self.hub.completed()
    }
}

/// A release that trusts these roots, with one probed service on all of them.
fn content(publisher: &Publisher, roots: &[&Authority]) -> ManifestContent {
    ManifestContent {
        anchors: roots.iter().map(|root| publisher.anchor(root.certificate())).collect(),
        services: vec![ServiceContent {
            name: "hub".into(),
            hosts: vec![HUB.into()],
            anchors: ServiceAnchors::All,
            pins: Vec::new(),
            probe: true,
            extensions: Vec::new(),
        }],
        ..ManifestContent::default()
    }
}
